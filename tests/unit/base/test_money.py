"""Money is read exactly or not at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lex7.base.money import MoneyError, format_money, parse_minor


@given(st.integers(-(10**15), 10**15), st.sampled_from(["USD", "JPY", "BHD"]))
def test_format_then_parse_gives_the_amount_back(minor: int, currency: str) -> None:
    text = format_money(minor, currency).removesuffix(f" {currency}").replace(",", "")
    assert parse_minor(text, currency) == minor


@pytest.mark.parametrize(
    "text", ["", "-", ".", "1e5", "NaN", "inf", "1.005", "0x1", "1,5", "9" * 400]
)
def test_what_is_not_an_exact_amount_is_refused(text: str) -> None:
    with pytest.raises(MoneyError):
        parse_minor(text, "USD")
