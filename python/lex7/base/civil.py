"""Civil time: days, months and the owner's time zone.

A `Day` counts civil days from 1970-01-01; a `Month` counts calendar months from January of year 0.
Instants are integer nanoseconds UTC. Durations are always taken between instants, never between
wall
clocks. Time-zone rules come from the pinned `tzdata` package and never from the operating system;
`Zone.digest` names the rules in force, so that a log can say which ones it was folded with.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from importlib import resources
from typing import NewType
from zoneinfo import ZoneInfo

from lex7.base.errors import Lex7Error

Day = NewType("Day", int)
Month = NewType("Month", int)

NS_PER_SECOND = 1_000_000_000
NS_PER_DAY = 86_400 * NS_PER_SECOND
EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
DAY_MIN = Day(date(1900, 1, 1).toordinal() - EPOCH_ORDINAL)
DAY_MAX = Day(date(2199, 12, 31).toordinal() - EPOCH_ORDINAL)


class UnknownZoneError(Lex7Error):
    """A time zone is not in the pinned table."""

    code = "time.zone"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"expected an IANA time zone such as 'Europe/Berlin', got {name!r}; "
            "it is not in the pinned time-zone table"
        )


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone of the pinned table: its IANA name and the SHA-256 of its rules."""

    name: str
    digest: bytes


def zone(name: str) -> Zone:
    """Look up a time zone in the pinned table.

    Raises:
        UnknownZoneError: the name is not in the table.
    """
    return Zone(name, hashlib.sha256(_rules(name)).digest())


def day_of(time_ns: int, where: Zone) -> Day:
    """Return the owner's civil day that contains an instant."""
    seconds = time_ns // NS_PER_SECOND
    moment = datetime.fromtimestamp(seconds, tz=_zone_info(where.name))
    return Day(moment.toordinal() - EPOCH_ORDINAL)


def start_ns(day: Day, where: Zone) -> int:
    """Return the instant at which a civil day starts, nanoseconds UTC.

    Where midnight does not exist (a clock change at midnight), the first instant after the gap.
    """
    civil = date_of(day)
    midnight = datetime(civil.year, civil.month, civil.day, tzinfo=_zone_info(where.name))
    return int(midnight.timestamp()) * NS_PER_SECOND


def utc_offset_seconds(time_ns: int, where: Zone) -> int:
    """Return how many seconds the zone's clocks are ahead of UTC at an instant."""
    moment = datetime.fromtimestamp(time_ns // NS_PER_SECOND, tz=_zone_info(where.name))
    offset = moment.utcoffset()
    assert offset is not None, "a moment made with a zone has an offset"
    return int(offset.total_seconds())


def noon_ns(day: Day, where: Zone) -> int:
    """Return the instant of a civil day's noon, nanoseconds UTC; a night runs from noon to noon."""
    civil = date_of(day)
    noon = datetime(civil.year, civil.month, civil.day, 12, tzinfo=_zone_info(where.name))
    return int(noon.timestamp()) * NS_PER_SECOND


def date_of(day: Day) -> date:
    """Return the calendar date of a day."""
    return date.fromordinal(day + EPOCH_ORDINAL)


def day_from_date(civil: date) -> Day:
    """Return the day of a calendar date."""
    return Day(civil.toordinal() - EPOCH_ORDINAL)


def iso(day: Day) -> str:
    """Spell a day as YYYY-MM-DD."""
    return date_of(day).isoformat()


def month_of(day: Day) -> Month:
    """Return the calendar month that contains a day."""
    civil = date_of(day)
    return Month(civil.year * 12 + civil.month - 1)


def month_start(month: Month) -> Day:
    """Return the first day of a month."""
    return day_from_date(date(month // 12, month % 12 + 1, 1))


def month_length(month: Month) -> int:
    """Return the number of days in a month."""
    return month_start(Month(month + 1)) - month_start(month)


def add_months(day: Day, count: int) -> Day:
    """Move a day by calendar months; the 31st becomes the last day of a shorter month."""
    civil = date_of(day)
    month = Month(civil.year * 12 + civil.month - 1 + count)
    return Day(month_start(month) + min(civil.day, month_length(month)) - 1)


def weekday(day: Day) -> int:
    """Return the day of the week, Monday = 0."""
    return (day + 3) % 7


@lru_cache(maxsize=16)
def _zone_info(name: str) -> ZoneInfo:
    with _rules_path(name).open("rb") as stream:
        return ZoneInfo.from_file(stream, key=name)


@lru_cache(maxsize=16)
def _rules(name: str) -> bytes:
    return _rules_path(name).read_bytes()


def _rules_path(name: str) -> resources.abc.Traversable:
    parts = name.split("/")
    if not name or any(
        not part.replace("_", "").replace("-", "").replace("+", "").isalnum() for part in parts
    ):
        raise UnknownZoneError(name)
    path = resources.files("tzdata").joinpath("zoneinfo", *parts)
    if not path.is_file():
        raise UnknownZoneError(name)
    return path
