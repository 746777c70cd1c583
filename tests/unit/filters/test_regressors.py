"""Calendar columns, impulse responses and windows against direct sums."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from lex7.base.civil import NS_PER_DAY, zone
from lex7.filters import Model, forecast, run
from lex7.filters.components import AutoRegression, Level, Regression
from lex7.filters.errors import FilterArgumentError
from lex7.filters.regressors import day_of_month, day_of_week, impulse_responses, pulse
from lex7.filters.windows import window_means, window_sums

BERLIN = zone("Europe/Berlin")


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def test_days_of_the_month_are_civil_days_and_fall_on_the_last_where_missing() -> None:
    times = [
        at("2025-02-14T23:30"),
        at("2025-02-28T12:00"),
        at("2024-02-28T12:00"),
        at("2025-03-31T12:00"),
    ]
    found = day_of_month(times, BERLIN, [15, 31, -1, -2])
    # Half past eleven in London is the 15th in Berlin.
    expected = [[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1], [0, 1, 1, 0]]
    np.testing.assert_array_equal(found, expected)


def test_weekdays_and_pulses_are_ones_and_zeros() -> None:
    times = [at("2025-06-01T21:59"), at("2025-06-01T22:01")]
    np.testing.assert_array_equal(day_of_week(times, BERLIN, [6, 0]), [[1, 0], [0, 1]])
    np.testing.assert_array_equal(pulse([1, 2, 3], 2, 3), [[0], [1], [0]])


def test_impulse_responses_are_sums_of_decaying_events() -> None:
    draw = np.random.default_rng(8)
    times = np.sort(draw.integers(-10 * NS_PER_DAY, 90 * NS_PER_DAY, size=60))
    events = np.sort(draw.integers(0, 80 * NS_PER_DAY, size=25))
    events[3] = times[30]
    events.sort()
    sizes = draw.uniform(0, 100, size=25)
    found = impulse_responses(times, events, sizes, [42.0, 7.0])
    ages = (times[:, None] - events[None, :]) / NS_PER_DAY
    for column, decay in enumerate([42.0, 7.0]):
        direct = np.where(ages >= 0, np.exp(-np.maximum(ages, 0) / decay) * sizes, 0.0).sum(axis=1)
        np.testing.assert_allclose(found[:, column], direct, rtol=1e-10, atol=1e-9)


def test_fitness_and_fatigue_are_found_from_their_loads() -> None:
    draw = np.random.default_rng(3)
    days = np.arange(300) * NS_PER_DAY
    loads = draw.uniform(0, 100, 300) * (draw.random(300) < 0.5)
    inputs = impulse_responses(days, days, loads, [42.0, 7.0])
    values = 200 + 0.10 * inputs[:, 0] - 0.25 * inputs[:, 1] + draw.normal(0, 2.0, 300)
    belief = run(
        Model((Level(0.0), Regression(0), Regression(1)), 2.0), days, values, inputs=inputs
    ).belief
    sd = np.sqrt(np.diag(belief.cov))
    assert (np.abs(belief.mean - [200, 0.10, -0.25]) < 4 * sd).all()
    assert sd[1] < 0.01


@pytest.mark.parametrize("bad", ["order", "length", "decay", "infinite"])
def test_events_that_do_not_fit_are_refused(bad: str) -> None:
    events = [3, 2] if bad == "order" else [2, 3]
    sizes = [1.0] if bad == "length" else [1.0, np.inf if bad == "infinite" else 1.0]
    with pytest.raises(FilterArgumentError):
        impulse_responses([1, 5], events, sizes, [0.0 if bad == "decay" else 7.0])


def test_days_that_do_not_exist_are_refused() -> None:
    for days in ([0], [32], [-29]):
        with pytest.raises(FilterArgumentError):
            day_of_month([0], BERLIN, days)
    with pytest.raises(FilterArgumentError):
        day_of_week([0], BERLIN, [7])


def test_windows_of_a_forecast_keep_the_covariances_between_days() -> None:
    days = np.arange(40) * NS_PER_DAY
    model = Model((Level(0.2), AutoRegression(1.0, 5.0)), 0.7)
    belief = run(model, days, np.sin(np.arange(40.0))).belief
    ahead = forecast(model, belief, days[-1] + np.arange(1, 15) * NS_PER_DAY)
    last = int(days[-1])
    weeks = [(last, last + 7 * NS_PER_DAY), (last + 7 * NS_PER_DAY, last + 14 * NS_PER_DAY)]
    sums, means = (
        window_sums(ahead, weeks, observed=True),
        window_means(ahead, weeks, observed=False),
    )
    assert sums.counts == (7, 7)
    assert sums.mean[0] == pytest.approx(ahead.mean[:7].sum(), rel=1e-12)
    assert sums.cov[0, 0] == pytest.approx(ahead.cov[:7, :7].sum() + 7 * 0.49, rel=1e-12)
    assert means.cov[0, 1] == pytest.approx(ahead.cov[:7, 7:].sum() / 49, rel=1e-12)
    with pytest.raises(FilterArgumentError):
        window_sums(ahead, [(0, 5)], observed=True)
