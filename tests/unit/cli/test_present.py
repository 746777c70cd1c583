"""Numbers for people."""

from __future__ import annotations

import pytest

from lex7.cli.present import number, probability, table


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (7.004, "h", "7.00"),
        (-0.001, "h", "0.00"),
        (1234.56, "USD", "1,235"),
        (-12.3, "USD", "-12.30"),
        (12345.6, "JPY", "12,346"),
        (None, "kg", "–"),
    ],
)
def test_a_value_has_its_units_decimals(value: float | None, unit: str, shown: str) -> None:
    assert number(value, unit) == shown


@pytest.mark.parametrize(("value", "shown"), [(1.0, ">0.999"), (0.0, "<0.001"), (0.9512, "0.951")])
def test_a_probability_is_never_certain(value: float, shown: str) -> None:
    assert probability(value) == shown


def test_columns_line_up() -> None:
    assert table([("a", "1"), ("bcd", "22")], frozenset({1})) == "a     1\nbcd  22"
