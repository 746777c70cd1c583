"""Forecasts, disturbances, paths and fits of several outputs, held against other means."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from statsmodels.tsa.statespace.kalman_smoother import KalmanSmoother

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Belief, Model, disturbance, forecast, run
from lex7.filters.components import Level, Season, Step
from lex7.filters.em import Stopping
from lex7.filters.errors import FilterArgumentError, FilterDiffuseError
from lex7.filters.linear import LinearModel, LinearRows, diffuse_start, run_linear, smooth_linear
from lex7.filters.linear_fit import Freedom, LinearFree, fit_linear
from lex7.filters.outputs import (
    disturbances_linear,
    disturbances_vector,
    forecast_linear,
    forecast_vector,
    signal_linear,
    signal_vector,
    simulate_linear,
    simulate_vector,
)
from lex7.filters.vector import VectorModel, VectorSeries, run_vector, smooth_vector
from lex7.filters.windows import window_means, window_sums

DRAW = np.random.default_rng(20)
ROWS = 40
LOADINGS = DRAW.normal(size=(ROWS, 2, 2)) + np.eye(2)
NOISES = np.array(
    [np.array([[1.0, 0.3], [0.3, 0.5]]) * size for size in DRAW.uniform(0.5, 2, ROWS)]
)
INPUTS = DRAW.normal(size=(ROWS, 1))
VALUES = DRAW.normal(size=(ROWS, 2)).cumsum(axis=0)
VALUES[5, 0] = VALUES[9] = np.nan
MODEL = LinearModel(
    np.array([[1.0, 0.4], [0.0, 0.8]]),
    np.array([[0.3, 0.1], [0.1, 0.2]]),
    np.array([[1.0, 0.0], [0.5, 1.0]]),
    np.array([[0.4, 0.1], [0.1, 0.3]]),
    np.array([0.05, -0.1]),
    np.array([0.5, 0.0]),
    Belief(0, np.zeros(2), np.eye(2) * 2.0, np.zeros((0, 2))),
    control=np.array([[0.7], [-0.3]]),
    feedthrough=np.array([[0.0], [0.2]]),
)
VARYING = LinearRows(VALUES, controls=INPUTS, loadings=LOADINGS, observation_covs=NOISES)


def dense(model: LinearModel, rows: LinearRows) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Joint prior of all states and the stacked loading: filtering without a filter."""
    values = np.asarray(rows.values)
    count, n = len(values), len(model.drift)
    controls = np.zeros((count, 1)) if rows.controls is None else np.asarray(rows.controls)
    mean, cov = np.zeros(count * n), np.zeros((count * n, count * n))
    mean[:n], cov[:n, :n] = model.start.mean, model.start.cov
    for row in range(1, count):
        here, before = slice(row * n, (row + 1) * n), slice((row - 1) * n, row * n)
        known = 0.0 if model.control is None else model.control @ controls[row]
        mean[here] = model.transition @ mean[before] + model.drift + known
        cov[here, : row * n] = model.transition @ cov[before, : row * n]
        cov[: row * n, here] = cov[here, : row * n].T
        moved = model.transition @ cov[before, before] @ model.transition.T
        cov[here, here] = moved + model.process_cov
    z = np.zeros((count * 2, count * n))
    for row in range(count):
        line = model.loading if rows.loadings is None else np.asarray(rows.loadings)[row]
        z[row * 2 : row * 2 + 2, row * n : (row + 1) * n] = line
    return mean, cov, z


def posterior(model: LinearModel, rows: LinearRows) -> tuple[np.ndarray, np.ndarray]:
    """All states given all rows, by one big division."""
    mean, cov, z = dense(model, rows)
    values = np.asarray(rows.values)
    count = len(values)
    noise = np.zeros((count * 2, count * 2))
    seen_at_once = np.zeros((count, 2))
    for row in range(count):
        own = (
            model.observation_cov
            if rows.observation_covs is None
            else np.asarray(rows.observation_covs)[row]
        )
        noise[row * 2 : row * 2 + 2, row * 2 : row * 2 + 2] = own
        if rows.controls is not None and model.feedthrough is not None:
            seen_at_once[row] = model.feedthrough @ np.asarray(rows.controls)[row]
    left = (values - model.offset - seen_at_once).ravel() - z @ mean
    there = np.isfinite(left)
    z, noise, left = z[there], noise[np.ix_(there, there)], left[there]
    gain = np.linalg.solve(z @ cov @ z.T + noise, z @ cov).T
    return mean + gain @ left, cov - gain @ z @ cov


