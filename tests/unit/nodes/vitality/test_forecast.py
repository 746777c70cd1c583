"""Forecast moments against brute force, closed forms and the coverage of their bands."""

from __future__ import annotations

import math
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from lex7.base.civil import Day, day_from_date
from lex7.base.ids import QuantityName
from lex7.directive.quantity import Aggregate, Atom, Linear, Move, Per, Window
from lex7.filters.components import AutoRegression, Level
from lex7.nodes.series import DailySeries, daily_series
from lex7.nodes.vitality.daily import HRV, RESTING_HEART, SLEEP, STEPS, WEIGHT
from lex7.nodes.vitality.faults import (
    HorizonError,
    MoveError,
    NotEnoughDaysError,
    QuantityError,
)
from lex7.nodes.vitality.forecast import VitalityForecast, vitality_forecast
from lex7.nodes.vitality.model import fit

AS_OF = day_from_date(date(2026, 3, 10))
WEEK, MONTH = Window(7), Window(0)
Path = NDArray[np.float64]


def linear(*terms: tuple[int, QuantityName, Aggregate, Window | None], constant: int = 0) -> Linear:
    listed = ((Fraction(weight), Atom(name, how, window)) for weight, name, how, window in terms)
    return Linear(tuple(listed), Fraction(constant))


def grid(*ahead: int) -> NDArray[np.int64]:
    return np.array([AS_OF + days for days in ahead], dtype=np.int64)


def live(draw: np.random.Generator, count: int, sd: float = 0.8) -> Path:
    """Nights around a level that wanders a little; neighbours are alike, weekends longer."""
    nightly = np.zeros(count)
    noise = sd * draw.normal(size=count)
    for index in range(count):
        nightly[index] = 0.3 * nightly[index - 1] + noise[index] if index else noise[index]
    weekend = np.where((np.arange(count) + 2) % 7 >= 5, 0.4, -0.1)
    return 7.2 + 0.02 * np.cumsum(draw.normal(size=count)) + nightly + weekend


def series_of(values: Path, missing: frozenset[int] = frozenset()) -> DailySeries:
    first = AS_OF - len(values) + 1
    return daily_series(
        {Day(first + i): float(v) for i, v in enumerate(values) if i not in missing}
    )


@pytest.fixture(scope="module")
def series() -> dict[QuantityName, DailySeries]:
    draw = np.random.default_rng(5)
    return {
        SLEEP: series_of(live(draw, 150), frozenset({140, 147})),
        STEPS: series_of(np.maximum(200.0, 9_000 + 3_000 * draw.normal(size=150))),
        WEIGHT: series_of(74 + 0.5 * draw.normal(size=150)),
        RESTING_HEART: series_of(57 + 1.2 * draw.normal(size=150)),
        HRV: series_of(40 + draw.normal(size=10)),
    }


@pytest.fixture(scope="module")
def forecast(series: dict[QuantityName, DailySeries]) -> VitalityForecast:
    return vitality_forecast(fit(series, AS_OF), series, AS_OF)


def simulate_ahead(forecast: VitalityForecast, count: int, paths: int) -> Path:
    """Draw future nights from the belief by stepping the components one day at a time."""
    draw = np.random.default_rng(11)
    model, belief = forecast.model.filter_model(SLEEP), forecast.beliefs[SLEEP]
    level, deviation, _ = model.components
    assert isinstance(level, Level)
    assert isinstance(deviation, AutoRegression)
    decay = math.exp(-1 / float(deviation.decay_days))  # type: ignore[arg-type]
    shock = float(deviation.sd) * math.sqrt(1 - decay * decay)  # type: ignore[arg-type]
    state = draw.multivariate_normal(belief.mean, belief.cov, size=paths)
    noise_sd = float(model.observation_sd) * math.sqrt(5 / 3)  # type: ignore[arg-type]
    found = np.zeros((paths, count))
    for day in range(count):
        state[:, 0] += float(level.sd) * draw.normal(size=paths)  # type: ignore[arg-type]
        state[:, 1] = decay * state[:, 1] + shock * draw.normal(size=paths)
        for harmonic in range(3):
            turn = 2 * math.pi * (harmonic + 1) / 7
            sine, cosine = math.sin(turn), math.cos(turn)
            seen, hidden = state[:, 2 + 2 * harmonic].copy(), state[:, 3 + 2 * harmonic].copy()
            state[:, 2 + 2 * harmonic] = cosine * seen + sine * hidden
            state[:, 3 + 2 * harmonic] = -sine * seen + cosine * hidden
        signal = state[:, 0] + state[:, 1] + state[:, 2] + state[:, 4] + state[:, 6]
        found[:, day] = signal + noise_sd * draw.normal(size=paths)
    return found


