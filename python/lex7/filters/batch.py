"""Many series at once: one model for all or one each, every series with a belief of its own.

Series stand side by side in vector registers and are shared out among threads. A series has the
bits of its own `run`, whatever its neighbours, the instructions used and the number of threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.shapes import Series
from lex7.filters import core_native
from lex7.filters.belief import Belief
from lex7.filters.errors import FilterArgumentError
from lex7.filters.model import Model, bytes_of

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class BatchResult:
    """The outcome of a run over many series.

    Attributes:
        beliefs: canonical bytes of the belief after the last row, one per series; see `belief`.
        logliks: (series,) sums of log predictive densities.
        means: (series, states) of those beliefs.
        covs: (series, states, states) of those beliefs.
    """

    beliefs: tuple[bytes, ...]
    logliks: Series
    means: Matrix
    covs: Matrix

    def belief(self, series: int) -> Belief:
        """Return the belief of one series after its last row."""
        place = core_native.whole("series", series, 0, len(self.beliefs) - 1)
        return Belief.from_bytes(self.beliefs[place])


@dataclass(frozen=True, slots=True, eq=False)
class BatchHistory:
    """What was kept of every row, as in `FilterResult`, with the series first.

    Attributes:
        result: what remains at the end.
        innovations: (series, rows)
        innovation_vars: (series, rows)
        weights: (series, rows)
        means: (series, rows, states)
        covs: (series, rows, states, states)
    """

    result: BatchResult
    innovations: Matrix
    innovation_vars: Matrix
    weights: Matrix
    means: Matrix
    covs: Matrix


def run_batch(
    models: Model | Sequence[Model],
    times_ns: ArrayLike,
    values: ArrayLike,
    *,
    observation_sd: ArrayLike | None = None,
    inputs: ArrayLike | None = None,
    threads: int | None = None,
) -> BatchResult:
    """Filter many series, each from the start of its model.

    `values` is (series, rows), NaN where missing; shorter series end in NaN. `times_ns` is (rows,)
    for all series or (series, rows). `observation_sd` is (series, rows). `inputs` is
    (rows, columns) for all or (series, rows, columns). `models` is one model or one per series, all
    of one shape: the same components with other numbers. `threads` is how many threads share the
    work; none takes the setting `LEX7_THREADS`, or else one per processor.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDivergedError: a number left the finite range.
    """
    return _run(models, (times_ns, values, observation_sd, inputs), threads, keep_all=False)[0]


def run_batch_all(
    models: Model | Sequence[Model],
    times_ns: ArrayLike,
    values: ArrayLike,
    *,
    observation_sd: ArrayLike | None = None,
    inputs: ArrayLike | None = None,
    threads: int | None = None,
) -> BatchHistory:
    """Filter many series as `run_batch` does and keep the belief after every row.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDivergedError: a number left the finite range.
    """
    columns = (times_ns, values, observation_sd, inputs)
    result, kept = _run(models, columns, threads, keep_all=True)
    if kept is None:
        raise AssertionError("rows are kept where they are asked for")
    return BatchHistory(result, *kept)


def _run(
    models: Model | Sequence[Model],
    columns: tuple[ArrayLike, ArrayLike, ArrayLike | None, ArrayLike | None],
    threads: int | None,
    *,
    keep_all: bool,
) -> tuple[BatchResult, tuple[Matrix, Matrix, Matrix, Matrix, Matrix] | None]:
    times_ns, values, observation_sd, inputs = columns
    rows = core_native.floats("values", values, 2)
    sds = (
        None if observation_sd is None else core_native.floats("observation_sd", observation_sd, 2)
    )
    if sds is not None and sds.shape != rows.shape:
        raise FilterArgumentError("observation_sd", f"shape {rows.shape}", f"shape {sds.shape}")
    if not isinstance(models, Model | Sequence):
        raise FilterArgumentError("models", "a model, or one per series", type(models).__name__)
    listed: list[Model] = [models] if isinstance(models, Model) else list(models)
    if not listed or not all(isinstance(model, Model) for model in listed):
        raise FilterArgumentError("models", "a model, or one per series", type(models).__name__)
    beliefs, logliks, means, covs, kept = core_native.run_batch(
        [bytes_of(model) for model in listed],
        (_times(times_ns, rows.shape), rows, sds, _inputs(inputs, rows.shape)),
        keep_all,
        core_native.threads_of(threads),
    )
    return BatchResult(tuple(beliefs), logliks, means, covs), kept


def _times(times_ns: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.int64]:
    array = core_native.array_of("times_ns", times_ns)
    if array.ndim == 1:
        return core_native.instants(array)
    if array.shape != shape:
        expected = f"shape {shape[1:]} or {shape}"
        raise FilterArgumentError("times_ns", expected, f"shape {array.shape}")
    return core_native.instants(array.reshape(-1))


def _inputs(inputs: ArrayLike | None, shape: tuple[int, ...]) -> Matrix:
    """Return (1 or series, rows, columns)."""
    if inputs is None:
        return np.zeros((1, shape[1], 0))
    array = core_native.array_of("inputs", inputs)
    if array.ndim == 2:
        return core_native.floats("inputs", array[None], 3)
    return core_native.floats("inputs", array, 3)
