"""Writes vectors/filter_states.json: hashes of the state of every kind of filter over one series.

The values follow from integers by exact arithmetic, so any implementation can make them again.
`python scripts/filter_state_vectors.py` prints the document; the tests compute it at every
instruction level and compare.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import numpy as np

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Bank, Filter, Model, fit, run, smooth
from lex7.filters.adaptive import AdaptiveFilter
from lex7.filters.anomaly import AnomalyDetector, AnomalySettings
from lex7.filters.bank import scaled_models
from lex7.filters.components import AutoRegression, Free, Level, Season
from lex7.filters.detector import Detector
from lex7.filters.eskf import ErrorBelief
from lex7.filters.guard import GuardedFilter
from lex7.filters.lag import FixedLag
from lex7.filters.linear import LinearModel, diffuse_start, smooth_linear
from lex7.filters.outputs import simulate_linear
from lex7.filters.simulation import simulate_states
from lex7.filters.timeline import Timeline
from lex7.filters.vector import VectorModel, VectorSeries, run_vector

ROWS = 60
# Numbers that every language writes alike: (7 k² mod 31) / 8, a gap at every eleventh row.
VALUES = np.array([float("nan") if k % 11 == 10 else (7 * k * k % 31) / 8 for k in range(ROWS)])
TIMES = np.array([k * NS_PER_DAY + (k % 3) * 3_600 * 10**9 for k in range(ROWS)])
PARTS = (Level(0.3), AutoRegression(0.5, 2.0), Season(0.05, 7.0, 2))
MODEL = Model(PARTS, 0.4)
BANK = scaled_models(MODEL, (0.5, 2.0), (0.5, 2.0))
LINEAR = LinearModel(
    np.array([[1.0, 0.5], [0.0, 0.75]]),
    np.diag([0.25, 0.5]),
    np.eye(2),
    np.array([[1.0, 0.25], [0.25, 0.5]]),
    np.zeros(2),
    np.zeros(2),
    diffuse_start(2),
)
PAIRS = np.column_stack([VALUES, VALUES[::-1]])
VECTOR = VectorModel(PARTS, np.array([[1.0, 1.0, 1.0], [0.5, 0.0, 1.0]]), np.diag([0.25, 0.5]))
STREAMS: dict[str, Callable[[bytes | None], Any]] = {
    "filter": lambda saved: Filter(MODEL) if saved is None else Filter.from_bytes(MODEL, saved),
    "guarded filter": lambda saved: GuardedFilter(MODEL, nis_max=6.0, rejects_max=2, saved=saved),
    "adaptive filter": lambda saved: AdaptiveFilter(MODEL, forgetting=0.9, saved=saved),
    "bank": lambda saved: Bank(BANK, forgetting=0.9, saved=saved),
    "timeline": lambda saved: Timeline(MODEL, saved=saved),
    "anomaly detector": lambda saved: AnomalyDetector(MODEL, AnomalySettings(), saved=saved),
    "detector": Detector,
    "lag smoother": lambda saved: (
        FixedLag(MODEL, 5) if saved is None else FixedLag.from_bytes(MODEL, saved)
    ),
}


def fed(stream: object, start: int, end: int) -> Any:  # noqa: ANN401 (streams of any class)
    """Feed a stream some of the rows."""
    take = getattr(stream, "insert" if isinstance(stream, Timeline) else "update")
    for time_ns, value in zip(TIMES[start:end].tolist(), VALUES[start:end].tolist(), strict=True):
        take(time_ns, value)
    return stream


def states() -> dict[str, bytes]:
    """Bytes of a state of every kind over the same rows."""
    out = {name: fed(start(None), 0, ROWS).to_bytes() for name, start in STREAMS.items()}
    out["run"] = run(MODEL, TIMES, VALUES).belief.to_bytes()
    out["pinned"] = run(MODEL, TIMES, VALUES).belief.factored().to_bytes()
    out["smoother"] = smooth(MODEL, TIMES, VALUES).means.tobytes()
    out["paths"] = simulate_states(MODEL, TIMES, VALUES, seed=7, draws=range(3)).tobytes()
    linear = smooth_linear(LINEAR, PAIRS)
    out["linear"] = linear.belief.to_bytes() + linear.smoothed_covs.tobytes()
    out["linear paths"] = simulate_linear(LINEAR, PAIRS, seed=7, draws=range(3)).tobytes()
    out["vector"] = run_vector(VECTOR, VectorSeries(TIMES, PAIRS)).belief.to_bytes()
    out["error state"] = ErrorBelief(5, np.array([0.5, 1.5]), np.diag([0.25, 0.5])).to_bytes()
    found = fit(Model((Level(Free()),), Free()), TIMES, VALUES)
    out["fit"] = found.model.to_bytes()
    return out


def document() -> dict[str, object]:
    """Return all hashes."""
    return {
        "format": "lex7-filter-states/1",
        "rows": "value k is (7 k^2 mod 31) / 8, missing where k mod 11 = 10; time k is k days and "
        "(k mod 3) hours; models in scripts/filter_state_vectors.py",
        "sha256": {name: sha256(data).hexdigest() for name, data in sorted(states().items())},
    }


if __name__ == "__main__":
    print(json.dumps(document(), indent=1))
