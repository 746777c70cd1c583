"""The score of the Numenta Anomaly Benchmark, written from its rules (Lavin & Ahmad 2015).

A detector gives every row a number in [0, 1]. One threshold over all files turns numbers into
alarms. The first alarm in a labelled window earns up to 1, the earlier the more; a window without
alarm costs 1 (2 where misses weigh more); an alarm outside costs 0.11 (0.22 where false alarms
weigh more), less just behind a window. The first 15 % of a file, at most 750 rows, do not count.
The threshold is the best one, found on the labels: the rules of the benchmark say so. 0 is a
detector that never speaks, 100 one that is right at the first row of every window.
"""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

PROFILES = {  # weight of a false alarm, weight of a miss
    "standard": (0.11, 1.0),
    "low false positives": (0.22, 1.0),
    "low false negatives": (0.11, 2.0),
}
PROBATION = 0.15
PROBATION_ROWS_MAX = 750


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One file: its rows and where its labelled windows begin and end (rows, both included)."""

    name: str
    times_ns: np.ndarray
    values: np.ndarray
    windows: tuple[tuple[int, int], ...]


def instant(text: str) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 10**9


def load(folder: Path) -> list[Series]:
    """Read every file that has labels, in the order of their names."""
    labels = json.loads((folder / "combined_windows.json").read_text())
    out = []
    for name in sorted(labels):
        path = folder / name
        if not path.exists():
            continue
        with path.open(newline="") as file:
            rows = list(csv.reader(file))[1:]
        times = [instant(row[0]) for row in rows]
        edges = [(times.index(instant(a)), times.index(instant(b))) for a, b in labels[name]]
        values = np.array([float(row[1]) for row in rows])
        out.append(Series(name, np.array(times), values, tuple(edges)))
    return out


def sigmoid(position: np.ndarray) -> np.ndarray:
    """2 σ(−5 x) − 1, and −1 where a row is more than three windows late."""
    return np.where(position > 3, -1.0, 2 / (1 + np.exp(5 * np.minimum(position, 3))) - 1)


def worth(series: Series) -> tuple[np.ndarray, np.ndarray]:
    """Return what an alarm in each row is worth, and the window it lies in (−1: none)."""
    rows = np.arange(len(series.values))
    value, window = np.full(len(rows), -1.0), np.full(len(rows), -1)
    best = float(sigmoid(np.array(-1.0)))
    for index, (first, last) in enumerate(series.windows):
        width = last - first + 1
        if width > 1:
            value[last + 1 :] = sigmoid((rows[last + 1 :] - last) / (width - 1))
        inside = slice(first, last + 1)
        value[inside] = sigmoid((rows[inside] - last - 1) / width) / best
        window[inside] = index
    return value, window


@dataclass(frozen=True, slots=True)
class Outcome:
    """The best score of one profile, normalised to 100, and the threshold that gives it."""

    score: float
    threshold: float


def outcome(
    files: list[Series], scores: list[np.ndarray], profile: str, threshold: float | None = None
) -> Outcome:
    """Score a detector at its best threshold, or at a given one."""
    alarm_weight, miss_weight = PROFILES[profile]
    parts = [_rows(*pair, alarm_weight) for pair in zip(files, scores, strict=True)]
    count, points, values, windows = 0, [], [], []
    for score, value, window in parts:
        known, place = np.unique(window[window >= 0], return_inverse=True)
        renumbered = np.full(len(window), -1)
        renumbered[window >= 0] = place + count
        count += len(known)
        points.append(score)
        values.append(value)
        windows.append(renumbered)
    score = np.concatenate(points)
    order = np.argsort(-score, kind="stable")
    gains = _gains(np.concatenate(values)[order], np.concatenate(windows)[order], miss_weight)
    total = np.concatenate([[0.0], np.cumsum(gains)]) - count * miss_weight
    ranked = np.concatenate([[1.1], score[order]])
    ends = np.append(ranked[1:] != ranked[:-1], True)  # equal numbers fall together
    if threshold is not None:
        at = int(np.nonzero(ends & (ranked >= threshold))[0][-1])
    else:
        at = int(np.argmax(np.where(ends, total, -np.inf)))
    windows_all = sum(len(series.windows) for series in files)
    null = -miss_weight * count
    return Outcome(100 * (total[at] - null) / max(windows_all - null, 1), float(ranked[at]))


def _rows(
    series: Series, score: np.ndarray, alarm_weight: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    value, window = worth(series)
    value = np.where(window < 0, value * alarm_weight, value)
    start = int(min(np.floor(PROBATION * len(value)), PROBATION_ROWS_MAX))
    return np.asarray(score)[start:], value[start:], window[start:]


def _gains(value: np.ndarray, window: np.ndarray, miss_weight: float) -> np.ndarray:
    """What each further row adds: its cost outside windows, what it betters the best inside."""
    gains = np.where(window < 0, value, 0.0)
    best: dict[int, float] = {}
    for row in np.nonzero(window >= 0)[0].tolist():
        place = int(window[row])
        before = best.get(place, -miss_weight)
        if value[row] > before:
            gains[row] = value[row] - before
            best[place] = float(value[row])
    return gains
