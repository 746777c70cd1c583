"""Fitted models: enough data or none, carried without loss, and the same bits again."""

from __future__ import annotations

import numpy as np
import pytest

from lex7.bark import canon
from lex7.base.civil import Day
from lex7.base.ids import QuantityName
from lex7.base.limits import NIGHTS_TRUSTED_MIN
from lex7.directive.catalogue import Catalogue
from lex7.nodes.series import DailySeries, daily_series
from lex7.nodes.vitality.daily import RESTING_HEART, SLEEP, STEPS, WEIGHT
from lex7.nodes.vitality.laws import LAWS
from lex7.nodes.vitality.model import (
    ModelPayloadError,
    VitalityModel,
    belief_bytes,
    filter_all,
    fit,
    from_payload,
)

FIRST = 20_000


def simulate(name: QuantityName, count: int, seed: int) -> DailySeries:
    """A level that drifts a little, and days around it; a tenth of the days missing."""
    draw = np.random.default_rng(seed)
    size = {SLEEP: (7.2, 0.8), RESTING_HEART: (58.0, 1.5), WEIGHT: (75.0, 0.5), STEPS: (9e3, 3e3)}
    middle, sd = size[name]
    values = middle + 0.05 * sd * np.cumsum(draw.normal(size=count)) + sd * draw.normal(size=count)
    kept = draw.random(count) > 0.1
    days = {Day(FIRST + index): float(values[index]) for index in range(count) if kept[index]}
    return daily_series(days)


@pytest.fixture(scope="module")
def series() -> dict[QuantityName, DailySeries]:
    names = (SLEEP, RESTING_HEART, WEIGHT, STEPS)
    return {name: simulate(name, 200, seed) for seed, name in enumerate(names)}


@pytest.fixture(scope="module")
def model(series: dict[QuantityName, DailySeries]) -> VitalityModel:
    return fit(series, Day(FIRST + 199))


def test_a_model_is_carried_without_loss(model: VitalityModel) -> None:
    assert from_payload(model.to_payload()) == model


def test_a_model_read_back_gives_the_same_bits(
    model: VitalityModel, series: dict[QuantityName, DailySeries]
) -> None:
    again = from_payload(model.to_payload())
    assert belief_bytes(again, series) == belief_bytes(model, series)
    assert belief_bytes(model, series).startswith(b"sleep\0")


def test_later_days_do_not_change_a_fit(
    model: VitalityModel, series: dict[QuantityName, DailySeries]
) -> None:
    earlier = Day(FIRST + 120)
    cut = {name: one.until(earlier) for name, one in series.items()}
    assert fit(series, earlier) == fit(cut, earlier) != model


def test_a_quantity_with_too_few_days_has_no_model() -> None:
    few = {SLEEP: simulate(SLEEP, 400, 1)}
    days = few[SLEEP].days
    before, enough = Day(int(days[NIGHTS_TRUSTED_MIN - 2])), Day(int(days[NIGHTS_TRUSTED_MIN - 1]))
    assert fit(few, before).parameters == {}
    assert set(fit(few, enough).parameters) == {SLEEP}
    assert belief_bytes(fit(few, before), few) == b""


def test_few_days_are_fitted_near_what_people_are_like() -> None:
    few = {SLEEP: simulate(SLEEP, 20, 2)}
    model = fit(few, Day(FIRST + 19))
    level, deviation, _ = model.filter_model(SLEEP).components
    assert 0.01 < float(level.sd) < 0.3  # type: ignore[union-attr, arg-type]
    assert 0.2 < float(deviation.sd) < 2.0  # type: ignore[union-attr, arg-type]


@pytest.mark.parametrize(
    "value",
    [
        {0: 2, 1: 0, 2: {}},
        {0: 1, 1: 0},
        {0: 1, 1: 0, 2: {}, 3: 0},
        {0: 1, 1: 0, 2: {9: (1,)}},
        {0: 1, 1: 0, 2: {0: (1, 2)}},
        {0: 1, 1: 0, 2: {0: (1, 2, 3, 0, 5)}},
        {0: 1, 1: 0, 2: {0: (1, 2, 3, "x", 5)}},
        {0: 1, 1: "today", 2: {}},
        (1, 2),
    ],
)
def test_other_bytes_are_refused(value: object) -> None:
    with pytest.raises(ModelPayloadError):
        from_payload(canon.encode(value))


def test_an_outlier_is_counted_for_little() -> None:
    calm = simulate(SLEEP, 120, 3)
    values = calm.values.copy()
    values[-1] = 15.9
    wild = DailySeries(calm.days, values, calm.sd)
    model = fit({SLEEP: calm}, Day(FIRST + 119))
    levels = [
        filter_all(model, {SLEEP: one}, Day(FIRST + 119))[SLEEP].belief.mean[0]
        for one in (calm, wild)
    ]
    assert abs(levels[1] - levels[0]) < 0.15


def test_every_law_is_of_a_quantity_rules_may_name() -> None:
    specs = {name: Catalogue("USD").find(name) for name in LAWS}
    assert {name: spec.unit for name, spec in specs.items() if spec} == {
        name: law.unit for name, law in LAWS.items()
    }
