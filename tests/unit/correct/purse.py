"""A purse with known arithmetic: cash walks, spending is steady, every moment is in closed form."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import numpy as np

from lex7.base.civil import Day, day_from_date, month_length, month_of, month_start
from lex7.base.ids import QuantityName
from lex7.base.shapes import DayGrid
from lex7.directive.quantity import (
    Aggregate,
    Atom,
    Linear,
    Moments,
    Move,
    Per,
    QuantityInfo,
    Scenarios,
)

TODAY = day_from_date(date(2026, 11, 22))

HEAD = """format = "lex7-directives/1"
currency = "USD"
time_zone = "Europe/Berlin"
"""

CUSHION = """
[[directive]]
id = "cushion"
say = "I keep three thousand in cash."
rule = "always[0mo,12mo] cash >= 3000 USD"
confidence = 0.95
over = "{over}"
severity = "hard"
priority = 1
"""

RUNWAY = """
[[directive]]
id = "runway"
say = "I always keep two months of runway."
rule = "always[0mo,12mo] runway >= 2 mo"
confidence = 0.95
over = "pointwise"
severity = "hard"
priority = 1
"""

RESTAURANTS = """
[[directive]]
id = "restaurants"
say = "Restaurants stay under 400 a month."
rule = "always[0mo,12mo] sum(spend.restaurants, month) <= 400 USD"
confidence = 0.90
over = "pointwise"
severity = "{severity}"
priority = 5
{weight}
"""

LEVERS = """
[[lever]]
id = "eat-out"
moves = "spend.restaurants"
per = "month"
by = ["-300 USD", "0 USD"]
step = "1 USD"
reluctance = "1 / 100 USD"

[[lever]]
id = "travel"
moves = "spend.travel"
per = "month"
by = ["-200 USD", "0 USD"]
step = "0.01 USD"
reluctance = "1 / 50 USD"
"""


SHARED_FROM = TODAY - 100
# What monthly moves have added up to before a day; 2,100 days ahead are enough for every horizon.
SHARES = np.cumsum(
    [0.0, *(1.0 / month_length(month_of(Day(SHARED_FROM + day))) for day in range(2_200))]
)


class Purse:
    """Cash is a walk with drift, known up to today; categories spend evenly over each month.

    cash(t) = level + drift t + noise, var = sd² t. A purchase takes one from the cash of its day
    and of every later day; a monthly lever takes its share of every day since it began.
    """

    def __init__(
        self,
        level: float = 20_000.0,
        drift: float = 0.0,
        daily_sd: float = 50.0,
        *,
        valid_days: int = 400,
        path_count: int = 0,
    ) -> None:
        self.as_of = TODAY
        self.level, self.drift, self.daily_sd = level, drift, daily_sd
        self.valid_days, self.path_count = valid_days, path_count
        self.monthly = {"spend.restaurants": 350.0, "spend.travel": 250.0, "spend.home": 100.0}
        self.burn = 2_000.0

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        names = ("cash", "burn", *self.monthly)
        return {
            QuantityName(name): QuantityInfo(
                QuantityName(name), "wth", "USD", "spend" in name, self.valid_days, 30, TODAY, 30
            )
            for name in names
        }

    def _mean(self, atom: Atom, day: int) -> float:
        ahead = max(0, day - TODAY)
        if atom.quantity == "cash":
            return self.level + self.drift * ahead
        if atom.quantity == "burn":
            return self.burn
        share = self.monthly[atom.quantity] / month_length(month_of(Day(day)))
        return share * (1 if atom.window is None else self._length(atom, day))

    def _length(self, atom: Atom, day: int) -> int:
        assert atom.window is not None
        return month_length(month_of(Day(day))) if atom.window.is_month else atom.window.days

    def _sd(self, atom: Atom, day: int) -> float:
        ahead = max(0, day - TODAY)
        if atom.quantity == "cash":
            return float(self.daily_sd * np.sqrt(ahead))
        return 0.0 if atom.quantity == "burn" else 20.0 * (ahead > 0)

    def _gradient(self, atom: Atom, day: int, move: Move) -> float:
        if atom.quantity == "burn":
            return 1.0 if move.per is Per.MONTH else 0.0
        if atom.quantity == "cash":
            return -self._moved(move, move.first, day)
        if atom.quantity != move.quantity:
            return 0.0
        assert atom.aggregate is Aggregate.SUM
        assert atom.window is not None
        assert atom.window.is_month
        start = month_start(month_of(Day(day)))
        return self._moved(move, start, start + month_length(month_of(Day(day))) - 1)

    def _moved(self, move: Move, start: int, end: int) -> float:
        first, last = max(start, move.first), min(end, move.last)
        if move.per is Per.ONCE:
            return float(first <= move.first <= last)
        return float(SHARES[last + 1 - SHARED_FROM] - SHARES[first - SHARED_FROM]) * (last >= first)

    def moments(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        mean = np.array([self._sum(linear, lambda a, d=d: self._mean(a, d)) for d in days])
        sd = np.array([self._sum(linear, lambda a, d=d: self._sd(a, d)) for d in days])
        gradient = np.array(
            [
                [self._sum(linear, lambda a, d=d, m=m: self._gradient(a, d, m)) for m in moves]
                for d in days
            ]
        ).reshape(len(days), len(moves))
        ahead = np.maximum(days - TODAY, 0).astype(float)
        if any(atom.quantity == "cash" for _, atom in linear.terms):
            cov = self.daily_sd**2 * np.minimum.outer(ahead, ahead)
        else:
            cov = np.diag(sd**2)
        return Moments(days, mean + float(linear.constant), cov, gradient)

    def _sum(self, linear: Linear, value: Callable[[Atom], float]) -> float:
        return float(sum(float(weight) * value(atom) for weight, atom in linear.terms))

    def scenarios(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Scenarios | None:
        if not self.path_count:
            return None
        known = self.moments(linear, days, moves)
        steps = np.random.default_rng(7).normal(size=(self.path_count, len(days)))
        ahead = np.maximum(days - TODAY, 0).astype(float)
        walks = np.cumsum(steps * np.sqrt(np.diff(ahead, prepend=0.0)), axis=1) * self.daily_sd
        return Scenarios(days, known.mean + walks, known.gradient[np.newaxis])
