"""What a move changes: money once, per day or per month, on the days on which it is in force.

One unit more of a spending category is one unit less of cash from that day on, and one more in the
category's sums. A monthly unit is spread evenly over the days of each calendar month. The monthly
level of spending (burn) changes by what is in force on its day; a single purchase is no level.
"""

from __future__ import annotations

import numpy as np

from lex7.base.civil import Day, Month, month_length, month_of, month_start
from lex7.base.ids import QuantityName
from lex7.base.shapes import DayGrid, Series
from lex7.directive.quantity import Move, Per
from lex7.nodes.wealth.outlook import DAYS_PER_MONTH
from lex7.nodes.wealth.rows import BURN, CASH, SPEND, Kind, Part, UnansweredError, is_stock

INCOME = QuantityName("income")


def check_move(move: Move) -> None:
    """Refuse a move of what nobody can move.

    Raises:
        UnansweredError: it is neither spending nor income, or it ends before it starts.
    """
    is_known = move.quantity in (SPEND, INCOME) or move.quantity.startswith("spend.")
    if not is_known or move.last < move.first:
        raise UnansweredError(f"a move of {move.quantity} from {move.first} to {move.last}")


def response(quantity: QuantityName, moved: QuantityName) -> float:
    """Return the change of a quantity's flow for one unit of what is moved."""
    if quantity in (CASH, BURN) or is_stock(quantity):
        sign = 1.0 if quantity == BURN else -1.0
        return (0.0 if quantity == BURN else 1.0) if moved == INCOME else sign
    if quantity == SPEND:
        return 1.0 if moved != INCOME else 0.0
    return 1.0 if quantity == moved else 0.0


def change(part: Part, move: Move) -> Series:
    """Return the change of one part's pick, row by row, for one unit of a move."""
    factor = response(part.quantity, move.quantity)
    if factor == 0.0:
        return np.zeros(len(part.day))
    if part.kind is Kind.LEVEL:
        return part.weight * factor * _level(part.day, move)
    first = int(min(part.day.min(), move.first)) - 1
    last = int(max(part.day.max(), move.first))
    sums = np.add.accumulate(_daily(first, last, move))
    if part.kind is Kind.AREA:
        sums = np.add.accumulate(sums)
    result: Series = part.weight * factor * sums[part.day - first]
    return result


def _daily(first: int, last: int, move: Move) -> Series:
    daily = np.zeros(last - first + 1)
    stop = move.first if move.per is Per.ONCE else min(move.last, last)
    if move.per is not Per.MONTH:
        daily[move.first - first : max(stop - first + 1, 0)] = 1.0
        return daily
    for month in range(month_of(move.first), month_of(Day(stop)) + 1):
        start, length = month_start(Month(month)), month_length(Month(month))
        begin, end = max(start, move.first), min(start + length - 1, stop)
        daily[begin - first : max(end - first + 1, 0)] = 1.0 / length
    return daily


def _level(days: DayGrid, move: Move) -> Series:
    if move.per is Per.ONCE:
        return np.zeros(len(days))
    unit = 1.0 if move.per is Per.MONTH else DAYS_PER_MONTH
    is_in_force = (days >= move.first) & (days <= move.last)
    return unit * is_in_force.astype(np.float64)
