"""Runs and forecasts against published numbers, 50-digit arithmetic and dense Gaussians."""

from __future__ import annotations

import decimal
from decimal import Decimal

import numpy as np
import pytest
from statsmodels.datasets import nile

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Belief, Model, combine, fit, forecast, run, run_all, score
from lex7.filters.components import (
    AutoRegression,
    Free,
    Initial,
    Level,
    Prior,
    Regression,
    Season,
    Trend,
)
from lex7.filters.errors import FilterArgumentError, FilterDiffuseError, FilterDivergedError
from lex7.filters.robust import Huber, StudentT

NILE = np.asarray(nile.load_pandas().data["volume"], dtype=float)
YEARS = np.arange(100) * NS_PER_DAY
NILE_MODEL = Model((Level(1469.1**0.5),), 15099**0.5)
PI = Decimal("3.14159265358979323846264338327950288419716939937510582")


def nile_loglik(noise: Decimal, level: Decimal) -> Decimal:
    """The scalar recursions of Durbin & Koopman (2012, §2.2) in 50 digits."""
    with decimal.localcontext() as context:
        context.prec = 50
        two_pi = (2 * PI).ln()
        mean, var, total = Decimal(int(NILE[0])), noise, -two_pi / 2
        for value in NILE[1:].astype(int).tolist():
            var += level
            spread, innovation = var + noise, value - mean
            total -= (two_pi + spread.ln() + innovation**2 / spread) / 2
            mean += var / spread * innovation
            var = var * noise / spread
        return total


def test_nile_states_are_those_of_the_literature() -> None:
    # Durbin & Koopman (2012), table of the local level model; digits from statsmodels 0.15.
    result = run_all(NILE_MODEL, YEARS, NILE)
    means, variances = result.means[[0, 1, 2, 99], 0], result.covs[[0, 1, 2, 99], 0, 0]
    known_means = [1120, 1140.9278398, 1072.7985295, 798.3702926]
    known_variances = [15099, 7899.7363794, 5781.4699387, 4032.1579418]
    np.testing.assert_allclose(means, known_means, atol=6e-8)
    np.testing.assert_allclose(variances, known_variances, atol=6e-8)


def test_nile_likelihood_is_exact_diffuse() -> None:
    exact = float(nile_loglik(Decimal(15099), Decimal("1469.1")))
    assert run(NILE_MODEL, YEARS, NILE).loglik == pytest.approx(exact, abs=1e-9)


def test_nile_fit_reaches_the_published_optimum() -> None:
    found = fit(Model((Level(Free()),), Free()), YEARS, NILE)
    assert found.converged
    assert all(one.is_identified for one in found.parameters)
    # Durbin & Koopman (2012, §2.10.3): 15099 and 1469.1.
    observation, level = (one.value**2 for one in found.parameters)
    assert observation == pytest.approx(15099, rel=1e-3)
    assert level == pytest.approx(1469.1, rel=1e-3)
    assert found.loglik >= float(nile_loglik(Decimal("15098.52"), Decimal("1469.18"))) - 1e-9


def test_a_series_in_pieces_gives_the_bits_of_the_whole() -> None:
    model = Model((Level(38.0), Season(2.0, 7.0, 3), AutoRegression(40.0, 3.0)), 100.0)
    whole = run(model, YEARS, NILE)
    first = run(model, YEARS[:3], NILE[:3])
    carried = Belief.from_bytes(first.belief.to_bytes())
    second = run(model, YEARS[3:], NILE[3:], belief=carried)
    assert second.belief.state_hash() == whole.belief.state_hash()


