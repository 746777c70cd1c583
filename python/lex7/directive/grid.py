"""Relative windows into civil days.

The choices, as docs/spec/directives.md states them:

- `[a,b]` covers every day from as_of + a to as_of + b, both included; months are calendar months:
  31 January + 1 mo is the last day of February.
- A body that only speaks of calendar months (`sum(…, month)`) has the same value on all days of a
  month: it gets one row per calendar month touched, on that month's last day.
- A body that speaks of runway alone gets the first day of the window and every month's last day in
  it.
- Everything else gets every day.
- A window back of n days from day t is (t - n, t]; `month` is the whole calendar month containing
  t.
"""

from __future__ import annotations

from typing import cast

from lex7.base.civil import Day, Month, add_months, month_length, month_of, month_start
from lex7.directive.plan import Ahead, Leaf, Plan, Test, leaves
from lex7.directive.quantity import Window
from lex7.directive.syntax import Offset


def days_of(reach: Ahead | Window, body: Plan, today: Day) -> tuple[Day, ...]:
    """Return the days on which a body is looked at, ascending."""
    first, last = _bounds(reach, today)
    tests = tuple(leaves(body))
    if all(leaf.on_months for leaf in tests):
        months = range(month_of(first), month_of(last) + 1)
        return tuple(month_end(Month(month)) for month in months)
    if all(leaf.on_months or _is_runway(leaf) for leaf in tests):
        ends = [month_end(Month(m)) for m in range(month_of(first), month_of(last) + 1)]
        return tuple(sorted({first, *(day for day in ends if first <= day <= last)}))
    return cast("tuple[Day, ...]", tuple(range(first, last + 1)))


def row_day(leaf: Leaf, day: Day) -> Day:
    """Return the day under which a leaf's value for `day` is asked from the node."""
    return month_end(month_of(day)) if leaf.on_months else day


def month_end(month: Month) -> Day:
    """Return the last day of a month."""
    return Day(month_start(month) + month_length(month) - 1)


def _bounds(reach: Ahead | Window, today: Day) -> tuple[Day, Day]:
    if isinstance(reach, Ahead):
        return moved(today, reach.start), moved(today, reach.end)
    if reach.is_month:
        month = month_of(today)
        return month_start(month), month_end(month)
    return Day(today - reach.days + 1), today


def moved(day: Day, offset: Offset) -> Day:
    """Return the day that lies an offset away."""
    return add_months(day, offset.count) if offset.is_months else Day(day + offset.count)


def _is_runway(leaf: Leaf) -> bool:
    return isinstance(leaf, Test) and leaf.runway_months is not None
