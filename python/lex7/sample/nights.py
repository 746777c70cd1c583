"""Nights as instants: when sleep began and ended, and the stages the watch saw in between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lex7.sample.body import SLEEP_GRID_SECONDS, Body
from lex7.sample.calendar import WEEKEND, Span, weekdays
from lex7.sample.draw import Draws, normal, uniform
from lex7.sample.local_time import SECONDS_PER_DAY, LocalTime, Seconds, instant_of

DEEP_SHARE = 0.18
DREAM_SHARE = 0.23
CYCLE_SECONDS = 5_400
AWAKE_SECONDS_MAX = 480


@dataclass(frozen=True, slots=True)
class Nights:
    """The nights of the history, one for each day on which the person wakes.

    Attributes:
        onset: (n_day,) seconds UTC at which sleep began.
        wake: (n_day,) seconds UTC at which it ended.
        awake: (n_day,) seconds awake in between.
    """

    onset: Seconds
    wake: Seconds
    awake: Seconds


@dataclass(frozen=True, slots=True)
class Stage:
    """One interval of one stage of sleep, named as in the export."""

    name: str
    start: int
    end: int


def draw_nights(span: Span, body: Body, home: LocalTime, away: LocalTime) -> Nights:
    """Place the hours slept on the clock; durations are between instants, not wall clocks."""
    count = span.history_count
    days = span.days[:count]
    late = np.where(weekdays(span)[:count] >= WEEKEND, 4500, 0)
    noise = normal(span.seed, "wake", count) * np.where(late > 0, 2100.0, 900.0)
    wall = days * SECONDS_PER_DAY + 25_500 + late + np.round(noise / 30).astype(np.int64) * 30
    wake = np.where(body.is_away[:count], instant_of(away, wall), instant_of(home, wall))
    cycles = np.round(body.sleep_hours[:count] * 3600 / CYCLE_SECONDS)
    grid = uniform(span.seed, "awake", count) * AWAKE_SECONDS_MAX / SLEEP_GRID_SECONDS
    awake = (cycles * (1 + np.floor(grid / 2))).astype(np.int64) * SLEEP_GRID_SECONDS
    asleep = np.round(body.sleep_hours[:count] * 3600).astype(np.int64)
    return Nights(wake - asleep - awake, wake, awake)


def stages_of(nights: Nights, index: int, chance: Draws) -> list[Stage]:
    """Cut one night into cycles of stages whose asleep time sums to the hours slept.

    Args:
        nights: all nights.
        index: which of them.
        chance: (16,) numbers in [0, 1) that vary the cycles.
    """
    start, end = int(nights.onset[index]), int(nights.wake[index])
    awake = int(nights.awake[index])
    asleep = end - start - awake
    cycles = max(1, round(asleep / CYCLE_SECONDS))
    result: list[Stage] = []
    moment, left, awake_left = start, asleep, awake
    for cycle in range(cycles):
        length = left // (cycles - cycle) // SLEEP_GRID_SECONDS * SLEEP_GRID_SECONDS
        length = left if cycle == cycles - 1 else length
        pause = awake_left // (cycles - cycle) // SLEEP_GRID_SECONDS * SLEEP_GRID_SECONDS
        pieces = _cycle(length, cycle / cycles, float(chance[cycle % len(chance)]))
        # The last wake is waking up, so the last pause stands before the last cycle's REM.
        order = (*pieces[:3], ("Awake", pause), pieces[3])
        for name, seconds in order:
            if seconds > 0:
                result.append(Stage(name, moment, moment + seconds))
                moment += seconds
        left -= length
        awake_left -= pause
    assert moment == end, "the stages fill the night"
    return result


def _cycle(length: int, progress: float, chance: float) -> tuple[tuple[str, int], ...]:
    """Share one cycle out: deep sleep early in the night, REM late."""
    deep = DEEP_SHARE * (1.7 - 1.5 * progress) * (0.7 + 0.6 * chance)
    dream = DREAM_SHARE * (0.4 + 1.2 * progress)
    grid = SLEEP_GRID_SECONDS
    deep_seconds = int(length * deep) // grid * grid
    dream_seconds = int(length * dream) // grid * grid
    core = length - deep_seconds - dream_seconds
    first = core // 2 // grid * grid
    return (
        ("Core", first),
        ("Deep", deep_seconds),
        ("Core", core - first),
        ("REM", dream_seconds),
    )
