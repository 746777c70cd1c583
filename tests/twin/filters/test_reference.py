"""The compiled filter against its readable specification."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Model, run
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
from lex7.filters.reference import run_reference

SD = st.floats(0.01, 3.0)
PART = st.one_of(
    st.builds(Level, SD),
    st.builds(Trend, SD, SD),
    st.builds(DampedTrend, SD, SD, st.floats(0.3, 40.0)),
    st.builds(AutoRegression, SD, st.floats(0.1, 30.0)),
    st.builds(Season, SD, st.just(7.0), st.integers(1, 3)),
    st.builds(Regression, st.just(0), SD),
    st.builds(Step, st.just(20 * NS_PER_DAY), st.just(Initial((1.0,), (2.0,)))),
)


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(PART, min_size=1, max_size=3), noise=SD, seed=st.integers(0, 10_000))
def test_kernel_and_specification_agree(parts: list[Component], noise: float, seed: int) -> None:
    draw = np.random.default_rng(seed)
    times = np.cumsum(draw.integers(NS_PER_DAY // 10, 3 * NS_PER_DAY, size=40))
    values = draw.normal(size=40).cumsum()
    values[draw.random(40) < 0.2] = np.nan
    inputs = draw.normal(size=(40, 1))
    model = Model(tuple(parts), noise)

    ours = run(model, times, values, inputs=inputs)
    theirs = run_reference(model, times, values, inputs)

    # Two diffuse levels at once leave a direction nobody can see; only what is seen is compared.
    assert ours.belief.diffuse.shape == theirs.diffuse.shape
    if not len(theirs.diffuse):
        assert ours.loglik == pytest.approx(theirs.loglik, rel=1e-8, abs=1e-7)
        scale = 1 + np.abs(theirs.cov).max()
        np.testing.assert_allclose(ours.belief.cov, theirs.cov, atol=1e-8 * scale)
        np.testing.assert_allclose(ours.belief.mean, theirs.mean, atol=1e-6 * scale)
