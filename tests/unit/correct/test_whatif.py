"""What a change costs, against the closed form of a purse whose cash is a Gaussian walk."""

from __future__ import annotations

from collections.abc import Callable
from statistics import NormalDist
from typing import Any

import pytest

from lex7.correct.answer import Situation
from lex7.correct.question import last_day
from lex7.correct.supposition import SuppositionError, suppose
from lex7.correct.whatif import WhatIf, compare

Make = Callable[..., Situation]
Text = dict[str, str]
DAYS = 365
DAILY_SD = 50.0


def asked(where: Situation, *changes: str) -> WhatIf:
    last = last_day(where.directives, where.forecast.as_of)
    pair = (where, suppose(where, changes, last).situation)
    return compare(pair, pair)


def room(level: float, floor: float, confidence: float) -> int:
    """Return cents: level - floor - z sd √365, the least favourable day."""
    spread = NormalDist().inv_cdf(confidence) * DAILY_SD * DAYS**0.5
    return int((level - floor - spread) * 100)


def test_the_room_is_what_the_closed_form_says(purse: Any, situation: Make, text: Text) -> None:
    where = situation(purse(), text["cushion"])
    found = asked(where, "cushion.bound=3100 USD")
    assert found.before is not None
    assert found.before.amount.minor == pytest.approx(room(20_000, 3_000, 0.95), abs=1)
    assert found.cost_minor == pytest.approx(100_00, abs=1)
    assert found.before.binding == ("cushion",)


def test_more_confidence_costs_what_its_quantile_says(
    purse: Any, situation: Make, text: Text
) -> None:
    found = asked(situation(purse(), text["cushion"]), "cushion.confidence=0.99")
    expected = room(20_000, 3_000, 0.95) - room(20_000, 3_000, 0.99)
    assert found.cost_minor == pytest.approx(expected, abs=2)


def test_money_that_comes_in_is_room_for_a_purchase(
    purse: Any, situation: Make, text: Text
) -> None:
    found = asked(situation(purse(), text["cushion"]), "spend.home=-500 USD once")
    assert found.cost_minor == pytest.approx(-500_00, abs=1)


def test_a_rule_that_fails_is_short_of_what_would_make_it_hold(
    purse: Any, situation: Make, text: Text
) -> None:
    where = situation(purse(level=4_000.0), text["cushion"])
    found = asked(where, "cushion.bound=2000 USD")
    assert found.before is not None
    assert found.after is not None
    assert found.before.amount.minor == pytest.approx(room(4_000, 3_000, 0.95), abs=1)
    assert found.before.amount.minor < 0 < found.after.amount.minor
    assert found.cost_minor == pytest.approx(-1_000_00, abs=2)


def test_a_lever_supposed_mends_what_it_would_mend(purse: Any, situation: Make, text: Text) -> None:
    spent = purse()
    spent.monthly["spend.restaurants"] = 420.0
    where = situation(spent, text["cushion"], text["restaurants"], text["levers"])
    found = asked(where, "lever.eat-out=-200 USD")
    (rule,) = (one for one in found.rules if one.directive.id == "restaurants")
    assert (rule.before.standing, rule.after.standing) == ("VIOLATED", "SATISFIED")


BROKEN = [
    ("cushion", "whatif.syntax"),
    ("cushion.bound=", "whatif.syntax"),
    ("cushion.bound=3 h", "directive.unit"),
    ("cushion.bound=much", "directive.value"),
    ("cushion.bond=3 USD", "whatif.field"),
    ("cushoin.bound=3 USD", "whatif.rule"),
    ("cushion.confidence=1", "whatif.confidence"),
    ("cushion.confidence=1/0", "whatif.confidence"),
    ("cushion.over=often", "whatif.over"),
    ("lever.eat-out=-301 USD", "whatif.lever"),
    ("lever.eat-out=-0.5 USD", "whatif.lever"),
    ("lever.eatout=-1 USD", "whatif.lever"),
    ("spend.home=5 USD", "whatif.per"),
    ("spend.home=5 USD month", "whatif.per"),
    ("spned.home=5 USD once", "whatif.quantity"),
]


@pytest.mark.parametrize(("change", "code"), BROKEN)
def test_a_change_that_cannot_be_made_is_refused_in_one_sentence(
    purse: Any, situation: Make, text: Text, change: str, code: str
) -> None:
    where = situation(purse(), text["cushion"], text["levers"])
    with pytest.raises(SuppositionError) as caught:
        asked(where, change)
    assert caught.value.code == code
    assert "\n" not in str(caught.value)