def test_inputs_loadings_and_noise_that_differ_by_row_equal_one_big_division() -> None:
    mean, cov = posterior(MODEL, VARYING)
    found = smooth_linear(MODEL, VARYING)
    np.testing.assert_allclose(found.smoothed_means.ravel(), mean, atol=1e-11)
    blocks = [cov[i : i + 2, i : i + 2] for i in range(0, 2 * ROWS, 2)]
    np.testing.assert_allclose(found.smoothed_covs, blocks, atol=1e-11)


def test_the_joint_signal_has_the_covariances_between_rows_and_outputs() -> None:
    mean, cov = posterior(MODEL, VARYING)
    _, _, z = dense(MODEL, VARYING)
    rows = [3, 9, 30]
    places = [2 * row + output for row in rows for output in range(2)]
    found = signal_linear(MODEL, VARYING, np.array(rows))
    np.testing.assert_allclose(found.cov, (z @ cov @ z.T)[np.ix_(places, places)], atol=1e-11)
    known = MODEL.offset + INPUTS[rows] @ np.array([[0.0, 0.2]])
    np.testing.assert_allclose(found.mean, (z @ mean).reshape(-1, 2)[rows] + known, atol=1e-11)
    np.testing.assert_array_equal(found.noise_covs, NOISES[rows])


def test_a_forecast_is_the_end_of_one_big_division_and_its_windows_add_up() -> None:
    future = np.vstack([VALUES, np.full((5, 2), np.nan)])
    controls = np.vstack([INPUTS, DRAW.normal(size=(5, 1))])
    mean, cov = posterior(MODEL, LinearRows(future, controls=controls))
    belief = run_linear(MODEL, LinearRows(VALUES, controls=INPUTS)).belief
    ahead = LinearRows(future[ROWS:], controls=controls[ROWS:])
    found = forecast_linear(MODEL, belief, ahead)
    z = np.kron(np.eye(5), MODEL.loading)
    np.testing.assert_allclose(found.cov, z @ cov[2 * ROWS :, 2 * ROWS :] @ z.T, atol=1e-10)
    seen = (z @ mean[2 * ROWS :]).reshape(5, 2) + MODEL.offset
    seen += controls[ROWS:] @ np.array([[0.0, 0.2]])
    np.testing.assert_allclose(found.mean, seen, atol=1e-10)
    second = found.output(1)
    week = window_means(second, [(0, 5)], observed=False)
    np.testing.assert_allclose(week.mean[0], seen[:, 1].mean(), atol=1e-12)
    np.testing.assert_allclose(week.cov[0, 0], second.cov.mean(), atol=1e-12)
    noisy = window_sums(second, [(0, 5)], observed=True)
    np.testing.assert_allclose(noisy.cov[0, 0], second.cov.sum() + 5 * 0.3, atol=1e-12)
    plain = forecast_linear(replace(MODEL, control=None, feedthrough=None), belief, 5)
    assert plain.mean.shape == (5, 2)


def test_disturbances_are_those_of_statsmodels() -> None:
    peer = KalmanSmoother(2, 2, k_posdef=2)
    peer.bind(VALUES.copy())
    peer["transition"], peer["design"] = MODEL.transition, MODEL.loading
    peer["state_cov"], peer["selection"] = MODEL.process_cov, np.eye(2)
    peer["obs_cov"] = MODEL.observation_cov
    peer["state_intercept"] = MODEL.drift[:, None]
    peer["obs_intercept"] = MODEL.offset[:, None]
    peer.initialize_known(MODEL.start.mean, MODEL.start.cov)
    wanted = peer.smooth()
    found = disturbances_linear(replace(MODEL, control=None, feedthrough=None), VALUES)
    moves = wanted.smoothed_state_disturbance.T[:-1]
    np.testing.assert_allclose(found.moves[1:], moves, atol=1e-11)
    covs = np.moveaxis(wanted.smoothed_state_disturbance_cov, -1, 0)[:-1]
    np.testing.assert_allclose(found.move_covs[1:], covs, atol=1e-11)
    there = np.isfinite(VALUES)
    noise = wanted.smoothed_measurement_disturbance.T
    np.testing.assert_allclose(found.noise[there], noise[there], atol=1e-11)
    spread = MODEL.observation_cov[0, 0] - found.noise_vars[20, 0]
    assert found.noise_spreads[20, 0] == pytest.approx(spread, rel=1e-9)
    assert np.isnan(found.outlier_scores[9]).all()
    assert np.isnan(found.break_scores[0]).all()


