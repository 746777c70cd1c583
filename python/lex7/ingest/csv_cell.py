"""Cells of a bank's table: amounts and days, in the one spelling that the profile names.

A cell in any other spelling is refused with a reason: `12.34` under a decimal comma is not twelve
and not a thousand two hundred and thirty-four. Names of months are English and do not depend on the
machine's language.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from lex7.base.civil import DAY_MAX, DAY_MIN, Day, day_from_date
from lex7.base.money import parse_minor

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_PARTS = {
    "YYYY": r"(?P<year>[0-9]{4})",
    "YY": r"(?P<short>[0-9]{2})",
    "MMM": r"(?P<name>[A-Za-z]{3})[a-z]*\.?",
    "MM": r"(?P<month>[0-9]{2})",
    "M": r"(?P<month>[0-9]{1,2})",
    "DD": r"(?P<day>[0-9]{2})",
    "D": r"(?P<day>[0-9]{1,2})",
}
_TOKEN = re.compile("YYYY|YY|MMM|MM|M|DD|D|.", re.DOTALL)
_SIGNS = re.compile(r"[$€£¥]|\b[A-Z]{3}\b")
_BLANKS = str.maketrans({"\u00a0": "", "\u202f": "", " ": "", "\u2212": "-"})
_CENTURY_FROM = 70


class CellError(Exception):
    """A cell is not what the profile says; caught where the row becomes a finding."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


def read_cell_amount(text: str, decimal: str, thousands: str, currency: str) -> int:
    """Read an amount into minor units, exactly.

    A minus may stand before or after, parentheses mean minus, a currency sign may stand beside.

    Raises:
        CellError: another spelling than the profile's.
        MoneyError: too many decimals for the currency, or beyond the limit.
    """
    signs = _SIGNS.sub("", text).translate(_BLANKS)
    is_negative = False
    if signs.startswith("(") and signs.endswith(")"):
        is_negative, signs = True, signs[1:-1]
    elif signs.endswith("-"):
        is_negative, signs = True, signs[:-1]
    elif signs[:1] in ("-", "+"):
        is_negative, signs = signs[0] == "-", signs[1:]
    match = _amount_shape(decimal, thousands).match(signs)
    if match is None:
        mark = "a comma" if decimal == "," else "a period"
        raise CellError("csv.amount", f"expected an amount with {mark} before the decimals")
    whole = match[1].replace(thousands, "") if thousands else match[1]
    minor = parse_minor(f"{whole or '0'}.{match[2] or ''}", currency)
    return -minor if is_negative else minor


def read_cell_day(text: str, spelling: str) -> Day:
    """Read a day; a time of day behind it is left out.

    Raises:
        CellError: another spelling, no such day, or not between 1900 and 2199.
    """
    match = day_shape(spelling).match(text)
    if match is None:
        raise CellError("csv.date", f"expected a day spelled {spelling}")
    parts = match.groupdict()
    year = int(parts["year"]) if parts.get("year") else 2000 + int(parts["short"])
    if parts.get("short") and int(parts["short"]) >= _CENTURY_FROM:
        year -= 100
    if parts.get("name"):
        name = parts["name"].lower()
        month = MONTHS.index(name) + 1 if name in MONTHS else 0
    else:
        month = int(parts["month"])
    try:
        found = day_from_date(date(year, month, int(parts["day"])))
    except ValueError as wrong:
        raise CellError("csv.date", f"no such day under the spelling {spelling}") from wrong
    if not DAY_MIN <= found <= DAY_MAX:
        raise CellError("csv.date", "the day is not between 1900 and 2199")
    return found


def is_day_spelling(spelling: str) -> bool:
    """Answer whether a spelling names one year, one month and one day."""
    try:
        names = day_shape(spelling).groupindex
    except re.error:
        return False
    return (
        "day" in names
        and len({"year", "short"} & set(names)) == 1
        and (len({"month", "name"} & set(names)) == 1)
    )


@lru_cache(maxsize=64)
def day_shape(spelling: str) -> re.Pattern[str]:
    """Return the pattern of a spelling such as `DD.MM.YYYY`."""
    parts = (_PARTS.get(token, re.escape(token)) for token in _TOKEN.findall(spelling))
    return re.compile("".join(parts) + r"(?:[T ,].*)?\Z")


@lru_cache(maxsize=16)
def _amount_shape(decimal: str, thousands: str) -> re.Pattern[str]:
    whole = "[0-9]*+"
    if thousands:
        # Grouped in threes, or not grouped at all; a wrong group fits neither.
        whole = rf"[0-9]{{1,3}}(?:{re.escape(thousands)}[0-9]{{3}})+|[0-9]*+"
    return re.compile(
        rf"(?=[0-9]|{re.escape(decimal)}[0-9])({whole})(?:{re.escape(decimal)}([0-9]*))?\Z"
    )
