"""Cadences: the calendars by which bills and salaries come, and how to recognise one in dates.

A cadence is a step in days (weekly, two-weekly) or in calendar months (monthly, quarterly, yearly)
from a nominal day. The nominal day of a month is clipped to shorter months (the 31st becomes the
30th). Banks book on business days, so a date may stand some days from its nominal day; which way
weekends shift is read from the dates. This module knows no amounts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import pairwise

from lex7.base.civil import Day, Month, date_of, month_length, month_of, month_start, weekday


class Step(StrEnum):
    """How far apart the dates of a schedule are."""

    WEEKLY = "weekly"
    TWO_WEEKLY = "two-weekly"
    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


class Shift(StrEnum):
    """Where a nominal day goes that falls on a weekend."""

    NONE = "none"
    AFTER = "after"
    BEFORE = "before"


_DAYS = {Step.WEEKLY: 7, Step.TWO_WEEKLY: 14}
_MONTHS = {Step.MONTHLY: 1, Step.QUARTERLY: 3, Step.YEARLY: 12}
_MEDIAN_GAP = {
    Step.WEEKLY: (6, 8),
    Step.TWO_WEEKLY: (12, 16),
    Step.MONTHLY: (27, 34),
    Step.QUARTERLY: (86, 97),
    Step.YEARLY: (358, 373),
}
_STRAY_DAYS = {Step.WEEKLY: 2, Step.TWO_WEEKLY: 3}
_STRAY_DAYS_OF_MONTHS = 5
_GRACE_DAYS = {
    Step.WEEKLY: 6,
    Step.TWO_WEEKLY: 8,
    Step.MONTHLY: 12,
    Step.QUARTERLY: 20,
    Step.YEARLY: 30,
}
CLIPPED_FROM = 28
LAST_OF_MONTH = 31
NEIGHBOUR_DAYS = 15
"""A day farther than this from its month's nominal day belongs to the neighbouring month."""

_MISS_AFTER_HITS = 6
"""One missed date is forgiven once in so many hits."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """A calendar of due days.

    Attributes:
        step: how far apart.
        origin: for steps in days a nominal day; for steps in months the month, as its number, of
            the first hit.
        day_of_month: the nominal day of the month, 31 for the last; 0 for steps in days.
        shift: where weekends go.
    """

    step: Step
    origin: int
    day_of_month: int
    shift: Shift

    def nominal(self, index: int) -> Day:
        """Return the nominal day number `index`, before any shift."""
        if self.step in _DAYS:
            return Day(self.origin + index * _DAYS[self.step])
        return day_in_month(Month(self.origin + index * _MONTHS[self.step]), self.day_of_month)

    def due(self, index: int) -> Day:
        """Return the day number `index` on which the bank books."""
        day = self.nominal(index)
        over = weekday(day) - 4
        if over <= 0 or self.shift is Shift.NONE:
            return day
        return Day(day + 3 - over) if self.shift is Shift.AFTER else Day(day - over)

    def grace_days(self) -> int:
        """Return how late a payment may be before the schedule counts as ended."""
        return _GRACE_DAYS[self.step]


def day_in_month(month: Month, day_of_month: int) -> Day:
    """Return a day of a month, clipped to the month's last day."""
    return Day(month_start(month) + min(day_of_month, month_length(month)) - 1)


def yearly_from(cadence: Cadence, day: Day) -> Cadence:
    """Return the calendar that repeats one hit of a monthly cadence every year."""
    if not cadence.day_of_month:
        own = date_of(day).day
        return Cadence(Step.YEARLY, month_of(day), own, Shift.NONE)
    near = (month_of(day) + offset for offset in (0, -1, 1))
    month = min(near, key=lambda one: abs(day - day_in_month(Month(one), cadence.day_of_month)))
    return replace(cadence, step=Step.YEARLY, origin=month)


