"""The starter file is whole, and reads back in words."""

from __future__ import annotations

import pytest

from lex7.directive.access import Request, decide
from lex7.directive.describe import describe
from lex7.directive.document import Action
from lex7.directive.read import read
from lex7.directive.starter import starter_text

READ_BACK = {
    "runway": "on each day from now to 12 months ahead your runway is at least 6 months, "
    "with 95 % confidence for all days together; it never gives way",
    "restaurants": "on each day from now to 6 months ahead the total spending on restaurants of "
    "the calendar month is at most 400 USD, with 80 % confidence for each day by itself; "
    "it may give way at a price",
    "resting-heart": "on each day from now to 7 days ahead the mean resting heart rate of the "
    "last 7 days minus the usual resting heart rate of the last 60 days lies within 6 bpm of "
    "zero, with 80 % confidence for each day by itself; it may give way at a price",
}


@pytest.mark.parametrize(("currency", "zone"), [("USD", "Europe/Berlin"), ("JPY", "Asia/Tokyo")])
def test_the_starter_reads_without_findings(currency: str, zone: str) -> None:
    file, findings = read(starter_text(currency, zone))
    assert findings == ()
    assert (len(file.directives), len(file.access), len(file.levers)) == (8, 3, 4)
    assert (file.currency, file.time_zone) == (currency, zone)


@pytest.mark.parametrize("name", sorted(READ_BACK))
def test_a_rule_reads_back_in_words(name: str) -> None:
    file, _ = read(starter_text("USD", "Europe/Berlin"))
    (directive,) = (one for one in file.directives if one.id == name)
    assert describe(directive) == READ_BACK[name]


def test_every_starter_rule_reads_back() -> None:
    file, _ = read(starter_text("USD", "Europe/Berlin"))
    for directive in file.directives:
        assert directive.rule.plan
        assert "confidence" in describe(directive)


def test_the_starter_lets_the_council_judge_and_nobody_see_raw_data() -> None:
    file, _ = read(starter_text("USD", "Europe/Berlin"))

    def may(kind: str, node: str, *, raw: bool) -> bool:
        holder = "wth" if kind in ("cash", "transaction") else "vit"
        return decide(Request(Action.READ, kind, raw, holder, node), file.access).allowed

    assert may("cash", "mon", raw=False)
    assert may("sleep", "mon@laptop", raw=False)
    assert not may("cash", "vit", raw=False)
    assert not may("heart.rate", "mon", raw=True)
    assert not may("sleep", "mon", raw=True)
    assert not may("transaction", "mon", raw=True)
