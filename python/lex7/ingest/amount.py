"""Amounts as OFX files spell them: exact, and refused where two readings are possible.

OFX allows a period or a comma before the decimals and no grouping; banks add grouping, a plus sign
and leading zeros. `1,234` could be a thousand or one and a bit, so it is refused. Decimals past the
currency's own are rounded half to even, and the caller is told.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, Decimal

from lex7.base.limits import MONEY_MINOR_MAX
from lex7.base.money import MoneyError, minor_digits

AMOUNT_CHARACTERS_MAX = 60
"""The longest padded amount seen has 24 signs."""

_BLANKS = str.maketrans("", "", " \u00a0\u202f'")
_PLAIN = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?\Z")
_GROUPED_BY_COMMA = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]*\Z")
_GROUPED_BY_POINT = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]*\Z")
_ONE_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]*\Z")
_TWO_READINGS = re.compile(r"[+-]?[1-9][0-9]{0,2}(?:,[0-9]{3})+\Z")


def read_amount(text: str, currency: str) -> tuple[int, bool]:
    """Read an amount into minor units, and say whether it was rounded.

    Raises:
        MoneyError: not a number, two readings, or beyond the limit.
    """
    if len(text) > AMOUNT_CHARACTERS_MAX:
        raise MoneyError(text, "it is larger than any real amount")
    plain = _one_spelling(text.translate(_BLANKS).replace("\u2212", "-"), text)
    match = _PLAIN.match(plain)
    if match is None or not (match[2] or match[3]):
        raise MoneyError(text, "it is not a decimal number")
    digits = minor_digits(currency)
    exact = Decimal(f"{match[2] or '0'}.{match[3] or '0'}").scaleb(digits)
    minor = int(exact.to_integral_value(ROUND_HALF_EVEN))
    if minor > MONEY_MINOR_MAX:
        raise MoneyError(text, "it is larger than any real amount")
    return (-minor if match[1] == "-" else minor), exact != minor


def _one_spelling(signs: str, text: str) -> str:
    """Return the amount with a period before its decimals and no grouping."""
    if "," not in signs:
        return signs
    if _TWO_READINGS.match(signs):
        raise MoneyError(text, "the comma could part thousands or decimals")
    if _GROUPED_BY_COMMA.match(signs):
        return signs.replace(",", "")
    if _GROUPED_BY_POINT.match(signs):
        return signs.replace(".", "").replace(",", ".")
    if _ONE_COMMA.match(signs):
        return signs.replace(",", ".")
    raise MoneyError(text, "it is not a decimal number")