def test_window_means_have_the_moments_of_simulated_nights(forecast: VitalityForecast) -> None:
    count, paths = 16, 200_000
    ahead = simulate_ahead(forecast, count, paths)
    seen = forecast.series[SLEEP]
    past = dict(zip(seen.days.tolist(), seen.values.tolist(), strict=True))
    rows = []
    for day in range(count):
        window = range(AS_OF + day + 1 - 6, AS_OF + day + 2)
        known = [past[one] for one in window if one <= AS_OF and one in past]
        future = [ahead[:, one - AS_OF - 1] for one in window if one > AS_OF]
        rows.append((sum(known) + sum(future)) / (len(known) + len(future)))
    moments = forecast.moments(
        linear((1, SLEEP, Aggregate.MEAN, WEEK)), grid(*range(1, count + 1)), ()
    )
    brute = np.array(rows)
    spread = np.sqrt(np.diag(moments.cov))
    assert np.abs(brute.mean(axis=1) - moments.mean).max() < 5 * spread.max() / math.sqrt(paths)
    widening = forecast.model.widening(SLEEP)
    assert np.abs(np.cov(brute) * widening - moments.cov).max() < 0.01 * moments.cov.max()


def test_past_days_are_what_was_measured_and_missing_nights_are_left_out(
    forecast: VitalityForecast,
) -> None:
    days = grid(-4, -3, -2, -1, 0)  # the night two days ago is missing
    moments = forecast.moments(linear((1, SLEEP, Aggregate.VALUE, None)), days, ())
    seen = forecast.series[SLEEP]
    assert moments.days.tolist() == grid(-4, -3, -1, 0).tolist() == seen.days[-4:].tolist()
    assert moments.mean.tolist() == seen.values[-4:].tolist()
    assert not moments.cov.any()


def test_a_mean_over_the_past_counts_the_nights_that_have_a_value(
    forecast: VitalityForecast,
) -> None:
    seen = forecast.series[SLEEP]
    moments = forecast.moments(linear((1, SLEEP, Aggregate.MEAN, WEEK)), grid(0), ())
    assert moments.mean[0] == pytest.approx(seen.values[-6:].mean())
    total = forecast.moments(linear((1, SLEEP, Aggregate.SUM, WEEK)), grid(0), ())
    assert total.mean[0] == pytest.approx(7 * seen.values[-6:].mean())


def test_a_baseline_is_frozen_at_the_day_of_evaluation(forecast: VitalityForecast) -> None:
    usual_days = Window(60)
    rule = linear(
        (1, RESTING_HEART, Aggregate.VALUE, None),
        (-1, RESTING_HEART, Aggregate.BASELINE, usual_days),
    )
    days = grid(1, 5, 14)
    value = forecast.moments(linear((1, RESTING_HEART, Aggregate.VALUE, None)), days, ())
    moments = forecast.moments(rule, days, ())
    usual = forecast.series[RESTING_HEART].values[-60:].mean()
    assert moments.mean == pytest.approx(value.mean - usual)
    assert moments.cov == pytest.approx(value.cov)


def test_a_calendar_month_joins_what_was_and_what_will_be(forecast: VitalityForecast) -> None:
    day = np.array([day_from_date(date(2026, 3, 31))], dtype=np.int64)
    moments = forecast.moments(linear((1, STEPS, Aggregate.SUM, MONTH)), day, ())
    ahead = forecast.future(STEPS, 21)
    known = forecast.series[STEPS].values[-10:].sum()
    assert moments.mean[0] == pytest.approx(known + ahead[0].sum())
    assert moments.cov[0, 0] == pytest.approx(ahead[1].sum())


def test_quantities_of_different_kinds_are_independent(forecast: VitalityForecast) -> None:
    both = linear(
        (2, SLEEP, Aggregate.VALUE, None), (-3, STEPS, Aggregate.VALUE, None), constant=10
    )
    days = grid(1, 2, 9)
    sleep, steps = (
        forecast.moments(linear((1, name, Aggregate.VALUE, None)), days, ())
        for name in (SLEEP, STEPS)
    )
    moments = forecast.moments(both, days, ())
    assert moments.mean == pytest.approx(10 + 2 * sleep.mean - 3 * steps.mean)
    assert moments.cov == pytest.approx(4 * sleep.cov + 9 * steps.cov)


def test_measurements_own_uncertainty_is_carried() -> None:
    exact = series_of(live(np.random.default_rng(1), 60))
    unsure = {SLEEP: DailySeries(exact.days, exact.values, np.full(60, 0.5))}
    forecast = vitality_forecast(fit(unsure, AS_OF), unsure, AS_OF)
    value = forecast.moments(linear((1, SLEEP, Aggregate.VALUE, None)), grid(-1, 0), ())
    assert value.cov == pytest.approx(np.diag([0.25, 0.25]))
    mean = forecast.moments(linear((1, SLEEP, Aggregate.MEAN, WEEK)), grid(-1, 0), ())
    assert mean.cov == pytest.approx(np.array([[7, 6], [6, 7]]) * 0.25 / 49)


