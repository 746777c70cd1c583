"""Several outputs of one sum of components, at irregular times, with any entries missing.

Output i of a row sees the sum over components j of loading[i, j] × signal j, through noise whose
covariance joins the outputs. What is known to move the state (a dose of training, a payment) comes
as `controls` through the model's control matrix, or as `drifts`. Loadings and noise may differ by
row. One scalar is taken in at a time; nothing is inverted and noise may be singular.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.shapes import RowCov
from lex7.filters import core_native
from lex7.filters.belief import Belief, start_of
from lex7.filters.components import Component
from lex7.filters.errors import FilterArgumentError
from lex7.filters.linear import LinearResult, beside, moved_by, result_of
from lex7.filters.model import Model, bytes_of, parts_of, state_count

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class VectorModel:
    """Components seen through several outputs.

    Attributes:
        components: without free parameters.
        loading: (outputs, components)
        observation_cov: (outputs, outputs), symmetric, may be singular.
        control: (states, inputs) how known inputs move the state, or none.
    """

    components: tuple[Component, ...]
    loading: Matrix
    observation_cov: RowCov
    control: Matrix | None = None


@dataclass(frozen=True, slots=True, eq=False)
class VectorSeries:
    """Rows of outputs with what is known beside them.

    Attributes:
        times_ns: (rows,) ascending.
        values: (rows, outputs); NaN marks a missing entry.
        inputs: (rows, columns) for regressions, or none.
        drifts: (rows, states) added to the state as it arrives at each row, or none.
        controls: (rows, inputs) known inputs that move the state on arrival, or none.
        loadings: (rows, outputs, components) in place of the model's loading, or none.
        observation_covs: (rows, outputs, outputs) in place of the model's noise, or none.
    """

    times_ns: ArrayLike
    values: ArrayLike
    inputs: ArrayLike | None = None
    drifts: ArrayLike | None = None
    controls: ArrayLike | None = None
    loadings: ArrayLike | None = None
    observation_covs: ArrayLike | None = None


def run_vector(
    model: VectorModel, series: VectorSeries, *, belief: Belief | None = None
) -> LinearResult:
    """Filter rows of outputs from the model's start, or on from a belief.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDivergedError: a number left the finite range.
    """
    return result_of(core_native.run_vector(*arguments(model, series, belief), smooths=False))


def smooth_vector(
    model: VectorModel, series: VectorSeries, *, belief: Belief | None = None
) -> LinearResult:
    """Filter rows of outputs and smooth them.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDiffuseError: the observations do not determine the state.
        FilterDivergedError: a number left the finite range.
    """
    return result_of(core_native.run_vector(*arguments(model, series, belief), smooths=True))


def arguments(model: VectorModel, series: VectorSeries, belief: Belief | None) -> tuple[Any, Any]:
    """Return model and rows as the kernel takes them.

    Raises:
        FilterArgumentError: an argument has the wrong shape or dtype.
    """
    if not isinstance(model, VectorModel):
        raise FilterArgumentError("model", "a VectorModel", type(model).__name__)
    if not isinstance(series, VectorSeries):
        raise FilterArgumentError("series", "a VectorSeries", type(series).__name__)
    sum_of_parts = Model(model.components, 0.0)
    parts = parts_of(sum_of_parts)
    states = sum(state_count(part) for part in parts)
    loading = core_native.floats("loading", model.loading, 2)
    core_native.check_columns("loading", loading, len(parts))
    outputs = len(loading)
    noise = core_native.floats("observation_cov", model.observation_cov, 2)
    if noise.shape != (outputs, outputs):
        expected = f"({outputs}, {outputs}), one row per output"
        raise FilterArgumentError("observation_cov", expected, f"shape {noise.shape}")
    times = core_native.instants(series.times_ns)
    values = core_native.floats("values", series.values, 2)
    core_native.check_columns("values", values, outputs)
    rows = len(times)
    if len(values) != rows:
        raise FilterArgumentError("values", f"{rows} rows", f"shape {values.shape}")
    columns = (
        values,
        _drifts(model, series, (rows, states)),
        np.zeros((0, 0)),
        beside("loadings", series.loadings, (rows, outputs, len(parts))),
        beside("observation_covs", series.observation_covs, (rows, outputs, outputs)),
    )
    given = (bytes_of(sum_of_parts), loading, noise, start_of(belief))
    return given, (times, core_native.input_rows(series.inputs, rows), columns)


def _drifts(model: VectorModel, series: VectorSeries, shape: tuple[int, int]) -> Matrix:
    total = beside("drifts", series.drifts, shape)
    if series.controls is None:
        return total
    if model.control is None:
        raise FilterArgumentError("controls", "none, the model has no control", "an array")
    known = moved_by(model.control, "control", series.controls, shape)
    return known if series.drifts is None else total + known