def test_paths_have_the_moments_of_the_smoother_and_belong_to_their_numbers() -> None:
    paths = simulate_linear(MODEL, VARYING, seed=7, draws=range(4000))
    smoothed = smooth_linear(MODEL, VARYING)
    sd = np.sqrt(np.diagonal(smoothed.smoothed_covs, axis1=1, axis2=2))
    # Means of 4,000 draws lie within five of their standard errors, variances within 15 %.
    assert (np.abs(paths.mean(axis=0) - smoothed.smoothed_means) < 5 * sd / np.sqrt(4000)).all()
    np.testing.assert_allclose(paths.var(axis=0), sd**2, rtol=0.15)
    alone = simulate_linear(MODEL, VARYING, seed=7, draws=range(17, 18))
    np.testing.assert_array_equal(alone[0], paths[17])


TIMES = np.cumsum(DRAW.integers(1, 4, size=ROWS)) * NS_PER_DAY // 2
PARTS = (Level(0.4), Season(0.05, 7.0, 1), Step(int(TIMES[20])))
VECTOR = VectorModel(PARTS, np.array([[1.0, 1.0, 1.0], [0.5, 0.0, 1.0]]), np.diag([0.3, 0.2]))


def test_one_output_that_sees_all_is_the_scalar_filter_in_everything_it_says() -> None:
    one = VectorModel(PARTS, np.ones((1, 3)), np.array([[0.09]]))
    scalar = Model(PARTS, 0.3)
    series = VectorSeries(TIMES, VALUES[:, :1])
    ahead = TIMES[-1] + np.arange(1, 5) * NS_PER_DAY
    belief = run(scalar, TIMES, VALUES[:, 0]).belief
    wanted = forecast(scalar, belief, ahead)
    later = VectorSeries(ahead, np.full((4, 1), np.nan))
    found = forecast_vector(one, run_vector(one, series).belief, later)
    np.testing.assert_allclose(found.output(0).cov, wanted.cov, atol=1e-9)
    np.testing.assert_allclose(found.output(0).mean, wanted.mean, atol=1e-9)
    told = disturbances_vector(one, series)
    known = disturbance.disturbances(scalar, TIMES, VALUES[:, 0])
    np.testing.assert_allclose(told.moves, known.moves, atol=1e-9)
    there = np.isfinite(VALUES[:, 0])
    np.testing.assert_allclose(told.noise[there, 0], known.noise[there], atol=1e-9)


def test_a_controls_matrix_is_a_drift_and_loadings_may_repeat_the_models() -> None:
    control = np.arange(8.0).reshape(4, 2)[:, :1]
    steered = replace(VECTOR, control=control)
    series = VectorSeries(TIMES, VALUES, controls=INPUTS)
    pushed = VectorSeries(TIMES, VALUES, drifts=INPUTS * control[:, 0])
    loadings = np.tile(VECTOR.loading, (ROWS, 1, 1))
    noises = np.tile(VECTOR.observation_cov, (ROWS, 1, 1))
    first = smooth_vector(steered, series)
    for other in (
        smooth_vector(VECTOR, pushed),
        smooth_vector(VECTOR, replace(pushed, loadings=loadings, observation_covs=noises)),
    ):
        np.testing.assert_array_equal(first.smoothed_means, other.smoothed_means)
        assert first.belief.state_hash() == other.belief.state_hash()
    changed = replace(pushed, loadings=loadings * 2)
    assert run_vector(VECTOR, changed).loglik != first.loglik


