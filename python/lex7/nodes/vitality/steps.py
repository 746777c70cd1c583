"""Steps of a day from several devices that count the same walking.

Time is cut where any interval starts or ends and at the owner's midnights. In each piece one source
counts: the one that recorded for the longest time on that day; among sources that recorded about
as long, the one with the most steps. An interval of another source that
is mostly covered is the same walk and does not count. Within an interval steps are spread evenly,
in whole thousandths, so that an interval that counts whole counts exactly. All of it is integer
arithmetic.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day, Zone, day_of, start_ns
from lex7.nodes.vitality.rows import StreamRows

NS_PER_MS = 1_000_000
SUMMARY_MS = 3 * 3_600_000
"""Longer intervals are sums of a day; they count on days where nothing finer was recorded."""
OWN_SHARE_MIN = 2
"""An interval counts if more than 1 / this of it is not covered by a better source."""
ALIKE_PERCENT = 90
"""Of the longest recorded time: what another source must have to count as recording as long."""
PARTS = 1_000
"""Thousandths of a step; 200,000 steps times these times 4 days in ms stay below 2^63."""

Integers = NDArray[np.int64]


def steps_by_day(rows: StreamRows, where: Zone) -> dict[Day, int]:
    """Return the steps of each day on which any were recorded, in thousandths."""
    if not len(rows):
        return {}
    start = rows.start_ns // NS_PER_MS
    end = np.maximum(rows.end_ns // NS_PER_MS, start + 1)
    first, midnights = _midnights(start, end, where)
    cuts = np.unique(np.concatenate([start, end, midnights]))
    row, piece = _incidences(np.searchsorted(cuts, start), np.searchsorted(cuts, end))
    day = np.searchsorted(midnights, cuts[piece], side="right") - 1
    size = cuts[piece + 1] - cuts[piece]
    fine = end[row] - start[row] <= SUMMARY_MS
    has_fine = np.zeros(len(midnights), dtype=np.bool_)
    has_fine[day[fine]] = True
    kept = fine | ~has_fine[day]
    row, piece, day, size = row[kept], piece[kept], day[kept], size[kept]
    length = end[row] - start[row]
    value = rows.value[row] * PARTS
    before, after = cuts[piece] - start[row], cuts[piece + 1] - start[row]
    share = value * after // length - value * before // length
    winner = _winners(_Incidences(rows.source[row], piece, day, size, share), len(rows.names))
    # Two devices never cut the same walk alike: an interval that a better source mostly covers is
    # the same walk, and its uncovered edges are not walked again.
    won = np.zeros(len(rows), dtype=np.int64)
    np.add.at(won, row[winner], size[winner])
    counts = winner[OWN_SHARE_MIN * won[row[winner]] > length[winner]]
    day, share = day[counts], share[counts]
    totals = np.zeros(len(midnights), dtype=np.int64)
    np.add.at(totals, day, share)
    seen = np.unique(day)
    return {Day(first + int(index)): int(totals[index]) for index in seen}


def _midnights(start: Integers, end: Integers, where: Zone) -> tuple[Day, Integers]:
    first = day_of(int(start.min()) * NS_PER_MS, where)
    last = day_of(int(end.max()) * NS_PER_MS, where)
    days = range(first, last + 2)
    instants = [start_ns(Day(day), where) // NS_PER_MS for day in days]
    return first, np.array(instants, dtype=np.int64)


def _incidences(first: Integers, last: Integers) -> tuple[Integers, Integers]:
    """Every (row, piece) where the row covers the piece."""
    count = last - first
    row = np.repeat(np.arange(len(count)), count)
    offset = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    return row, first[row] + offset


@dataclass(frozen=True, slots=True, eq=False)
class _Incidences:
    """Columns: a row's source, the piece it covers, the piece's day and size, the steps in it."""

    source: Integers
    piece: Integers
    day: Integers
    size: Integers
    share: Integers


def _winners(found: _Incidences, source_count: int) -> Integers:
    """One incidence per piece: of the day's best source, and there of its first row."""
    rank = _ranks(found, source_count)[found.day, found.source]
    order = np.lexsort((np.arange(len(rank)), rank, found.piece))
    ordered = found.piece[order]
    is_first = np.ones(len(order), dtype=np.bool_)
    is_first[1:] = ordered[1:] != ordered[:-1]
    return order[is_first]


def _ranks(found: _Incidences, source_count: int) -> Integers:
    """Rank sources on each day, 0 the best, (day, source): by recorded time, then by steps.

    Sources that recorded nearly as long as the longest are alike, and the one with most steps wins.
    """
    shape = (int(found.day.max()) + 1, source_count)
    once = np.unique(found.piece * source_count + found.source, return_index=True)[1]
    covered, counted = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    np.add.at(covered, (found.day[once], found.source[once]), found.size[once])
    np.add.at(counted, (found.day, found.source), found.share)
    longest = covered.max(axis=1, keepdims=True)
    is_alike = covered * 100 >= longest * ALIKE_PERCENT
    name = np.broadcast_to(np.arange(source_count), shape)
    keys = (name, -covered, np.where(is_alike, -counted, 0), ~is_alike)
    ranks = np.empty(shape, dtype=np.int64)
    order = np.lexsort(keys, axis=1)
    np.put_along_axis(ranks, order, name, axis=1)
    return ranks
