"""A daily series: what a node's archive says about one quantity, one value a day at most."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lex7.base.civil import Day
from lex7.base.shapes import DayGrid, Series


@dataclass(frozen=True, slots=True, eq=False)
class DailySeries:
    """The days that have a value; a missing day is missing and never zero.

    Attributes:
        days: (n,) civil days, ascending, each once.
        values: (n,) finite, in the unit of the quantity.
        sd: (n,) standard deviation of each value as a measurement of its day; 0 where exact.
    """

    days: DayGrid
    values: Series
    sd: Series

    def until(self, last: Day) -> DailySeries:
        """Return the part up to and including a day."""
        count = int(np.searchsorted(self.days, last, side="right"))
        return DailySeries(self.days[:count], self.values[:count], self.sd[:count])

    def since(self, first: Day) -> DailySeries:
        """Return the part from a day on."""
        start = int(np.searchsorted(self.days, first, side="left"))
        return DailySeries(self.days[start:], self.values[start:], self.sd[start:])


def daily_series(values: dict[Day, float], sd: dict[Day, float] | None = None) -> DailySeries:
    """Make a series from values by day; the standard deviations are 0 where none is given."""
    days = sorted(values)
    spread = sd or {}
    return DailySeries(
        np.array(days, dtype=np.int64),
        np.array([values[day] for day in days], dtype=np.float64),
        np.array([spread.get(day, 0.0) for day in days], dtype=np.float64),
    )
