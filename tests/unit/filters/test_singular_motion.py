"""Several outputs of hostile linear models: singular motions, matrices that differ by row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lex7.filters import Belief
from lex7.filters.em import Stopping
from lex7.filters.errors import FilterArgumentError, FilterDiffuseError
from lex7.filters.linear import LinearModel, LinearRows, diffuse_start, run_linear, smooth_linear
from lex7.filters.linear_fit import Freedom, LinearFree, fit_linear
from lex7.filters.outputs import disturbances_linear, forecast_linear, signal_linear

DRAW = np.random.default_rng(8)
ROWS = 12
STEPS = DRAW.normal(size=(ROWS, 2, 2)) * 0.5
ROOTS = DRAW.normal(size=(ROWS, 2, 2))
NOISES = ROOTS @ ROOTS.transpose(0, 2, 1)
VALUES = DRAW.normal(size=(ROWS, 2))
VALUES[3] = VALUES[7, 1] = np.nan
MODEL = LinearModel(
    np.eye(2),
    np.eye(2),
    np.array([[1.0, 0.0], [0.5, 1.0]]),
    np.diag([0.4, 0.3]),
    np.array([0.1, -0.2]),
    np.zeros(2),
    Belief(0, np.zeros(2), np.eye(2) * 2.0, np.zeros((0, 2))),
)
VARYING = LinearRows(VALUES, transitions=STEPS, process_covs=NOISES)


def posterior(extra: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """All states given all rows by one big division."""
    mean, cov = np.zeros(2 * ROWS), np.zeros((2 * ROWS, 2 * ROWS))
    cov[:2, :2] = MODEL.start.cov
    for row in range(1, ROWS):
        here, last = slice(2 * row, 2 * row + 2), slice(2 * row - 2, 2 * row)
        mean[here] = STEPS[row] @ mean[last] + MODEL.drift
        cov[here, : 2 * row] = STEPS[row] @ cov[last, : 2 * row]
        cov[: 2 * row, here] = cov[here, : 2 * row].T
        cov[here, here] = STEPS[row] @ cov[last, last] @ STEPS[row].T + NOISES[row]
    seen = VALUES.copy()
    seen[ROWS - extra :] = np.nan
    there = np.isfinite(seen.ravel())
    z = np.kron(np.eye(ROWS), MODEL.loading)[there]
    noise = np.kron(np.eye(ROWS), MODEL.observation_cov)[np.ix_(there, there)]
    gain = np.linalg.solve(z @ cov @ z.T + noise, z @ cov).T
    return mean + gain @ (seen.ravel()[there] - z @ mean), cov - gain @ z @ cov


def test_motions_that_differ_by_row_equal_one_big_division() -> None:
    mean, cov = posterior()
    found = smooth_linear(MODEL, VARYING)
    np.testing.assert_allclose(found.smoothed_means.ravel(), mean, atol=1e-12)
    blocks = [cov[i : i + 2, i : i + 2] for i in range(0, 2 * ROWS, 2)]
    np.testing.assert_allclose(found.smoothed_covs, blocks, atol=1e-12)
    z = np.kron(np.eye(ROWS), MODEL.loading)
    joint = signal_linear(MODEL, VARYING, np.arange(ROWS))
    np.testing.assert_allclose(joint.cov, z @ cov @ z.T, atol=1e-11)
    told = disturbances_linear(MODEL, VARYING)
    moved = mean.reshape(ROWS, 2)
    wanted = [moved[i] - STEPS[i] @ moved[i - 1] - MODEL.drift for i in range(1, ROWS)]
    np.testing.assert_allclose(told.moves[1:], wanted, atol=1e-11)


def test_a_forecast_takes_the_motions_of_its_own_rows() -> None:
    _, cov = posterior(extra=4)
    first = replace(VARYING, values=VALUES[:8], transitions=STEPS[:8], process_covs=NOISES[:8])
    later = LinearRows(np.full((4, 2), np.nan), transitions=STEPS[8:], process_covs=NOISES[8:])
    found = forecast_linear(MODEL, run_linear(MODEL, first).belief, later)
    z = np.kron(np.eye(4), MODEL.loading)
    np.testing.assert_allclose(found.cov, z @ cov[16:, 16:] @ z.T, atol=1e-11)


def test_matrices_that_repeat_the_models_change_no_bit() -> None:
    repeated = LinearRows(
        VALUES,
        transitions=np.tile(MODEL.transition, (ROWS, 1, 1)),
        process_covs=np.tile(MODEL.process_cov, (ROWS, 1, 1)),
    )
    found, plain = smooth_linear(MODEL, repeated), smooth_linear(MODEL, VALUES)
    np.testing.assert_array_equal(found.smoothed_covs, plain.smoothed_covs)
    assert found.belief.state_hash() == plain.belief.state_hash()


def test_a_covariance_is_fitted_beside_transitions_by_row_and_a_transition_is_not() -> None:
    rows = LinearRows(VALUES, transitions=STEPS)
    free = LinearFree(process_cov=Freedom.DIAGONAL)
    found = fit_linear(MODEL, rows, free=free, stopping=Stopping(20, 1e-4))
    assert (np.diff(found.logliks) > -1e-9).all()
    with pytest.raises(FilterArgumentError, match="transition"):
        fit_linear(MODEL, rows, free=LinearFree(transition=True), stopping=Stopping(2, 1e-4))
    with pytest.raises(FilterArgumentError, match="process_cov"):
        fit_linear(MODEL, VARYING, free=free, stopping=Stopping(2, 1e-4))
    with pytest.raises(FilterArgumentError, match="transitions"):
        run_linear(MODEL, LinearRows(VALUES, transitions=STEPS[:3]))
    with pytest.raises(FilterArgumentError, match="process_covs"):
        run_linear(MODEL, LinearRows(VALUES, process_covs=-NOISES))


def test_directions_that_a_singular_motion_joins_are_one() -> None:
    # Both states become their sum: from the second row on it is a series of one state.
    joined = replace(
        MODEL,
        transition=np.array([[1.0, 1.0], [0.0, 0.0]]),
        process_cov=np.diag([0.5, 0.0]),
        loading=np.array([[1.0, 0.0]]),
        observation_cov=np.eye(1),
        drift=np.zeros(2),
        offset=np.zeros(1),
        start=diffuse_start(2),
    )
    values = np.array([[np.nan], [1.0], [2.0], [0.5]])
    found = run_linear(joined, values)
    single = LinearModel(
        np.eye(1), np.eye(1) * 0.5, np.eye(1), np.eye(1), np.zeros(1), np.zeros(1), diffuse_start(1)
    )
    plain = run_linear(single, values[1:])
    np.testing.assert_allclose(found.means[1:, 0], plain.means[:, 0], atol=1e-14)
    np.testing.assert_allclose(found.covs[1:, 0, 0], plain.covs[:, 0, 0], atol=1e-14)
    assert found.belief.diffuse.size == 0
    # What the two states were before they were joined, no row can tell.
    with pytest.raises(FilterDiffuseError):
        smooth_linear(joined, values)
    seen = np.array([[3.0], [1.0], [2.0], [0.5]])
    past = smooth_linear(joined, seen)
    assert past.smoothed_means[0, 0] + past.smoothed_means[0, 1] == pytest.approx(
        past.smoothed_means[1, 0], abs=1.0
    )
    assert np.linalg.eigvalsh(past.smoothed_covs).min() > -1e-12


def test_values_without_noise_leave_no_rounding_for_the_smoother_to_read() -> None:
    # The value is the first state and the others are its lags: the smoother repeats what was seen.
    lags = LinearModel(
        np.array([[0.5, 0.2, 0.1], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]),
        np.diag([1.0, 0.0, 0.0]),
        np.eye(1, 3),
        np.zeros((1, 1)),
        np.zeros(3),
        np.zeros(1),
        Belief(0, np.zeros(3), np.eye(3) + 0.3, np.zeros((0, 3))),
    )
    values = DRAW.normal(size=(30, 1))
    found = smooth_linear(lags, values)
    for lag in range(3):
        gap = found.smoothed_means[lag:, lag] - values[: 30 - lag, 0]
        assert np.abs(gap).max() < 1e-14
        assert np.abs(found.smoothed_covs[lag:, lag, lag]).max() < 1e-28