def test_forecast_is_the_conditional_of_the_joint_gaussian() -> None:
    model = Model((AutoRegression(2.0, 4.0), AutoRegression(1.0, 30.0)), 0.5)
    days = np.array([0.0, 0.7, 2.0, 5.5, 6.0, 9.25, 20.0])
    values = np.array([1.0, -0.4, 2.2, 0.3])
    gap = np.abs(days[:, None] - days[None, :])
    signal = 4.0 * np.exp(-gap / 4) + np.exp(-gap / 30)
    seen = signal[:4, :4] + 0.25 * np.eye(4)
    known_mean = signal[4:, :4] @ np.linalg.solve(seen, values)
    known_cov = signal[4:, 4:] - signal[4:, :4] @ np.linalg.solve(seen, signal[:4, 4:])

    times = (days * NS_PER_DAY).astype(np.int64)
    result = run(model, times[:4], values)
    ahead = forecast(model, result.belief, times[4:])

    np.testing.assert_allclose(ahead.mean, known_mean, atol=1e-12)
    np.testing.assert_allclose(ahead.cov, known_cov, atol=1e-12)
    np.testing.assert_allclose(ahead.observation_cov, known_cov + 0.25 * np.eye(3), atol=1e-12)
    density = -0.5 * (
        values @ np.linalg.solve(seen, values) + np.linalg.slogdet(seen)[1] + 4 * np.log(2 * np.pi)
    )
    assert result.loglik == pytest.approx(density, abs=1e-12)


def test_forecast_of_chosen_components_leaves_the_others_out() -> None:
    model = Model((AutoRegression(2.0, 4.0), AutoRegression(1.0, 30.0)), 0.5)
    result = run(model, YEARS[:5], NILE[:5] / 1000)
    part = forecast(model, result.belief, YEARS[4:5], components=(1,))
    assert part.mean[0] == result.belief.mean[1]
    assert part.cov[0, 0] == result.belief.cov[1, 1]


def test_window_sums_and_means_have_exact_moments() -> None:
    mean, cov = np.array([1.0, 2.0, 4.0]), np.array([[2.0, 1, 0], [1, 3, 1], [0, 1, 5]])
    rows = np.array([[1.0, 1, 1], [0, 0.5, 0.5]])
    centre, spread = combine(rows, mean, cov)
    np.testing.assert_array_equal(centre, rows @ mean)
    np.testing.assert_array_equal(spread, rows @ cov @ rows.T)


def test_regression_recovers_least_squares() -> None:
    draw = np.random.default_rng(3)
    inputs = np.column_stack([np.ones(50), draw.normal(size=50)])
    values = inputs @ [2.0, -1.5] + draw.normal(size=50) * 0.3
    model = Model((Regression(0), Regression(1)), 0.3)
    result = run(model, np.arange(50) * NS_PER_DAY, values, inputs=inputs)
    known = np.linalg.lstsq(inputs, values, rcond=None)[0]
    np.testing.assert_allclose(result.belief.mean, known, atol=1e-12)
    np.testing.assert_allclose(
        result.belief.cov, 0.09 * np.linalg.inv(inputs.T @ inputs), atol=1e-14
    )


@pytest.mark.parametrize("robust", [StudentT(4.0), Huber(1.345)], ids=["t", "huber"])
def test_an_outlier_moves_a_robust_filter_less(robust: StudentT | Huber) -> None:
    values = np.where(np.arange(60) == 50, 40.0, 0.0) + np.sin(np.arange(60))
    times = np.arange(60) * NS_PER_DAY
    plain = run_all(Model((Level(0.3),), 1.0), times, values).means[50, 0]
    result = run_all(Model((Level(0.3),), 1.0, robust), times, values)
    assert abs(result.means[50, 0]) < 0.2 * abs(plain)
    assert result.weights[50] < 0.05
    assert np.isfinite(result.loglik)


def test_per_observation_noise_replaces_the_models() -> None:
    sds = np.full(100, 15099**0.5)
    other = Model((Level(1469.1**0.5),), 1.0)
    ours = run(other, YEARS, NILE, observation_sd=sds)
    assert ours.belief.state_hash() == run(NILE_MODEL, YEARS, NILE).belief.state_hash()


def test_missing_values_carry_the_forecast_on() -> None:
    values = np.append(NILE, [np.nan] * 5)
    result = run(NILE_MODEL, np.arange(105) * NS_PER_DAY, values)
    end = run(NILE_MODEL, YEARS, NILE).belief
    assert result.belief.mean[0] == end.mean[0]
    assert result.belief.cov[0, 0] == pytest.approx(end.cov[0, 0] + 5 * 1469.1)


