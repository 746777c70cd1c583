"""A forecast made of given values: what the examples of a rule are judged against.

Values are exact; every day stands by itself, so the covariance of two rows is the sum over the
days they share of weight × weight × variance. `runway` may be given directly: it stands for cash
of that many months of a burn of one.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lex7.base.civil import Day, day_from_date, month_length, month_of, month_start
from lex7.base.ids import QuantityName
from lex7.base.limits import NIGHTS_TRUSTED_MIN
from lex7.base.shapes import DayGrid
from lex7.directive.catalogue import BURN, CASH, RUNWAY, node_of
from lex7.directive.example import Example, Given
from lex7.directive.grid import moved
from lex7.directive.problem import MomentsError
from lex7.directive.quantity import (
    Aggregate,
    Atom,
    Linear,
    Moments,
    Move,
    QuantityInfo,
)

HISTORY_DAYS = 366
STALE_AFTER_DAYS = 7
_Share = tuple[int, Fraction]


class GivenForecast:
    """Answers for quantities whose values an example states."""

    def __init__(self, example: Example) -> None:
        self.as_of: Day = day_from_date(example.on)
        self._given: dict[QuantityName, list[Given]] = {}
        for one in (part for given in example.given for part in _parts(given)):
            self._given.setdefault(one.quantity, []).append(one)
        self._known: dict[tuple[QuantityName, int], tuple[Fraction, Fraction] | None] = {}

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        """List the quantities given, with as many days as they have values for."""
        return {name: self._info(name) for name in self._given}

    def moments(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        """Return the moments of an expression; rows without any value drop out."""
        kept = [int(day) for day in days if self.value(linear, Day(int(day))) is not None]
        mean = np.array([float(self.value(linear, Day(day)) or 0) for day in kept])
        rows = [self._spread(linear, day) for day in kept]
        cov = np.zeros((len(kept), len(kept)))
        for one, left in enumerate(rows):
            for other in range(one, len(rows)):
                cov[one, other] = cov[other, one] = _shared(left, rows[other])
        return Moments(np.array(kept, dtype=np.int64), mean, cov, np.zeros((len(kept), len(moves))))

    def scenarios(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> None:
        """Return None: given values are what they are."""
        return

    def value(self, linear: Linear, day: Day) -> Fraction | None:
        """Return the exact value of an expression on a day, or None where it has none."""
        total = linear.constant
        for weight, atom in linear.terms:
            shares = self._shares(atom, day)
            if not shares:
                return None
            for at, share in shares:
                known = self._on(atom.quantity, at)
                total += weight * share * (known[0] if known is not None else 0)
        return total

    def _spread(self, linear: Linear, day: int) -> dict[tuple[QuantityName, int], float]:
        """Return weight × standard deviation of every day that is in an expression."""
        found: dict[tuple[QuantityName, int], Fraction] = {}
        for weight, atom in linear.terms:
            for at, share in self._shares(atom, Day(day)):
                known = self._on(atom.quantity, at)
                if known is not None and known[1]:
                    key = (atom.quantity, at)
                    found[key] = found.get(key, Fraction(0)) + weight * share * known[1]
        return {key: float(value) for key, value in found.items()}

    def _shares(self, atom: Atom, day: Day) -> list[_Share]:
        """Return the days with a value that an atom gathers, and the weight of each."""
        if atom.window is None:
            reach = range(int(day), int(day) + 1)
        elif atom.window.is_month:
            start = int(month_start(month_of(day)))
            reach = range(start, start + month_length(month_of(day)))
        else:
            end = int(self.as_of if atom.aggregate is Aggregate.BASELINE else day)
            reach = range(end - atom.window.days + 1, end + 1)
        known = [at for at in reach if self._on(atom.quantity, at) is not None]
        each = Fraction(1) if atom.aggregate is Aggregate.SUM else Fraction(1, len(known) or 1)
        return [(at, each) for at in known]

    def _on(self, name: QuantityName, day: int) -> tuple[Fraction, Fraction] | None:
        key = (name, day)
        if key not in self._known:
            self._known[key] = self._look_up(name, Day(day))
        return self._known[key]

    def _look_up(self, name: QuantityName, day: Day) -> tuple[Fraction, Fraction] | None:
        if name not in self._given:
            raise MomentsError("given", f"a value of {name}", "none")
        for one in reversed(self._given[name]):
            if not self._covers(one, day):
                continue
            if one.value is None:
                return None
            share = Fraction(1, month_length(month_of(day))) if one.is_per_month else Fraction(1)
            return one.value * share, one.sd * share
        return None

    def _covers(self, given: Given, day: Day) -> bool:
        if given.reach is None:
            return True
        first, last = given.reach
        return moved(self.as_of, first) <= day <= moved(self.as_of, last)

    def _info(self, name: QuantityName) -> QuantityInfo:
        first = int(self.as_of) - HISTORY_DAYS + 1
        days = [at for at in range(first, int(self.as_of) + 1) if self._on(name, at) is not None]
        return QuantityInfo(
            name,
            node_of(name),
            "",
            per_month=False,
            valid_days=len(days),
            required_days=NIGHTS_TRUSTED_MIN,
            last_day=Day(days[-1]) if days else None,
            stale_after_days=STALE_AFTER_DAYS,
        )


def _parts(given: Given) -> tuple[Given, ...]:
    if given.quantity != RUNWAY:
        return (given,)
    cash = Given(QuantityName(CASH), given.reach, given.value, given.sd, is_per_month=False)
    burn = Given(QuantityName(BURN), given.reach, Fraction(1), Fraction(0), is_per_month=False)
    return (cash, burn)


def _shared(
    left: dict[tuple[QuantityName, int], float], right: dict[tuple[QuantityName, int], float]
) -> float:
    total = 0.0
    for key, weight in left.items():
        total += weight * right.get(key, 0.0)
    return total
