"""The special functions against scipy, and the joint bound against a slow reference."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri
from scipy.stats import multivariate_normal

from lex7._core import bivariate_normal_cdf, joint_bounds, normal_cdf, normal_quantile


def test_the_distribution_agrees_with_scipy() -> None:
    x = np.linspace(-37, 9, 5001)
    assert np.allclose(normal_cdf(x), ndtr(x), rtol=1e-13, atol=0)


def test_the_quantile_agrees_with_scipy() -> None:
    p = np.concatenate([np.linspace(1e-9, 1 - 1e-9, 999), 10.0 ** -np.arange(1, 300, 7)])
    found = np.array([normal_quantile(float(one)) for one in p])
    assert np.allclose(found, ndtri(p), rtol=1e-14, atol=2e-15)


@given(
    h=st.floats(-6, 6),
    k=st.floats(-6, 6),
    rho=st.one_of(st.floats(-1, 1), st.floats(0.92, 1), st.floats(-1, -0.92)),
)
@settings(max_examples=300, deadline=None)
def test_the_bivariate_distribution_agrees_with_scipy(h: float, k: float, rho: float) -> None:
    cov = [[1.0, rho], [rho, 1.0]]
    truth = multivariate_normal.cdf([h, k], cov=cov, allow_singular=True)
    assert bivariate_normal_cdf(h, k, rho) == pytest.approx(truth, abs=1e-12)


def reference(z: np.ndarray, cov: np.ndarray) -> tuple[float, float]:
    """Hunter-Worsley by Kruskal's tree, and the pair bound, from scipy's own functions."""
    count = len(z)
    scale = np.sqrt(np.diagonal(cov))
    rho = np.clip(cov / np.outer(scale, scale), -1, 1)

    def tree(point: np.ndarray) -> tuple[float, dict[tuple[int, int], float]]:
        pairs = {
            (i, j): float(
                multivariate_normal.cdf(
                    [-point[i], -point[j]],
                    cov=[[1, rho[i, j]], [rho[i, j], 1]],
                    allow_singular=True,
                )
            )
            for i, j in combinations(range(count), 2)
        }
        part = list(range(count))
        total = 1.0 - float(ndtr(-point).sum())
        for (i, j), weight in sorted(pairs.items(), key=lambda item: -item[1]):
            if part[i] != part[j]:
                old, new = part[i], part[j]
                part = [new if one == old else one for one in part]
                total += weight
        return total, pairs

    at_point, pairs = tree(z)
    at_common, _ = tree(np.full(count, z.min()))
    fails = ndtr(-z)
    union = max(fails[i] + fails[j] - weight for (i, j), weight in pairs.items())
    first, second = float(fails.sum()), sum(pairs.values())
    k = 1 + int(2 * second / first)
    sankoff = 2 * first / (k + 1) - 2 * second / (k * (k + 1))
    return max(at_point, at_common, 0.0), 1.0 - max(union, sankoff)


@pytest.mark.parametrize("seed", range(8))
def test_the_joint_bounds_agree_with_the_reference(seed: int) -> None:
    draw = np.random.default_rng(seed)
    loading = draw.normal(size=(9, 3))
    cov = loading @ loading.T + 0.1 * np.eye(9)
    z = draw.uniform(0, 3, 9)
    low, high = joint_bounds(z, cov)
    expected_low, expected_high = reference(z, cov)
    assert low == pytest.approx(max(expected_low - 9e-9, 0), abs=1e-10)
    assert high == pytest.approx(max(expected_high + 9e-9, low), abs=1e-10)
