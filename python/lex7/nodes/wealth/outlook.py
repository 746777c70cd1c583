"""The outlook: the law of every channel of money on the days after the last observed one.

A channel is a flow with one mean path and one kernel, independent of the others: each spending
category (schedules, everyday flow and its large payments), `unexpected` (large payments of no known
category), `common` (what makes categories rise together), income, moved money, and each account on
its own. Quantities are weighted sums of channels. Everything here is in minor units; index 0 of a
path is the evening before the ledger's first day.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day, weekday
from lex7.base.shapes import Series
from lex7.nodes.wealth.belief import PRIOR_PAYMENTS, Belief, LargeLaw, Level
from lex7.nodes.wealth.everyday import INCOME, MOVED, TOTAL
from lex7.nodes.wealth.kernel import Kernel, Reversion, add_kernels, make_reversion
from lex7.nodes.wealth.ledger import DailyMinor, Flow, Ledger
from lex7.nodes.wealth.recurring import Schedule

UNEXPECTED, COMMON = "unexpected", "common"
YEAR_DAYS = 365
DAYS_PER_MONTH = 365.25 / 12
DRIFT_PER_DAY = 0.03 / 365.25
"""Prices and pay are not fixed: their drift has a standard deviation of 3 % a year."""

NOTHING = Level((0.0, 0.0), (0.0, 0.0, 0.0), 0.0, 0.0, (0.0,) * 7)


@dataclass(frozen=True, slots=True)
class Channel:
    """One independent flow.

    Attributes:
        sums: (n_past + n_ahead + 1,) summed flow, relative to the evening of the last observed
            day, which has 0.
        kernel: the covariance of the sums ahead.
        level: mean of the constant part and of the deviation, minor units per day, large payments
            included.
        scheduled: mean of scheduled payments per day over the next year.
    """

    sums: Series
    kernel: Kernel
    level: tuple[float, float]
    scheduled: float


@dataclass(frozen=True, slots=True)
class Calendar:
    """Scheduled payments on the days ahead, (n_ahead,) each: mean and standard deviation."""

    mean: Series
    sd: Series


@dataclass(frozen=True, slots=True)
class Outlook:
    """Everything a forecast of `count` days is computed from.

    Attributes:
        first: the ledger's first day.
        origin: the last observed day.
        count: days ahead.
        cash: account → minor units in the evening of the origin.
        table: powers and sums of the reversion.
        channels: by name.
        bills: scheduled spending ahead.
        pay: scheduled income and moved money ahead.
        weekdays: (n_ahead,) offset of everyday spending by its weekday.
    """

    first: Day
    origin: Day
    count: int
    cash: Mapping[str, int]
    table: Reversion
    channels: Mapping[str, Channel]
    bills: Calendar
    pay: Calendar
    weekdays: Series

    @property
    def spending(self) -> tuple[str, ...]:
        """The channels that make up all spending."""
        return tuple(
            name
            for name in sorted(self.channels)
            if name.startswith("spend.") or name in (UNEXPECTED, COMMON)
        )

    @property
    def year_share(self) -> float:
        """The mean share of a deviation that is left over the next year."""
        days = min(YEAR_DAYS, self.count)
        return float(self.table.reach[days]) / days if days else 0.0


def look_ahead(belief: Belief, ledger: Ledger, count: int) -> Outlook:
    """Make the outlook of `count` days after the ledger's last one."""
    table = make_reversion(belief.reversion, count)
    build = _Builder(belief, ledger, count, table)
    channels = {f"spend.{name}": build.category(name) for name in ledger.spend}
    channels[INCOME] = build.flow(INCOME, ledger.income, build.of_flow(Flow.INCOME), sign=1)
    channels[MOVED] = build.flow(MOVED, ledger.moved, build.of_flow(Flow.MOVED), sign=1)
    for account, series in ledger.cash.items():
        own = tuple(one for one in belief.schedules if one.account == account)
        change = np.diff(series, prepend=series[:1])
        channels[f"cash.{account}"] = build.flow(f"cash.{account}", change, own, sign=1)
    channels[UNEXPECTED] = build.unexpected()
    channels[COMMON] = build.common()
    received = (*build.of_flow(Flow.INCOME), *build.of_flow(Flow.MOVED))
    spend_levels = [belief.levels[name] for name in channels if name.startswith("spend.")]
    return Outlook(
        ledger.first,
        ledger.last,
        count,
        {account: int(series[-1]) for account, series in ledger.cash.items()},
        table,
        channels,
        build.calendar(build.of_flow(Flow.SPEND), sign=-1),
        build.calendar(received, sign=1),
        build.offsets(spend_levels),
    )


