"""Wall clocks of one time zone over a span of days, for whole arrays of instants.

Instants are integer seconds UTC; a clock change is found to the second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import NS_PER_SECOND, Day, utc_offset_seconds, zone

Seconds = NDArray[np.int64]
"""(count,) seconds UTC"""

SECONDS_PER_DAY = 86_400


@dataclass(frozen=True, slots=True)
class LocalTime:
    """The clock changes of one zone within a span.

    Attributes:
        name: the IANA name of the zone.
        changes: (n,) instants from which the offset of the same index holds.
        offsets: (n,) seconds east of UTC.
    """

    name: str
    changes: Seconds
    offsets: Seconds


def local_time(name: str, first: Day, last: Day) -> LocalTime:
    """Find the clock changes of a zone from two days before `first` to two days after `last`.

    Raises:
        UnknownZoneError: the zone is not in the pinned table.
    """
    where = zone(name)

    def offset(second: int) -> int:
        return utc_offset_seconds(second * NS_PER_SECOND, where)

    start = (first - 2) * SECONDS_PER_DAY
    changes, offsets = [start], [offset(start)]
    for day in range(first - 2, last + 3):
        low, high = day * SECONDS_PER_DAY, (day + 1) * SECONDS_PER_DAY
        after = offset(high)
        if after == offsets[-1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if offset(middle) == after else (middle, high)
        changes.append(high)
        offsets.append(after)
    return LocalTime(name, np.array(changes, np.int64), np.array(offsets, np.int64))


def offsets_at(clock: LocalTime, seconds: Seconds) -> Seconds:
    """Return the offset in force at each instant, seconds east of UTC."""
    index = np.searchsorted(clock.changes, seconds, side="right") - 1
    return clock.offsets[np.maximum(index, 0)]


def instant_of(clock: LocalTime, wall: Seconds) -> Seconds:
    """Return the instants at which the wall clock shows these times (seconds since 1970, local).

    A time that a clock change skips or repeats is read with the offset after the change.
    """
    guess = wall - offsets_at(clock, wall)
    return wall - offsets_at(clock, guess)


def stamps(clock: LocalTime, seconds: Seconds) -> list[str]:
    """Spell instants as health exports do: `2026-03-29 03:10:00 +0200`."""
    offsets = offsets_at(clock, seconds)
    texts = np.datetime_as_string((seconds + offsets).astype("datetime64[s]")).tolist()
    tails = {
        int(
            value
        ): f" {'-' if value < 0 else '+'}{abs(value) // 3600:02d}{abs(value) % 3600 // 60:02d}"
        for value in np.unique(offsets)
    }
    return [
        f"{text[:10]} {text[11:]}{tails[value]}"
        for text, value in zip(texts, offsets.tolist(), strict=True)
    ]
