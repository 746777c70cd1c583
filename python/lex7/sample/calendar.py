"""The span of a sample and the episodes of a life that touch both body and money.

The span runs from the first day with files to the last day of the known future. Episodes (illness,
travel, weeks of overwork) arrive at random at one rate over the whole span; a history without any
illness or journey is drawn again, so that every sample shows both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day, add_months, date_of, weekday
from lex7.sample.draw import Draws, normal, uniform

HOME_ZONE_JOURNEY = "America/New_York"
AWAY_ZONE_JOURNEY = "Europe/Berlin"
FUTURE_MONTHS = 12
REDRAWS_MAX = 200
WEEKEND = 5
"""Saturday is weekday 5, Sunday 6."""

Mask = NDArray[np.bool_]
"""(n_day,)"""


@dataclass(frozen=True, slots=True)
class Episode:
    """A run of days, first and last included, with a strength around 1."""

    first: Day
    last: Day
    strength: float


@dataclass(frozen=True, slots=True)
class Span:
    """The days of a sample.

    Attributes:
        seed: what everything is drawn from.
        first: the first day with files.
        as_of: the last day with files.
        last: the last day of the known future.
    """

    seed: int
    first: Day
    as_of: Day
    last: Day

    @property
    def days(self) -> NDArray[np.int64]:
        """List the days, (n_day,)."""
        return np.arange(self.first, self.last + 1, dtype=np.int64)

    @property
    def history_count(self) -> int:
        """Return how many days have files."""
        return self.as_of - self.first + 1


@dataclass(frozen=True, slots=True)
class Episodes:
    """What happens in a sample life, in order of time."""

    illness: tuple[Episode, ...]
    journeys: tuple[Episode, ...]
    overwork: tuple[Episode, ...]


def make_span(seed: int, as_of: Day, months: int) -> Span:
    """Return the span with `months` months of files and a year of future."""
    first = Day(add_months(as_of, -months) + 1)
    return Span(seed, first, as_of, add_months(as_of, FUTURE_MONTHS))


def draw_episodes(span: Span) -> Episodes:
    """Draw illnesses, journeys and weeks of overwork."""
    return Episodes(
        illness=_at_least_one(span, "illness", 1.2, (5, 9)),
        journeys=_at_least_one(span, "journey", 0.9, (7, 11)),
        overwork=_arrivals(span, "overwork", 2.2, (12, 32)),
    )


def covered(span: Span, episodes: tuple[Episode, ...]) -> Mask:
    """Return the days that lie in any of the episodes."""
    mask = np.zeros(span.last - span.first + 1, dtype=np.bool_)
    for episode in episodes:
        mask[max(0, episode.first - span.first) : max(0, episode.last - span.first + 1)] = True
    return mask


def weekdays(span: Span) -> NDArray[np.int64]:
    """Return the weekday of each day, Monday = 0."""
    return (span.days + 3) % 7


def season(span: Span, peak_day: int) -> Draws:
    """Return a yearly cosine wave of height 1 with its top at a day of the year."""
    ordinal = np.array([date_of(Day(day)).timetuple().tm_yday for day in span.days.tolist()])
    return np.cos(2.0 * np.pi * (ordinal - peak_day) / 365.25)


def business_day(day: Day) -> Day:
    """Return the day itself, or the Monday after a weekend."""
    return Day(day + max(0, 7 - weekday(day)) if weekday(day) >= 5 else day)


def business_day_before(day: Day) -> Day:
    """Return the day itself, or the Friday before a weekend."""
    return Day(day - max(0, weekday(day) - 4))


def _at_least_one(
    span: Span, purpose: str, per_year: float, length: tuple[int, int]
) -> tuple[Episode, ...]:
    for attempt in range(REDRAWS_MAX):
        found = _arrivals(span, f"{purpose}/{attempt}", per_year, length)
        if any(span.first + 40 <= item.first and item.last <= span.as_of - 20 for item in found):
            return found
    # A very short history cannot hold an episode with room around it; it goes without.
    return ()


def _arrivals(
    span: Span, purpose: str, per_year: float, length: tuple[int, int]
) -> tuple[Episode, ...]:
    result = []
    chance = uniform(span.seed, purpose + "/gap", 64)
    size = uniform(span.seed, purpose + "/length", 64)
    strength = 1.0 + 0.25 * normal(span.seed, purpose + "/strength", 64)
    day = float(span.first)
    for index in range(64):
        day += -np.log1p(-chance[index]) * 365.25 / per_year
        if day > span.last:
            break
        days = length[0] + int(size[index] * (length[1] - length[0] + 1))
        result.append(
            Episode(Day(int(day)), Day(int(day) + days - 1), max(0.4, float(strength[index])))
        )
        day += days + 7
    return tuple(result)
