"""Money: an integer of minor units and a currency. Never a float.

The number of minor digits per currency is ISO 4217's. A text amount is read exactly: more decimals
than
the currency has are refused rather than rounded.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lex7.base.errors import Lex7Error
from lex7.base.limits import MONEY_MINOR_MAX

MINOR_DIGITS_OTHER = {
    "BHD": 3, "IQD": 3, "JOD": 3, "KWD": 3, "LYD": 3, "OMR": 3, "TND": 3,
    "CLP": 0, "ISK": 0, "JPY": 0, "KRW": 0, "PYG": 0, "UGX": 0, "VND": 0, "XAF": 0, "XOF": 0,
    "XPF": 0,
}  # fmt: skip
MINOR_DIGITS_USUAL = 2

_PLAIN = re.compile(r"([+-]?)(\d*)(?:\.(\d*))?\Z", re.ASCII)


class MoneyError(Lex7Error):
    """An amount cannot be read exactly."""

    code = "money"

    def __init__(self, text: str, reason: str) -> None:
        self.text = text[:40]
        self.reason = reason
        super().__init__(f"expected an amount, got {self.text!r}: {reason}")


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount in one currency."""

    minor: int
    currency: str

    def __str__(self) -> str:
        return format_money(self.minor, self.currency)


def is_currency(code: str) -> bool:
    """Answer whether a text has the shape of an ISO 4217 code."""
    return len(code) == 3 and code.isascii() and code.isalpha() and code.isupper()


def minor_digits(currency: str) -> int:
    """Return how many decimals a currency has."""
    return MINOR_DIGITS_OTHER.get(currency, MINOR_DIGITS_USUAL)


def parse_minor(text: str, currency: str) -> int:
    """Read a plain decimal such as `-1234.50` into minor units, exactly.

    Trailing zeros past the currency's digits are accepted; any other excess digit is refused.

    Raises:
        MoneyError: not a number, too many decimals, or beyond the limit.
    """
    match = _PLAIN.match(text.strip())
    if match is None or not (match[2] or match[3]):
        raise MoneyError(text, "it is not a decimal number")
    digits = minor_digits(currency)
    fraction = (match[3] or "").rstrip("0")
    if len(fraction) > digits:
        raise MoneyError(text, f"{currency} has {digits} decimals")
    if len(match[2].lstrip("0")) > 16:
        raise MoneyError(text, "it is larger than any real amount")
    minor = int((match[2] or "0") + fraction.ljust(digits, "0"))
    if minor > MONEY_MINOR_MAX:
        raise MoneyError(text, "it is larger than any real amount")
    return -minor if match[1] == "-" else minor


def format_money(minor: int, currency: str) -> str:
    """Spell an amount for people: `1,234.50 USD`."""
    digits = minor_digits(currency)
    sign = "-" if minor < 0 else ""
    whole, part = divmod(abs(minor), 10**digits)
    decimals = f".{part:0{digits}d}" if digits else ""
    return f"{sign}{whole:,}{decimals} {currency}"
