"""Nights: how long somebody slept, from the intervals that devices recorded.

A source's intervals are joined into sessions; a session belongs to the night, from noon to noon in
the owner's zone, that holds its midpoint, and a night is named by the day of waking. Lengths are
between instants, so clock changes do not touch them. One source speaks for a night; sources are
never added up. Time in bed alone is not sleep.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lex7.base.civil import Day, Zone, day_of, noon_ns
from lex7.base.streams import SleepStage
from lex7.nodes.vitality.rows import StreamRows

NS_PER_HOUR = 3_600 * 10**9
SESSION_GAP_NS = 2 * NS_PER_HOUR
"""Up for longer than this, what follows is another session."""
ROW_NS_MAX = 24 * NS_PER_HOUR
"""No interval of one stage is longer; such rows are left out."""
COVERAGE_SHARE_MIN = 2
"""A source with stages speaks for the night if it covers 1 / this of what the longest one does."""

_ASLEEP = frozenset(
    int(stage) for stage in (SleepStage.ASLEEP, SleepStage.CORE, SleepStage.DEEP, SleepStage.REM)
)
_STAGED = _ASLEEP - {int(SleepStage.ASLEEP)}

Interval = tuple[int, int]
_Row = tuple[int, int, int]  # start, end, stage


@dataclass(frozen=True, slots=True)
class Night:
    """What one source says about one night.

    Attributes:
        day: the day of waking.
        source: the name of the device or program.
        asleep_ns: time asleep; 0 where only time in bed was recorded.
        recorded_ns: time asleep or awake.
        has_stages: whether the source tells stages apart.
    """

    day: Day
    source: str
    asleep_ns: int
    recorded_ns: int
    has_stages: bool

    @property
    def is_in_bed_only(self) -> bool:
        """Answer whether time in bed is all that is known."""
        return self.asleep_ns == 0


def nights(rows: StreamRows, where: Zone) -> tuple[Night, ...]:
    """Return one night per day of waking that has any row, in order."""
    if not len(rows):
        return ()
    first, noons = _noons(rows, where)
    by_day: dict[Day, list[Night]] = {}
    for index, name in enumerate(rows.names):
        by_night: dict[Day, list[_Row]] = {}
        for session in _sessions(_rows_of(rows, index)):
            middle = (session[0][0] + max(row[1] for row in session)) // 2
            day = Day(first + bisect_right(noons, middle))
            by_night.setdefault(day, []).extend(session)
        for day, recorded in by_night.items():
            by_day.setdefault(day, []).append(_night(day, name, recorded))
    return tuple(_best(by_day[day]) for day in sorted(by_day))


def length(intervals: Iterable[Interval]) -> int:
    """Return the length of the union of intervals."""
    total, reach = 0, None
    for start, end in sorted(intervals):
        begin = start if reach is None else max(start, reach)
        if end > begin:
            total += end - begin
        reach = end if reach is None else max(reach, end)
    return total


def _noons(rows: StreamRows, where: Zone) -> tuple[Day, list[int]]:
    first = day_of(int(rows.start_ns.min()), where)
    last = day_of(int(rows.end_ns.max()), where)
    return first, [noon_ns(Day(day), where) for day in range(first, last + 1)]


def _rows_of(rows: StreamRows, index: int) -> list[_Row]:
    mine = rows.source == index
    columns = (rows.start_ns[mine], rows.end_ns[mine], rows.value[mine])
    listed = zip(*(column.tolist() for column in columns), strict=True)
    return [row for row in listed if 0 < row[1] - row[0] <= ROW_NS_MAX]


def _sessions(rows: list[_Row]) -> Iterator[list[_Row]]:
    session: list[_Row] = []
    reach = 0
    for row in rows:  # sorted by start
        if session and row[0] - reach > SESSION_GAP_NS:
            yield session
            session = []
        reach = max(reach, row[1]) if session else row[1]
        session.append(row)
    if session:
        yield session


def _night(day: Day, source: str, rows: list[_Row]) -> Night:
    asleep = [(start, end) for start, end, stage in rows if stage in _ASLEEP]
    awake = [(start, end) for start, end, stage in rows if stage == SleepStage.AWAKE]
    recorded = length(asleep + awake)
    # Where a source says both, it was awake: |asleep \ awake| = |asleep ∪ awake| - |awake|.
    asleep_ns = recorded - length(awake) if asleep else 0
    has_stages = any(stage in _STAGED for _, _, stage in rows)
    return Night(day, source, asleep_ns, recorded, has_stages)


def _best(candidates: list[Night]) -> Night:
    """Pick the source that speaks for a night: one with stages, then the longest record."""
    longest = max(night.recorded_ns if night.asleep_ns else 0 for night in candidates)

    def rank(night: Night) -> tuple[bool, bool, int, bytes]:
        is_enough = COVERAGE_SHARE_MIN * night.recorded_ns >= longest
        return (
            night.is_in_bed_only,
            not (night.has_stages and is_enough),
            -night.recorded_ns,
            night.source.encode(),
        )

    return min(candidates, key=rank)
