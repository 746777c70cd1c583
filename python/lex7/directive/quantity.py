"""What a rule may ask of a node: quantities, linear expressions over them, and their joint moments.

This is the border between rules and models. A rule compiles to `Linear` expressions evaluated on
a grid of civil days; a node answers with the joint Gaussian moments of the expression on that
grid, its gradient with respect to levers, and, where a Gaussian is not good enough, with
scenarios. Neither side knows more of the other than this file.

Units: money in major units of the owner's currency, sleep in hours, heart rate in bpm, HRV in ms,
weight in kg, steps as a count, runway in months. Exact rationals on the rule's side become
float64 here and nowhere else.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Protocol

from lex7.base.civil import Day
from lex7.base.ids import QuantityName
from lex7.base.shapes import DayGrid, RowCov, RowGradient, RowMean


class Aggregate(StrEnum):
    """How one quantity is gathered over a window that ends at the row's day."""

    VALUE = "value"  # the quantity on that day
    MEAN = "mean"  # over the days of the window that have a value
    SUM = "sum"  # over the window
    BASELINE = "baseline"  # mean over (now - window, now], frozen at evaluation


@dataclass(frozen=True, slots=True)
class Window:
    """A window of whole days, or the calendar month that contains the row's day (days = 0)."""

    days: int

    @property
    def is_month(self) -> bool:
        """Answer whether the window is the calendar month."""
        return self.days == 0


@dataclass(frozen=True, slots=True)
class Atom:
    """One quantity gathered over one window; `window` is None exactly for VALUE."""

    quantity: QuantityName
    aggregate: Aggregate
    window: Window | None


@dataclass(frozen=True, slots=True)
class Linear:
    """y(day) = sum of coefficient × atom(day), plus a constant, in one unit."""

    terms: tuple[tuple[Fraction, Atom], ...]
    constant: Fraction


@dataclass(frozen=True, slots=True)
class QuantityInfo:
    """What is known about one quantity at the time of evaluation.

    Attributes:
        name: as rules write it.
        node: the node kind that answers for it.
        unit: the unit of its values, a name of `lex7.base.units`.
        per_month: True where the quantity is an amount per day that rules sum over months
        (spending).
        valid_days: days (nights) with a valid value so far.
        required_days: days needed before the quantity is trusted.
        last_day: the newest day with a value, or None.
        stale_after_days: a newest value older than this makes every verdict "stale".
    """

    name: QuantityName
    node: str
    unit: str
    per_month: bool
    valid_days: int
    required_days: int
    last_day: Day | None
    stale_after_days: int


class Per(StrEnum):
    """What one unit of a lever or an impulse means."""

    ONCE = "once"
    DAY = "day"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Move:
    """One column of the correction: one unit more of `quantity` per `per`, from `first` to `last`.

    A purchase of category c on a day is Move("spend.c", Per.ONCE, day, day): one unit of money
    spent. A lever "restaurants per month" is Move("spend.restaurants", Per.MONTH, first, last);
    the monthly unit is spread evenly over the days of each calendar month.
    """

    quantity: QuantityName
    per: Per
    first: Day
    last: Day


@dataclass(frozen=True, slots=True)
class Moments:
    """Joint Gaussian moments of one Linear on a grid of days.

    Attributes:
        days: (n_row,) the days on which the expression is defined: a subset of the grid asked for.
        mean: (n_row,) expected value of y.
        cov: (n_row, n_row) covariance of y across days.
        gradient: (n_row, n_move) change of y for one unit of each Move asked for.
    """

    days: DayGrid
    mean: RowMean
    cov: RowCov
    gradient: RowGradient


@dataclass(frozen=True, slots=True)
class Scenarios:
    """Sampled paths for an expression that is not Gaussian, on common random numbers.

    Attributes:
        days: (n_row,) the grid.
        paths: (n_path, n_row) values of y on each path.
        gradient: (n_path, n_row, n_move) or broadcastable (1, n_row, n_move): y is linear in the
        moves.
    """

    days: DayGrid
    paths: RowCov
    gradient: RowCov


class Forecast(Protocol):
    """What one node can say about the future (and recent past) at one `as_of`."""

    @property
    def as_of(self) -> Day:
        """The day of evaluation."""
        ...

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        """List the quantities this node answers for."""
        ...

    def moments(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        """Return the joint Gaussian moments of an expression on a grid of days.

        Days up to `as_of` use what was observed (variance of the observation's own uncertainty, 0
        where it is exact); a day without a value in the past is left out of MEAN and of the
        returned days for VALUE.

        Raises:
            StateError: a quantity is unknown here or the window reaches past the horizon.
        """
        ...

    def scenarios(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Scenarios | None:
        """Return sampled paths where a Gaussian is not good enough, None where it is."""
        ...
