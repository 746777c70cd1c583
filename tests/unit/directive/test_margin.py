"""Standings against closed forms."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from scipy.stats import norm

from lex7.base.civil import Day
from lex7.base.ids import QuantityName
from lex7.directive.margin import assess
from lex7.directive.plan import Over, Severity
from lex7.directive.problem import MomentsError
from lex7.directive.quantity import Move, Per, QuantityInfo
from lex7.directive.rows import reallocated, rows

SLEEP_MOVE = (Move(QuantityName("sleep"), Per.DAY, Day(20780), Day(20900)),)


def test_a_pointwise_rule_is_judged_on_its_weakest_day(
    model: Any, random_walk: Any, rule: Any
) -> None:
    forecast = model("sleep", *random_walk(90, 30, 8.0, -0.02, 0.1))
    found = assess(rule("always[0d,28d] sleep >= 7 h"), forecast)
    truth = norm.cdf((8.0 - 0.02 * 28 - 7.0) / (0.1 * np.sqrt(28)))
    assert found.p_low is not None
    assert found.p_high is not None
    # Bounds lie on the grid of 2^-30, outward.
    assert truth - 2**-30 < found.p_low <= truth <= found.p_high < truth + 2**-30
    assert found.standing == "VIOLATED"
    assert found.worst is not None
    assert found.worst.day == forecast.as_of + 28
    assert found.worst.mean == pytest.approx(0.44)
    assert found.worst.z == pytest.approx(norm.ppf(0.9))
    assert found.worst.error == pytest.approx(0.44 - norm.ppf(0.9) * 0.1 * np.sqrt(28))
    assert found.is_uncertainty
    assert "uncertainty" in found.reason


def test_days_to_breach_is_where_the_error_turns_negative(
    model: Any, random_walk: Any, rule: Any
) -> None:
    forecast = model("sleep", *random_walk(90, 30, 8.0, -0.02, 0.1))
    found = assess(rule("always[0d,28d] sleep >= 7 h"), forecast)
    steps = np.arange(29)
    mean, sd = 1.0 - 0.02 * steps, 0.1 * np.sqrt(steps)
    assert found.breach.days == int(np.argmax(mean - norm.ppf(0.9) * sd < 0))
    assert found.breach.earliest == int(np.argmax(mean - norm.ppf(0.95) * sd < 0))
    assert found.breach.latest is None


def test_a_joint_rule_lies_between_its_bounds(model: Any, random_walk: Any, rule: Any) -> None:
    forecast = model("sleep", *random_walk(90, 30, 8.0, 0.0, 0.15))
    found = assess(rule("always[1d,12d] sleep >= 7 h", over=Over.JOINTLY), forecast)
    steps = 0.15 * np.random.default_rng(7).standard_normal((200_000, 12))
    truth = float(np.mean(steps.cumsum(axis=1).min(axis=1) >= -1.0))
    error = 4 * np.sqrt(truth * (1 - truth) / 200_000)
    assert found.p_low - error <= truth <= found.p_high + error
    assert found.p_high - found.p_low < 0.02


def test_the_same_confidence_asks_for_more_jointly(model: Any, random_walk: Any, rule: Any) -> None:
    forecast = model("sleep", *random_walk(90, 30, 8.0, 0.0, 0.15))
    alone = assess(rule("always[1d,12d] sleep >= 7 h"), forecast)
    jointly = assess(rule("always[1d,12d] sleep >= 7 h", over=Over.JOINTLY), forecast)
    assert jointly.worst.z > alone.worst.z
    assert jointly.p_high < alone.p_low


def test_undecided_fails_only_where_the_rule_is_hard(
    model: Any, random_walk: Any, rule: Any
) -> None:
    forecast = model("sleep", *random_walk(90, 70, 8.0, 0.0, 0.15))
    base = rule("always[1d,60d] sleep >= 7 h", over=Over.JOINTLY)
    loose = assess(base, forecast)
    # Bounds are only as tight as it takes to compare with the confidence asked for.
    asked = Fraction(round((loose.p_low + 9 * loose.p_high) * 1000), 10000)
    hard = assess(replace(base, confidence=max(asked, Fraction(1, 2))), forecast)
    soft = assess(replace(hard.rule, severity=Severity.SOFT, weight=Fraction(2)), forecast)
    assert (hard.standing, soft.standing) == ("UNDECIDED", "UNDECIDED")
    assert (hard.is_failing, soft.is_failing) == (True, False)


def test_a_band_needs_both_edges(model: Any, random_walk: Any, rule: Any) -> None:
    forecast = model("sleep", *random_walk(90, 30, 7.3, 0.0, 0.2))
    found = assess(rule("always[1d,9d] abs(sleep - 7 h) <= 1 h"), forecast)
    sd = 0.2 * 3
    truth = norm.cdf(0.7 / sd) - norm.cdf(-1.3 / sd)
    assert found.p_low == pytest.approx(truth, abs=2**-30)
    assert found.worst.mean == pytest.approx(0.7)


def test_a_hopeless_band_says_that_uncertainty_decides(
    model: Any, random_walk: Any, rule: Any
) -> None:
    forecast = model("sleep", *random_walk(90, 30, 7.0, 0.0, 1.0))
    found = assess(rule("always[1d,9d] abs(sleep - 7 h) <= 1 h"), forecast)
    assert found.standing == "VIOLATED"
    assert found.is_uncertainty
    assert rows(found.rule, forecast, ()).ways[0][0].is_hopeless


def test_without_uncertainty_the_comparison_is_exact(model: Any, rule: Any) -> None:
    mean, cov = np.full(121, 7.0), np.zeros((121, 121))
    forecast = model("sleep", mean, cov)
    assert assess(rule("always[0d,9d] sleep >= 7 h"), forecast).standing == "SATISFIED"
    assert assess(rule("always[0d,9d] sleep > 7 h"), forecast).standing == "VIOLATED"
    jointly = rule("always[0d,9d] sleep >= 7 h", over=Over.JOINTLY)
    assert assess(jointly, forecast).p_low == 1.0


def test_the_value_now_comes_with_its_band(model: Any, random_walk: Any, rule: Any) -> None:
    forecast = model("sleep", *random_walk(90, 30, 7.4, 0.0, 0.1))
    found = assess(rule("always[0d,9d] mean(sleep, 7d) >= 7 h"), forecast)
    assert found.reading.value == pytest.approx(7.4)
    assert found.reading.threshold == 7.0
    assert found.reading.sd == 0.0
    most = assess(rule("always[0d,9d] 2 * sleep <= 20 h"), forecast)
    assert (most.reading.value, most.reading.threshold) == (pytest.approx(14.8), 20.0)


def test_fourteen_nights_come_before_any_verdict(model: Any, random_walk: Any, rule: Any) -> None:
    info = QuantityInfo(QuantityName("sleep"), "vit", "h", False, 5, 14, Day(20779), 3)
    forecast = model("sleep", *random_walk(90, 30, 8.0, 0.0, 0.1), info=info)
    found = assess(rule("always[0d,9d] sleep >= 7 h"), forecast)
    assert found.standing == "NOT_ENOUGH_DATA"
    assert found.reason == "not enough nights of sleep yet (5 of 14)"
    assert (found.p_low, found.is_failing) == (None, False)


def test_old_data_give_no_verdict(model: Any, random_walk: Any, rule: Any) -> None:
    info = QuantityInfo(QuantityName("sleep"), "vit", "h", False, 50, 14, Day(20700), 3)
    forecast = model("sleep", *random_walk(90, 30, 8.0, 0.0, 0.1), info=info)
    assert assess(rule("sleep >= 7 h"), forecast).standing == "STALE"


def test_an_unknown_quantity_is_missing_data(model: Any, random_walk: Any, rule: Any) -> None:
    forecast = model("sleep", *random_walk(90, 30, 8.0, 0.0, 0.1))
    found = assess(rule("steps >= 7 steps"), forecast)
    assert (found.standing, found.reason) == ("NOT_ENOUGH_DATA", "no data for steps yet")


def test_a_missing_night_is_missing_and_not_zero(model: Any, random_walk: Any, rule: Any) -> None:
    forecast = model("sleep", *random_walk(90, 30, 8.0, 0.0, 0.0), missing=(-2, -1))
    found = assess(rule("always[-5d,0d] sleep >= 7 h"), forecast)
    assert found.standing == "SATISFIED"
    assert len(found.rows[0].days) == 4
    gone = model("sleep", *random_walk(90, 30, 8.0, 0.0, 0.0), missing=tuple(range(-9, 1)))
    assert assess(rule("always[-5d,0d] sleep >= 7 h"), gone).standing == "NOT_ENOUGH_DATA"


def test_a_known_night_decides_a_response_rule(model: Any, random_walk: Any, rule: Any) -> None:
    text = "always[-3d,0d] if sleep < 5 h then within[1d,2d] sleep >= 8 h"
    mean, cov = random_walk(90, 30, 7.0, 0.0, 0.0)
    forecast = model("sleep", mean, cov)
    assert assess(rule(text), forecast).standing == "SATISFIED"
    short = mean.copy()
    short[88] = 4.0
    assert assess(rule(text), model("sleep", short, cov)).standing == "VIOLATED"
    made_good = short.copy()
    made_good[90] = 9.0
    assert assess(rule(text), model("sleep", made_good, cov)).standing == "SATISFIED"


def test_a_shift_moves_the_margin_by_the_gradient(model: Any, random_walk: Any, rule: Any) -> None:
    forecast = model("sleep", *random_walk(90, 30, 6.8, 0.0, 0.01))
    text = rule("always[1d,9d] mean(sleep, 3d) >= 7 h")
    before = assess(text, forecast, moves=SLEEP_MOVE)
    after = assess(text, forecast, moves=SLEEP_MOVE, shift=np.array([0.75]))
    assert (before.standing, after.standing) == ("VIOLATED", "SATISFIED")
    assert after.worst.mean == pytest.approx(-0.2 + 0.75 / 3)
    with pytest.raises(MomentsError):
        assess(text, forecast, moves=SLEEP_MOVE, shift=np.zeros(2))


def test_rows_hold_exactly_where_a_pointwise_rule_does(
    model: Any, random_walk: Any, rule: Any
) -> None:
    forecast = model("sleep", *random_walk(90, 30, 6.8, 0.0, 0.05))
    text = rule("always[1d,9d] sleep >= 7 h")
    (block,) = rows(text, forecast, SLEEP_MOVE).ways[0]
    least = float(np.max(block.room / block.loss[:, 0]))
    low, high = np.array([least - 1e-9]), np.array([least + 1e-9])
    assert assess(text, forecast, moves=SLEEP_MOVE, shift=low).standing == "VIOLATED"
    assert assess(text, forecast, moves=SLEEP_MOVE, shift=high).standing == "SATISFIED"


def test_joint_rows_are_enough_and_reallocation_asks_for_less(
    model: Any, random_walk: Any, rule: Any
) -> None:
    forecast = model("sleep", *random_walk(90, 30, 6.8, 0.02, 0.1))
    text = rule("always[1d,20d] sleep >= 7 h", over=Over.JOINTLY)
    (block,) = rows(text, forecast, SLEEP_MOVE).ways[0]
    amount = float(np.max(block.room / block.loss[:, 0]))
    found = [amount]
    for _ in range(4):
        block = reallocated(block, np.array([amount]))
        amount = float(np.max(block.room / block.loss[:, 0]))
        found.append(amount)
    assert min(found) < found[0]
    for one in found:
        judged = assess(text, forecast, moves=SLEEP_MOVE, shift=np.array([one + 1e-9]))
        assert judged.standing == "SATISFIED"


def test_a_choice_becomes_one_way_per_option(model: Any, random_walk: Any, rule: Any) -> None:
    forecast = model("sleep", *random_walk(90, 30, 6.8, 0.02, 0.1))
    some = rows(rule("eventually[1d,9d] sleep >= 7 h"), forecast, ())
    both = rows(rule("sleep >= 7 h or sleep <= 5 h"), forecast, ())
    many = rows(rule("always[1d,9d] (sleep >= 7 h or sleep <= 5 h)"), forecast, ())
    assert (len(some.ways), some.is_exhaustive) == (9, True)
    assert (len(both.ways), both.is_exhaustive) == (2, True)
    assert (len(many.ways), many.is_exhaustive) == (2, False)


def test_scenarios_decide_where_the_node_offers_them(
    model: Any, random_walk: Any, rule: Any
) -> None:
    mean, cov = random_walk(90, 30, 8.0, 0.0, 0.15)
    paths = np.tile(mean, (1000, 1))
    paths[:150, 90 + 12] = 6.0
    forecast = model("sleep", mean, cov, paths=paths)
    text = rule("always[1d,20d] sleep >= 7 h", over=Over.JOINTLY)
    violated = assess(text, forecast)
    error = 3 * np.sqrt(0.15 * 0.85 / 1000)
    assert violated.p_low == pytest.approx(0.85 - error)
    assert violated.p_high == pytest.approx(0.85 + error)
    assert violated.standing == "VIOLATED"
    within = replace(text, confidence=Fraction(86, 100))
    assert assess(within, forecast).standing == "UNDECIDED"
    assert assess(replace(text, confidence=Fraction(4, 5)), forecast).standing == "SATISFIED"
    assert violated.sampling.paths == 1000


def test_all_paths_well_is_not_certainty(model: Any, random_walk: Any, rule: Any) -> None:
    mean, cov = random_walk(90, 30, 8.0, 0.0, 0.15)
    forecast = model("sleep", mean, cov, paths=np.tile(mean, (50, 1)))
    text = rule("always[1d,20d] sleep >= 7 h", over=Over.JOINTLY, confidence=Fraction(99, 100))
    assert assess(text, forecast).standing == "UNDECIDED"
