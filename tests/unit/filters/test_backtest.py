"""A model is held against its own past: the count is that of its bands."""

from __future__ import annotations

import numpy as np
import pytest

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Model
from lex7.filters.backtest import backtest
from lex7.filters.components import AutoRegression, Level

DAYS = 900
TIMES = np.arange(DAYS, dtype=np.int64) * NS_PER_DAY


def model(scale: float) -> Model:
    return Model((Level(0.02 * scale), AutoRegression(0.5 * scale, 2.0)), 0.6 * scale)


def drawn(seed: int) -> np.ndarray:
    """Values of `model(1)`, drawn here from its definition."""
    chance = np.random.default_rng(seed)
    memory = np.exp(-1 / 2.0)
    deviation = np.zeros(DAYS)
    for day in range(1, DAYS):
        shock = chance.normal(0, 0.5 * np.sqrt(1 - memory**2))
        deviation[day] = memory * deviation[day - 1] + shock
    level = 7.0 + np.cumsum(chance.normal(0, 0.02, DAYS))
    return level + deviation + chance.normal(0, 0.6, DAYS)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_past_forecasts_of_the_true_model_hold_nine_times_in_ten(seed: int) -> None:
    found = backtest(model(1.0), TIMES, drawn(seed))
    assert found.count > 5_000
    assert 0.84 < found.inside / found.count < 0.96


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_model_half_as_wide_holds_as_often_as_the_normal_says(seed: int) -> None:
    # A band of 1.645 / 2 standard deviations holds 58.9 % of a normal.
    found = backtest(model(0.5), TIMES, drawn(seed))
    assert found.inside / found.count == pytest.approx(0.589, abs=0.06)


def test_widening_the_variance_undoes_a_narrow_model() -> None:
    values = drawn(1)
    widened = backtest(model(0.5), TIMES, values, widening=4.0)
    assert widened.inside == pytest.approx(backtest(model(1.0), TIMES, values).inside, rel=0.01)


def test_without_days_nothing_was_forecast() -> None:
    assert backtest(model(1.0), TIMES[:0], drawn(1)[:0]).count == 0
    assert backtest(model(1.0), TIMES[:50], drawn(1)[:50]).count == 0


def test_missing_days_are_not_scored() -> None:
    values = drawn(1)
    values[1::2] = np.nan
    kept = ~np.isnan(values)
    assert backtest(model(1.0), TIMES, values) == backtest(model(1.0), TIMES[kept], values[kept])
