"""The door to the compiled kernels: arrays become contiguous and typed here, and nowhere else."""

from __future__ import annotations

import operator
from collections.abc import Iterable
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
belief_pinned = _core.filter_belief_pinned
begin = _core.filter_begin
noise_var = _core.filter_noise_var
smooth = _core.filter_smooth
smooth_signal = _core.filter_smooth_signal
run_linear = _core.filter_run_linear
linear_signal = _core.filter_linear_signal
linear_disturbances = _core.filter_linear_disturbances
linear_draws = _core.filter_linear_draws
linear_round = _core.filter_linear_round
vector_signal = _core.filter_vector_signal
vector_disturbances = _core.filter_vector_disturbances
vector_draws = _core.filter_vector_draws
through = _core.filter_through
error_steps = _core.filter_error_steps
_WIDE = (1 << 63) - 1
THREADS_MAX = 256
"""More threads than this are refused: a slip, not a machine."""

FilterStream = _core.FilterStream
FilterBank = _core.FilterBank
disturbances = _core.filter_disturbances
scores = _core.filter_scores
simulate_states = _core.filter_simulate_states
run_vector = _core.filter_run_vector
run_linears = _core.filter_run_linears
run_vectors = _core.filter_run_vectors
FilterVectorStream = _core.FilterVectorStream
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
    return whole(argument, time_ns, -_WIDE - 1, _WIDE)


def whole(argument: str, value: object, lowest: int, highest: int) -> int:
    """Return an integer of a range.

    Raises:
        FilterArgumentError: not an integer, or outside.
    """
    try:
        found = operator.index(value)  # type: ignore[arg-type]
    except TypeError as exc:
        raise FilterArgumentError(argument, "an integer", type(value).__name__) from exc
    if not lowest <= found <= highest:
        got = str(found) if abs(found) < 10**30 else "a larger one"
        raise FilterArgumentError(argument, f"an integer from {lowest} to {highest}", got)
    return found


def number(argument: str, value: object) -> float:
    """Return a float, NaN and infinities included.

    Raises:
        FilterArgumentError: not a number.
    """
    if isinstance(value, str | bytes | bytearray):
        raise FilterArgumentError(argument, "a number", type(value).__name__)
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError) as exc:
        raise FilterArgumentError(argument, "a number", type(value).__name__) from exc


def row_of_numbers(argument: str, values: object) -> tuple[float, ...]:
    """Return numbers of any sequence.

    Raises:
        FilterArgumentError: not a sequence of numbers.
    """
    if isinstance(values, str | bytes | bytearray) or not isinstance(values, Iterable):
        raise FilterArgumentError(argument, "a row of numbers", type(values).__name__)
    return tuple(number(argument, value) for value in values)


def raw(argument: str, data: object) -> bytes:
    """Return bytes as they are.

    Raises:
        FilterArgumentError: not bytes.
    """
    if not isinstance(data, bytes | bytearray | memoryview):
        raise FilterArgumentError(argument, "bytes", type(data).__name__)
    return bytes(data)


def belief_decode(
    data: bytes,
) -> tuple[
    int,
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    NDArray[np.float64],
    bool,
]:
    """Return the fields of a belief from its bytes.

    Raises:
        FilterArgumentError: these are not the bytes of a belief.
    """
    return _core.filter_belief_decode(raw("belief", data))


def state_hash(state: bytes) -> StateHash:
    """Return the SHA-256 that names a kernel state."""
    return StateHash(_core.filter_state_hash(state))


def threads_of(threads: int | None) -> int:
    """Return how many threads to use; 0 stands for the setting, or one per processor.

    Raises:
        FilterArgumentError: not an integer from 1 to 256.
    """
    return 0 if threads is None else whole("threads", threads, 1, THREADS_MAX)


def floats(argument: str, values: ArrayLike, dimensions: int) -> NDArray[np.float64]:
    """Return a contiguous float64 array; copies only where dtype or layout ask for it.

    Raises:
        FilterArgumentError: not numbers, or not of that many dimensions.
    """
    array = array_of(argument, values)
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
    array = array_of("times_ns", times_ns)
    if array.size == 0 and array.dtype == np.float64:
        array = array.astype(np.int64)
    if array.dtype.kind == "M":
        array = _dated(array)
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
    found = array_of(argument, values)
    if found.shape == (0,) and found.dtype.kind in "iuf":
        return []
    if found.dtype.kind not in "iu" or found.ndim != 1 or found.min() < 0:
        got = f"dtype {found.dtype}, shape {found.shape}"
        raise FilterArgumentError(argument, "a row of indices of at least 0", got)
    return [int(value) for value in found]


def _dated(array: NDArray[Any]) -> TimesNs:
    """Return dates as nanoseconds; those beyond 64 bits would wrap around in silence."""
    if np.isnat(array).any():
        raise FilterArgumentError("times_ns", "instants", "NaT")
    nanoseconds = array.astype("datetime64[ns]")
    if (nanoseconds.astype(array.dtype) != array).any():
        raise FilterArgumentError("times_ns", "dates that fit nanoseconds in 64 bits", "one beyond")
    return nanoseconds.astype(np.int64)


def check_columns(argument: str, rows: NDArray[np.float64], columns: int) -> None:
    """Refuse an array of another width.

    Raises:
        FilterArgumentError: the width differs.
    """
    if rows.shape[1] != columns:
        raise FilterArgumentError(argument, f"{columns} columns", f"shape {rows.shape}")


def input_rows(inputs: ArrayLike | None, rows: int) -> NDArray[np.float64]:
    """Return the input columns of regressions, (rows, columns); none is (rows, 0).

    Raises:
        FilterArgumentError: not numbers, or of another shape.
    """
    if inputs is None:
        return np.zeros((rows, 0))
    table = floats("inputs", inputs, 2)
    if len(table) != rows:
        raise FilterArgumentError("inputs", f"{rows} rows", f"shape {table.shape}")
    return table


def array_of(argument: str, values: ArrayLike) -> NDArray[Any]:
    """Return whatever array this is.

    Raises:
        FilterArgumentError: it is none.
    """
    if isinstance(values, np.ma.MaskedArray):
        # What is masked is missing; an integer cannot say so.
        filler = np.nan if values.dtype.kind == "f" else None
        return np.asarray(values.filled(filler) if filler is not None else values.astype(object))
    try:
        return np.asarray(values)
    except (TypeError, ValueError, OverflowError) as exc:
        raise FilterArgumentError(argument, "an array of numbers", type(values).__name__) from exc
