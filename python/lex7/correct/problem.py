"""The integer problem: what is solved, proven and stored is this and nothing else.

A column is one lever, counted in whole steps n. Its unit is 2^exponent steps, so x = n / 2^exponent
lies in [-1, 1]. A row is `Σ coefficient_j x_j ≤ bound`, in integers over 2^20 of 2^exponent of the
row's own unit. The objective is `½ Σ (x_j / ease_j)²`, where the ease is the inverse of the owner's
reluctance, so the optimum has denominators from the binding rows alone.

Real rows become integers once, here. Coefficients round to nearest; a bound loses the worst that
this rounding can do anywhere in the box, so whatever satisfies the integers satisfies the reals.
How the reals came about is proven by replaying the log, not by the certificate.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import chain
from math import gcd, ldexp

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day
from lex7.base.errors import Lex7Error
from lex7.base.limits import LEVERS_MAX

ROW_BITS = 20
BOUND_MAX = 1 << 45
EXPONENT_MAX = 50
STEP_PARTS = 1 << 10
AMOUNT_BOUND_MAX = 1 << 62
EASE_BITS = 24

Integers = NDArray[np.int64]
Reals = NDArray[np.float64]


class ProblemError(Lex7Error):
    """A correction problem is outside what can be solved exactly."""

    code = "correct.problem"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"expected a correction problem within the limits: {reason}")


class SearchLimitError(ProblemError):
    """The exact search took more steps than its limit; nothing is claimed about the problem."""

    code = "correct.search_limit"

    def __init__(self) -> None:
        super().__init__("the exact search took more steps than its limit")


@dataclass(frozen=True, slots=True)
class Column:
    """One lever in whole steps.

    Attributes:
        lever: the lever's id.
        unit: what `step` counts, for people: `USD per month`.
        step: the size of one step in that unit.
        lo: fewest steps.
        hi: most steps.
        reluctance: the cost of moving by one unit; the objective is ½ Σ (reluctance × change)².
    """

    lever: str
    unit: str
    step: Fraction
    lo: int
    hi: int
    reluctance: Fraction


@dataclass(frozen=True, slots=True)
class Rule:
    """The directive behind some rows: rows sort by (priority, id, time)."""

    directive: str
    priority: int
    unit: str
    sentence: str


@dataclass(frozen=True, slots=True)
class RealRows:
    """Rows of one directive before rounding: `gradient · change ≥ -slack` for every day.

    Attributes:
        rule: the directive.
        days: one civil day for each row.
        slack: (n_row,) how far inside its edge the rule is with no lever moved, after the
        confidence back-off; negative where it fails.
        gradient: (n_row, n_column) change of the slack for one unit of each lever.
    """

    rule: Rule
    days: tuple[Day, ...]
    slack: Reals
    gradient: Reals


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """The integer problem with its labels.

    Attributes:
        rules: the directives, in order of (priority, id).
        columns: the levers.
        rule_of_row: (n_row,) index into rules.
        days: (n_row,) civil days.
        row_exponents: (n_row,) the row's integers count 2^(exponent - 20) of the rule's unit.
        coefficients: (n_row, n_column).
        bounds: (n_row,).
        exponents: (n_column,) bits of the largest number of steps.
        eases: (n_column,) inverse weights.
    """

    rules: tuple[Rule, ...]
    columns: tuple[Column, ...]
    rule_of_row: Integers
    days: Integers
    row_exponents: Integers
    coefficients: Integers
    bounds: Integers
    exponents: Integers
    eases: Integers

    @property
    def arrays(self) -> tuple[Integers, Integers, Integers, Integers, Integers, Integers]:
        """Return the numbers alone, in the form that the solvers take."""
        lo = np.array([column.lo for column in self.columns], dtype=np.int64)
        hi = np.array([column.hi for column in self.columns], dtype=np.int64)
        return self.coefficients, self.bounds, lo, hi, self.exponents, self.eases


def build_problem(
    rows: tuple[RealRows, ...], columns: tuple[Column, ...], *, extra_bits: int = 0
) -> Problem:
    """Round real rows to the integer problem, never in favour of the lever.

    Args:
        rows: of all directives.
        columns: the levers.
        extra_bits: bits kept beyond the usual 20, at most 11.

    Raises:
        ProblemError: a number is not finite, or a limit is exceeded.
    """
    _check_columns(columns)
    ordered = sorted(rows, key=lambda block: (block.rule.priority, block.rule.directive))
    exponents = [max(abs(column.lo), abs(column.hi)).bit_length() for column in columns]
    unit_sizes = np.array(
        [ldexp(float(c.step), e) for c, e in zip(columns, exponents, strict=True)],
        dtype=np.float64,
    )
    reach = np.array(
        [max(abs(c.lo), abs(c.hi)) / 2**e for c, e in zip(columns, exponents, strict=True)],
        dtype=np.float64,
    )
    slack, gradient = _stacked(ordered, len(columns))
    effect = -gradient * unit_sizes
    row_exponents, coefficients, bounds = _rounded(slack, effect, reach, ROW_BITS + extra_bits)
    return Problem(
        rules=tuple(block.rule for block in ordered),
        columns=columns,
        rule_of_row=_rule_of_row(ordered),
        days=_days(ordered),
        row_exponents=row_exponents,
        coefficients=coefficients,
        bounds=bounds,
        exponents=np.array(exponents, dtype=np.int64),
        eases=_eases(columns, exponents),
    )


def build_amount_problem(rows: tuple[RealRows, ...], column: Column) -> Problem:
    """Turn rows over one positive column into integers that count 1/1024 of its steps.

    Each row is divided by what one step changes, exactly, so that the largest number of steps does
    not depend on the column's bounds; only the bound is rounded, down.

    Raises:
        ProblemError: a number is not finite.
    """
    ordered = sorted(rows, key=lambda block: (block.rule.priority, block.rule.directive))
    slacks, gradients = _stacked(ordered, 1)
    signs: list[int] = []
    bounds: list[int] = []
    for gradient, slack in zip(gradients[:, 0].tolist(), slacks.tolist(), strict=True):
        scaled = _parts(slack, abs(gradient), column.step)
        signs.append(STEP_PARTS if gradient < 0 else -STEP_PARTS if gradient > 0 else 0)
        bounds.append(max(-AMOUNT_BOUND_MAX, min(AMOUNT_BOUND_MAX, scaled)))
    return Problem(
        rules=tuple(block.rule for block in ordered),
        columns=(column,),
        rule_of_row=_rule_of_row(ordered),
        days=_days(ordered),
        row_exponents=np.zeros(len(bounds), dtype=np.int64),
        coefficients=np.array(signs, dtype=np.int64).reshape(-1, 1),
        bounds=np.array(bounds, dtype=np.int64),
        exponents=np.zeros(1, dtype=np.int64),
        eases=np.ones(1, dtype=np.int64),
    )


def _parts(slack: float, gradient: float, step: Fraction) -> int:
    """Return slack / (gradient · step) in parts of a step, rounded down; plainly without gradient.

    Whole numbers all the way: fractions would look for common factors at every step.
    """
    top, bottom = slack.as_integer_ratio()
    if gradient:
        over, under = gradient.as_integer_ratio()
        top, bottom = top * under * step.denominator, bottom * over * step.numerator
    return top * STEP_PARTS // bottom


def _check_columns(columns: tuple[Column, ...]) -> None:
    if len(columns) > LEVERS_MAX:
        raise ProblemError(f"{len(columns)} levers, at most {LEVERS_MAX}")
    for column in columns:
        if column.lo > column.hi:
            raise ProblemError(f"lever {column.lever!r} has its lower bound above its upper one")
        if max(abs(column.lo), abs(column.hi)) >= 1 << EXPONENT_MAX:
            raise ProblemError(f"lever {column.lever!r} has more than 2^{EXPONENT_MAX} steps")
        if column.step <= 0 or column.reluctance <= 0:
            raise ProblemError(f"lever {column.lever!r} needs a positive step and reluctance")


def _stacked(ordered: list[RealRows], width: int) -> tuple[Reals, Reals]:
    """Return the slacks and gradients of all directives under one another, checked."""
    for block in ordered:
        shape = (len(block.days), width)
        if block.gradient.shape != shape or block.slack.shape != shape[:1]:
            raise ProblemError(f"rows of {block.rule.directive!r} have the wrong shape")
    slack = np.concatenate([np.zeros(0), *(block.slack for block in ordered)])
    gradient = np.concatenate([np.zeros((0, width)), *(block.gradient for block in ordered)])
    if not (np.isfinite(slack).all() and np.isfinite(gradient).all()):
        raise ProblemError("a row is not made of finite numbers")
    return slack, gradient


def _rounded(
    slack: Reals, effect: Reals, reach: Reals, bits: int
) -> tuple[Integers, Integers, Integers]:
    """Return exponents, coefficients and bounds of all rows; `effect` is per unit of a column."""
    largest = np.abs(effect).max(axis=1, initial=0.0)
    scale_from = np.where(largest > 0, largest, np.abs(slack))
    row_exponents = np.frexp(scale_from)[1].astype(np.int64)
    shift = bits - row_exponents
    coefficients = np.rint(np.ldexp(effect, shift[:, None])).astype(np.int64)
    # Half a unit for each column at the far end of its box, and 2^-6 for the float products; a row
    # that no lever moves has neither.
    worst = np.where(largest > 0, 2.0**-6, 0.0)
    if len(reach):
        # A running sum adds in column order on every machine.
        worst += np.cumsum(0.5 * reach * (effect != 0), axis=1)[:, -1]
    with np.errstate(over="ignore"):
        bounds = np.floor(np.ldexp(slack, shift) - worst)
    bounds = np.clip(bounds, -BOUND_MAX, BOUND_MAX).astype(np.int64)
    return ROW_BITS - shift, np.ascontiguousarray(coefficients), bounds


def _rule_of_row(ordered: list[RealRows]) -> Integers:
    counts = [len(block.days) for block in ordered]
    return np.repeat(np.arange(len(ordered), dtype=np.int64), counts)


def _days(ordered: list[RealRows]) -> Integers:
    days = chain.from_iterable(block.days for block in ordered)
    return np.fromiter(days, dtype=np.int64)


def _eases(columns: tuple[Column, ...], exponents: list[int]) -> Integers:
    """Scale the inverse weights by one power of two, the largest to at most 2^24.

    A weight more than 2^24 times another's rounds to the largest weight that can be held.
    """
    eases = [_ease(column, exponent) for column, exponent in zip(columns, exponents, strict=True)]
    if not eases:
        return np.zeros(0, dtype=np.int64)
    large, under = eases[0]
    for top, bottom in eases:
        large, under = (top, bottom) if top * under > large * bottom else (large, under)
    shared = gcd(large, under)
    bits = (large // shared).bit_length() - (under // shared).bit_length() + 1
    shift = EASE_BITS - bits
    scaled = (
        (top << shift, bottom) if shift >= 0 else (top, bottom << -shift) for top, bottom in eases
    )
    return np.array([max(1, _nearest(top, bottom)) for top, bottom in scaled], dtype=np.int64)


def _ease(column: Column, exponent: int) -> tuple[int, int]:
    """Return the inverse weight of a column as a quotient, not in lowest terms."""
    reluctance, step = column.reluctance, column.step
    top = reluctance.denominator * step.denominator
    return top, (reluctance.numerator * step.numerator) << exponent


def _nearest(top: int, bottom: int) -> int:
    """Round a positive quotient to the nearest integer, halves to the even one."""
    whole, rest = divmod(top, bottom)
    return whole + int(2 * rest > bottom or (2 * rest == bottom and whole % 2 == 1))
