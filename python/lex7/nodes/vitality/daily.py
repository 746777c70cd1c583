"""From blocks of observations to one value a day: sleep, resting heart rate, HRV, weight, steps.

Every rule that decides what counts stands here or in `nights` and `steps`, as integers over exact
instants; the only floating-point operation is the last division. A day without data is missing.
"""

from __future__ import annotations

from collections.abc import Mapping

from lex7.base.civil import Day, Zone, day_of, start_ns
from lex7.base.ids import QuantityName
from lex7.base.record import ObservationBlock
from lex7.base.streams import STREAMS
from lex7.nodes.series import DailySeries, daily_series
from lex7.nodes.vitality.nights import NS_PER_HOUR, nights
from lex7.nodes.vitality.rows import BlocksByDay, StreamRows, gather
from lex7.nodes.vitality.steps import PARTS, steps_by_day

SLEEP = QuantityName("sleep")
RESTING_HEART = QuantityName("resting_heart")
HRV = QuantityName("hrv")
WEIGHT = QuantityName("weight")
STEPS = QuantityName("steps")

NIGHT_HOURS_MIN = 2
"""A shorter record is a nap or a device that was taken off, not a night."""
NIGHT_HOURS_MAX = 16
HRV_MS_MIN, HRV_MS_MAX = 10, 250
"""Outside of these an SDNN is a fault of the sensor; one 255 ms glitch moved a mean by 43 %."""
NEIGHBOUR_DAYS = 15
NEIGHBOURS_MIN = 4
WEIGHT_CHANGE_PERCENT_MAX = 8
"""Nobody's weight differs by more from that of the weeks around; somebody else's does."""
DAY_COMPLETE_HOUR = 21
"""The newest day's steps count once something was recorded after this hour."""


DERIVED_FROM = ("sleep.stage", "heart.resting", "heart.hrv_sdnn", "weight", "steps")
"""The streams whose every block is looked at; of others only how late the newest one ends."""


STEPS_PART_DAYS = 128
PART_MARGIN_DAYS = 2


def derive(
    blocks: Mapping[str, Mapping[Day, tuple[ObservationBlock, ...]]], where: Zone
) -> dict[QuantityName, DailySeries]:
    """Return the five daily series; one without data is empty.

    Args:
        blocks: by stream and the day they are filed under; several imports may overlap.
        where: the owner's time zone.
    """
    none: BlocksByDay = {}
    return {
        SLEEP: _sleep(gather(blocks.get("sleep.stage", none)), where),
        RESTING_HEART: _resting(gather(blocks.get("heart.resting", none))),
        HRV: _variability(gather(blocks.get("heart.hrv_sdnn", none))),
        WEIGHT: _weight(gather(blocks.get("weight", none))),
        STEPS: _steps(blocks.get("steps", none), _newest_ns(blocks), where),
    }


def _sleep(rows: StreamRows, where: Zone) -> DailySeries:
    low, high = NIGHT_HOURS_MIN * NS_PER_HOUR, NIGHT_HOURS_MAX * NS_PER_HOUR
    return daily_series(
        {
            night.day: night.asleep_ns / NS_PER_HOUR
            for night in nights(rows, where)
            if low <= night.asleep_ns <= high
        }
    )


def _resting(rows: StreamRows) -> DailySeries:
    """The last word of each source on a day, and the median of the sources."""
    last: dict[Day, dict[int, int]] = {}
    for source, day, _, _, value in _listed(rows):  # each source in order of time
        last.setdefault(Day(day), {})[source] = value
    scale = STREAMS["heart.resting"].scale
    return daily_series({day: _median(list(by.values())) / scale for day, by in last.items()})


def _variability(rows: StreamRows) -> DailySeries:
    """The median of the day's samples, of the source that has most of them; SDNN only."""
    scale = STREAMS["heart.hrv_sdnn"].scale
    samples: dict[Day, dict[int, list[int]]] = {}
    for source, day, _, _, value in _listed(rows):
        if HRV_MS_MIN * scale <= value <= HRV_MS_MAX * scale:
            samples.setdefault(Day(day), {}).setdefault(source, []).append(value)
    chosen = {
        day: max(by.items(), key=lambda item: (len(item[1]), -item[0]))[1]
        for day, by in samples.items()
    }
    return daily_series({day: _median(values) / scale for day, values in chosen.items()})


def _weight(rows: StreamRows) -> DailySeries:
    """The first weighing of the day that is not somebody else's."""
    first: dict[Day, tuple[int, int, int, int]] = {}
    for source, day, start, end, value in _listed(rows):
        key = (start, end, source, value)
        first[Day(day)] = min(first.get(Day(day), key), key)
    days = sorted(first)
    values = [first[day][3] for day in days]
    scale = STREAMS["weight"].scale
    return daily_series(
        {
            day: value / scale
            for index, (day, value) in enumerate(zip(days, values, strict=True))
            if _is_own(days, values, index)
        }
    )


def _is_own(days: list[Day], values: list[int], index: int) -> bool:
    low = high = index
    while low > 0 and days[index] - days[low - 1] <= NEIGHBOUR_DAYS:
        low -= 1
    while high + 1 < len(days) and days[high + 1] - days[index] <= NEIGHBOUR_DAYS:
        high += 1
    around = values[low:index] + values[index + 1 : high + 1]
    if len(around) < NEIGHBOURS_MIN:
        return True
    usual = _median(around)
    return 100 * abs(values[index] - usual) <= WEIGHT_CHANGE_PERCENT_MAX * usual


def _steps(blocks: BlocksByDay, newest_ns: int, where: Zone) -> DailySeries:
    counted: dict[Day, int] = {}
    # In parts, because every interval is cut by every other one and years of them are many. An
    # interval may reach past midnight, so each part is counted with the days around it.
    for first in sorted({day - day % STEPS_PART_DAYS for day in blocks}):
        reach = range(first - PART_MARGIN_DAYS, first + STEPS_PART_DAYS + PART_MARGIN_DAYS)
        near = {Day(day): blocks[Day(day)] for day in reach if day in blocks}
        part = steps_by_day(gather(near), where)
        counted |= {day: n for day, n in part.items() if day - day % STEPS_PART_DAYS == first}
    newest = day_of(newest_ns, where)
    hours = (newest_ns - start_ns(newest, where)) // NS_PER_HOUR
    if hours < DAY_COMPLETE_HOUR:
        counted.pop(newest, None)  # the day went on after the export
    return daily_series({day: count / PARTS for day, count in counted.items()})


def _newest_ns(blocks: Mapping[str, BlocksByDay]) -> int:
    return max(
        (
            int(block.end_ns.max())
            for by_day in blocks.values()
            if by_day
            for block in by_day[max(by_day)]
            if len(block.end_ns)
        ),
        default=0,
    )


def _listed(rows: StreamRows) -> list[tuple[int, int, int, int, int]]:
    columns = (rows.source, rows.day, rows.start_ns, rows.end_ns, rows.value)
    return list(zip(*(column.tolist() for column in columns), strict=True))


def _median(values: list[int]) -> float:
    """The middle value, or the exact mean of the two in the middle."""
    ordered = sorted(values)
    middle = len(ordered) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return (ordered[middle - 1] + ordered[middle]) / 2
