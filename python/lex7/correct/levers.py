"""Levers of the directives file as columns of the problem and as moves of a forecast."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lex7.base.civil import Day
from lex7.correct.problem import Column, ProblemError
from lex7.directive.document import Lever
from lex7.directive.quantity import Move, Per

PER_WORDS = {Per.ONCE: "once", Per.DAY: "a day", Per.MONTH: "a month"}


@dataclass(frozen=True, slots=True)
class LeverChange:
    """How far one lever moves, exactly.

    Attributes:
        lever: the lever.
        steps: whole steps.
        change: steps × step, in the lever's unit.
    """

    lever: Lever
    steps: int
    change: Fraction


def column_of(lever: Lever) -> Column:
    """Count a lever in whole steps, its bounds snapped inward.

    Raises:
        ProblemError: no whole step lies within the bounds.
    """
    lo = -((-lever.low) // lever.step)
    hi = lever.high // lever.step
    if lo > hi:
        raise ProblemError(f"lever {lever.id!r} has no whole step within its bounds")
    unit = f"{lever.unit} {PER_WORDS[lever.per]}"
    return Column(lever.id, unit, lever.step, lo, hi, lever.reluctance)


def move_of(lever: Lever, first: Day, last: Day) -> Move:
    """Move a lever by one unit from the first day to the last; a single move is made at once."""
    end = first if lever.per is Per.ONCE else last
    return Move(lever.moves, lever.per, first, end)


def changes_of(levers: tuple[Lever, ...], steps: tuple[int, ...]) -> tuple[LeverChange, ...]:
    """List the levers that move."""
    pairs = zip(levers, steps, strict=True)
    return tuple(LeverChange(lever, n, n * lever.step) for lever, n in pairs if n)


def spell_change(change: LeverChange) -> str:
    """Say one change: `eat-out -120 USD a month`."""
    lever = change.lever
    return f"{lever.id} {spell_fraction(change.change)} {lever.unit} {PER_WORDS[lever.per]}"


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
