"""The largest amount that every rule accepts, to the cent, and its proof that one cent more fails.

The rules' own bounds decide, by bisection. Rules that are rows in the amount alone (day by day,
Gaussian, no choice) are also proven in integers; rounding them never favours the amount, so the
smaller of both answers stands. For the others the certificate records the probabilities that
decided; replay proves those.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from lex7.base.civil import Day
from lex7.base.money import Money, minor_digits
from lex7.correct import certificate as certificates
from lex7.correct.case import Case, after, is_blocking
from lex7.correct.certificate import PROBABILITY_SCALE, Part
from lex7.correct.problem import Column, Problem, RealRows, Rule, build_amount_problem
from lex7.directive.rows import demands_of, rows_of


@dataclass(frozen=True, slots=True)
class AmountAnswer:
    """The largest amount.

    Attributes:
        amount: zero where not even a cent is accepted.
        binding: the rules that forbid one cent more, strongest first.
        parts: the proof.
    """

    amount: Money
    binding: tuple[str, ...]
    parts: tuple[Part, ...]


def blocking(cases: tuple[Case, ...], minor: int, currency: str) -> tuple[Case, ...]:
    """List the cases that forbid an amount along their only column."""
    return tuple(case for case in cases if is_blocking(case, _units(minor, currency)))


def largest_amount(cases: tuple[Case, ...], asked: Money, name: str) -> AmountAnswer:
    """Find the largest amount up to the one asked for; `cases` are narrowed to the purchase."""
    currency = asked.currency
    problem = rows_in_amount(cases, asked)
    limit, row = _row_limit(problem, asked.minor)
    forbids = _forbids(cases, currency)
    low, high = 0, limit + 1
    if limit >= 1 and not forbids(limit):
        low = limit
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if forbids(middle) else (middle, high)
    if low == limit and row is not None:
        part = certificates.largest(name, problem, (low,), 0)
        assert part is not None, "the limiting row breaks at one cent more"
        binding: tuple[str, ...] = (problem.rules[int(problem.rule_of_row[row])].directive,)
        parts = (part, *decisions(cases, low, currency, name))
        return AmountAnswer(Money(low, currency), binding, parts)
    breaking = blocking(cases, low + 1, currency)
    parts = (
        *_holding(problem, low, name),
        *decisions(cases, low, currency, name),
        *decisions(breaking, low + 1, currency, f"{name}, one cent more"),
    )
    return AmountAnswer(Money(low, currency), tuple(case.directive.id for case in breaking), parts)


def proof_at(cases: tuple[Case, ...], amount: Money, name: str) -> tuple[Part, ...]:
    """Prove that an amount is accepted: rows in integers, the others by their probabilities."""
    problem = rows_in_amount(cases, amount)
    return (
        *_holding(problem, amount.minor, name),
        *decisions(cases, amount.minor, amount.currency, name),
    )


def refutation_at(cases: tuple[Case, ...], amount: Money, name: str) -> tuple[Part, ...]:
    """Prove that an amount is not accepted: a broken row if there is one, else probabilities."""
    part = certificates.fails(name, rows_in_amount(cases, amount), (amount.minor,))
    if part is not None:
        return (part,)
    breaking = blocking(cases, amount.minor, amount.currency)
    return decisions(breaking, amount.minor, amount.currency, name)


def fits(cases: tuple[Case, ...], amount: Money) -> bool:
    """Answer whether every case accepts an amount, by its own bounds and by the integer rows."""
    problem = rows_in_amount(cases, amount)
    if certificates.first_broken_row(problem, (amount.minor,)) is not None:
        return False
    return not any(is_blocking(case, _units(amount.minor, amount.currency)) for case in cases)


def rows_in_amount(cases: tuple[Case, ...], asked: Money) -> Problem:
    """Gather the rules that are rows in the amount alone."""
    step = Fraction(1, 10 ** minor_digits(asked.currency))
    column = Column("amount", asked.currency, step, 0, asked.minor, Fraction(1))
    rows = tuple(block for case in cases if (block := plain_rows(case)) is not None)
    return build_amount_problem(rows, column)


def decisions(cases: tuple[Case, ...], minor: int, currency: str, name: str) -> tuple[Part, ...]:
    """Record the probabilities of the cases that are no rows, at one amount."""
    parts: list[Part] = []
    for case in cases:
        if plain_rows(case) is not None or case.is_standing:
            continue
        title = f"{name}: {case.directive.id} at {Money(minor, currency)}"
        parts += decided_by(case, _units(minor, currency), title)
    return tuple(parts)


def decided_by(case: Case, units: float, title: str) -> tuple[Part, ...]:
    """Record the probability of a case after some units; none where it failed before."""
    if case.is_standing:
        return ()
    found = after(case, units)
    # Rounded down, so that the record never claims more than was computed.
    shown = int(found.low * PROBABILITY_SCALE)
    needed = -int(-case.directive.rule.confidence * PROBABILITY_SCALE)
    if found.low < case.needed:
        shown = min(shown, needed - 1)
    return (certificates.decided(title, case.directive.id, shown, needed),)


def _forbids(cases: tuple[Case, ...], currency: str) -> Callable[[int], bool]:
    def forbids(minor: int) -> bool:
        return any(is_blocking(case, _units(minor, currency)) for case in cases)

    return forbids


def _units(minor: int, currency: str) -> float:
    return float(minor / 10 ** minor_digits(currency))


def _holding(problem: Problem, minor: int, name: str) -> tuple[Part, ...]:
    return (certificates.holds(name, problem, (minor,)),) if len(problem.bounds) else ()


def _row_limit(problem: Problem, most: int) -> tuple[int, int | None]:
    """Return the most steps that every row allows and the first row that allows no more."""
    limit, limiting = most, None
    shift = int(problem.exponents[0])
    pairs = zip(problem.coefficients[:, 0].tolist(), problem.bounds.tolist(), strict=True)
    for row, (coefficient, bound) in enumerate(pairs):
        allowed = limit
        if coefficient > 0:
            allowed = (bound << shift) // coefficient
        elif bound < 0:
            allowed = -1
        if allowed < limit:
            limit, limiting = allowed, row
    return max(limit, 0), limiting if limit >= 0 else None


def plain_rows(case: Case) -> RealRows | None:
    """Return a rule's rows where rows decide it exactly as its bounds do."""
    if case.evidence is None or any(leaf.is_sampled for leaf in case.evidence.leaves):
        return None
    # The demands alone are cheap; the z of a joint one is not, and would not be used.
    demands = demands_of(case.evidence)
    is_plain = len(demands.ways) == 1 and demands.is_exhaustive
    if not is_plain or any(one.is_joint and len(one.days) > 1 for one in demands.ways[0]):
        return None
    (way,) = rows_of(case.evidence).ways
    if not way:
        return None
    room = np.concatenate([block.room for block in way])
    if case.is_standing:
        room = np.maximum(room, 0.0)
    directive = case.directive
    rule = Rule(directive.id, directive.rule.priority, way[0].unit, directive.say)
    days = tuple(Day(int(day)) for block in way for day in block.days)
    loss = np.concatenate([block.loss for block in way])
    return RealRows(rule, days, room, -loss)
