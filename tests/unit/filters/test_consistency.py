"""Tests of consistency: right filters pass at their rate, wrong ones do not."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.diagnostic import acorr_ljungbox

from lex7.base.civil import NS_PER_DAY
from lex7.filters import FilterResult, Model, run, run_all, score
from lex7.filters.components import AutoRegression, Initial, Level
from lex7.filters.consistency import EMPTY_CARD, verify_nees, verify_nis, verify_whiteness
from lex7.filters.errors import FilterArgumentError

TIMES = np.arange(400) * NS_PER_DAY
MODEL = Model((Level(0.3, Initial((0.0,), (1.0,))), AutoRegression(1.0, 4.0)), 0.5)


def simulated(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """One series drawn from MODEL, with its states."""
    draw = np.random.default_rng(seed)
    level = draw.normal() + np.append(0, draw.normal(0, 0.3, 399)).cumsum()
    keep = np.exp(-0.25)
    swing = [draw.normal()]
    for shock in draw.normal(0, (1 - keep**2) ** 0.5, 399):
        swing.append(keep * swing[-1] + shock)
    states = np.column_stack([level, swing])
    return states, states.sum(axis=1) + draw.normal(0, 0.5, 400)


def filtered(seed: int, factor: float) -> FilterResult:
    _, values = simulated(seed)
    values[::17] = np.nan
    return run(MODEL, TIMES, values * factor)


def test_a_right_filter_passes_and_a_wrong_one_fails_both_ways() -> None:
    right = [verify_nis(filtered(seed, 1.0)).probability for seed in range(40)]
    assert stats.kstest(right, "uniform").pvalue > 1e-3
    for factor in (0.7, 1.4):
        assert verify_nis(filtered(1, factor)).probability < 1e-3


def test_whiteness_is_the_statistic_of_ljung_and_box() -> None:
    result = filtered(3, 1.0)
    found = verify_whiteness(result, lags=10)
    z = result.innovations / np.sqrt(result.innovation_vars)
    peer = acorr_ljungbox(z[~np.isnan(z)], lags=[10])
    assert found.statistic == pytest.approx(peer["lb_stat"].iloc[0], rel=1e-10)
    assert found.probability == pytest.approx(peer["lb_pvalue"].iloc[0], rel=1e-9)


def test_a_filter_that_lags_behind_leaves_colour_in_its_innovations() -> None:
    _, values = simulated(5)
    stiff = run(Model((Level(0.01, Initial((0.0,), (1.0,))),), 1.2), TIMES, values)
    assert verify_whiteness(stiff, lags=5).probability < 1e-6


def test_nees_over_independent_series_is_chi_square() -> None:
    draws = [simulated(seed) for seed in range(60)]
    kept = [run_all(MODEL, TIMES, values) for _, values in draws]
    states = np.array([truth[-1] for truth, _ in draws])
    means = np.array([one.means[-1] for one in kept])
    covs = np.array([one.covs[-1] for one in kept])
    found = verify_nees(states, means, covs)
    errors = states - means
    expected = np.einsum("ri,rij,rj->", errors, np.linalg.inv(covs), errors)
    assert found.statistic == pytest.approx(expected, rel=1e-10)
    assert found.freedom == 120
    assert found.probability > 1e-3
    assert verify_nees(states, means, covs / 3).probability < 1e-6


def test_a_card_kept_on_a_stream_is_that_of_the_run() -> None:
    result = filtered(7, 1.0)
    card, halves = EMPTY_CARD, [EMPTY_CARD, EMPTY_CARD]
    pairs = zip(result.innovations.tolist(), result.innovation_vars.tolist(), strict=True)
    for row, pair in enumerate(pairs):
        card = card.after(*pair)
        halves[row // 200] = halves[row // 200].after(*pair)
    whole, merged = score(result), halves[0].merged(halves[1])
    assert (card.count, card.inside) == (merged.count, merged.inside) == (whole.count, whole.inside)
    assert card.nis_mean == pytest.approx(whole.nis_mean, rel=1e-12)
    assert merged.nis_mean == pytest.approx(whole.nis_mean, rel=1e-12)


def test_what_cannot_be_tested_is_refused() -> None:
    empty = run(MODEL, TIMES[:3], [np.nan] * 3)
    with pytest.raises(FilterArgumentError):
        verify_nis(empty)
    for lags in (0, 376, 400):
        with pytest.raises(FilterArgumentError):
            verify_whiteness(filtered(1, 1.0), lags=lags)
    with pytest.raises(FilterArgumentError):
        verify_nees(np.zeros((2, 2)), np.zeros((2, 2)), np.zeros((2, 2, 2)))
    with pytest.raises(FilterArgumentError):
        verify_nees(np.zeros((2, 2)), np.zeros((2, 1)), np.zeros((2, 2, 2)))
