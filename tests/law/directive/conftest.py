"""Random models for the laws: a seeded covariance of a kind that forecasts have."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

Model = tuple[NDArray[np.float64], NDArray[np.float64]]


def random_model(seed: int, rows: int) -> Model:
    """Draw means and a covariance: random walks, decaying levels, factor models, in turn."""
    draw = np.random.default_rng(seed)
    days = np.arange(1, rows + 1, dtype=np.float64)
    kind = seed % 4
    if kind == 0:
        cov = np.minimum.outer(days, days)
    elif kind == 1:
        cov = draw.uniform(0.1, 0.99) ** np.abs(np.subtract.outer(days, days))
    elif kind == 2:
        loading = draw.normal(size=(rows, 3))
        cov = loading @ loading.T + np.diag(draw.uniform(0.01, 2.0, rows))
    else:
        # Window means of a level: nearly equal neighbours, and some negative correlation.
        loading = np.cos(np.outer(days, draw.uniform(0.01, 1.0, 4)))
        cov = loading @ loading.T + 1e-3 * np.eye(rows)
    scale = np.exp(draw.uniform(-3, 3, rows))
    cov = scale[:, None] * cov * scale
    mean = np.sqrt(np.diagonal(cov)) * draw.uniform(-0.5, 4.0, rows)
    return mean, np.ascontiguousarray((cov + cov.T) / 2)


@pytest.fixture
def models() -> Callable[[int, int], Model]:
    return random_model
