"""The person's rules are read without a finding, whatever the budget."""

from __future__ import annotations

from pathlib import Path

import pytest

from lex7.directive import read
from lex7.sample.wishes import directives_toml


def test_the_written_rules_are_read_without_a_finding(sample: Path) -> None:
    file, findings = read((sample / "directives.toml").read_text())
    assert findings == ()
    assert (len(file.directives), len(file.access), len(file.levers)) == (7, 3, 2)
    assert (file.currency, file.time_zone) == ("USD", "Europe/Berlin")


@pytest.mark.parametrize("scale", [0.85, 1.35])
def test_rules_of_any_budget_and_currency_are_read(scale: float) -> None:
    _, findings = read(directives_toml(scale, "America/New_York", "EUR").decode())
    assert findings == ()


def test_three_purchases_are_proposed_within_the_year(sample: Path) -> None:
    lines = (sample / "proposals.txt").read_text().splitlines()
    asked = [dict(part.split("=") for part in line.replace(" USD", "").split())
             for line in lines if not line.startswith("#")]  # fmt: skip
    assert [item["date"] for item in asked] == ["2026-12", "2027-03", "2026-12"]
    assert [int(item["amount"]) for item in asked] == sorted(int(i["amount"]) for i in asked)
