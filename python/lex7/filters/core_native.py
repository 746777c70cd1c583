"""The door to the compiled kernels: arrays become contiguous and typed here, and nowhere else."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7 import _core
from lex7.base.ids import StateHash
from lex7.base.shapes import Series, TimesNs
from lex7.filters.errors import FilterArgumentError

run = _core.filter_run
run_batch = _core.filter_run_batch
forecast = _core.filter_forecast
combine = _core.filter_combine
fit = _core.filter_fit
scale = _core.filter_scale
model_check = _core.filter_model_check
belief_decode = _core.filter_belief_decode
belief_pinned = _core.filter_belief_pinned
begin = _core.filter_begin
noise_var = _core.filter_noise_var
smooth = _core.filter_smooth
smooth_signal = _core.filter_smooth_signal
run_linear = _core.filter_run_linear
error_steps = _core.filter_error_steps
THREADS_MAX = 256
"""More threads than this are refused: a slip, not a machine."""

FilterStream = _core.FilterStream
FilterBank = _core.FilterBank
disturbances = _core.filter_disturbances
scores = _core.filter_scores
simulate_states = _core.filter_simulate_states
run_vector = _core.filter_run_vector
chi_square_tail = _core.chi_square_tail
gamma_tail = _core.gamma_tail
student_tail = _core.student_tail
normal_quantile = _core.normal_quantile
FilterFixedLag = _core.FilterFixedLag
FilterGuard = _core.FilterGuard
FilterAdaptive = _core.FilterAdaptive
FilterTimeline = _core.FilterTimeline
FilterSurprise = _core.FilterSurprise
FilterDetector = _core.FilterDetector
box_plus = _core.filter_box_plus
box_minus = _core.filter_box_minus


def belief_encode(
    time_ns: int,
    moments: tuple[ArrayLike, ArrayLike, ArrayLike],
    factor: ArrayLike,
    *,
    is_pinned: bool,
) -> bytes:
    """Return the canonical bytes of a belief: mean, covariance and diffuse directions, factors."""
    mean, cov, diffuse = moments
    return _core.filter_belief_encode(
        instant("time_ns", time_ns),
        floats("mean", mean, 1),
        floats("cov", cov, 2),
        floats("diffuse", diffuse, 2),
        floats("factor", factor, 2),
        is_pinned,
    )


def instant(argument: str, time_ns: int) -> int:
    """Return one time in nanoseconds.

    Raises:
        FilterArgumentError: not an integer within 64 bits.
    """
    try:
        value = operator.index(time_ns)
    except TypeError as exc:
        got = type(time_ns).__name__
        raise FilterArgumentError(argument, "integer nanoseconds", got) from exc
    if not -(1 << 63) <= value < 1 << 63:
        raise FilterArgumentError(argument, "an instant within 64 bits", str(value))
    return value


def state_hash(state: bytes) -> StateHash:
    """Return the SHA-256 that names a kernel state."""
    return StateHash(_core.filter_state_hash(state))


def floats(argument: str, values: ArrayLike, dimensions: int) -> NDArray[np.float64]:
    """Return a contiguous float64 array; copies only where dtype or layout ask for it.

    Raises:
        FilterArgumentError: not numbers, or not of that many dimensions.
    """
    array = _array(argument, values)
    if array.dtype.kind not in "fiu":
        raise FilterArgumentError(argument, "an array of real numbers", f"dtype {array.dtype}")
    if array.ndim != dimensions:
        raise FilterArgumentError(argument, f"{dimensions}-dimensional", f"shape {array.shape}")
    return np.ascontiguousarray(array, dtype=np.float64)


def instants(times_ns: ArrayLike) -> TimesNs:
    """Return times as contiguous int64 nanoseconds; floats are refused, they lose nanoseconds.

    Raises:
        FilterArgumentError: not integers, or not one-dimensional.
    """
    array = _array("times_ns", times_ns)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.dtype.kind == "M":
        array = array.astype("datetime64[ns]").astype(np.int64)
    if array.dtype.kind not in "iu" or array.dtype == np.uint64:
        raise FilterArgumentError("times_ns", "int64 nanoseconds", f"dtype {array.dtype}")
    if array.ndim != 1:
        raise FilterArgumentError("times_ns", "1-dimensional", f"shape {array.shape}")
    return np.ascontiguousarray(array, dtype=np.int64)


def columns(
    times_ns: ArrayLike, values: ArrayLike, observation_sd: ArrayLike | None
) -> tuple[TimesNs, Series, Series | None]:
    """Return a series as the contiguous columns the kernels take."""
    sds = None if observation_sd is None else floats("observation_sd", observation_sd, 1)
    return instants(times_ns), floats("values", values, 1), sds


def indices(argument: str, values: ArrayLike) -> list[int]:
    """Return indices of at least 0 as integers.

    Raises:
        FilterArgumentError: not integers, not one-dimensional, or negative.
    """
    array = _array(argument, values)
    if array.size == 0:
        return []
    if array.dtype.kind not in "iu" or array.ndim != 1 or array.min() < 0:
        raise FilterArgumentError(argument, "indices of at least 0", f"dtype {array.dtype}")
    return [int(value) for value in array]


def check_columns(argument: str, rows: NDArray[np.float64], columns: int) -> None:
    """Refuse an array of another width.

    Raises:
        FilterArgumentError: the width differs.
    """
    if rows.shape[1] != columns:
        raise FilterArgumentError(argument, f"{columns} columns", f"shape {rows.shape}")


def input_rows(inputs: ArrayLike | None, rows: int) -> NDArray[np.float64]:
    """Return the input columns of regressions, (rows, columns); none is (rows, 0)."""
    return np.zeros((rows, 0)) if inputs is None else floats("inputs", inputs, 2)


def _array(argument: str, values: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as exc:
        raise FilterArgumentError(argument, "an array of numbers", type(values).__name__) from exc