@dataclass(frozen=True, slots=True)
class _Builder:
    belief: Belief
    ledger: Ledger
    count: int
    table: Reversion

    def of_flow(self, flow: Flow) -> tuple[Schedule, ...]:
        return tuple(one for one in self.belief.schedules if one.flow is flow and not one.is_inside)

    def category(self, name: str) -> Channel:
        schedules = tuple(one for one in self.of_flow(Flow.SPEND) if one.category == name)
        seen = float(self.belief.large.counts.get(name, 0))
        return self.flow(
            f"spend.{name}", self.ledger.spend[name], schedules, sign=-1, payments=seen
        )

    def flow(
        self,
        name: str,
        past: DailyMinor,
        schedules: tuple[Schedule, ...],
        *,
        sign: int,
        payments: float = 0.0,
    ) -> Channel:
        level = self.belief.levels.get(name, NOTHING)
        due = self.calendar(schedules, sign=sign)
        large = _large_part(self.belief.large, payments)
        mean = level.mean[0] + large.mean
        deviation = level.mean[1] * self.table.power[1 : self.count + 1]
        ahead = mean + deviation + self.offsets([level]) + due.mean
        noise = level.noise + large.noise + due.sd * due.sd
        mm, ml, ll = level.cov
        ramps = (_ramp(due.mean),) if schedules else ()
        kernel = Kernel((mm + large.drift, ml, ll), level.wander, _summed(noise), ramps)
        year = min(YEAR_DAYS, self.count)
        scheduled = float(_summed(due.mean)[year]) / year if year else 0.0
        return Channel(_around(past, ahead), kernel, (mean, level.mean[1]), scheduled)

    def unexpected(self) -> Channel:
        nothing = np.zeros(self.ledger.day_count, dtype=np.int64)
        return self.flow(UNEXPECTED, nothing, (), sign=1, payments=PRIOR_PAYMENTS)

    def common(self) -> Channel:
        """Return what the total varies more than independent categories would."""
        levels = [one for name, one in self.belief.levels.items() if name.startswith("spend.")]
        total = self.belief.levels.get(TOTAL, NOTHING)
        parts = tuple(Kernel(one.cov, one.wander, np.full(1, one.noise)) for one in levels) or (
            Kernel((0.0, 0.0, 0.0), 0.0, np.zeros(1)),
        )
        known = add_kernels(parts)
        kernel = Kernel(
            (max(total.cov[0] - known.cov[0], 0.0), 0.0, max(total.cov[2] - known.cov[2], 0.0)),
            max(total.wander - known.wander, 0.0),
            _summed(np.full(self.count, max(total.noise - float(known.noise[0]), 0.0))),
        )
        past = np.zeros(self.ledger.day_count, dtype=np.int64)
        return Channel(_around(past, np.zeros(self.count)), kernel, (0.0, 0.0), 0.0)

    def calendar(self, schedules: Iterable[Schedule], *, sign: int) -> Calendar:
        mean, variance = np.zeros(self.count), np.zeros(self.count)
        until = Day(self.ledger.last + self.count)
        for schedule in schedules:
            for day in schedule.due_days(self.ledger.last, until):
                at = day - self.ledger.last - 1
                mean[at] += sign * schedule.amount_minor
                variance[at] += float(schedule.sd_minor) * schedule.sd_minor
        return Calendar(mean, np.sqrt(variance))

    def offsets(self, levels: Iterable[Level]) -> Series:
        week = [0.0] * 7
        for level in levels:
            week = [one + other for one, other in zip(week, level.weekdays, strict=True)]
        days = np.arange(1, self.count + 1)
        return np.array(week)[(weekday(self.ledger.last) + days) % 7]


@dataclass(frozen=True, slots=True)
class _LargePart:
    mean: float
    noise: float
    drift: float


def _large_part(law: LargeLaw, payments: float) -> _LargePart:
    """Return mean and variance per day, and the variance of the mean, of large payments."""
    rate = payments / law.days
    return _LargePart(rate * law.mean, rate * law.square, rate / law.days * law.mean * law.mean)


def _ramp(scheduled: Series) -> Series:
    """Return what the sums of scheduled amounts change for one standard deviation of drift."""
    days = np.arange(1, len(scheduled) + 1, dtype=np.float64)
    return DRIFT_PER_DAY * _summed(scheduled * days)


def _summed(daily: Series) -> Series:
    """Return sums over the days 1..k for k = 0..n, added one after the other."""
    sums = np.zeros(len(daily) + 1)
    np.add.accumulate(daily, out=sums[1:])
    return sums


def _around(past: DailyMinor, ahead: Series) -> Series:
    """Return the summed flow from the evening before the past to the end, 0 after the past."""
    before: NDArray[np.int64] = np.concatenate(([0], np.cumsum(past)))
    sums: Series = np.concatenate(((before - before[-1]).astype(np.float64), _summed(ahead)[1:]))
    return sums
