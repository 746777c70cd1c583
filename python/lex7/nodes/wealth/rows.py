"""Rows: what an expression asks of the outlook, as weighted sums, levels and areas on days.

Every quantity over every window is a few numbers times one of three things on a day: a summed flow
(SUM), its present rate (LEVEL), or the sum of a summed flow over days (AREA; a mean of cash). This
module only places them; it knows neither means nor covariances.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day, month_length, month_of, month_start
from lex7.base.errors import StateError
from lex7.base.ids import QuantityName
from lex7.base.shapes import DayGrid, Series
from lex7.directive.quantity import Aggregate, Atom, Window

CASH, SPEND, BURN, RUNWAY = (QuantityName(name) for name in ("cash", "spend", "burn", "runway"))


class UnansweredError(StateError):
    """A rule asks for something that this node cannot answer."""

    code = "state.wealth.unanswered"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"the wealth node cannot answer {what}")


class Kind(StrEnum):
    """What is taken on a day."""

    SUM = "sum"
    LEVEL = "level"
    AREA = "area"


@dataclass(frozen=True, slots=True)
class Part:
    """One weighted pick per row.

    Attributes:
        quantity: whose channels are meant.
        kind: what is taken.
        day: (n_row,) the day on which it is taken.
        weight: (n_row,) what it is multiplied with.
    """

    quantity: QuantityName
    kind: Kind
    day: DayGrid
    weight: Series


@dataclass(frozen=True, slots=True)
class Placed:
    """One atom on a grid.

    Attributes:
        parts: the picks.
        is_valid: (n_row,) where the atom is defined.
    """

    parts: tuple[Part, ...]
    is_valid: NDArray[np.bool_]


def is_stock(quantity: QuantityName) -> bool:
    """Answer whether a quantity is an amount on a day rather than per day."""
    return quantity == CASH or quantity.startswith("cash.")


def place(atom: Atom, days: DayGrid, first: Day, origin: Day) -> Placed:
    """Place an atom on a grid of days; the ledger starts on `first` and ends on `origin`.

    Raises:
        UnansweredError: a window over burn or runway.
    """
    quantity = atom.quantity
    if quantity in (BURN, RUNWAY):
        if atom.aggregate is not Aggregate.VALUE:
            raise UnansweredError(f"a {atom.aggregate} of {quantity}; it is asked as it is")
        one = Part(quantity, Kind.LEVEL, days, np.ones(len(days)))
        return Placed((one,), days >= origin)
    if atom.aggregate is Aggregate.VALUE:
        before, end = days - 1, days
    else:
        before, end = window_bounds(atom, days)
    return _over(atom, np.maximum(before, first - 1), end, is_whole=before >= first - 1)


def window_bounds(atom: Atom, days: DayGrid) -> tuple[DayGrid, DayGrid]:
    """Return the day before each window and its last day."""
    window = atom.window or Window(1)
    if not window.is_month:
        return days - window.days, days
    months = [month_of(Day(int(day))) for day in days]
    starts = np.array([month_start(month) for month in months], dtype=np.int64)
    lengths = np.array([month_length(month) for month in months], dtype=np.int64)
    return starts - 1, starts - 1 + lengths


def _over(atom: Atom, before: DayGrid, end: DayGrid, *, is_whole: NDArray[np.bool_]) -> Placed:
    quantity, size = atom.quantity, np.maximum(end - before, 1).astype(np.float64)
    is_valid = (end > before) & (is_whole | (atom.aggregate is Aggregate.MEAN))
    if is_stock(quantity) and atom.aggregate is Aggregate.VALUE:
        return Placed((Part(quantity, Kind.SUM, end, np.ones(len(end))),), is_valid)
    weight = 1.0 / size if atom.aggregate is Aggregate.MEAN else np.ones(len(end))
    kind = Kind.AREA if is_stock(quantity) else Kind.SUM
    parts = (Part(quantity, kind, end, weight), Part(quantity, kind, before, -weight))
    return Placed(parts, is_valid)
