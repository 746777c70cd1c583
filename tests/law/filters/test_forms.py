"""Laws of the covariance form and the factored form, each the other's test, on hostile models."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Belief, Filter, FilterResult, Model, run, run_all
from lex7.filters.components import (
    AutoRegression,
    Component,
    DampedTrend,
    Initial,
    Level,
    Regression,
    Season,
    Trend,
)
from lex7.filters.kalman import begin
from lex7.filters.robust import GAUSSIAN, Huber, Robust, StudentT

HOSTILE_COUNT = int(os.environ.get("LEX7_HOSTILE_MODELS", "300"))
"""How many hostile models are drawn; docs/research-log.md has the outcome of 10,000."""

SD = st.one_of(st.just(0.0), st.floats(-9, 6).map(lambda power: 10.0**power))
DECAY = st.floats(-3, 5).map(lambda power: 10.0**power)
HOSTILE = st.one_of(
    st.builds(Level, SD),
    st.builds(Trend, SD, SD),
    st.builds(DampedTrend, SD, SD, DECAY),
    st.builds(AutoRegression, SD, DECAY),
    st.builds(Season, SD, st.floats(0.5, 400.0), st.integers(1, 3)),
    st.builds(Level, SD, st.builds(lambda sd: Initial((0.0,), (sd,)), SD)),
)
HOSTILE_STEPS = [0, 1, 10**9, NS_PER_DAY, 30 * NS_PER_DAY, 10**17]
ROBUST = st.sampled_from([GAUSSIAN, StudentT(4.0), Huber(2.0)])


def series(seed: int, scale: float, rows: int = 25) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    times = np.cumsum(draw.choice(HOSTILE_STEPS, size=rows))
    return times, np.where(draw.random(rows) < 0.1, np.nan, draw.normal(size=rows) * scale)


@settings(max_examples=HOSTILE_COUNT, deadline=None)
@given(
    parts=st.lists(HOSTILE, min_size=1, max_size=3),
    noise=SD,
    robust=ROBUST,
    seed=st.integers(0, 100_000),
    scale=st.sampled_from([1e-9, 1e-3, 1.0, 1e3, 1e9]),
)
def test_covariances_are_symmetric_and_positive_on_hostile_models(
    parts: list[Component], noise: float, robust: Robust, seed: int, scale: float
) -> None:
    result = run_all(Model(tuple(parts), noise, robust), *series(seed, scale))
    assert np.isfinite(result.means).all()
    np.testing.assert_array_equal(result.covs, np.swapaxes(result.covs, 1, 2))
    for cov in result.covs:
        trace = float(np.trace(cov))
        # Scaled first: LAPACK is not made for the square of 1e100.
        assert trace == 0 or np.linalg.eigvalsh(cov / trace)[0] >= -1e-13


@settings(max_examples=100, deadline=None)
@given(
    parts=st.lists(HOSTILE, min_size=1, max_size=3),
    noise=SD,
    robust=ROBUST,
    seed=st.integers(0, 100_000),
    cut=st.integers(1, 24),
)
def test_a_hostile_stream_restored_anywhere_has_the_bits_of_a_run(
    parts: list[Component], noise: float, robust: Robust, seed: int, cut: int
) -> None:
    model = Model(tuple(parts), noise, robust)
    times, values = series(seed, 1.0)
    first = run(model, times[:cut], values[:cut])
    saved = Belief.from_bytes(first.belief.to_bytes())
    stream = Filter(model, saved)
    for time_ns, value in zip(times[cut:].tolist(), values[cut:].tolist(), strict=True):
        stream.update(time_ns, value)
    whole = run(model, times, values)
    assert stream.state_hash() == whole.belief.state_hash()
    assert (
        run(model, times[cut:], values[cut:], belief=saved).belief.to_bytes() == stream.to_bytes()
    )


TAME_SD = st.floats(0.01, 3.0)
TAME = st.one_of(
    st.builds(Level, TAME_SD),
    st.builds(Trend, TAME_SD, TAME_SD),
    st.builds(DampedTrend, TAME_SD, TAME_SD, st.floats(0.3, 40.0)),
    st.builds(AutoRegression, TAME_SD, st.floats(0.1, 30.0)),
    st.builds(Season, TAME_SD, st.just(7.0), st.integers(1, 3)),
    st.builds(Regression, st.just(0), TAME_SD),
)


def both_forms(model: Model, seed: int) -> tuple[FilterResult, FilterResult]:
    draw = np.random.default_rng(seed)
    times = np.cumsum(draw.integers(NS_PER_DAY // 10, 3 * NS_PER_DAY, size=60))
    values = np.where(draw.random(60) < 0.2, np.nan, draw.normal(size=60).cumsum())
    inputs = draw.normal(size=(60, 1))
    plain = run_all(model, times, values, inputs=inputs)
    start = begin(model, int(times[0])).factored()
    return plain, run_all(model, times, values, inputs=inputs, belief=start)


@settings(max_examples=60, deadline=None)
@given(
    parts=st.lists(TAME, min_size=1, max_size=4, unique_by=type),
    noise=TAME_SD,
    robust=ROBUST,
    seed=st.integers(0, 10_000),
)
def test_both_forms_agree(parts: list[Component], noise: float, robust: Robust, seed: int) -> None:
    plain, factored = both_forms(Model(tuple(parts), noise, robust), seed)
    assert factored.belief.is_pinned
    assert factored.loglik == pytest.approx(plain.loglik, rel=1e-9, abs=1e-8)
    np.testing.assert_allclose(factored.innovation_vars, plain.innovation_vars, rtol=1e-8)
    scale = np.maximum(np.abs(plain.covs).max(axis=(1, 2), keepdims=True), 1e-300)
    np.testing.assert_allclose(factored.covs / scale, plain.covs / scale, atol=1e-9)
    np.testing.assert_allclose(factored.means, plain.means, rtol=1e-7, atol=1e-7)


def test_an_ordinary_model_leaves_the_factored_form_once_it_is_settled() -> None:
    model = Model((Trend(0.1, 0.01), Season(0.05, 7.0, 1)), 0.5)
    times = np.arange(60) * NS_PER_DAY
    values = np.random.default_rng(1).normal(size=60)
    assert run(model, times[:2], values[:2]).belief.factor.shape == (4, 4)
    assert run(model, times, values).belief.factor.shape == (0, 0)


def test_a_signal_without_noise_is_followed_in_factored_form() -> None:
    model = Model((Trend(0.0, 0.0), Level(1e-9)), 0.0)
    times = np.arange(30) * NS_PER_DAY
    result = run_all(model, times, times / NS_PER_DAY)
    assert len(result.belief.factor)
    signal = result.means[2:, 0] + result.means[2:, 2]
    np.testing.assert_allclose(signal, np.arange(2, 30), rtol=1e-12)


def test_factors_multiply_to_the_covariance() -> None:
    model = Model((Trend(0.1, 0.01), AutoRegression(0.6, 2.0)), 0.5)
    belief = run(model, np.arange(9) * NS_PER_DAY, np.arange(9.0)).belief.factored()
    upper = np.triu(belief.factor, 1) + np.eye(3)
    product = upper @ np.diag(np.diag(belief.factor)) @ upper.T
    np.testing.assert_allclose(product, belief.cov, rtol=1e-13)
    assert Belief.from_bytes(belief.to_bytes()).to_bytes() == belief.to_bytes()
