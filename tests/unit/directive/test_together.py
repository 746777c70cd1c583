"""Rules over two nodes, the reading of runway, and how numbers are spelled."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from lex7.base.civil import Day
from lex7.base.ids import QuantityName
from lex7.directive.margin import assess
from lex7.directive.plan import Over
from lex7.directive.problem import MomentsError
from lex7.directive.quantity import Linear, Moments, Move, Per, QuantityInfo, Scenarios
from lex7.directive.reason import amount, percent
from lex7.directive.together import Together

TODAY = Day(20_779)


class Money:
    """Cash and burn as two independent normal numbers, the same on every day."""

    as_of = TODAY

    def __init__(self, paths: int = 0) -> None:
        self.paths = paths

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        return {
            name: QuantityInfo(name, "wth", "USD", False, 90, 14, TODAY, 7)
            for name in (QuantityName("cash"), QuantityName("burn"))
        }

    def moments(self, linear: Linear, days: Any, moves: tuple[Move, ...]) -> Moments:
        weight = {atom.quantity: float(one) for one, atom in linear.terms}
        cash, burn = weight.get(QuantityName("cash"), 0.0), weight.get(QuantityName("burn"), 0.0)
        mean = cash * 8_000.0 + burn * 1_000.0 + float(linear.constant)
        variance = (cash * 300.0) ** 2 + (burn * 50.0) ** 2
        count = len(days)
        gradient = np.full((count, len(moves)), -cash)
        return Moments(days, np.full(count, mean), np.full((count, count), variance), gradient)

    def scenarios(self, linear: Linear, days: Any, moves: tuple[Move, ...]) -> Scenarios | None:
        if not self.paths:
            return None
        spread = np.linspace(-1_000.0, 3_000.0, self.paths)[:, None] + np.zeros(len(days))
        gradient = np.full((1, len(days), len(moves)), -1.0)
        return Scenarios(days, spread, gradient)


def test_a_rule_over_two_nodes_asks_each_for_its_own(
    model: Any, random_walk: Any, rule: Any
) -> None:
    sleep = model("sleep", *random_walk(90, 30, 8.0, 0.0, 0.01))
    both = Together({"vit": sleep, "wth": Money()})
    found = assess(rule("sleep >= 7 h and cash >= 500 USD"), both)
    assert found.standing == "SATISFIED"
    assert {row.leaf.node for row in found.rows} == {"vit", "wth"}
    assert set(both.quantities()) == {"sleep", "cash", "burn"}


def test_a_node_that_is_missing_is_named(rule: Any) -> None:
    only = Together({"wth": Money()})
    assert assess(rule("sleep >= 7 h"), only).standing == "NOT_ENOUGH_DATA"
    with pytest.raises(MomentsError):
        Together({})


def test_a_move_of_another_node_leaves_a_row_alone(model: Any, random_walk: Any, rule: Any) -> None:
    sleep = model("sleep", *random_walk(90, 30, 8.0, 0.0, 0.01))
    both = Together({"vit": sleep, "wth": Money()})
    moves = (Move(QuantityName("spend.home"), Per.ONCE, TODAY, TODAY),)
    shift = np.array([7_800.0])
    assert assess(rule("sleep >= 7 h"), both, moves=moves, shift=shift).standing == "SATISFIED"
    assert assess(rule("cash >= 500 USD"), both, moves=moves, shift=shift).standing == "VIOLATED"


def test_runway_reads_in_months_with_the_spread_of_a_ratio(rule: Any) -> None:
    found = assess(rule("always[0mo,3mo] runway >= 6 mo"), Money())
    assert found.reading.value == pytest.approx(8.0)
    assert found.reading.unit == "mo"
    # sd(c/b) to first order: sqrt(300² + 8²·50²) / 1000.
    assert found.reading.sd == pytest.approx(0.5)
    assert found.worst.mean == pytest.approx(2_000.0)
    assert found.worst.sd == pytest.approx(np.hypot(300.0, 6 * 50.0))


def test_simulated_paths_decide_runway_and_follow_the_moves(rule: Any) -> None:
    moves = (Move(QuantityName("spend.home"), Per.ONCE, TODAY, TODAY),)
    asked = replace(
        rule("always[0mo,3mo] runway >= 6 mo", over=Over.JOINTLY), confidence=Fraction(1, 2)
    )
    before = assess(asked, Money(2_001), moves=moves)
    after = assess(asked, Money(2_001), moves=moves, shift=np.array([1_500.0]))
    assert before.standing == "SATISFIED"
    assert after.standing == "VIOLATED"
    assert before.p_low == pytest.approx(1501 / 2001 - 3 * np.sqrt(0.25 / 2001), abs=1e-3)


def test_a_probability_is_never_spelled_as_certainty() -> None:
    assert percent(1.0, down=True) == "99.9 %"
    assert percent(0.99996) == "99.9 %"
    assert percent(0.00001) == "0.1 %"
    assert percent(0.95) == "95 %"
    assert percent(0.8012, up=True) == "80.2 %"
    assert percent(0.8019, down=True) == "80.1 %"


def test_amounts_are_spelled_for_people() -> None:
    assert amount(-1234.5, "USD") == "-1,234.50 USD"
    assert amount(6.789, "h") == "6.79 h"
    assert amount(52.34, "bpm") == "52.3 bpm"
    assert amount(7890.4, "steps") == "7,890 steps"
