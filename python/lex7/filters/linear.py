"""Any linear Gaussian model with vector observations, whichever entries are missing.

    x' = transition x + drift + control u + noise(process_cov)
    y = loading x + offset + feedthrough u + noise(observation_cov)

One step per row. The start is a mean, a covariance and directions that are diffuse; the likelihood
is exact diffuse. This is the form in which other libraries and papers state their models. Known
inputs u and every matrix may differ by row: see `LinearRows`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.shapes import RowCov, RowMean, Series, StateCov, StateMean
from lex7.filters import core_native
from lex7.filters.belief import Belief, bytes_of
from lex7.filters.errors import FilterArgumentError

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LinearModel:
    """A linear model of n states and p outputs.

    Attributes:
        transition: (n, n)
        process_cov: (n, n), symmetric, may be singular.
        loading: (p, n)
        observation_cov: (p, p), symmetric, may be singular.
        drift: (n,) added to the state at every step.
        offset: (p,) added to every observation.
        start: the belief about the first row, before it is observed; its time is not used.
        control: (n, inputs) how known inputs move the state, or none.
        feedthrough: (p, inputs) how they are seen at once, or none.
    """

    transition: Matrix
    process_cov: StateCov
    loading: Matrix
    observation_cov: RowCov
    drift: StateMean
    offset: RowMean
    start: Belief
    control: Matrix | None = None
    feedthrough: Matrix | None = None


@dataclass(frozen=True, slots=True, eq=False)
class LinearRows:
    """Rows of observations with what is known of each.

    What acts on the state acts on the way to its row, so the first row's has nothing to act on.

    Attributes:
        values: (rows, p); NaN marks a missing entry.
        controls: (rows, inputs) known inputs u, or none.
        drifts: (rows, n) added to the state beside the model's own drift, or none.
        loadings: (rows, p, n) in place of the model's loading, or none.
        observation_covs: (rows, p, p) in place of the model's noise, or none.
        transitions: (rows, n, n) in place of the model's, each the way to its row, or none.
        process_covs: (rows, n, n) in place of the model's, likewise, or none.
    """

    values: ArrayLike
    controls: ArrayLike | None = None
    drifts: ArrayLike | None = None
    loadings: ArrayLike | None = None
    observation_covs: ArrayLike | None = None
    transitions: ArrayLike | None = None
    process_covs: ArrayLike | None = None


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


def run_linear(model: LinearModel, values: ArrayLike | LinearRows) -> LinearResult:
    """Filter rows of observations, (rows, p); NaN marks a missing entry.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype or range.
        FilterDivergedError: a number left the finite range.
    """
    return result_of(core_native.run_linear(*arguments(model, values), smooths=False))


def smooth_linear(model: LinearModel, values: ArrayLike | LinearRows) -> LinearResult:
    """Filter rows of observations and smooth them.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype or range.
        FilterDiffuseError: the observations do not determine the state.
        FilterDivergedError: a number left the finite range.
    """
    return result_of(core_native.run_linear(*arguments(model, values), smooths=True))


STATES_MAX = 64
"""The most states that a filter may have."""


def diffuse_start(states: int) -> Belief:
    """Return a start at which nothing is known about any state.

    Raises:
        FilterArgumentError: not from 1 to 64 states.
    """
    count = core_native.whole("states", states, 1, STATES_MAX)
    return Belief(0, np.zeros(count), np.zeros((count, count)), np.eye(count))


def result_of(found: tuple[Any, ...]) -> LinearResult:
    """Return what the kernel found as a result."""
    data, logliks, filtered, smoothed = found
    after = smoothed if smoothed is not None else (np.zeros((0, 0)), np.zeros((0, 0, 0)))
    return LinearResult(Belief.from_bytes(data), logliks, *filtered, *after)


def arguments(model: LinearModel, values: ArrayLike | LinearRows) -> tuple[Any, Any]:
    """Return model and rows as the kernel takes them.

    Raises:
        FilterArgumentError: an argument has the wrong shape or dtype.
    """
    if not isinstance(model, LinearModel):
        raise FilterArgumentError("model", "a LinearModel", type(model).__name__)
    given = values if isinstance(values, LinearRows) else LinearRows(values)
    drift = core_native.floats("drift", model.drift, 1)
    offset = core_native.floats("offset", model.offset, 1)
    data = bytes_of(model.start)
    states, outputs = len(model.start.mean), len(offset)
    _shaped("drift", drift, (states,))
    shapes = {
        "transition": (states, states),
        "process_cov": (states, states),
        "loading": (outputs, states),
        "observation_cov": (outputs, outputs),
    }
    matrices = [_shaped(name, getattr(model, name), shape) for name, shape in shapes.items()]
    rows = core_native.floats("values", given.values, 2)
    core_native.check_columns("values", rows, outputs)
    count = len(rows)
    if given.controls is not None and model.control is None and model.feedthrough is None:
        raise FilterArgumentError("controls", "none, the model has no control", "an array")
    columns = (
        rows,
        _known(given, (model.control, "control"), drift, count),
        _known(given, (model.feedthrough, "feedthrough"), offset, count),
        beside("loadings", given.loadings, (count, outputs, states)),
        beside("observation_covs", given.observation_covs, (count, outputs, outputs)),
    )
    motions = (
        beside("transitions", given.transitions, (count, states, states)),
        beside("process_covs", given.process_covs, (count, states, states)),
    )
    return (tuple(matrices), (drift, offset), data), (columns, motions)


def beside(argument: str, values: ArrayLike | None, shape: tuple[int, ...]) -> Matrix:
    """Return what differs by row, an empty array where nothing does.

    Raises:
        FilterArgumentError: another shape.
    """
    if values is None:
        return np.zeros((0,) * len(shape))
    return _shaped(argument, values, shape)


def moved_by(matrix: ArrayLike, name: str, controls: ArrayLike, shape: tuple[int, int]) -> Matrix:
    """Return what known inputs add through a matrix, row by row.

    Raises:
        FilterArgumentError: shapes do not match.
    """
    table = core_native.floats("controls", controls, 2)
    if len(table) != shape[0]:
        raise FilterArgumentError("controls", f"{shape[0]} rows", f"shape {table.shape}")
    through = _shaped(name, matrix, (shape[1], table.shape[1]))
    return core_native.through(through, table)


def _known(given: LinearRows, way: tuple[Matrix | None, str], always: Matrix, rows: int) -> Matrix:
    """Return what is added by row to states or outputs; empty where it is the same for all."""
    matrix, name = way
    drifts = given.drifts if name == "control" else None
    if drifts is None and (given.controls is None or matrix is None):
        return np.zeros((0, 0))
    total = np.tile(always, (rows, 1))
    if drifts is not None:
        total = total + _shaped("drifts", drifts, (rows, len(always)))
    if given.controls is not None and matrix is not None:
        total = total + moved_by(matrix, name, given.controls, (rows, len(always)))
    return total


def _shaped(argument: str, values: ArrayLike, shape: tuple[int, ...]) -> Matrix:
    array = core_native.floats(argument, values, len(shape))
    if array.shape != shape:
        raise FilterArgumentError(argument, f"shape {shape}", f"shape {array.shape}")
    return array
