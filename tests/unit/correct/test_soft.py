"""Soft rules give way level by level: few of them, by as little as the levers leave."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.optimize import minimize

from lex7.base.civil import Day
from lex7.correct.answer import Situation
from lex7.correct.certificate import encode, verify
from lex7.correct.problem import Column, RealRows, Rule
from lex7.correct.proposal import Movable, parse_proposal
from lex7.correct.soft import SoftRows, find_slacks, relaxed
from lex7.correct.verdict import decide

Make = Callable[..., Situation]
Text = dict[str, str]


def rows(name: str, priority: int, slack: list[float], gradient: list[list[float]]) -> RealRows:
    days = tuple(Day(day) for day in range(len(slack)))
    rule = Rule(name, priority, "USD", f"{name} holds.")
    return RealRows(rule, days, np.array(slack), np.array(gradient))


def lever(name: str, lo: int, hi: int) -> Column:
    return Column(name, "USD", Fraction(1), lo, hi, Fraction(1, 100))


def test_a_rule_out_of_reach_gives_way_by_exactly_what_is_missing() -> None:
    # 100 short, the lever gives 60: 40 USD are missing, and 50 USD count one.
    soft = SoftRows(rows("a", 1, [-100.0], [[1.0]]), Fraction(50))
    (slack,) = find_slacks((), (soft,), (lever("x", 0, 60),)) or ()
    assert float(slack) == pytest.approx(40 / 50, abs=1e-5)
    assert slack >= Fraction(40, 50)


def test_a_rule_within_reach_does_not_give_way() -> None:
    soft = SoftRows(rows("a", 1, [-50.0], [[1.0]]), Fraction(50))
    (slack,) = find_slacks((), (soft,), (lever("x", 0, 60),)) or ()
    assert float(slack) == pytest.approx(0.0, abs=1e-5)


def test_the_stronger_priority_is_served_first() -> None:
    # One lever, two wishes against one another: more x helps a and hurts b.
    a = SoftRows(rows("a", 1, [-30.0], [[1.0]]), Fraction(1))
    b = SoftRows(rows("b", 2, [-30.0], [[-1.0]]), Fraction(1))
    columns = (lever("x", -60, 60),)
    first, second = find_slacks((), (a, b), columns) or ()
    assert float(first) == pytest.approx(0.0, abs=1e-3)
    assert float(second) == pytest.approx(60.0, abs=1e-3)
    turned = SoftRows(rows("a", 3, [-30.0], [[1.0]]), Fraction(1))
    first, second = find_slacks((), (turned, b), columns) or ()
    assert float(first) == pytest.approx(60.0, abs=1e-3)
    assert float(second) == pytest.approx(0.0, abs=1e-3)


def test_hard_rules_in_conflict_leave_nothing_to_soften() -> None:
    hard = rows("h", 0, [-100.0], [[1.0]])
    soft = SoftRows(rows("a", 1, [-10.0], [[1.0]]), Fraction(1))
    assert find_slacks((hard,), (soft,), (lever("x", 0, 60),)) is None


@pytest.mark.parametrize("seed", range(25))
def test_one_level_agrees_with_a_general_solver(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = 3
    columns = tuple(lever(f"x{j}", -40, 40) for j in range(count))
    gradients = rng.uniform(-1, 1, (4, count))
    slacks = rng.uniform(-60, 5, 4)
    soft = tuple(
        SoftRows(rows(f"r{i}", 1, [slacks[i]], [gradients[i].tolist()]), Fraction(1))
        for i in range(4)
    )
    found = np.array([float(value) for value in find_slacks((), soft, columns) or ()])

    def cost(point: np.ndarray) -> float:
        changes, give = point[:count], point[count:]
        return float(give.sum() + give @ give / 2048 + changes @ changes / 10**4 / 2**31)

    needs = {"type": "ineq", "fun": lambda p: slacks + gradients @ p[:count] + p[count:]}
    bounds = [(-40.0, 40.0)] * count + [(0.0, None)] * 4
    start = np.concatenate([np.zeros(count), np.maximum(-slacks, 0)])
    peer = minimize(cost, start, bounds=bounds, constraints=needs, options={"ftol": 1e-13})
    ours = found.sum() + found @ found / 2048
    assert ours == pytest.approx(cost(peer.x), rel=1e-3, abs=1e-3)


def test_rows_are_relaxed_by_the_slack_in_their_own_unit() -> None:
    soft = SoftRows(rows("a", 1, [-100.0, 3.0], [[1.0], [0.0]]), Fraction(50))
    assert relaxed(soft, Fraction(1, 2)).slack.tolist() == [-75.0, 28.0]


def test_a_lever_answer_says_which_soft_rule_gives_way(
    purse: Any, situation: Make, text: Text
) -> None:
    cut = text["restaurants soft"].replace("<= 400 USD", ">= 300 USD")
    levers = text["levers"].split("[[lever]]")
    where = situation(purse(), text["cushion"], cut, "[[lever]]" + levers[1])
    words = "amount=16000 USD category=home move=levers"
    verdict = decide(where, parse_proposal(words, currency="USD", as_of=where.forecast.as_of))
    (found,) = [one for one in verdict.alternatives if one.way is Movable.LEVERS]
    # Only eating out less pays for it, and the soft rule asks for a least amount of that.
    assert "restaurants gives way by" in found.sentence
    assert verify(encode(verdict.certificate)) == ()
