"""Several outputs of one sum of components, at irregular times, with any entries missing.

Output i of a row sees the sum over components j of loading[i, j] × signal j, through noise whose
covariance joins the outputs. What is known to move the state (a control, a dose of training) comes
as `drifts`. One scalar is taken in at a time; nothing is inverted and noise may be singular.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.shapes import RowCov
from lex7.filters import core_native
from lex7.filters.belief import Belief
from lex7.filters.components import Component
from lex7.filters.errors import FilterArgumentError
from lex7.filters.linear import LinearResult
from lex7.filters.model import Model

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class VectorModel:
    """Components seen through several outputs.

    Attributes:
        components: without free parameters.
        loading: (outputs, components)
        observation_cov: (outputs, outputs), symmetric, may be singular.
    """

    components: tuple[Component, ...]
    loading: Matrix
    observation_cov: RowCov


@dataclass(frozen=True, slots=True, eq=False)
class VectorSeries:
    """Rows of outputs with what is known beside them.

    Attributes:
        times_ns: (rows,) ascending.
        values: (rows, outputs); NaN marks a missing entry.
        inputs: (rows, columns) for regressions, or none.
        drifts: (rows, states) added to the state as it arrives at each row, or none.
    """

    times_ns: ArrayLike
    values: ArrayLike
    inputs: ArrayLike | None = None
    drifts: ArrayLike | None = None


def run_vector(
    model: VectorModel, series: VectorSeries, *, belief: Belief | None = None
) -> LinearResult:
    """Filter rows of outputs from the model's start, or on from a belief.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDivergedError: a number left the finite range.
    """
    return _run(model, series, belief, smooths=False)


def smooth_vector(
    model: VectorModel, series: VectorSeries, *, belief: Belief | None = None
) -> LinearResult:
    """Filter rows of outputs and smooth them.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDiffuseError: the observations do not determine the state.
        FilterDivergedError: a number left the finite range.
    """
    return _run(model, series, belief, smooths=True)


def _run(
    model: VectorModel, series: VectorSeries, belief: Belief | None, *, smooths: bool
) -> LinearResult:
    loading = core_native.floats("loading", model.loading, 2)
    noise = core_native.floats("observation_cov", model.observation_cov, 2)
    core_native.check_columns("loading", loading, len(model.components))
    if noise.shape != (len(loading), len(loading)):
        expected = f"({len(loading)}, {len(loading)}), one row per output"
        raise FilterArgumentError("observation_cov", expected, f"shape {noise.shape}")
    times = core_native.instants(series.times_ns)
    values = core_native.floats("values", series.values, 2)
    core_native.check_columns("values", values, len(loading))
    inputs = core_native.input_rows(series.inputs, len(times))
    drifts = series.drifts
    moved = np.zeros((0, 0)) if drifts is None else core_native.floats("drifts", drifts, 2)
    data, (logliks, filtered, smoothed) = core_native.run_vector(
        (Model(model.components, 0.0).to_bytes(), loading, noise),
        (times, values, inputs, moved),
        None if belief is None else belief.to_bytes(),
        smooths,
    )
    after = smoothed if smoothed is not None else (np.zeros((0, 0)), np.zeros((0, 0, 0)))
    return LinearResult(Belief.from_bytes(data), logliks, *filtered, *after)
