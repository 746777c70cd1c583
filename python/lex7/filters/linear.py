"""Any linear Gaussian model with vector observations, whichever entries are missing.

    x' = transition x + drift + noise(process_cov)
    y = loading x + offset + noise(observation_cov)

One step per row. The start is a mean, a covariance and directions that are diffuse; the likelihood
is exact diffuse. This is the form in which other libraries and papers state their models.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.shapes import RowCov, RowMean, Series, StateCov, StateMean
from lex7.filters import core_native
from lex7.filters.belief import Belief

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LinearModel:
    """A time-invariant linear model of n states and p outputs.

    Attributes:
        transition: (n, n)
        process_cov: (n, n), symmetric, may be singular.
        loading: (p, n)
        observation_cov: (p, p), symmetric, may be singular.
        drift: (n,) added to the state at every step.
        offset: (p,) added to every observation.
        start: the belief about the first row, before it is observed; its time is not used.
    """

    transition: Matrix
    process_cov: StateCov
    loading: Matrix
    observation_cov: RowCov
    drift: StateMean
    offset: RowMean
    start: Belief


@dataclass(frozen=True, slots=True, eq=False)
class LinearResult:
    """The outcome of a run.

    Attributes:
        belief: about the last row.
        logliks: (rows,) log-density of each row; exact diffuse.
        means: (rows, n) filtered means.
        covs: (rows, n, n) filtered covariances.
        smoothed_means: (rows, n), empty unless smoothed.
        smoothed_covs: (rows, n, n), empty unless smoothed.
    """

    belief: Belief
    logliks: Series
    means: Matrix
    covs: Matrix
    smoothed_means: Matrix
    smoothed_covs: Matrix

    @property
    def loglik(self) -> float:
        """Sum of the log-densities, in the order of the rows."""
        total = 0.0
        for value in self.logliks.tolist():
            total += value
        return total


def run_linear(model: LinearModel, values: ArrayLike) -> LinearResult:
    """Filter rows of observations, (rows, p); NaN marks a missing entry.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype or range.
        FilterDivergedError: a number left the finite range.
    """
    return _run(model, values, smooths=False)


def smooth_linear(model: LinearModel, values: ArrayLike) -> LinearResult:
    """Filter rows of observations and smooth them.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype or range.
        FilterDiffuseError: the observations do not determine the state.
        FilterDivergedError: a number left the finite range.
    """
    return _run(model, values, smooths=True)


def diffuse_start(states: int) -> Belief:
    """Return a start at which nothing is known about any state."""
    return Belief(0, np.zeros(states), np.zeros((states, states)), np.eye(states))


def _run(model: LinearModel, values: ArrayLike, *, smooths: bool) -> LinearResult:
    matrices = (
        core_native.floats("transition", model.transition, 2),
        core_native.floats("process_cov", model.process_cov, 2),
        core_native.floats("loading", model.loading, 2),
        core_native.floats("observation_cov", model.observation_cov, 2),
    )
    vectors = (
        core_native.floats("drift", model.drift, 1),
        core_native.floats("offset", model.offset, 1),
    )
    rows = core_native.floats("values", values, 2)
    core_native.check_columns("values", rows, len(vectors[1]))
    data, (logliks, filtered, smoothed) = core_native.run_linear(
        matrices, vectors, model.start.to_bytes(), rows, smooths
    )
    after = smoothed if smoothed is not None else (np.zeros((0, 0)), np.zeros((0, 0, 0)))
    return LinearResult(Belief.from_bytes(data), logliks, *filtered, *after)
