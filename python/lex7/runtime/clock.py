"""The clock and the entropy of the shell: the only places where time and randomness enter."""

from __future__ import annotations

import os
import re
import time
from datetime import date

from lex7.base.civil import DAY_MAX, DAY_MIN, Day, Zone, day_from_date, day_of
from lex7.base.errors import HomeError


class DateError(HomeError):
    """A date given on the command line cannot be read."""

    code = "home.date"

    def __init__(self, text: str) -> None:
        self.text = text[:40]
        super().__init__(f"expected a date such as 2026-11-20, got {self.text!r}")


def now_ns() -> int:
    """Return the present instant, nanoseconds UTC."""
    return time.time_ns()


def entropy(count: int) -> bytes:
    """Return bytes from the operating system's generator."""
    return os.urandom(count)


def today(where: Zone) -> Day:
    """Return the owner's present civil day."""
    return day_of(now_ns(), where)


def read_day(text: str | None, where: Zone) -> Day:
    """Return the day a text names, or today where there is none.

    Raises:
        DateError: not a calendar date in the supported centuries.
    """
    if text is None:
        return today(where)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) is None:
        raise DateError(text)
    try:
        day = day_from_date(date.fromisoformat(text))
    except ValueError as exc:
        raise DateError(text) from exc
    if not DAY_MIN <= day <= DAY_MAX:
        raise DateError(text)
    return day
