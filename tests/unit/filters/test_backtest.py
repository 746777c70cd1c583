"""A model is held against its own past: honest ones keep their width, narrow ones are widened."""

from __future__ import annotations

import numpy as np
import pytest

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Model
from lex7.filters.backtest import FACTOR_MAX, backtest
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
    assert found.factor < 1.15


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_model_half_as_wide_is_doubled(seed: int) -> None:
    found = backtest(model(0.5), TIMES, drawn(seed))
    assert found.factor == pytest.approx(2.0, rel=0.15)


def test_a_wide_model_is_not_narrowed() -> None:
    assert backtest(model(3.0), TIMES, drawn(1)).factor == 1.0


def test_a_wrong_model_is_widened_to_the_limit_and_no_further() -> None:
    assert backtest(model(0.05), TIMES, drawn(1)).factor == FACTOR_MAX


def test_few_days_give_no_factor() -> None:
    found = backtest(model(0.5), TIMES[:70], drawn(1)[:70])
    assert (found.factor, found.count > 0) == (1.0, True)
    assert backtest(model(0.5), TIMES[:0], drawn(1)[:0]).count == 0


def test_missing_days_are_not_scored() -> None:
    values = drawn(1)
    values[1::2] = np.nan
    kept = ~np.isnan(values)
    assert backtest(model(1.0), TIMES, values) == backtest(model(1.0), TIMES[kept], values[kept])
