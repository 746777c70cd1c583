"""Saved states: frozen hashes of every kind; bytes are read back as themselves or refused."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lex7.filters import Belief, run
from lex7.filters.anomaly import AnomalySettings, Surprise
from lex7.filters.errors import FilterArgumentError, FilterDiffuseError
from lex7.filters.eskf import ErrorBelief

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = ROOT / "scripts/filter_state_vectors.py"


def generator() -> ModuleType:
    """The script that writes the vectors, as a module."""
    spec = importlib.util.spec_from_file_location("filter_state_vectors", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MADE = generator()
ROWS, STREAMS, fed = MADE.ROWS, MADE.STREAMS, MADE.fed


@pytest.mark.parametrize("level", ["scalar", "avx2", "avx512"])
@pytest.mark.parametrize("threads", ["1", "2"])
def test_states_of_every_kind_have_their_frozen_hashes(level: str, threads: str) -> None:
    told = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={**os.environ, "LEX7_KERNELS": level, "LEX7_THREADS": threads},
        capture_output=True,
        text=True,
        check=True,
    )
    known = json.loads((ROOT / "vectors/filter_states.json").read_text())
    assert json.loads(told.stdout) == known


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
    **MADE.states(),
    "belief": run(MADE.MODEL, MADE.TIMES, MADE.VALUES).belief.to_bytes(),
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
