"""Taking steps back: no single step of any lever may be more than the rules themselves ask for.

The solver works on rows with stated z. For a joint rule these are a little more than the rule asks
for, so a step or two may be to spare. Lever by lever, in their order, steps are taken back for as
long as the rules accept; at the end one step less of any lever is refused. What proves this is a
part for the point itself and one for each step that cannot be taken back.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from lex7.correct import certificate as certificates
from lex7.correct.amount import decided_by, plain_rows
from lex7.correct.case import Case, is_blocking
from lex7.correct.certificate import Part
from lex7.correct.problem import Column, Problem, build_amount_problem

Steps = tuple[int, ...]
Accepts = Callable[[Steps], bool]

ROUNDS_MAX = 8
"""Rounds over all levers; a second one is needed only where a lever helps one rule and hurts
another."""

POINT_STEPS = 1 << 20
"""A whole point counts as this many steps, so that rounding its rows costs a millionth of it."""


def taken_back(steps: Steps, accepts: Accepts) -> Steps:
    """Take steps back until no single one more can be."""
    now = steps
    for _ in range(ROUNDS_MAX):
        before = now
        for index, n in enumerate(before):
            if n and accepts(_with(now, index, n - _sign(n))):
                now = _with(now, index, _least(now, index, accepts))
        if now == before:
            break
    return now


def one_less(steps: Steps) -> tuple[tuple[int, Steps], ...]:
    """List the points with one step less of one lever, with the lever's index."""
    return tuple((index, _with(steps, index, n - _sign(n))) for index, n in enumerate(steps) if n)


def proof_at(cases: tuple[Case, ...], name: str) -> tuple[Part, ...]:
    """Prove that rules narrowed to one point accept it: rows in integers, else probabilities."""
    problem = point_rows(cases)
    parts: list[Part] = []
    has_rows = bool(len(problem.bounds))
    if has_rows and certificates.first_broken_row(problem, (POINT_STEPS,)) is None:
        parts.append(certificates.holds(name, problem, (POINT_STEPS,)))
    for case in cases:
        if plain_rows(case) is None or not parts:
            parts += decided_by(case, 1.0, f"{name}: {case.directive.id}")
    return tuple(parts)


def refutation_at(cases: tuple[Case, ...], name: str) -> tuple[Part, ...]:
    """Prove that one of some rules narrowed to one point refuses it."""
    part = certificates.fails(name, point_rows(cases), (POINT_STEPS,))
    if part is not None:
        return (part,)
    parts: list[Part] = []
    for case in cases:
        if is_blocking(case, 1.0):
            parts += decided_by(case, 1.0, f"{name}: {case.directive.id}")
    return tuple(parts)


def point_rows(cases: tuple[Case, ...]) -> Problem:
    """Return the rows at one point as one column of many small steps."""
    column = Column("plan", "plan", Fraction(1, POINT_STEPS), 0, POINT_STEPS, Fraction(1))
    rows = tuple(block for case in cases if (block := plain_rows(case)) is not None)
    return build_amount_problem(rows, column)


def _least(steps: Steps, index: int, accepts: Accepts) -> int:
    """Return the fewest steps of one lever found by bisection; one fewer is refused."""
    sign, most = _sign(steps[index]), abs(steps[index]) - 1
    if accepts(_with(steps, index, 0)):
        return 0
    refused, accepted = 0, most
    while accepted - refused > 1:
        middle = (refused + accepted) // 2
        is_open = accepts(_with(steps, index, sign * middle))
        refused, accepted = (refused, middle) if is_open else (middle, accepted)
    return sign * accepted


def _with(steps: Steps, index: int, n: int) -> Steps:
    return (*steps[:index], n, *steps[index + 1 :])


def _sign(n: int) -> int:
    return (n > 0) - (n < 0)
