"""A move as what it adds on each day to come."""

from __future__ import annotations

from lex7.base.civil import Day, month_length, month_of
from lex7.directive.quantity import Move, Per


def daily_rates(move: Move, as_of: Day, count: int) -> list[float]:
    """Return what one unit of a move adds on each of the `count` days after `as_of`.

    Once is on the first day; per day is each day from first to last; per month is spread evenly
    over the days of each calendar month. Days that are over cannot be moved.
    """
    rates = []
    for day in range(as_of + 1, as_of + count + 1):
        if not move.first <= day <= move.last:
            rates.append(0.0)
        elif move.per is Per.DAY:
            rates.append(1.0)
        elif move.per is Per.MONTH:
            rates.append(1.0 / month_length(month_of(Day(day))))
        else:
            rates.append(1.0 if day == move.first else 0.0)
    return rates