def test_score_counts_a_calibrated_filter_as_calibrated() -> None:
    draw = np.random.default_rng(11)
    level = draw.normal(size=4000).cumsum() * 0.3
    values = level + draw.normal(size=4000)
    result = run(Model((Level(0.3),), 1.0), np.arange(4000) * NS_PER_DAY, values)
    card = score(result)
    assert card.count == 3999
    np.testing.assert_allclose(card.coverage, [0.5, 0.8, 0.95], atol=0.02)
    assert card.nis_mean == pytest.approx(1.0, abs=0.05)


def test_a_parameter_the_data_cannot_tell_is_flagged() -> None:
    draw = np.random.default_rng(5)
    values = draw.normal(size=60)
    found = fit(Model((Level(Free()), AutoRegression(0.001, Free())), Free()), YEARS[:60], values)
    assert [one.is_identified for one in found.parameters] == [True, False, False]


def test_a_prior_holds_a_weak_parameter() -> None:
    draw = np.random.default_rng(5)
    spec = Model((Level(Free(Prior(0.05, 1.5))),), Free())
    found = fit(spec, YEARS[:60], draw.normal(size=60))
    assert 0.02 < found.parameters[1].value < 0.12


def test_too_few_observations_are_said_to_be_too_few() -> None:
    model = Model((Trend(1.0, 1.0),), 1.0)
    result = run(model, YEARS[:1], NILE[:1])
    with pytest.raises(FilterDiffuseError) as caught:
        forecast(model, result.belief, YEARS[1:2])
    assert caught.value.left == 1


@pytest.mark.parametrize(
    ("times", "values", "argument"),
    [
        (YEARS[:0], NILE[:0], "times_ns"),
        (YEARS[::-1], NILE, "times_ns"),
        (YEARS, NILE[:50], "values"),
        (YEARS.astype(float), NILE, "times_ns"),
        (YEARS, np.where(YEARS == 0, np.inf, NILE), "values"),
        (YEARS, np.where(YEARS == 0, 1e300, NILE), "values"),
        (YEARS, NILE.astype(str), "values"),
        (YEARS, NILE.reshape(10, 10), "values"),
        (YEARS, [[1.0], [2.0, 3.0]], "values"),
    ],
)
def test_bad_series_name_the_argument(times: object, values: object, argument: str) -> None:
    with pytest.raises(FilterArgumentError) as caught:
        run(NILE_MODEL, times, values)  # type: ignore[arg-type]
    assert caught.value.argument == argument


@pytest.mark.parametrize(
    "model",
    [
        Model((), 1.0),
        Model((Level(-1.0),), 1.0),
        Model((Level(float("nan")),), 1.0),
        Model((AutoRegression(1.0, 0.0),), 1.0),
        Model((Season(1.0, 7.0, 0),), 1.0),
        Model((Level(1.0),), -1.0),
        Model((Level(Free()),), 1.0),
        Model((Level(1.0),), 1.0, StudentT(1.0)),
    ],
)
def test_bad_models_are_refused(model: Model) -> None:
    with pytest.raises(FilterArgumentError):
        run(model, YEARS, NILE)


def test_overflow_is_an_error_and_not_a_nan() -> None:
    huge = Model((Regression(0, 1e100, Initial((0.0,), (1e100,))),), 1.0)
    with pytest.raises(FilterDivergedError) as caught:
        run(huge, YEARS, NILE, inputs=np.full((100, 1), 1e100))
    assert caught.value.row == 0


@pytest.mark.parametrize("cut", [0, 3, 17, 33])
def test_damaged_belief_bytes_are_refused(cut: int) -> None:
    data = run(NILE_MODEL, YEARS, NILE).belief.to_bytes()
    with pytest.raises(FilterArgumentError):
        Belief.from_bytes(data[:cut] + data[cut + 1 :])


def test_read_only_and_strided_arrays_are_taken() -> None:
    doubled = np.repeat(NILE, 2)[::2]
    doubled.flags.writeable = False
    ours = run(NILE_MODEL, YEARS, doubled)
    assert ours.belief.state_hash() == run(NILE_MODEL, YEARS, NILE).belief.state_hash()
