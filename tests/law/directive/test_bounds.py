"""p_low is never above and p_high never below the truth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from lex7._core import (
    band_probability,
    band_reach,
    joint_bounds,
    joint_common_z,
    joint_reallocate,
)

PATHS = 20_000
MODELS = 1_000
ROWS = (2, 5, 12, 24, 60, 90)


def shares(mean: Any, cov: Any, seed: int, half: float | None = None) -> tuple[float, float]:
    """The share of sampled paths on which all rows hold, and 5 standard errors."""
    draw = np.random.default_rng(seed)
    values, vectors = np.linalg.eigh(cov)
    root = vectors * np.sqrt(np.maximum(values, 0.0))
    paths = mean + draw.standard_normal((PATHS, len(mean))) @ root.T
    holds = (np.abs(paths) <= half) if half is not None else (paths >= 0)
    share = float(holds.all(axis=1).mean())
    return share, 5 * np.sqrt(max(share * (1 - share), 1 / PATHS) / PATHS)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_bounds_enclose_sampled_truth_on_a_thousand_models(models: Any, part: int) -> None:
    wrong = []
    for seed in range(part * MODELS // 10, (part + 1) * MODELS // 10):
        mean, cov = models(seed, ROWS[seed % len(ROWS)])
        low, high = joint_bounds(mean / np.sqrt(np.diagonal(cov)), cov)
        share, error = shares(mean, cov, seed)
        if not low - error <= share <= high + error:
            wrong.append((seed, low, share, high))
    assert wrong == []


@pytest.mark.parametrize("seed", range(12))
def test_bounds_enclose_sampled_truth(models: Any, seed: int) -> None:
    mean, cov = models(seed, ROWS[seed % len(ROWS)])
    low, high = joint_bounds(mean / np.sqrt(np.diagonal(cov)), cov)
    share, error = shares(mean, cov, seed)
    assert low - error <= share <= high + error


@pytest.mark.parametrize("seed", range(12))
def test_band_bounds_enclose_sampled_truth(models: Any, seed: int) -> None:
    mean, cov = models(seed, 12)
    sd = np.sqrt(np.diagonal(cov))
    half = float(2.5 * sd.max() + np.abs(mean).max())
    z = np.concatenate([(half - mean) / sd, (half + mean) / sd])
    low, high = joint_bounds(z, cov)
    share, error = shares(mean, cov, seed, half)
    assert low - error <= share <= high + error


@given(seed=st.integers(0, 10**6), rows=st.integers(1, 40))
@settings(max_examples=100, deadline=None)
def test_bounds_are_ordered_and_at_most_the_weakest_row(seed: int, rows: int) -> None:
    draw = np.random.default_rng(seed)
    loading = draw.normal(size=(rows, 4))
    cov = loading @ loading.T + 1e-6 * np.eye(rows)
    z = draw.uniform(-2, 5, rows)
    low, high = joint_bounds(z, cov)
    assert 0.0 <= low <= high <= 1.0
    assert low <= norm.cdf(z.min()) + 1e-12
    assert low >= 1 - norm.cdf(-z).sum() - 1e-7


@given(seed=st.integers(0, 10**6), rows=st.integers(1, 30), confidence=st.floats(0.5, 0.9999))
@settings(max_examples=60, deadline=None)
def test_the_common_z_reaches_the_confidence_and_lies_between_pointwise_and_boole(
    seed: int, rows: int, confidence: float
) -> None:
    loading = np.random.default_rng(seed).normal(size=(rows, 3))
    cov = loading @ loading.T + 1e-3 * np.eye(rows)
    z = joint_common_z(cov, confidence, False)
    assert joint_bounds(np.full(rows, z), cov)[0] >= confidence
    assert norm.ppf(confidence) - 1e-12 <= z <= -norm.ppf((1 - confidence) / rows) + 1e-4


@given(seed=st.integers(0, 10**6), share=st.floats(0.0, 1.0))
@settings(max_examples=60, deadline=None)
def test_reallocated_z_still_reach_the_confidence(seed: int, share: float) -> None:
    draw = np.random.default_rng(seed)
    loading = draw.normal(size=(10, 3))
    cov = loading @ loading.T + 1e-2 * np.eye(10)
    now = draw.uniform(0.0, 6.0, 10)
    z = joint_reallocate(now, cov, 0.9, share)
    assert joint_bounds(z, cov)[0] >= 0.9
    assert z.min() >= norm.ppf(0.9) - 1e-12


@given(mean=st.floats(-5, 5), sd=st.floats(0.01, 10), half=st.floats(0.01, 10))
def test_a_band_is_the_difference_of_two_tails(mean: float, sd: float, half: float) -> None:
    found = band_probability(np.array([mean]), np.array([sd]), half)[0]
    truth = norm.cdf((half - mean) / sd) - norm.cdf((-half - mean) / sd)
    assert found == pytest.approx(truth, abs=1e-14)


@given(sd=st.floats(0.01, 10), half=st.floats(0.01, 10), confidence=st.floats(0.5, 0.9999))
def test_the_reach_of_a_band_is_exact(sd: float, half: float, confidence: float) -> None:
    reach = band_reach(np.array([sd]), half, confidence)[0]
    widest = 2 * norm.cdf(half / sd) - 1
    assert np.isnan(reach) == (widest < confidence) or widest == pytest.approx(confidence)
    if not np.isnan(reach) and reach < half:
        inside = band_probability(np.array([reach]), np.array([sd]), half)[0]
        outside = band_probability(np.array([reach + 1e-6 * sd]), np.array([sd]), half)[0]
        assert outside <= confidence + 1e-12
        assert inside >= confidence


@pytest.mark.parametrize(("rows", "exact"), [(12, 2.294), (24, 2.417)])
def test_the_joint_z_is_within_six_per_cent_of_the_exact_one(rows: int, exact: float) -> None:
    # Exact z of a random walk at 95 %, from 1e6 and 4e5 sampled paths.
    days = np.arange(1.0, rows + 1)
    found = joint_common_z(np.minimum.outer(days, days), 0.95, False)
    assert exact < found <= 1.06 * exact
