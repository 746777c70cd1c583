"""What the watch and the phone count through the day: heart beats, steps, energy, runs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.sample.body import Body
from lex7.sample.calendar import WEEKEND, Mask, Span, weekdays
from lex7.sample.draw import Draws, heavy, normal, uniform
from lex7.sample.local_time import (
    SECONDS_PER_DAY,
    LocalTime,
    Seconds,
    instant_of,
    offsets_at,
)
from lex7.sample.nights import Nights

HOUR = 3_600
RUN_SAMPLE_SECONDS = 60
STEP_SHARES = np.array(
    [0, 0, 0, 0, 0, 0, 1, 6, 9, 5, 4, 5, 9, 7, 4, 4, 5, 9, 10, 7, 5, 4, 2, 1], dtype=np.float64
)
"""How a day's steps fall on the hours of the local clock, before chance."""


@dataclass(frozen=True, slots=True)
class Runs:
    """The runs of the history: (n_run,) each."""

    day_index: NDArray[np.int64]
    start: Seconds
    end: Seconds


@dataclass(frozen=True, slots=True)
class Samples:
    """One series of measurements: (n,) each, in order of start."""

    start: Seconds
    end: Seconds
    value: Draws


def draw_runs(span: Span, body: Body, home: LocalTime, away: LocalTime) -> Runs:
    """Place the runs in the evening, on weekends in the morning."""
    count = span.history_count
    index = np.flatnonzero(body.has_run[:count])
    weekend = weekdays(span)[index] >= WEEKEND
    begin = np.where(weekend, 10.2 * HOUR, 18.1 * HOUR)
    begin = begin + 1500.0 * normal(span.seed, "run/start", count)[index]
    wall = span.days[index] * SECONDS_PER_DAY + begin.astype(np.int64)
    start = np.where(body.is_away[index], instant_of(away, wall), instant_of(home, wall))
    length = 1500 + 1500.0 * uniform(span.seed, "run/length", count)[index]
    return Runs(index, start, start + length.astype(np.int64))


def heart_samples(span: Span, body: Body, nights: Nights, runs: Runs, clock: LocalTime) -> Samples:
    """Return heart rate every 5 to 15 minutes, every minute while running."""
    start, noise = _heart_times(span, nights, runs)
    local = start + offsets_at(clock, start)
    day = np.clip(local // SECONDS_PER_DAY - span.first, 0, span.history_count - 1)
    hour = (local % SECONDS_PER_DAY) / HOUR
    rest = body.resting_true[day]
    active = STEP_SHARES[(local % SECONDS_PER_DAY) // HOUR] / 10.0
    awake = rest + 9.0 + 13.0 * active + 3.0 * np.cos((hour - 16.0) * np.pi / 12.0) + 6.5 * noise
    value = np.where(_inside(start, nights.onset, nights.wake), rest - 1.0 + 2.6 * noise, awake)
    value = np.where(_inside(start, runs.start, runs.end), rest + 88.0 + 9.0 * noise, value)
    fault = uniform(span.seed, "heart/fault", len(start))
    value = np.where(fault < 0.0006, value * (0.45 + 1500.0 * fault), value)
    # A watch on a resting arm skips some of its readings.
    kept = uniform(span.seed, "heart/read", len(start)) < 0.72
    kept &= ~_off_wrist(span, body, nights, day, start)
    return Samples(start[kept], start[kept], np.round(np.clip(value, 31, 208))[kept])


def step_samples(span: Span, body: Body, nights: Nights, clock: LocalTime) -> tuple[Samples, Mask]:
    """Return the steps truly walked in each waking hour, and which hours the phone was carried."""
    count = span.history_count
    chance = 0.3 + 1.4 * uniform(span.seed, "steps/hour", count * 24).reshape(count, 24)
    midnight = span.days[:count] * SECONDS_PER_DAY
    hours = instant_of(clock, midnight[:, None] + HOUR * np.arange(24)[None, :])  # (n_day, 24)
    asleep = _inside(hours.ravel() + HOUR // 2, nights.onset, nights.wake).reshape(count, 24)
    weight = STEP_SHARES[None, :] * chance * ~asleep + 1e-9
    share = np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1)
    total = np.floor(share * body.steps[:count, None] + 0.5)
    walked = np.diff(total, axis=1, prepend=0.0)
    begin = hours + np.floor(600 * uniform(span.seed, "steps/begin", count * 24)).reshape(count, 24)
    start = begin.ravel().astype(np.int64)
    value = walked.ravel()
    length = 900 + np.floor(uniform(span.seed, "steps/length", count * 24) * 1800).astype(np.int64)
    kept = value > 0
    carried = uniform(span.seed, "steps/carried", count * 24) < 0.72
    return Samples(start[kept], (start + length)[kept], value[kept]), carried[kept]


def hrv_samples(span: Span, body: Body, nights: Nights) -> Samples:
    """Return heart rate variability some times a night, a minute each."""
    count, per_night = span.history_count, 4
    at = uniform(span.seed, "hrv/at", count * per_night).reshape(count, per_night)
    start = nights.onset[:, None] + np.sort(at, axis=1) * (nights.wake - nights.onset)[:, None]
    noise = heavy(span.seed, "hrv/noise", count * per_night).reshape(count, per_night)
    value = body.hrv_level[:count, None] * np.exp(0.22 * noise)
    kept = np.repeat(body.sleep_measured[:count], per_night)
    kept &= uniform(span.seed, "hrv/kept", count * per_night) < 0.85
    seconds = start.ravel().astype(np.int64)[kept]
    return Samples(seconds, seconds + 59, np.round(value.ravel()[kept], 4))


def _heart_times(span: Span, nights: Nights, runs: Runs) -> tuple[Seconds, Draws]:
    first, last = int(nights.onset[0]), int(nights.wake[-1]) + 12 * HOUR
    guess = (last - first) // 400
    gap = 300 + np.floor(600 * uniform(span.seed, "heart/gap", guess)).astype(np.int64)
    usual = first + np.cumsum(gap)
    inside = [
        np.arange(start, end, RUN_SAMPLE_SECONDS)
        for start, end in zip(runs.start.tolist(), runs.end.tolist(), strict=True)
    ]
    times = np.unique(np.concatenate([usual[usual < last], *inside]))
    fresh = heavy(span.seed, "heart/noise", len(times))
    # Neighbouring samples are alike: a short moving mixture stands for the heart's own memory.
    noise = 0.8 * fresh + 0.5 * np.concatenate([fresh[:1], fresh[:-1]])
    return times, noise


def _off_wrist(
    span: Span, body: Body, nights: Nights, day: NDArray[np.int64], start: Seconds
) -> Mask:
    charging = 600 + (4200 * uniform(span.seed, "heart/charging", span.history_count)).astype(int)
    index = np.clip(day, 0, len(nights.wake) - 1)
    shower = (start >= nights.wake[index]) & (start < nights.wake[index] + charging[index])
    unworn = _inside(start, nights.onset, nights.wake) & ~body.sleep_measured[index]
    off: Mask = shower | unworn | np.isnan(body.resting_measured[day])
    return off


def _inside(moments: Seconds, starts: Seconds, ends: Seconds) -> Mask:
    if len(starts) == 0:
        return np.zeros(len(moments), dtype=np.bool_)
    index = np.searchsorted(starts, moments, side="right") - 1
    found: Mask = (index >= 0) & (moments < ends[np.maximum(index, 0)])
    return found
