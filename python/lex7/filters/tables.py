"""Columns of a table as the series that filters take, through the Arrow PyCapsule interface.

Anything that offers `__arrow_c_stream__` can be read: polars, pyarrow, DuckDB, pandas with pyarrow.
Reading needs the extra `arrow` (nanoarrow); this module imports it only when it is asked for a
table. Nulls become NaN; times become nanoseconds UTC.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from lex7.base.shapes import Series, TimesNs
from lex7.filters.errors import FilterArgumentError

_NS_PER_UNIT = {"SECOND": 10**9, "MILLI": 10**6, "MICRO": 10**3, "NANO": 1}
_NS_PER_DATE = {"DATE32": 86_400 * 10**9, "DATE64": 10**6}
_NUMBERS = set("INT8 INT16 INT32 INT64 UINT8 UINT16 UINT32 UINT64 FLOAT DOUBLE".split())
_TIME_MAX = (1 << 63) - 1


class _Schema(Protocol):
    """What of nanoarrow's schema is read here."""

    type: Any
    unit: Any


class _Column(Protocol):
    """What of nanoarrow's array is read here."""

    def iter_chunk_views(self) -> Iterator[Any]: ...


class ArrowStream(Protocol):
    """A table of any library that speaks Arrow."""

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Return a capsule with a stream of record batches."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class TableSeries:
    """The columns of a table that a filter needs.

    Attributes:
        times_ns: (n,) nanoseconds UTC.
        values: (n,) NaN where null.
        inputs: (n, columns) for regressions, in the order asked for.
    """

    times_ns: TimesNs
    values: Series
    inputs: NDArray[np.float64]


def read_series(
    table: ArrowStream, *, time: str, value: str, inputs: Sequence[str] = ()
) -> TableSeries:
    """Read the named columns of a table; integers of the time column are nanoseconds.

    Raises:
        FilterArgumentError: the object is no Arrow table, a column is missing, has another type
            than numbers (times: timestamps, dates or integers), or a time is null.
    """
    columns = _columns(table, [time, value, *inputs])
    times = _times(time, *columns[time])
    rows = np.zeros((len(times), len(inputs)))
    for place, name in enumerate(inputs):
        rows[:, place] = _numbers(name, *columns[name])
    return TableSeries(times, _numbers(value, *columns[value]), rows)


def _columns(table: ArrowStream, names: Sequence[str]) -> dict[str, tuple[_Schema, _Column]]:
    """Return schema and array of every named column."""
    try:
        arrow = import_module("nanoarrow")
    except ImportError as exc:
        got = "an installation without nanoarrow (pip install 'lex7[arrow]')"
        raise FilterArgumentError("table", "readable with the extra `arrow`", got) from exc
    if not hasattr(table, "__arrow_c_stream__"):
        expected = "an object with __arrow_c_stream__"
        raise FilterArgumentError("table", expected, type(table).__name__)
    try:
        whole = arrow.Array(table)
    except (ValueError, TypeError, arrow.NanoarrowException) as exc:
        raise FilterArgumentError("table", "an Arrow table", str(exc)) from exc
    fields = [field.name for field in whole.schema.fields]
    if missing := [name for name in names if name not in fields]:
        expected = f"one with columns {', '.join(fields)}"
        raise FilterArgumentError("table", expected, f"a wish for {missing[0]}")
    places = [fields.index(name) for name in names]
    return {
        name: (whole.schema.field(place), whole.child(place))
        for name, place in zip(names, places, strict=True)
    }


def _numbers(name: str, schema: _Schema, column: _Column) -> Series:
    """Return a numeric column as float64, NaN where null."""
    kind = schema.type.name
    if kind not in _NUMBERS:
        raise FilterArgumentError(name, "a column of numbers", kind.lower())
    out: Series = _joined(column, np.float64)
    out[_nulls(column)] = np.nan
    return out


def _times(name: str, schema: _Schema, column: _Column) -> TimesNs:
    """Return a column of instants as nanoseconds."""
    kind = schema.type.name
    if kind == "TIMESTAMP":
        factor = _NS_PER_UNIT[schema.unit.name]
    elif kind in _NS_PER_DATE:
        factor = _NS_PER_DATE[kind]
    elif kind in ("INT64", "UINT32", "INT32"):
        factor = 1
    else:
        expected = "a column of timestamps, dates or integer nanoseconds"
        raise FilterArgumentError(name, expected, kind.lower())
    if _nulls(column).any():
        raise FilterArgumentError(name, "times without nulls", "a null")
    counts: TimesNs = _joined(column, np.int64)
    if len(counts) and max(int(counts.max()), -int(counts.min())) > _TIME_MAX // factor:
        raise FilterArgumentError(name, "times that fit nanoseconds in 64 bits", "one beyond")
    return counts * factor


def _joined(column: _Column, dtype: type) -> NDArray[Any]:
    """Return the data of all chunks in a new array."""
    parts: list[NDArray[Any]] = [
        np.asarray(view.buffer(1))[view.offset : view.offset + view.length].astype(dtype)
        for view in column.iter_chunk_views()
    ]
    return np.concatenate(parts) if parts else np.zeros(0, dtype)


def _nulls(column: _Column) -> NDArray[np.bool_]:
    """Return where a column is null."""
    parts = [np.zeros(0, np.bool_)]
    for view in column.iter_chunk_views():
        mask = np.zeros(view.length, np.bool_)
        if view.null_count:
            bits = np.frombuffer(bytes(view.buffer(0)), np.uint8)
            present = np.unpackbits(bits, bitorder="little")
            mask = present[view.offset : view.offset + view.length] == 0
        parts.append(mask)
    return np.concatenate(parts)
