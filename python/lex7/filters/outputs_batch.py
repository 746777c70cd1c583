"""Many models of several outputs at once, shared out among threads.

Every series has the bits of its own `run_linear` or `run_vector`, whatever its neighbours and the
number of threads. `threads` is how many share the work; none takes the setting `LEX7_THREADS`, or
else one per processor.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from numpy.typing import ArrayLike

from lex7.filters import core_native
from lex7.filters.errors import FilterArgumentError
from lex7.filters.linear import LinearModel, LinearResult, LinearRows, result_of
from lex7.filters.linear import arguments as linear_arguments
from lex7.filters.vector import VectorModel, VectorSeries
from lex7.filters.vector import arguments as vector_arguments

Kind = TypeVar("Kind", LinearModel, VectorModel)


def run_linear_batch(
    models: LinearModel | Sequence[LinearModel],
    series: Sequence[ArrayLike | LinearRows],
    *,
    threads: int | None = None,
) -> tuple[LinearResult, ...]:
    """Filter many tables of rows under one linear model, or one each.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype or range.
        FilterDivergedError: a number left the finite range.
    """
    return _linears(models, series, threads, smooths=False)


def smooth_linear_batch(
    models: LinearModel | Sequence[LinearModel],
    series: Sequence[ArrayLike | LinearRows],
    *,
    threads: int | None = None,
) -> tuple[LinearResult, ...]:
    """Filter and smooth many tables of rows under one linear model, or one each.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype or range.
        FilterDiffuseError: the observations of a series do not determine its state.
        FilterDivergedError: a number left the finite range.
    """
    return _linears(models, series, threads, smooths=True)


def run_vector_batch(
    models: VectorModel | Sequence[VectorModel],
    series: Sequence[VectorSeries],
    *,
    threads: int | None = None,
) -> tuple[LinearResult, ...]:
    """Filter many series of several outputs under one model of components, or one each.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDivergedError: a number left the finite range.
    """
    return _vectors(models, series, threads, smooths=False)


def smooth_vector_batch(
    models: VectorModel | Sequence[VectorModel],
    series: Sequence[VectorSeries],
    *,
    threads: int | None = None,
) -> tuple[LinearResult, ...]:
    """Filter and smooth many series of several outputs under one model, or one each.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDiffuseError: the observations of a series do not determine its state.
        FilterDivergedError: a number left the finite range.
    """
    return _vectors(models, series, threads, smooths=True)


def _linears(
    models: LinearModel | Sequence[LinearModel],
    series: Sequence[ArrayLike | LinearRows],
    threads: int | None,
    *,
    smooths: bool,
) -> tuple[LinearResult, ...]:
    if isinstance(series, LinearRows) or not isinstance(series, Sequence):
        got = type(series).__name__
        raise FilterArgumentError("series", "a sequence of tables, one per series", got)
    listed = _one_each(models, LinearModel, len(series))
    given = [linear_arguments(model, rows) for model, rows in zip(listed, series, strict=True)]
    found = core_native.run_linears(given, smooths, core_native.threads_of(threads))
    return tuple(result_of(one) for one in found)


def _vectors(
    models: VectorModel | Sequence[VectorModel],
    series: Sequence[VectorSeries] | VectorSeries,
    threads: int | None,
    *,
    smooths: bool,
) -> tuple[LinearResult, ...]:
    if not isinstance(series, Sequence):
        got = type(series).__name__
        raise FilterArgumentError("series", "a sequence of VectorSeries", got)
    listed = _one_each(models, VectorModel, len(series))
    given = [vector_arguments(model, one, None) for model, one in zip(listed, series, strict=True)]
    found = core_native.run_vectors(given, smooths, core_native.threads_of(threads))
    return tuple(result_of(one) for one in found)


def _one_each(models: Kind | Sequence[Kind], kind: type[Kind], count: int) -> list[Kind]:
    expected = f"a {kind.__name__}, or one per series"
    if count == 0:
        raise FilterArgumentError("series", "at least one series", "none")
    listed = [models] * count if isinstance(models, kind) else models
    if not isinstance(listed, Sequence) or len(listed) != count:
        raise FilterArgumentError("models", expected, type(models).__name__)
    if not all(isinstance(model, kind) for model in listed):
        raise FilterArgumentError("models", expected, type(models).__name__)
    return list(listed)
