"""Filing rows under civil days: sorted, without exact repetitions, in blocks that fit one entry.

The order of the input never shows in the output: equal multisets of rows give equal blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day, Zone, day_of, noon_ns, start_ns
from lex7.base.limits import OBSERVATIONS_PER_ENTRY_MAX
from lex7.base.record import ObservationBlock

NIGHT_STREAMS = ("sleep.stage",)
"""Streams filed by night: from noon to noon, under the day of waking."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one stream from anywhere in a file, as columns of equal length."""

    start_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]
    value: NDArray[np.int64]
    source: NDArray[np.uint16]

    def pick(self, which: NDArray[np.int64] | NDArray[np.bool_]) -> Rows:
        """Copy the chosen rows, in the order of `which`."""
        return Rows(self.start_ns[which], self.end_ns[which], self.value[which], self.source[which])


def file_rows(
    stream: str, rows: Rows, source_names: list[str], where: Zone
) -> tuple[list[ObservationBlock], int]:
    """File rows under the owner's days; also return how many exact repetitions were dropped.

    A day with more than `OBSERVATIONS_PER_ENTRY_MAX` rows becomes several blocks in order.
    """
    if rows.value.size == 0:
        return [], 0
    day = _days(rows, where, is_night=stream in NIGHT_STREAMS)
    rank = _ranks(source_names)[rows.source]
    order = np.lexsort((rows.value, rank, rows.end_ns, rows.start_ns, day))
    del rank
    day, rows = day[order], rows.pick(order)
    del order
    is_new = np.ones(len(day), dtype=np.bool_)
    is_new[1:] = day[1:] != day[:-1]
    for column in (rows.start_ns, rows.end_ns, rows.value, rows.source):
        is_new[1:] |= column[1:] != column[:-1]
    repeated_count = int(len(is_new) - np.count_nonzero(is_new))
    if repeated_count:
        day, rows = day[is_new], rows.pick(is_new)
    return list(_blocks(stream, day, rows, source_names)), repeated_count


def _days(rows: Rows, where: Zone, *, is_night: bool) -> NDArray[np.int32]:
    """The day of each row: of its start, or for nights the day whose noon comes after its end."""
    times = rows.end_ns if is_night else rows.start_ns
    first = day_of(int(times.min()), where)
    last = day_of(int(times.max()), where)
    edge = noon_ns if is_night else start_ns
    days = range(first, last + 2)
    edges = np.array([edge(Day(day), where) for day in days], dtype=np.int64)
    index = np.searchsorted(edges, times, side="right")
    return (index + (first if is_night else first - 1)).astype(np.int32)


def _ranks(source_names: list[str]) -> NDArray[np.uint16]:
    """Ranks by name: where a source first stood in the file must not show in the order."""
    by_name = sorted(range(len(source_names)), key=lambda index: source_names[index].encode())
    ranks = np.empty(max(len(by_name), 1), dtype=np.uint16)
    ranks[by_name] = np.arange(len(by_name))
    return ranks


def _blocks(
    stream: str, day: NDArray[np.int32], rows: Rows, source_names: list[str]
) -> Iterator[ObservationBlock]:
    starts = np.flatnonzero(np.diff(day, prepend=day[0] - 1)).tolist()
    for start, end in zip(starts, [*starts[1:], len(day)], strict=True):
        for first in range(start, end, OBSERVATIONS_PER_ENTRY_MAX):
            part = slice(first, min(first + OBSERVATIONS_PER_ENTRY_MAX, end))
            yield _block(stream, Day(int(day[first])), part, rows, source_names)


def _block(
    stream: str, day: Day, part: slice, rows: Rows, source_names: list[str]
) -> ObservationBlock:
    source = rows.source[part]
    used, first_use, index = np.unique(source, return_index=True, return_inverse=True)
    by_use = np.argsort(first_use)
    place = np.empty(len(used), dtype=np.uint16)
    place[by_use] = np.arange(len(used), dtype=np.uint16)
    start, end, value = rows.start_ns[part], rows.end_ns[part], rows.value[part]
    local = place[index]
    if len(used) > 1:
        # Rows of one interval stand in the order of the block's own source numbers.
        order = np.lexsort((value, local, end, start))
        start, end, value, local = start[order], end[order], value[order], local[order]
    for column in (start, end, value, local):
        column.setflags(write=False)
    names = tuple(source_names[used[position]] for position in by_use)
    return ObservationBlock(stream, day, names, start, end, value, local)