def test_vector_paths_and_signals_follow_the_smoother() -> None:
    series = VectorSeries(TIMES, VALUES)
    smoothed = smooth_vector(VECTOR, series)
    paths = simulate_vector(VECTOR, series, seed=3, draws=range(2000))
    sd = np.sqrt(np.diagonal(smoothed.smoothed_covs, axis1=1, axis2=2))
    gap = np.abs(paths.mean(axis=0) - smoothed.smoothed_means)
    assert (gap < 5.5 * sd / np.sqrt(2000) + 1e-12).all()
    seen = signal_vector(VECTOR, series, np.array([0, 30]))
    line = smoothed.smoothed_means[30] @ np.array([0.5, 0.0, 0.0, 1.0])
    assert seen.mean[1, 1] == pytest.approx(line, rel=1e-12)


def test_full_covariances_and_a_transition_are_found_from_a_long_series() -> None:
    count = 4000
    draw = np.random.default_rng(5)
    truth = replace(MODEL, control=None, feedthrough=None)
    x, rows = np.zeros(2), []
    for _ in range(count):
        rows.append(
            truth.loading @ x
            + truth.offset
            + draw.multivariate_normal(np.zeros(2), truth.observation_cov)
        )
        x = truth.transition @ x + truth.drift
        x = x + draw.multivariate_normal(np.zeros(2), truth.process_cov)
    values = np.array(rows)
    values[draw.uniform(size=values.shape) < 0.1] = np.nan
    start = replace(truth, process_cov=np.eye(2), observation_cov=np.eye(2))
    free = LinearFree(process_cov=Freedom.FULL, observation_cov=Freedom.FULL)
    found = fit_linear(start, values, free=free, stopping=Stopping(60, 1e-3))
    steps = np.diff(found.logliks)
    assert (steps > -1e-6 * abs(found.logliks[-1])).all()
    assert found.logliks[-1] > run_linear(truth, values).loglik - 1.0
    np.testing.assert_allclose(found.model.process_cov, truth.process_cov, atol=0.12)
    np.testing.assert_allclose(found.model.observation_cov, truth.observation_cov, atol=0.12)
    free = LinearFree(transition=True, process_cov=Freedom.FULL)
    moved = replace(truth, transition=np.eye(2) * 0.9)
    found = fit_linear(moved, values, free=free, stopping=Stopping(60, 1e-3))
    assert (np.diff(found.logliks) > -1e-6 * abs(found.logliks[-1])).all()
    np.testing.assert_allclose(found.model.transition, truth.transition, atol=0.1)
    seen = replace(truth, loading=np.eye(2))
    free = LinearFree(loading=True, observation_cov=Freedom.FULL)
    found = fit_linear(seen, values, free=free, stopping=Stopping(60, 1e-3))
    np.testing.assert_allclose(found.model.loading, truth.loading, atol=0.12)


def test_a_round_finds_what_statsmodels_calls_the_score() -> None:
    # At the maximum found by the rounds the numerical gradient of the likelihood vanishes.
    values = VALUES[:, :1]
    model = LinearModel(
        np.eye(1), np.eye(1), np.eye(1), np.eye(1), np.zeros(1), np.zeros(1), diffuse_start(1)
    )
    free = LinearFree(process_cov=Freedom.DIAGONAL, observation_cov=Freedom.DIAGONAL)
    found = fit_linear(model, values, free=free, stopping=Stopping(3000, 1e-12)).model
    for name in ("process_cov", "observation_cov"):
        size = getattr(found, name)
        logliks = [
            run_linear(replace(found, **{name: size * factor}), values).loglik
            for factor in (0.99, 1.0, 1.01)
        ]
        assert logliks[1] >= max(logliks) - 1e-6


def test_what_cannot_be_told_apart_or_is_no_covariance_is_refused() -> None:
    free = LinearFree(loading=True, process_cov=Freedom.FULL)
    with pytest.raises(FilterArgumentError, match="both free"):
        fit_linear(MODEL, VALUES, free=free)
    with pytest.raises(FilterArgumentError, match="positive semi-definite"):
        run_linear(replace(MODEL, process_cov=np.array([[1.0, 2.0], [2.0, 1.0]])), VALUES)
    with pytest.raises(FilterDiffuseError):
        forecast_linear(MODEL, diffuse_start(2), 3)
    with pytest.raises(FilterArgumentError, match="controls"):
        run_linear(replace(MODEL, control=None, feedthrough=None), VARYING)
