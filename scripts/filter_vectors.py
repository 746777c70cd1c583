"""Writes vectors/filters.json: inputs, and the hashes of the filter states that come out.

The values follow from integers by exact arithmetic, so any implementation can make them again.
`python scripts/filter_vectors.py` prints the document; the tests compute it at every instruction
level and compare.
"""

from __future__ import annotations

import hashlib
import json
import sys

import numpy as np

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Belief, Filter, Model, run
from lex7.filters.batch import run_batch
from lex7.filters.components import (
    AutoRegression,
    Component,
    DampedTrend,
    Initial,
    Level,
    Season,
    Trend,
)
from lex7.filters.robust import GAUSSIAN, Huber, Robust, StudentT

ROWS = 120
SERIES = 1_000
CASES: dict[str, tuple[tuple[Component, ...], float, Robust]] = {
    "level": ((Level(0.5),), 1.0, GAUSSIAN),
    "trend and week": ((Trend(0.1, 0.01), Season(0.05, 7.0, 3)), 0.5, GAUSSIAN),
    "damped trend and days": (
        (DampedTrend(0.1, 0.2, 6.0), AutoRegression(0.6, 2.0)),
        0.5,
        GAUSSIAN,
    ),
    "proper start": (
        (Level(0.2, Initial((1.0,), (2.0,))), AutoRegression(1.0, 3.0)),
        0.3,
        GAUSSIAN,
    ),
    "outliers": ((Level(0.2), Season(0.05, 7.0, 1)), 0.5, StudentT(4.0)),
    "more outliers": ((Trend(0.2, 0.05),), 0.5, Huber(1.5)),
    "no noise": ((Trend(0.2, 0.0), Level(0.1)), 0.0, GAUSSIAN),
    "nine states": ((Level(0.1), Season(0.02, 30.0, 4)), 0.5, GAUSSIAN),
}


def values(series: int) -> np.ndarray:
    """Return one series: sixty-fourths, every eleventh value missing."""
    row = np.arange(ROWS)
    numbers = ((series * 7919 + row * row * 1049 + row * 104_729) % 1009 - 504) / 64.0
    return np.where((row + series) % 11 == 10, np.nan, numbers)


def times(series: int) -> np.ndarray:
    """Return irregular times, some of them equal."""
    row = np.arange(1, ROWS + 1)
    steps = (row * (series + 3) * 613 % 29) * (NS_PER_DAY // 16)
    return np.cumsum(steps)


def streamed(model: Model, series: int, cut: int) -> bytes:
    """Return the final belief of a stream that was stopped and restored."""
    first, second = run(model, times(series)[:cut], values(series)[:cut]), values(series)[cut:]
    stream = Filter(model, Belief.from_bytes(first.belief.to_bytes()))
    for time_ns, value in zip(times(series)[cut:].tolist(), second.tolist(), strict=True):
        stream.update(time_ns, value)
    return stream.to_bytes()


def case(name: str, threads: int) -> dict[str, object]:
    """Compute one case in every way there is and return its vector.

    Raises:
        SystemExit: two ways have different bits.
    """
    parts, noise, robust = CASES[name]
    model = Model(parts, noise, robust)
    single = run(model, times(0), values(0))
    own = np.array([times(series) for series in range(SERIES)])
    rows = np.array([values(series) for series in range(SERIES)])
    many = run_batch(model, own, rows, threads=threads)
    alone = run_batch(model, own[:1], rows[:1], threads=threads)
    ways = {single.belief.to_bytes(), many.beliefs[0], alone.beliefs[0]}
    ways |= {streamed(model, 0, cut) for cut in (1, 40, ROWS - 1)}
    if len(ways) != 1 or not single.loglik == many.logliks[0] == alone.logliks[0]:
        raise SystemExit(f"expected one spelling of the belief of {name}, got {len(ways)}")
    return {
        "name": name,
        "model": model.to_bytes().hex(),
        "state_hash": single.belief.state_hash().hex(),
        "loglik": single.loglik.hex(),
        "batch_sha256": hashlib.sha256(b"".join(many.beliefs)).hexdigest(),
    }


def document(threads: int) -> dict[str, object]:
    """Return all vectors, computed with so many threads."""
    return {
        "format": "lex7-filter-vectors/1",
        "rows": ROWS,
        "series": SERIES,
        "cases": [case(name, threads) for name in CASES],
    }


if __name__ == "__main__":
    print(json.dumps(document(int(sys.argv[1]) if len(sys.argv) > 1 else 1), indent=1))
