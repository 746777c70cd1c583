"""A rule that wanders around its confidence turns no more often than the law says."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lex7.base.civil import Day
from lex7.directive.assessment import Standing
from lex7.directive.chance import Chance, is_failing
from lex7.directive.settle import RETURN_SHARE, Settled, settle, standing_of

probability = st.floats(min_value=0.0, max_value=1.0)
confidences = st.sampled_from([0.5, 0.8, 0.95, 0.9999])


def counted(series: list[float], confidence: float) -> list[Settled]:
    found: list[Settled] = []
    before = None
    for day, value in enumerate(series):
        bounds = Chance(value, value)
        before = settle(before, standing_of(bounds, confidence), bounds, confidence, Day(day))
        found.append(before)
    return found


@given(st.lists(probability, max_size=60), confidences)
def test_turns_are_bounded_by_the_climbs(series: list[float], confidence: float) -> None:
    shown = [one.standing for one in counted(series, confidence)]
    turns = sum(one is not other for one, other in pairwise(shown))
    climbs = sum(max(0.0, later - sooner) for sooner, later in pairwise(series))
    band = (1.0 - confidence) / RETURN_SHARE
    assert turns <= 2 + 2 * climbs / band


@given(st.lists(probability, min_size=1, max_size=60), confidences)
def test_a_settled_rule_that_holds_holds_today(series: list[float], confidence: float) -> None:
    for value, one in zip(series, counted(series, confidence), strict=True):
        assert one.standing is not Standing.SATISFIED or value >= confidence


@given(probability, probability, confidences, st.sampled_from([None, *Standing]))
def test_the_same_day_again_changes_nothing(
    one: float, other: float, confidence: float, shown: Standing | None
) -> None:
    bounds = Chance(min(one, other), max(one, other))
    compared = shown if shown in (Standing.SATISFIED, Standing.VIOLATED) else None
    before = None if shown is None else Settled(shown, compared, Day(0))
    standing = standing_of(bounds, confidence)
    first = settle(before, standing, bounds, confidence, Day(1))
    again = settle(first, standing, bounds, confidence, Day(1))
    assert again == first


def test_a_wobble_of_a_tenth_of_a_percent_turns_once() -> None:
    series = [0.951 if day % 2 else 0.949 for day in range(100)]
    shown = [one.standing for one in counted([0.951, *series], 0.95)]
    assert sum(one is not other for one, other in pairwise(shown)) == 1


def test_stale_data_keep_the_last_comparison() -> None:
    low = Chance(0.90, 0.90)
    failing = settle(None, Standing.VIOLATED, low, 0.95, Day(0))
    stale = settle(failing, Standing.STALE, None, 0.95, Day(1))
    back = settle(stale, Standing.SATISFIED, Chance(0.951, 0.951), 0.95, Day(2))
    assert (stale.standing, stale.compared) == (Standing.STALE, Standing.VIOLATED)
    assert back.standing is Standing.VIOLATED


@pytest.mark.parametrize(("is_hard", "failing"), [(True, True), (False, False)])
def test_undecided_fails_only_where_a_rule_is_hard(is_hard: bool, failing: bool) -> None:
    assert is_failing(Chance(0.90, 0.99), 0.95, is_hard=is_hard) is failing
