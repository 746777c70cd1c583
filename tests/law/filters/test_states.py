"""Saved states: frozen hashes of every kind; bytes are read back as themselves or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Bank, Belief, Filter, Model, fit, run, smooth
from lex7.filters.adaptive import AdaptiveFilter
from lex7.filters.anomaly import AnomalyDetector, AnomalySettings, Surprise
from lex7.filters.bank import scaled_models
from lex7.filters.components import AutoRegression, Free, Level, Season
from lex7.filters.detector import Detector
from lex7.filters.errors import FilterArgumentError, FilterDiffuseError
from lex7.filters.eskf import ErrorBelief
from lex7.filters.guard import GuardedFilter
from lex7.filters.linear import LinearModel, diffuse_start, smooth_linear
from lex7.filters.outputs import simulate_linear
from lex7.filters.simulation import simulate_states
from lex7.filters.timeline import Timeline
from lex7.filters.vector import VectorModel, VectorSeries, run_vector

VECTORS = Path(__file__).resolve().parents[3] / "vectors/filter_states.json"
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
}


def fed(stream: Any, start: int, end: int) -> Any:
    """Feed a stream some of the rows."""
    take = stream.insert if isinstance(stream, Timeline) else stream.update
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


def test_states_of_every_kind_have_their_frozen_hashes() -> None:
    known = json.loads(VECTORS.read_text())
    assert known["format"] == "lex7-filter-states/1"
    found = {name: sha256(data).hexdigest() for name, data in sorted(states().items())}
    assert found == known["sha256"]


@pytest.mark.parametrize("name", sorted(STREAMS))
def test_a_stream_stopped_anywhere_goes_on_with_the_same_bytes(name: str) -> None:
    whole = fed(STREAMS[name](None), 0, ROWS).to_bytes()
    for cut in (1, 17, ROWS - 1):
        part = fed(STREAMS[name](None), 0, cut).to_bytes()
        assert STREAMS[name](part).to_bytes() == part
        assert fed(STREAMS[name](part), cut, ROWS).to_bytes() == whole


READERS: dict[str, Callable[[bytes], bytes]] = {
    **{name: (lambda data, start=start: start(data).to_bytes()) for name, start in STREAMS.items()},
    "belief": lambda data: Belief.from_bytes(data).to_bytes(),
    "error state": lambda data: ErrorBelief.from_bytes(data).to_bytes(),
    "surprise": lambda data: Surprise(AnomalySettings(), saved=data).to_bytes(),
}
GOOD = {
    **states(),
    "belief": run(MODEL, TIMES, VALUES).belief.to_bytes(),
    "surprise": Surprise(AnomalySettings()).to_bytes(),
}


@pytest.mark.parametrize("name", sorted(READERS))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_hostile_bytes_are_read_as_themselves_or_refused(name: str, data: st.DataObject) -> None:
    raw = bytearray(GOOD[name])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1))
        raw[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.sampled_from((0, 0, 0, 1, 7, 8, len(raw) // 2)))
    given_bytes = bytes(raw[: len(raw) - cut])
    try:
        again = READERS[name](given_bytes)
    except (FilterArgumentError, FilterDiffuseError):
        return
    assert again == given_bytes
