"""A series has the same bits alone, in a batch, at every instruction level and thread count."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lex7.base.civil import NS_PER_DAY
from lex7.filters import FilterResult, Model, run, run_all
from lex7.filters.batch import run_batch, run_batch_all
from lex7.filters.components import (
    AutoRegression,
    Component,
    DampedTrend,
    Initial,
    Level,
    Regression,
    Season,
    Step,
    Trend,
)
from lex7.filters.errors import FilterArgumentError, FilterDivergedError
from lex7.filters.robust import GAUSSIAN, Huber, Robust, StudentT

ROOT = Path(__file__).parents[3]
SD = st.floats(0.0, 3.0).map(lambda value: value if value > 1e-3 else 0.0)
PART = st.one_of(
    st.builds(Level, SD),
    st.builds(Trend, SD, SD),
    st.builds(DampedTrend, SD, SD, st.floats(0.3, 40.0)),
    st.builds(AutoRegression, SD, st.floats(0.1, 30.0)),
    st.builds(Season, SD, st.just(7.0), st.integers(1, 4)),
    st.builds(Regression, st.just(0), SD),
    st.builds(Step, st.just(9 * NS_PER_DAY), st.just(Initial((1.0,), (2.0,)))),
)
ROBUST = st.sampled_from([GAUSSIAN, GAUSSIAN, GAUSSIAN, StudentT(4.0), Huber(2.0)])


def assert_same(history: object, series: int, alone: FilterResult) -> None:
    for name in ("innovations", "innovation_vars", "weights", "means", "covs"):
        kept = getattr(history, name)[series]
        np.testing.assert_array_equal(kept.view(np.int64), getattr(alone, name).view(np.int64))


@settings(max_examples=80, deadline=None)
@given(
    parts=st.lists(PART, min_size=1, max_size=3),
    noise=SD,
    robust=ROBUST,
    count=st.integers(1, 19),
    rows=st.integers(1, 90),
    shape=st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
    seed=st.integers(0, 10_000),
)
def test_a_batch_has_the_bits_of_runs(
    parts: list[Component],
    noise: float,
    robust: Robust,
    count: int,
    rows: int,
    shape: tuple[bool, bool, bool, bool],
    seed: int,
) -> None:
    own_times, own_models, own_noise, own_inputs = shape
    draw = np.random.default_rng(seed)
    steps = draw.choice([0, NS_PER_DAY, NS_PER_DAY, NS_PER_DAY // 3], size=(count, rows))
    times = np.cumsum(steps, axis=1)
    values = draw.normal(size=(count, rows))
    values[draw.random((count, rows)) < 0.15] = np.nan
    sds = draw.uniform(0.1, 2.0, size=(count, rows))
    inputs = draw.normal(size=(count, rows, 1))
    models = [Model(tuple(parts), noise * (1 + i * own_models), robust) for i in range(count)]

    history = run_batch_all(
        models if own_models else models[0],
        times if own_times else times[0],
        values,
        observation_sd=sds if own_noise else None,
        inputs=inputs if own_inputs else inputs[0],
        threads=2,
    )

    for series in range(count):
        alone = run_all(
            models[series],
            times[series if own_times else 0],
            values[series],
            observation_sd=sds[series] if own_noise else None,
            inputs=inputs[series if own_inputs else 0],
        )
        assert history.result.beliefs[series] == alone.belief.to_bytes()
        assert history.result.logliks[series] == alone.loglik
        assert_same(history, series, alone)


@pytest.mark.parametrize("level", ["scalar", "avx2", "avx512"])
@pytest.mark.parametrize("threads", [1, 2])
def test_states_have_the_hashes_of_the_vectors(level: str, threads: int) -> None:
    told = subprocess.run(
        [sys.executable, str(ROOT / "scripts/filter_vectors.py"), str(threads)],
        env={**os.environ, "LEX7_KERNELS": level},
        capture_output=True,
        text=True,
        check=True,
    )
    known = json.loads((ROOT / "vectors/filters.json").read_text())
    assert json.loads(told.stdout) == known


def test_the_number_of_threads_can_come_from_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    model, times, values = Model((Level(0.1),), 1.0), np.arange(5), np.ones((30, 5))
    known = run_batch(model, times, values, threads=1).beliefs
    monkeypatch.setenv("LEX7_THREADS", "3")
    assert run_batch(model, times, values).beliefs == known
    monkeypatch.setenv("LEX7_THREADS", "many")
    with pytest.raises(FilterArgumentError) as caught:
        run_batch(model, times, values)
    assert caught.value.argument == "LEX7_THREADS"


def test_the_series_that_overflows_is_named() -> None:
    model = Model((Regression(0, 1e100, Initial((0.0,), (1.0,))),), 1.0)
    inputs = np.ones((20, 3, 1))
    inputs[13, 2] = 1e100
    with pytest.raises(FilterDivergedError) as caught:
        run_batch(model, [0, 1, 10**18], np.zeros((20, 3)), inputs=inputs)
    assert (caught.value.series, caught.value.row) == (13, 2)


MODEL = Model((Level(0.1),), 1.0)
GOOD = {"models": MODEL, "times_ns": [0, 1], "values": np.zeros((3, 2))}


@pytest.mark.parametrize(
    ("change", "argument"),
    [
        ({"models": []}, "models"),
        ({"models": [MODEL, MODEL]}, "models"),
        ({"models": [MODEL, MODEL, Model((Trend(0.1, 0.1),), 1.0)]}, "models"),
        ({"models": "level"}, "models"),
        ({"times_ns": [0, 1, 2]}, "times_ns"),
        ({"times_ns": np.zeros((2, 2), int)}, "times_ns"),
        ({"times_ns": [1, 0]}, "times_ns"),
        ({"times_ns": [0.0, 1.0]}, "times_ns"),
        ({"values": np.zeros((0, 2))}, "values"),
        ({"values": np.zeros((3, 0))}, "values"),
        ({"values": np.zeros(3)}, "values"),
        ({"values": np.full((3, 2), np.inf)}, "values"),
        ({"values": [["a", "b"]]}, "values"),
        ({"observation_sd": np.zeros((3, 1))}, "observation_sd"),
        ({"observation_sd": np.full((3, 2), -1.0)}, "observation_sd"),
        ({"inputs": np.zeros((3, 1))}, "inputs"),
        ({"threads": 0}, "threads"),
        ({"threads": 10**6}, "threads"),
        ({"threads": 1.5}, "threads"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(change: dict[str, object], argument: str) -> None:
    with pytest.raises(FilterArgumentError) as caught:
        run_batch(**{**GOOD, **change})
    assert caught.value.argument == argument


def test_arrays_may_be_strided_and_read_only() -> None:
    values = np.random.default_rng(1).normal(size=(20, 6))
    values.setflags(write=False)
    times = np.arange(12)[::2]
    for series, bytes_ in enumerate(run_batch(MODEL, times, values[::3]).beliefs):
        assert bytes_ == run(MODEL, times, values[::3][series]).belief.to_bytes()
