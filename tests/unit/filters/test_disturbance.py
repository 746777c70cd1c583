"""Disturbances, scores and simulated paths against statsmodels, identities and differences."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.datasets import nile
from statsmodels.tsa.statespace.structural import UnobservedComponents

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Model, core_native, run, smooth, smooth_signal
from lex7.filters.components import AutoRegression, DampedTrend, Level, Regression, Season, Trend
from lex7.filters.disturbance import disturbances
from lex7.filters.errors import FilterArgumentError, FilterDiffuseError
from lex7.filters.model import parameters_of, with_parameters
from lex7.filters.reference import dynamics, loading
from lex7.filters.robust import Huber
from lex7.filters.simulation import simulate_states

NILE = np.array(nile.load_pandas().data["volume"], dtype=float)
NILE[[20, 21, 50]] = np.nan
YEARS = np.arange(100) * NS_PER_DAY
NILE_MODEL = Model((Level(1469.1**0.5),), 15099**0.5)
RICH = Model((Trend(0.4, 0.1), Season(0.05, 7.0, 2), AutoRegression(0.8, 2.0)), 0.5)
DRAW = np.random.default_rng(21)
TIMES = np.cumsum(DRAW.integers(NS_PER_DAY // 10, 2 * NS_PER_DAY, size=60))
VALUES = np.where(DRAW.random(60) < 0.2, np.nan, DRAW.normal(size=60).cumsum())


def test_nile_disturbances_are_those_of_statsmodels() -> None:
    peer = UnobservedComponents(NILE, "llevel", use_exact_diffuse=True)
    found = peer.smooth([15099, 1469.1])
    ours = disturbances(NILE_MODEL, YEARS, NILE)
    seen = ~np.isnan(NILE)
    np.testing.assert_allclose(
        ours.noise[seen], found.smoothed_measurement_disturbance[0, seen], rtol=1e-8
    )
    variances = found.smoothed_measurement_disturbance_cov[0, 0, seen]
    np.testing.assert_allclose(ours.noise_vars[seen], variances, rtol=1e-8)
    # Their move t leads to t + 1, ours to t.
    np.testing.assert_allclose(
        ours.moves[1:, 0], found.smoothed_state_disturbance[0, :-1], rtol=1e-7
    )
    variances = found.smoothed_state_disturbance_cov[0, 0, :-1]
    np.testing.assert_allclose(ours.move_covs[1:, 0, 0], variances, rtol=1e-8)


def test_disturbances_are_differences_of_smoothed_states() -> None:
    past, ours = smooth(RICH, TIMES, VALUES), disturbances(RICH, TIMES, VALUES)
    h = loading(RICH, 0, None)
    seen = ~np.isnan(VALUES)
    np.testing.assert_allclose(ours.noise[seen], (VALUES - past.means @ h)[seen], atol=1e-8)
    spread = np.einsum("i,rij,j->r", h, past.covs, h)
    np.testing.assert_allclose(ours.noise_vars[seen], spread[seen], atol=1e-8)
    for row in range(1, 60):
        step, _ = dynamics(RICH, (TIMES[row] - TIMES[row - 1]) / NS_PER_DAY)
        moved = past.means[row] - step @ past.means[row - 1]
        np.testing.assert_allclose(ours.moves[row], moved, atol=1e-7)


def test_an_outlier_and_a_break_stand_out() -> None:
    values = np.random.default_rng(5).normal(size=80)
    values[30] += 15.0
    values[60:] += 12.0
    found = disturbances(Model((Level(0.3),), 1.0), np.arange(80) * NS_PER_DAY, values)
    assert np.nanargmax(np.abs(found.outlier_scores)) == 30
    assert np.nanargmax(np.abs(found.break_scores[:, 0])) == 60
    assert np.isnan(found.break_scores[0, 0])


def test_too_few_values_to_determine_the_state_are_refused() -> None:
    with pytest.raises(FilterDiffuseError):
        disturbances(RICH, TIMES[:3], VALUES[:3])


SLOPED = Model((DampedTrend(0.2, 0.3, 5.0), Season(0.05, 7.0, 2), AutoRegression(0.8, 2.0)), 0.5)


@pytest.mark.parametrize("model", [NILE_MODEL, RICH, SLOPED, Model((Regression(0, 0.4),), 0.3)])
def test_the_score_from_the_smoother_is_the_slope_of_the_likelihood(model: Model) -> None:
    inputs = np.cos(np.arange(60.0))[:, None]
    columns = (TIMES, VALUES, None, inputs)
    slopes, counts = core_native.scores(model.to_bytes(), columns)
    for place, (name, value) in enumerate(parameters_of(model)):
        if not name.endswith("sd"):
            assert (slopes[place], counts[place]) == (0.0, 0.0)
            continue
        up, down = (
            run(with_parameters(model, {place: value * np.exp(e)}), TIMES, VALUES, inputs=inputs)
            for e in (1e-4, -1e-4)
        )
        difference = (up.loglik - down.loglik) / 2e-4
        assert slopes[place] == pytest.approx(difference, rel=1e-5, abs=1e-6), name
        assert counts[place] > 0


def test_scores_of_robust_noise_are_refused() -> None:
    model = Model((Level(1.0),), 1.0, Huber(2.0))
    with pytest.raises(FilterArgumentError):
        core_native.scores(model.to_bytes(), (TIMES, VALUES, None, np.zeros((60, 0))))


def test_simulated_paths_have_the_moments_of_the_smoother() -> None:
    draws = 4000
    rows = [0, 3, 25, 59]
    paths = simulate_states(RICH, TIMES, VALUES, seed=9, draws=range(draws))
    past = smooth(RICH, TIMES, VALUES)
    sd = np.sqrt(np.einsum("rii->ri", past.covs))
    gap = np.abs(paths.mean(axis=0) - past.means) / np.maximum(sd, 1e-9) * draws**0.5
    assert gap.max() < 5.0  # 420 means in their standard errors
    signal = smooth_signal(RICH, TIMES, VALUES, rows)
    drawn = paths[:, rows] @ loading(RICH, 0, None)
    scale = np.sqrt(np.diag(signal.cov))
    error = (np.cov(drawn.T) - signal.cov) / np.outer(scale, scale)
    assert np.abs(error).max() < 5 * 2**0.5 / draws**0.5


def test_every_simulated_path_meets_what_was_seen_without_noise() -> None:
    model = Model((Level(1.0), AutoRegression(0.5, 3.0)), 0.0)
    paths = simulate_states(model, TIMES, VALUES, seed=1, draws=range(3))
    seen = ~np.isnan(VALUES)
    meets = np.broadcast_to(VALUES[seen], (3, seen.sum()))
    np.testing.assert_allclose(paths.sum(axis=2)[:, seen], meets, atol=1e-9)


def test_a_draw_is_the_same_alone_and_among_others() -> None:
    many = simulate_states(RICH, TIMES, VALUES, seed=2**40 + 7, draws=range(5))
    alone = simulate_states(RICH, TIMES, VALUES, seed=2**40 + 7, draws=range(3, 4))
    other = simulate_states(RICH, TIMES, VALUES, seed=7, draws=range(3, 4))
    np.testing.assert_array_equal(many[3:4], alone)
    assert not np.array_equal(alone, other)


@pytest.mark.parametrize(
    ("seed", "draws"),
    [
        (-1, range(1)),
        (2**64, range(1)),
        (0, range(0)),
        (0, range(2**32)),
        (0, range(4, 0, -1)),
        (0, range(10**7)),
    ],
)
def test_seeds_and_draws_outside_their_range_are_refused(seed: int, draws: range) -> None:
    with pytest.raises(FilterArgumentError):
        simulate_states(RICH, TIMES, VALUES, seed=seed, draws=draws)
