"""Everyday flow: what is left of the ledger without schedules and rare large payments.

Three kinds of money are told apart, because each has its own law: scheduled payments come by the
calendar, everyday flow has a level, and rare large payments come at random. A payment is large if
it is at least a quarter of a usual month's unscheduled spending. A large refund takes back the
large payment it belongs to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lex7.base.civil import Day
from lex7.nodes.wealth.ledger import DailyMinor, Flow, Ledger
from lex7.nodes.wealth.recurring import Schedule, regular_parts

INCOME, MOVED, TOTAL = "income", "moved", "total"
MONTH_DAYS = 30
LARGE_SHARE = 4
"""A large payment is at least one part in so many of a usual month's unscheduled spending."""


@dataclass(frozen=True, slots=True)
class Large:
    """One rare large payment."""

    day: Day
    category: str
    payee: str
    minor: int


@dataclass(frozen=True, slots=True)
class Everyday:
    """The unscheduled flows of a ledger.

    Attributes:
        flows: name → per day, minor units: `spend.<category>` (positive is spending), `income`,
            `moved` and `cash.<account>` (positive is coming in).
        large: the rare large payments that are not in the flows of spending.
    """

    flows: Mapping[str, DailyMinor]
    large: tuple[Large, ...]


def usual_large(ledger: Ledger, schedules: Sequence[Schedule]) -> int:
    """Return from which amount on a payment is large, minor units."""
    series = ledger.spend_total() - _scheduled(ledger, schedules, Flow.SPEND)
    months = len(series) // MONTH_DAYS
    if months == 0:
        return 1
    sums = sorted(int(part.sum()) for part in np.split(series[-months * MONTH_DAYS :], months))
    return max(sums[months // 2] // LARGE_SHARE, 1)


def split(ledger: Ledger, schedules: Sequence[Schedule], large_minor: int) -> Everyday:
    """Part the ledger into everyday flows and large payments."""
    regular = regular_parts(schedules)
    flows = {f"spend.{name}": np.zeros(ledger.day_count, dtype=np.int64) for name in ledger.spend}
    flows |= {name: np.zeros(ledger.day_count, dtype=np.int64) for name in (INCOME, MOVED)}
    flows |= {
        f"cash.{account}": np.zeros(ledger.day_count, dtype=np.int64) for account in ledger.cash
    }
    large: list[Large] = []
    for index, movement in enumerate(ledger.movements):
        rest = movement.minor - regular.get(index, 0)
        at = movement.day - ledger.first
        flows[f"cash.{movement.account}"][at] += rest
        if movement.flow is Flow.SPEND:
            if abs(rest) < large_minor:
                flows[f"spend.{movement.category}"][at] -= rest
            elif rest < 0:
                large.append(Large(movement.day, movement.category, movement.payee, -rest))
            elif not _take_back(large, movement.payee, rest):
                flows[f"spend.{movement.category}"][at] -= rest
        elif movement.flow is Flow.INCOME:
            flows[INCOME][at] += rest
        elif not movement.is_inside:
            flows[MOVED][at] += rest
    return Everyday(flows, tuple(large))


def total_spending(everyday: Everyday, day_count: int) -> DailyMinor:
    """Return the everyday spending over all categories, per day."""
    total = np.zeros(day_count, dtype=np.int64)
    for name, series in everyday.flows.items():
        if name.startswith("spend."):
            total = total + series
    return total


def _take_back(large: list[Large], payee: str, refund: int) -> bool:
    """Remove the newest large payment to a payee that a refund gives back in full or in part."""
    for at in range(len(large) - 1, -1, -1):
        if large[at].payee == payee and large[at].minor >= refund:
            del large[at]
            return True
    return False


def _scheduled(ledger: Ledger, schedules: Sequence[Schedule], flow: Flow) -> DailyMinor:
    series = np.zeros(ledger.day_count, dtype=np.int64)
    for schedule in schedules:
        if schedule.flow is flow:
            for index, part in schedule.regular:
                series[ledger.movements[index].day - ledger.first] -= part
    return series