def find_cadence(days: Sequence[Day]) -> tuple[Cadence, int] | None:
    """Recognise the one cadence of ascending days, with the index of the last of them.

    Every day must lie near its nominal day, no two on one, and at most one date in six missing;
    None where that is not so.
    """
    gaps = sorted(after - before for before, after in pairwise(days))
    if len(gaps) < 1 or gaps[0] <= 0:
        return None
    middle = gaps[len(gaps) // 2]
    for step, (shortest, longest) in _MEDIAN_GAP.items():
        if shortest <= middle <= longest:
            return _by_days(days, step) if step in _DAYS else _by_months(days, step)
    return None


def _by_days(days: Sequence[Day], step: Step) -> tuple[Cadence, int] | None:
    size = _DAYS[step]
    indices = [(day - days[0] + size // 2) // size for day in days]
    strays = sorted(day - days[0] - index * size for day, index in zip(days, indices, strict=True))
    origin = days[0] + strays[len(strays) // 2]
    cadence = Cadence(step, origin, 0, Shift.NONE)
    near = all(
        abs(day - cadence.nominal(index)) <= _STRAY_DAYS[step]
        for day, index in zip(days, indices, strict=True)
    )
    return (cadence, indices[-1]) if near and _is_steady(indices) else None


def _by_months(days: Sequence[Day], step: Step) -> tuple[Cadence, int] | None:
    candidates = {date_of(day).day for day in days}
    if max(candidates) >= CLIPPED_FROM:
        candidates.add(LAST_OF_MONTH)
    months = [month_of(day) for day in days]
    calendar = {
        month: (month_start(Month(month)), month_length(Month(month)))
        for month in range(months[0] - 1, months[-1] + 2)
    }
    best: tuple[tuple[int, int, int], list[int], int] | None = None
    for day_of_month in sorted(candidates):
        nominal = {
            month: start + min(day_of_month, length) - 1
            for month, (start, length) in calendar.items()
        }
        numbers = [_nearest(day, month, nominal) for day, month in zip(days, months, strict=True)]
        strays = [day - nominal[number] for day, number in zip(days, numbers, strict=True)]
        if max(map(abs, strays)) > _STRAY_DAYS_OF_MONTHS:
            continue
        cost = (sum(1 for stray in strays if stray), sum(map(abs, strays)), -day_of_month)
        if best is None or cost < best[0]:
            best = (cost, numbers, day_of_month)
    return None if best is None else _of_months(days, step, best[1], best[2])


def _of_months(
    days: Sequence[Day], step: Step, numbers: Sequence[int], day_of_month: int
) -> tuple[Cadence, int] | None:
    size = _MONTHS[step]
    indices = [(number - numbers[0]) // size for number in numbers]
    on_step = all((number - numbers[0]) % size == 0 for number in numbers)
    if not on_step or not _is_steady(indices):
        return None
    shift = _shift(days, numbers, day_of_month)
    return Cadence(step, numbers[0], day_of_month, shift), indices[-1]


def _nearest(day: Day, month: int, nominal: dict[int, int]) -> int:
    """Return the month whose nominal day is nearest: a payment may slip over a month's end."""
    stray = day - nominal[month]
    if stray > NEIGHBOUR_DAYS:
        return month + 1
    return month - 1 if stray < -NEIGHBOUR_DAYS else month


def _is_steady(indices: Sequence[int]) -> bool:
    steps = [after - before for before, after in pairwise(indices)]
    missed = indices[-1] - indices[0] - len(steps)
    return all(1 <= step <= 2 for step in steps) and missed <= len(indices) // _MISS_AFTER_HITS


def _shift(days: Sequence[Day], numbers: Sequence[int], day_of_month: int) -> Shift:
    """Read from the dates whose nominal day is a weekend which way they went."""
    votes = {Shift.NONE: 0, Shift.AFTER: 0, Shift.BEFORE: 0}
    for day, number in zip(days, numbers, strict=True):
        nominal = day_in_month(Month(number), day_of_month)
        if weekday(nominal) >= 5:
            stray = day - nominal
            votes[Shift.AFTER if stray > 0 else Shift.BEFORE if stray < 0 else Shift.NONE] += 1
    return max(votes, key=lambda shift: (votes[shift], shift is Shift.NONE, shift.value))
