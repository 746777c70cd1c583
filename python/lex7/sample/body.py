"""The hidden states of the body, day by day: what the devices then measure with their errors.

The process is richer than any model that reads it: weeks of overwork shift the level of sleep,
illness raises the resting heart rate and fades, tails are heavy, seasons and weekdays matter.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.sample.calendar import WEEKEND, Episodes, Mask, Span, covered, season, weekdays
from lex7.sample.draw import Draws, autoregressive, heavy, normal, uniform

SLEEP_GRID_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Body:
    """One person's days, all arrays (n_day,) over the whole span.

    Attributes:
        sleep_level: the level of nightly sleep, hours, without weekday and chance.
        sleep_hours: hours truly asleep in the night that ends on the day, on a 30 s grid.
        sleep_measured: nights the watch recorded.
        resting_level: the slow level of the resting heart rate, bpm.
        resting_true: level, illness and daily variation together, bpm.
        resting_measured: what the watch wrote, whole bpm; NaN where it was not worn.
        hrv_level: the level of heart rate variability (SDNN), ms.
        weight_level: tissue, kg, without water.
        weight_true: what a perfect scale would show, kg.
        weight_measured: what the scale wrote, kg; NaN on days without weighing.
        steps: steps truly walked.
        has_run: days with a run.
        is_ill: days of illness.
        is_away: days in the other time zone.
    """

    sleep_level: Draws
    sleep_hours: Draws
    sleep_measured: Mask
    resting_level: Draws
    resting_true: Draws
    resting_measured: Draws
    hrv_level: Draws
    weight_level: Draws
    weight_true: Draws
    weight_measured: Draws
    steps: NDArray[np.int64]
    has_run: Mask
    is_ill: Mask
    is_away: Mask


def live(span: Span, episodes: Episodes) -> Body:
    """Draw a body's days over the span."""
    seed, size = span.seed, len(span.days)
    is_ill = covered(span, episodes.illness)
    is_away = covered(span, episodes.journeys)
    has_run = _runs(span, is_ill)
    level, hours = _sleep(span, episodes, is_ill)
    resting_level, resting_true = _resting(span, episodes)
    deviation = resting_true - resting_level
    hrv = np.exp(
        np.log(38.0 + 24.0 * uniform(seed, "hrv/base", 1)[0])
        - 0.035 * deviation
        + 0.10 * autoregressive(normal(seed, "hrv/slow", size), 0.9)
    )
    weight_level, weight_true = _weight(span)
    return Body(
        sleep_level=level,
        sleep_hours=hours,
        sleep_measured=uniform(seed, "sleep/worn", size) >= 0.035,
        resting_level=resting_level,
        resting_true=resting_true,
        resting_measured=_watch_resting(span, resting_true),
        hrv_level=hrv,
        weight_level=weight_level,
        weight_true=weight_true,
        weight_measured=_weighings(span, weight_true, is_away),
        steps=_steps(span, has_run, is_ill, is_away),
        has_run=has_run,
        is_ill=is_ill,
        is_away=is_away,
    )


def _sleep(span: Span, episodes: Episodes, is_ill: Mask) -> tuple[Draws, Draws]:
    seed, size, weekday = span.seed, len(span.days), weekdays(span)
    need = 7.20 + 0.28 * normal(seed, "sleep/need", 1)[0]
    level = need + 0.10 * season(span, 15)
    level = level + 0.14 * autoregressive(normal(seed, "sleep/drift", size), 0.985)
    for episode in episodes.overwork:
        inside = covered(span, (episode,))
        level = np.where(inside, level - 0.45 * episode.strength, level)
    nightly = 0.72 * autoregressive(heavy(seed, "sleep/night", size), 0.3)
    hours = level + nightly + np.where(weekday >= WEEKEND, 0.5, -0.2) + 0.7 * is_ill
    grid = 3600 // SLEEP_GRID_SECONDS
    return level, np.round(np.clip(hours, 3.0, 11.5) * grid) / grid


def _resting(span: Span, episodes: Episodes) -> tuple[Draws, Draws]:
    seed, size = span.seed, len(span.days)
    base = 57.0 + 3.5 * normal(seed, "resting/base", 1)[0]
    level = base + 1.5 * autoregressive(normal(seed, "resting/slow", size), 0.988)
    level = level + 0.5 * season(span, 200)
    true = level + 1.0 * autoregressive(heavy(seed, "resting/daily", size), 0.45)
    for episode in episodes.illness:
        age = span.days - episode.first
        rise = np.clip((age + 1) / 2.0, 0.0, 1.0)
        length = episode.last - episode.first + 1
        fade = np.exp(-np.maximum(age - 0.6 * length, 0.0) / 2.5)
        true = true + 7.0 * episode.strength * rise * fade * (age >= 0)
    return level, true


def _watch_resting(span: Span, true: Draws) -> Draws:
    seed, size = span.seed, len(span.days)
    shown = np.round(true + 0.6 * normal(seed, "resting/noise", size))
    fault = uniform(seed, "resting/fault", size)
    shown = np.where(fault < 0.004, shown + np.round(12 + 14 * fault / 0.004), shown)
    return np.where(uniform(seed, "resting/worn", size) < 0.03, np.nan, shown)


def _weight(span: Span) -> tuple[Draws, Draws]:
    seed, size = span.seed, len(span.days)
    base = 74.0 + 9.0 * normal(seed, "weight/base", 1)[0]
    level = base + 1.9 * autoregressive(normal(seed, "weight/slow", size), 0.995)
    level = level + 0.35 * season(span, 10)
    water = 0.42 * autoregressive(heavy(seed, "weight/water", size), 0.45)
    return level, level + water


def _weighings(span: Span, true: Draws, is_away: Mask) -> Draws:
    seed, size = span.seed, len(span.days)
    shown = np.round(true + 0.08 * normal(seed, "weight/noise", size), 2)
    fault = uniform(seed, "weight/fault", size)
    # Now and then somebody else stands on the scale.
    shown = np.where(fault < 0.004, np.round(shown - 14.0 - fault * 1000, 2), shown)
    skipped = (uniform(seed, "weight/skipped", size) < 0.28) | is_away
    return np.where(skipped, np.nan, shown)


def _runs(span: Span, is_ill: Mask) -> Mask:
    likely = np.array([0.15, 0.5, 0.2, 0.5, 0.1, 0.45, 0.5])[weekdays(span)]
    return (uniform(span.seed, "run", len(span.days)) < likely) & ~is_ill


def _steps(span: Span, has_run: Mask, is_ill: Mask, is_away: Mask) -> NDArray[np.int64]:
    seed, size = span.seed, len(span.days)
    base = np.log(7200.0 + 1500.0 * uniform(seed, "steps/base", 1)[0])
    level = base + 0.10 * season(span, 180)
    level = level + 0.12 * autoregressive(normal(seed, "steps/slow", size), 0.98)
    level = level + np.array([0.0, 0.02, 0.0, 0.03, 0.05, 0.08, -0.22])[weekdays(span)]
    level = level - 1.0 * is_ill + 0.35 * is_away
    walked = np.exp(level + 0.26 * heavy(seed, "steps/daily", size))
    rounded: NDArray[np.int64] = np.round(np.clip(walked + 4600.0 * has_run, 200, 60_000)).astype(
        np.int64
    )
    return rounded
