"""Re-import of measurements without doubles: the multiset difference of two sets of rows.

A measurement is the same if stream, day, start, end, source and value are equal. Two equal rows in
one file stay two; a second import of that file adds none.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from lex7.base.record import ObservationBlock

Columns = tuple[NDArray[np.int64], ...]


def novel_observations(
    block: ObservationBlock, known_blocks: Iterable[ObservationBlock]
) -> ObservationBlock:
    """Return the rows of a block that are not on record, in their order; possibly none.

    Args:
        block: of a new file.
        known_blocks: on record; those of other streams or days are passed over.
    """
    known = [one for one in known_blocks if (one.stream, one.day) == (block.stream, block.day)]
    if not known:
        return block
    names = sorted({name for one in (block, *known) for name in one.sources})
    place = {name: index for index, name in enumerate(names)}
    parts = [_columns(one, place) for one in (*known, block)]
    joined = tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))
    known_count = len(joined[0]) - len(block.value)
    is_novel = _beyond_known(joined, known_count)
    return _select(block, is_novel)


def _columns(block: ObservationBlock, place: dict[str, int]) -> Columns:
    to_shared = np.array([place[name] for name in block.sources], dtype=np.int64)
    source = to_shared[block.source] if len(block.source) else block.source.astype(np.int64)
    return block.start_ns, block.end_ns, source, block.value


def _beyond_known(columns: Columns, known_count: int) -> NDArray[np.bool_]:
    """Say for each new row whether its group of equal rows has more new rows than known ones."""
    row_count = len(columns[0])
    if row_count == known_count:
        return np.zeros(0, dtype=np.bool_)
    is_new = np.arange(row_count) >= known_count
    # lexsort is stable and takes the last key first: equal rows lie together, known before new.
    order = np.lexsort((is_new, *reversed(columns)))
    starts = np.zeros(row_count, dtype=np.bool_)
    starts[0] = True
    for column in columns:
        ordered = column[order]
        starts[1:] |= ordered[1:] != ordered[:-1]
    group = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    known_in_group = np.bincount(group[~is_new[order]], minlength=len(first))
    rank_among_new = np.arange(row_count) - first[group] - known_in_group[group]
    novel = np.zeros(row_count, dtype=np.bool_)
    novel[order] = is_new[order] & (rank_among_new >= known_in_group[group])
    return novel[known_count:]


def _select(block: ObservationBlock, chosen: NDArray[np.bool_]) -> ObservationBlock:
    if bool(chosen.all()):
        return block
    used = sorted(set(block.source[chosen].tolist()))
    renumber = np.zeros(max(len(block.sources), 1), dtype=np.uint16)
    renumber[used] = np.arange(len(used), dtype=np.uint16)
    return ObservationBlock(
        block.stream,
        block.day,
        tuple(block.sources[index] for index in used),
        block.start_ns[chosen],
        block.end_ns[chosen],
        block.value[chosen],
        renumber[block.source[chosen]] if used else np.zeros(0, dtype=np.uint16),
    )