def test_an_hour_more_a_night_moves_a_weekly_mean_step_by_step(forecast: VitalityForecast) -> None:
    move = Move(SLEEP, Per.DAY, Day(AS_OF + 1), Day(AS_OF + 30))
    rule = linear((2, SLEEP, Aggregate.MEAN, WEEK))
    moments = forecast.moments(rule, grid(0, 1, 7, 14), (move,))
    # The night two days ago is missing, so that tomorrow's window has six nights.
    assert moments.gradient[:, 0] == pytest.approx([0, 2 / 6, 2, 2])


def test_moves_once_and_by_month_are_spread_as_they_say(forecast: VitalityForecast) -> None:
    once = Move(STEPS, Per.ONCE, Day(AS_OF + 3), Day(AS_OF + 3))
    monthly = Move(STEPS, Per.MONTH, AS_OF, Day(AS_OF + 400))
    other = Move(QuantityName("spend.food"), Per.MONTH, AS_OF, Day(AS_OF + 9))
    rule = linear((1, STEPS, Aggregate.VALUE, None))
    gradient = forecast.moments(rule, grid(2, 3, 4), (once, monthly, other)).gradient
    assert gradient == pytest.approx(np.array([[0, 1 / 31, 0], [1, 1 / 31, 0], [0, 1 / 31, 0]]))


def test_what_cannot_be_answered_is_refused(forecast: VitalityForecast) -> None:
    heart = Move(RESTING_HEART, Per.DAY, AS_OF, AS_OF)
    with pytest.raises(MoveError):
        forecast.moments(linear((1, RESTING_HEART, Aggregate.VALUE, None)), grid(1), (heart,))
    cash = linear((1, QuantityName("cash"), Aggregate.VALUE, None))
    with pytest.raises(QuantityError):
        forecast.moments(cash, grid(1), ())
    with pytest.raises(HorizonError):
        forecast.moments(linear((1, SLEEP, Aggregate.VALUE, None)), grid(1_831), ())
    with pytest.raises(NotEnoughDaysError) as caught:
        forecast.moments(linear((1, HRV, Aggregate.VALUE, None)), grid(1), ())
    assert (caught.value.have, caught.value.need) == (10, 14)


def test_what_was_measured_needs_no_model(forecast: VitalityForecast) -> None:
    moments = forecast.moments(linear((1, HRV, Aggregate.MEAN, WEEK)), grid(0), ())
    assert moments.mean[0] == pytest.approx(forecast.series[HRV].values[-7:].mean())


def test_quantities_say_how_much_is_known(forecast: VitalityForecast) -> None:
    known = forecast.quantities()
    assert list(known) == [SLEEP, RESTING_HEART, HRV, WEIGHT, STEPS]
    assert (known[SLEEP].valid_days, known[SLEEP].last_day) == (148, AS_OF)
    assert (known[HRV].valid_days, known[HRV].required_days) == (10, 14)
    assert known[WEIGHT].unit == "kg"
    assert forecast.scenarios(linear((1, SLEEP, Aggregate.VALUE, None)), grid(1), ()) is None


def test_an_evaluation_looks_at_no_later_day(series: dict[QuantityName, DailySeries]) -> None:
    earlier = Day(AS_OF - 30)
    cut = {name: one.until(earlier) for name, one in series.items()}
    model = fit(series, earlier)
    rule = linear((1, SLEEP, Aggregate.MEAN, WEEK))
    days = grid(-30, -20, 5)
    ours = vitality_forecast(model, series, earlier).moments(rule, days, ())
    theirs = vitality_forecast(model, cut, earlier).moments(rule, days, ())
    assert ours.mean.tobytes() == theirs.mean.tobytes()
    assert ours.cov.tobytes() == theirs.cov.tobytes()


def test_positive_quantities_have_log_normal_moments(forecast: VitalityForecast) -> None:
    mean, cov = forecast.future(WEIGHT, 5)
    assert np.all(np.abs(mean - 74) < 2)
    assert np.all(np.linalg.eigvalsh(cov) > 0)


@pytest.mark.slow
@pytest.mark.parametrize("ahead", [1, 7, 21])
def test_bands_of_weekly_means_hold_as_often_as_they_say(ahead: int) -> None:
    trials, inside = 60, 0
    for seed in range(trials):
        values = live(np.random.default_rng(1_000 + seed), 260 + ahead)
        seen = {SLEEP: series_of(values[:260])}
        forecast = vitality_forecast(fit(seen, AS_OF), seen, AS_OF)
        moments = forecast.moments(linear((1, SLEEP, Aggregate.MEAN, WEEK)), grid(ahead), ())
        came = values[260 + ahead - 7 : 260 + ahead].mean()
        inside += abs(came - moments.mean[0]) <= 1.645 * math.sqrt(moments.cov[0, 0])
    # 54 of 60 are expected; the standard deviation of the count is 2.3.
    assert 47 <= inside <= 60
