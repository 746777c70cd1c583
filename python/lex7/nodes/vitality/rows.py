"""All rows of one stream out of their blocks: in one order, each exact repetition once.

Overlapping imports bring the same measurement twice; what is derived from the rows must not show
how many files it came in, nor in which order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day
from lex7.base.record import ObservationBlock

BlocksByDay = Mapping[Day, tuple[ObservationBlock, ...]]


@dataclass(frozen=True, slots=True, eq=False)
class StreamRows:
    """Columns of equal length, sorted by (source, start, end, value).

    Attributes:
        names: the sources in byte order of their names.
        source: (n,) int64, index into names.
        day: (n,) int64, the day under which the row is filed.
        start_ns: (n,) int64.
        end_ns: (n,) int64.
        value: (n,) int64, scaled as the stream says.
    """

    names: tuple[str, ...]
    source: NDArray[np.int64]
    day: NDArray[np.int64]
    start_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]
    value: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.value)

    def where(self, which: NDArray[np.bool_]) -> StreamRows:
        """Return the chosen rows, in the same order."""
        columns = (column[which] for column in _columns(self))
        return StreamRows(self.names, *columns)


def gather(blocks: BlocksByDay) -> StreamRows:
    """Join the blocks of one stream."""
    listed = [block for day in sorted(blocks) for block in blocks[day]]
    names = tuple(sorted({name for block in listed for name in block.sources}, key=str.encode))
    place = {name: index for index, name in enumerate(names)}
    source = [
        np.array([place[name] for name in block.sources] or [0], dtype=np.int64)[block.source]
        for block in listed
    ]
    rows = StreamRows(
        names,
        _join(source),
        _join([np.full(len(block.value), block.day, dtype=np.int64) for block in listed]),
        _join([block.start_ns for block in listed]),
        _join([block.end_ns for block in listed]),
        _join([block.value for block in listed]),
    )
    return _each_once(rows)


def _join(parts: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _each_once(rows: StreamRows) -> StreamRows:
    keys = (rows.value, rows.end_ns, rows.start_ns, rows.source)
    order = np.lexsort(keys)
    is_new = np.ones(len(order), dtype=np.bool_)
    if len(order):
        is_new[1:] = False
        for key in keys:
            ordered = key[order]
            is_new[1:] |= ordered[1:] != ordered[:-1]
    kept = order[is_new]
    return StreamRows(rows.names, *(column[kept] for column in _columns(rows)))


def _columns(rows: StreamRows) -> tuple[NDArray[np.int64], ...]:
    return rows.source, rows.day, rows.start_ns, rows.end_ns, rows.value
