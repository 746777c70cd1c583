"""Levers of the directives file as columns of the problem and as moves of a forecast.

A lever is one column: one change, held from tomorrow to the last day that a rule looks at. A lever
with a ramp is one column for each calendar month, and rows say that the change grows or shrinks by
at most the ramp from one month to the next, from no change at all before the first.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from math import isqrt

import numpy as np

from lex7.base.civil import Day, Month, date_of, month_of, month_start
from lex7.correct.problem import Column, ProblemError, RealRows, Rule
from lex7.directive.document import Lever
from lex7.directive.quantity import Move, Per

PER_WORDS = {Per.ONCE: "once", Per.DAY: "a day", Per.MONTH: "a month"}
ROOT_BITS = 20


@dataclass(frozen=True, slots=True)
class LeverPart:
    """One column: a lever from one day to another.

    Attributes:
        lever: the lever.
        first: the first day it moves.
        last: the last day.
        share: how many columns the lever has; each costs that share of the whole.
    """

    lever: Lever
    first: Day
    last: Day
    share: int

    @property
    def move(self) -> Move:
        """The move that one unit of this column is; a single move is made at once."""
        return move_of(self.lever, self.first, self.last)


@dataclass(frozen=True, slots=True)
class LeverChange:
    """How far one lever moves, exactly.

    Attributes:
        lever: the lever.
        steps: whole steps.
        change: steps × step, in the lever's unit.
        first: the first day of it.
        last: the last day of it.
        share: how many parts the lever has; 1 without a ramp.
    """

    lever: Lever
    steps: int
    change: Fraction
    first: Day
    last: Day
    share: int

    @property
    def cost(self) -> Fraction:
        """(reluctance × change)², spread over the parts of a lever."""
        return (self.lever.reluctance * self.change) ** 2 / self.share


def move_of(lever: Lever, first: Day, last: Day) -> Move:
    """Move a lever by one unit from the first day to the last; a single move is made at once."""
    end = first if lever.per is Per.ONCE else last
    return Move(lever.moves, lever.per, first, end)


def lever_parts(levers: tuple[Lever, ...], as_of: Day, last: Day) -> tuple[LeverPart, ...]:
    """Move every lever from tomorrow to the last day that a rule looks at."""
    first = Day(as_of + 1)
    end = max(last, first)
    return tuple(part for lever in levers for part in _parts(lever, first, end))


def _parts(lever: Lever, first: Day, last: Day) -> tuple[LeverPart, ...]:
    if lever.ramp is None:
        return (LeverPart(lever, first, last, 1),)
    months = [Month(month) for month in range(month_of(first), month_of(last) + 1)]
    return tuple(
        LeverPart(
            lever,
            max(first, month_start(month)),
            min(last, Day(month_start(Month(month + 1)) - 1)),
            len(months),
        )
        for month in months
    )


def column_of(part: LeverPart) -> Column:
    """Count a lever in whole steps, its bounds snapped inward.

    Raises:
        ProblemError: no whole step lies within the bounds.
    """
    lever = part.lever
    lo = -((-lever.low) // lever.step)
    hi = lever.high // lever.step
    if lo > hi:
        raise ProblemError(f"lever {lever.id!r} has no whole step within its bounds")
    unit = f"{lever.unit} {PER_WORDS[lever.per]}"
    name = lever.id if lever.ramp is None else f"{lever.id} {date_of(part.first):%Y-%m}"
    return Column(name, unit, lever.step, lo, hi, lever.reluctance * _inverse_root(part.share))


def _inverse_root(count: int) -> Fraction:
    """Return 1/√count to 20 bits: as many equal parts then cost what one lever would."""
    return Fraction(1 << ROOT_BITS, isqrt(count << (2 * ROOT_BITS)))


def groups_of(parts: tuple[LeverPart, ...]) -> tuple[int, ...]:
    """Number the change that each column belongs to: the lever's group, or the lever itself."""
    names = [(part.lever.group, "") if part.lever.group else ("", part.lever.id) for part in parts]
    known = {name: index for index, name in enumerate(dict.fromkeys(names))}
    return tuple(known[name] for name in names)


def ramp_rows(parts: tuple[LeverPart, ...]) -> tuple[RealRows, ...]:
    """Return rows that keep each ramped lever within its ramp, month after month."""
    found = []
    for lever in dict.fromkeys(part.lever for part in parts):
        if lever.ramp is None:
            continue
        own = [index for index, part in enumerate(parts) if part.lever == lever]
        gradient = np.zeros((2 * len(own), len(parts)))
        for row, (before, after) in enumerate(pairwise([None, *own])):
            assert after is not None, "only the start has no column"
            gradient[2 * row, after], gradient[2 * row + 1, after] = 1.0, -1.0
            if before is not None:
                gradient[2 * row, before], gradient[2 * row + 1, before] = -1.0, 1.0
        days = tuple(parts[index].first for index in own for _ in range(2))
        # Half a step beyond the last whole one, so that rounding the rows never forbids it.
        room = float((lever.ramp // lever.step + Fraction(1, 2)) * lever.step)
        sentence = f"{lever.id} changes by at most {spell_fraction(lever.ramp)[1:]} {lever.unit}"
        rule = Rule(f"ramp of {lever.id}", 0, lever.unit, f"{sentence} from month to month.")
        found.append(RealRows(rule, days, np.full(2 * len(own), room), gradient))
    return tuple(found)


def changes_of(parts: tuple[LeverPart, ...], steps: tuple[int, ...]) -> tuple[LeverChange, ...]:
    """List the levers that move."""
    pairs = zip(parts, steps, strict=True)
    return tuple(
        LeverChange(part.lever, n, n * part.lever.step, part.first, part.last, part.share)
        for part, n in pairs
        if n
    )


def spell_changes(changes: tuple[LeverChange, ...]) -> tuple[str, ...]:
    """Say what every lever does: `eat-out -120 USD a month`, one text for each lever."""
    grouped = groupby(changes, key=lambda change: change.lever)
    return tuple(f"{lever.id} {spell_amounts(tuple(own))}" for lever, own in grouped)


def spell_amounts(changes: tuple[LeverChange, ...]) -> str:
    """Say how far one lever moves: `-120 USD a month`, with the months where they differ."""
    lever = changes[0].lever
    unit = f"{lever.unit} {PER_WORDS[lever.per]}"
    if lever.ramp is None:
        return f"{spell_fraction(changes[0].change)} {unit}"
    spans: list[list[LeverChange]] = []
    for change in changes:
        is_next = spans and spans[-1][-1].last + 1 == change.first
        if is_next and spans[-1][-1].steps == change.steps:
            spans[-1].append(change)
        else:
            spans.append([change])
    return ", ".join(f"{spell_fraction(span[0].change)} {unit} {_months(span)}" for span in spans)


def _months(span: list[LeverChange]) -> str:
    first, last = f"{date_of(span[0].first):%Y-%m}", f"{date_of(span[-1].last):%Y-%m}"
    return f"in {first}" if first == last else f"from {first} to {last}"


def spell_fraction(value: Fraction) -> str:
    """Spell an exact amount with its sign, as a decimal where it has one."""
    sign = "-" if value < 0 else "+"
    size = abs(value)
    for digits in range(7):
        scaled = size * 10**digits
        if scaled.denominator == 1:
            whole, part = divmod(scaled.numerator, 10**digits)
            return f"{sign}{whole:,}" + (f".{part:0{digits}d}" if digits else "")
    return f"{sign}{size}"
