"""The two kinds of windows in a rule: offsets ahead `[0d,12mo]`, and spans back `7d`, `month`."""

from __future__ import annotations

from fractions import Fraction

from lex7.base.limits import HORIZON_DAYS_MAX
from lex7.directive.cursor import Cursor
from lex7.directive.lexer import TokenKind, exact
from lex7.directive.problem import RuleError
from lex7.directive.quantity import Window
from lex7.directive.syntax import Offset
from lex7.directive.unit_words import unit_hint

MONTH = "month"
DAYS_OF = {"d": 1, "w": 7}
MONTHS_OF = {"mo": 1, "y": 12}
DAYS_PER_MONTH_MAX = 31
OFFSET_BACK_DAYS_MAX = 366


def read_offset(cursor: Cursor) -> Offset:
    """Read one bound of `always[…]`: whole days, weeks, months or years from today.

    Raises:
        RuleError: not such a bound, or farther than a forecast means anything.
    """
    at = cursor.peek().offset
    sign = 1
    if cursor.at_sign("-"):
        cursor.next()
        sign = -1
    count, unit = _span(cursor, (*DAYS_OF, *MONTHS_OF), "0d, 28d or 12mo")
    is_months = unit in MONTHS_OF
    offset = Offset(sign * count * (MONTHS_OF[unit] if is_months else DAYS_OF[unit]), is_months)
    days = roughly_days(offset)
    if days > HORIZON_DAYS_MAX or days < -OFFSET_BACK_DAYS_MAX:
        sentence = (
            f"a window reaches at most {HORIZON_DAYS_MAX} days ahead and "
            f"{OFFSET_BACK_DAYS_MAX} days back"
        )
        raise RuleError("directive.window", at, sentence)
    return offset


def read_window(cursor: Cursor) -> Window:
    """Read the window of mean, sum, min, max or baseline.

    Raises:
        RuleError: not a window of whole days and not `month`.
    """
    if cursor.at_word(MONTH):
        cursor.next()
        return Window(0)
    at = cursor.peek().offset
    count, unit = _span(cursor, tuple(DAYS_OF), "7d, 4w or month")
    days = count * DAYS_OF[unit]
    if not 1 <= days <= HORIZON_DAYS_MAX:
        sentence = f"a window has between 1 and {HORIZON_DAYS_MAX} days"
        raise RuleError("directive.window", at, sentence)
    return Window(days)


def roughly_days(offset: Offset) -> Fraction:
    """Return about how many days ahead an offset lies; the calendar decides later."""
    return Fraction(offset.count * (DAYS_PER_MONTH_MAX if offset.is_months else 1))


def _span(cursor: Cursor, units: tuple[str, ...], example: str) -> tuple[int, str]:
    token = cursor.peek()
    if token.kind is not TokenKind.NUMBER:
        cursor.expected(f"a window such as {example}")
    cursor.next()
    value = exact(token)
    if value.denominator != 1:
        sentence = f"windows are whole days; write a window such as {example}"
        raise RuleError("directive.window", token.offset, sentence, token.text)
    unit = cursor.peek()
    if unit.kind is not TokenKind.WORD or unit.text not in units:
        hint = f"write a window such as {example}"
        if unit.kind is TokenKind.WORD:
            hint = f"{unit_hint(unit.text, units)} {hint[0].upper()}{hint[1:]}"
        cursor.expected(f"a unit after {token.text}", hint=hint)
    cursor.next()
    return int(value), unit.text
