"""Smoothing against dense Gaussians and the numbers of the literature."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.datasets import nile

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Model, forecast, run, smooth, smooth_signal
from lex7.filters.components import AutoRegression, Level, Season, Trend
from lex7.filters.errors import FilterArgumentError, FilterDiffuseError
from lex7.filters.reference import dynamics, loading

NILE = np.asarray(nile.load_pandas().data["volume"], dtype=float)
YEARS = np.arange(100) * NS_PER_DAY
NILE_MODEL = Model((Level(1469.1**0.5),), 15099**0.5)
RICH = Model((Trend(0.4, 0.1), Season(0.05, 7.0, 2), AutoRegression(0.8, 2.0)), 0.5)


def dense_posterior(
    model: Model, times: np.ndarray, values: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Joint moments of all signals by generalised least squares over the diffuse start."""
    rows, maps, covs = len(times), [], []
    _, first_cov = dynamics(model, 0.0)
    size = len(first_cov)
    diffuse = np.eye(size)[:, : size - 1]  # the autoregression, last, starts stationary
    cov = np.zeros((size, size))
    cov[-1, -1] = 0.8**2
    transitions = [np.eye(size)]
    for row in range(1, rows):
        step, noise = dynamics(model, (times[row] - times[row - 1]) / NS_PER_DAY)
        transitions.append(step)
        covs.append(noise)
    h = np.array([loading(model, int(time), None) for time in times])
    blocks = np.zeros((rows, rows, size, size))
    blocks[0, 0] = cov
    for row in range(1, rows):
        for other in range(row):
            blocks[row, other] = transitions[row] @ blocks[row - 1, other]
            blocks[other, row] = blocks[row, other].T
        blocks[row, row] = (
            transitions[row] @ blocks[row - 1, row - 1] @ transitions[row].T + covs[row - 1]
        )
    signal = np.einsum("ai,abij,bj->ab", h, blocks, h)
    maps = [np.eye(size)]
    for row in range(1, rows):
        maps.append(transitions[row] @ maps[-1])
    design = np.array([h[row] @ maps[row] @ diffuse for row in range(rows)])
    seen = ~np.isnan(values)
    noisy = signal[np.ix_(seen, seen)] + model.observation_sd**2 * np.eye(seen.sum())
    weight = np.linalg.inv(noisy)
    x = design[seen]
    spread = np.linalg.inv(x.T @ weight @ x)
    delta = spread @ x.T @ weight @ values[seen]
    gain = signal[:, seen] @ weight
    left = design - gain @ x
    mean = design @ delta + gain @ (values[seen] - x @ delta)
    return mean, signal - gain @ signal[seen] + left @ spread @ left.T


def test_nile_smoothed_level_is_that_of_the_literature() -> None:
    # Digits from statsmodels 0.15 with exact diffuse initialisation.
    result = smooth(NILE_MODEL, YEARS, NILE)
    known = [1111.6683191, 834.7632591]
    np.testing.assert_allclose(result.means[[0, 49], 0], known, atol=6e-8)
    assert result.covs[0, 0, 0] == pytest.approx(4032.1579418, abs=6e-8)


def test_smoothing_over_past_and_future_is_the_dense_posterior() -> None:
    draw = np.random.default_rng(2)
    times = np.cumsum(draw.integers(NS_PER_DAY // 4, 2 * NS_PER_DAY, size=30))
    values = draw.normal(size=30).cumsum()
    values[[1, 2, 9, 17]] = np.nan
    values[25:] = np.nan
    known_mean, known_cov = dense_posterior(RICH, times, values)

    joint = smooth_signal(RICH, times, values, np.arange(30))

    np.testing.assert_allclose(joint.mean, known_mean, atol=1e-8)
    np.testing.assert_allclose(joint.cov, known_cov, atol=1e-8)
    np.testing.assert_array_equal(joint.cov, joint.cov.T)


def test_state_covariances_agree_with_those_of_the_signal() -> None:
    values = NILE[:30] / 100
    states = smooth(RICH, YEARS[:30], values)
    joint = smooth_signal(RICH, YEARS[:30], values, [0, 1, 15, 29])
    h = loading(RICH, 0, None)
    for place, row in enumerate([0, 1, 15, 29]):
        assert joint.mean[place] == pytest.approx(h @ states.means[row], abs=1e-9)
        assert joint.cov[place, place] == pytest.approx(h @ states.covs[row] @ h, abs=1e-9)


def test_the_last_smoothed_row_is_the_filtered_one_and_later_rows_its_forecast() -> None:
    values = NILE[:30] / 100
    ahead = np.arange(30, 34) * NS_PER_DAY
    end = run(RICH, YEARS[:30], values)
    known = forecast(RICH, end.belief, ahead)
    padded = np.append(values, [np.nan] * 4)
    joint = smooth_signal(RICH, YEARS[:34], padded, [30, 31, 32, 33])
    np.testing.assert_allclose(joint.mean, known.mean, atol=1e-12)
    np.testing.assert_allclose(joint.cov, known.cov, atol=1e-12)


def test_parts_of_the_signal_can_be_smoothed_alone() -> None:
    values = NILE[:30] / 100
    trend = smooth_signal(RICH, YEARS[:30], values, [4, 5], components=(0,))
    states = smooth(RICH, YEARS[:30], values)
    np.testing.assert_allclose(trend.mean, states.means[4:6, 0], atol=1e-12)


def test_a_series_that_does_not_determine_the_state_is_said_to() -> None:
    with pytest.raises(FilterDiffuseError):
        smooth(RICH, YEARS[:3], NILE[:3])


@pytest.mark.parametrize("rows", [[3, 3], [5, 4], [30], [-1], [0.5]])
def test_rows_that_are_not_ascending_indices_are_refused(rows: list[float]) -> None:
    with pytest.raises(FilterArgumentError):
        smooth_signal(RICH, YEARS[:30], NILE[:30], rows)
