"""Kernels: the closed forms against sums over days, one by one."""

from __future__ import annotations

import numpy as np
import pytest

from lex7.nodes.wealth.kernel import (
    Kernel,
    Reversion,
    add_kernels,
    levels_with_levels,
    make_reversion,
    sums_with_levels,
    sums_with_sums,
)

DAYS = 30
RHO = 0.9


@pytest.fixture(scope="module")
def table() -> Reversion:
    return make_reversion(RHO, DAYS)


@pytest.fixture(scope="module")
def kernel() -> Kernel:
    noise = np.add.accumulate(np.concatenate(([0.0], np.linspace(1, 3, DAYS))))
    return Kernel((0.7, -0.2, 0.5), 1.3, noise, (np.linspace(0, 2, DAYS + 1),))


def daily_cov(kernel: Kernel) -> np.ndarray:
    """Covariance of the rates m + l of the days 0..n, from the law of l."""
    mm, ml, ll = kernel.cov
    k = np.arange(DAYS + 1)
    own = kernel.wander * (RHO ** np.abs(k[:, None] - k) - RHO ** (k[:, None] + k))
    return mm + (RHO ** k[:, None] + RHO**k) * ml + RHO ** (k[:, None] + k) * ll + own


def test_sums_have_the_covariance_of_the_days_they_add(kernel: Kernel, table: Reversion) -> None:
    rates = daily_cov(kernel)
    rates[1:, 1:] += np.diag(np.diff(kernel.noise))
    rates[0, :] = rates[:, 0] = 0.0
    expected = rates.cumsum(axis=0).cumsum(axis=1) + np.outer(kernel.ramps[0], kernel.ramps[0])
    at = np.arange(DAYS + 1)
    np.testing.assert_allclose(sums_with_sums(kernel, table, at, at), expected, rtol=1e-12)


def test_levels_go_with_sums_as_their_days_do(kernel: Kernel, table: Reversion) -> None:
    mm, ml, ll = kernel.cov
    share, k = 0.4, np.arange(DAYS + 1)
    own = kernel.wander * (RHO ** np.abs(k[:, None] - k) - RHO ** (k[:, None] + k))
    with_level = (
        mm + RHO ** k[:, None] * ml + share * (RHO**k * ml + RHO ** (k[:, None] + k) * ll + own)
    )
    with_level[0, :] = 0.0
    expected = with_level.cumsum(axis=0)
    np.testing.assert_allclose(sums_with_levels(kernel, table, k, k, share), expected, rtol=1e-12)


def test_levels_have_their_own_covariance(kernel: Kernel, table: Reversion) -> None:
    at = np.arange(DAYS + 1)
    np.testing.assert_allclose(
        levels_with_levels(kernel, table, at, at, 1.0), daily_cov(kernel), rtol=1e-12
    )


def test_independent_kernels_add(kernel: Kernel, table: Reversion) -> None:
    other = Kernel((0.1, 0.05, 0.2), 0.4, np.arange(DAYS + 1.0))
    rows, columns = np.array([0, 3, 17]), np.array([5, 30])
    both = sums_with_sums(add_kernels((kernel, other)), table, rows, columns)
    apart = sums_with_sums(kernel, table, rows, columns) + sums_with_sums(
        other, table, rows, columns
    )
    np.testing.assert_allclose(both, apart, rtol=1e-13)
