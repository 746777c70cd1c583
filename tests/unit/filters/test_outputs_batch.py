"""Many models of several outputs, and one of them on a stream: the bits of single runs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Model, run, run_all
from lex7.filters.components import AutoRegression, Level, Season
from lex7.filters.errors import FilterArgumentError, FilterDivergedError
from lex7.filters.linear import LinearModel, LinearRows, diffuse_start, run_linear, smooth_linear
from lex7.filters.outputs_batch import (
    run_linear_batch,
    run_vector_batch,
    smooth_linear_batch,
    smooth_vector_batch,
)
from lex7.filters.vector import VectorModel, VectorSeries, run_vector, smooth_vector
from lex7.filters.vector_stream import VectorFilter

DRAW = np.random.default_rng(12)
COUNT = 1_000
MODEL = LinearModel(
    np.array([[1.0, 0.5], [0.0, 0.75]]),
    np.diag([0.25, 0.5]),
    np.eye(2),
    np.array([[1.0, 0.25], [0.25, 0.5]]),
    np.zeros(2),
    np.zeros(2),
    diffuse_start(2),
)
PARTS = (Level(0.3), Season(0.05, 7.0, 1), AutoRegression(0.5, 2.0))
VECTOR = VectorModel(
    PARTS,
    np.array([[1.0, 1.0, 1.0], [0.5, 0.0, 1.0]]),
    np.array([[0.25, 0.1], [0.1, 0.5]]),
    control=np.array([[0.5], [0.0], [0.0], [0.0]]),
)
TIMES = np.cumsum(DRAW.integers(1, 40, size=30)) * (NS_PER_DAY // 16)
ROWS = DRAW.normal(size=(COUNT, 30, 2)).cumsum(axis=1)
ROWS[DRAW.random(ROWS.shape) < 0.2] = np.nan
CONTROLS = DRAW.normal(size=(30, 1))


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_a_thousand_linear_series_have_the_bits_of_each_alone(threads: int) -> None:
    models = [replace(MODEL, process_cov=MODEL.process_cov * (1 + k % 5)) for k in range(COUNT)]
    found = run_linear_batch(models, list(ROWS), threads=threads)
    for place in (0, 1, 499, COUNT - 1):
        alone = run_linear(models[place], ROWS[place])
        assert found[place].belief.to_bytes() == alone.belief.to_bytes()
        np.testing.assert_array_equal(found[place].covs, alone.covs)
    single = run_linear_batch(MODEL, [ROWS[0]], threads=threads)
    assert single[0].belief.state_hash() == run_linear(MODEL, ROWS[0]).belief.state_hash()
    smoothed = smooth_linear_batch(MODEL, list(ROWS[:9]), threads=threads)
    known = smooth_linear(MODEL, ROWS[8]).smoothed_covs
    np.testing.assert_array_equal(smoothed[8].smoothed_covs, known)


@pytest.mark.parametrize("threads", [1, 2])
def test_many_series_of_several_outputs_have_the_bits_of_each_alone(threads: int) -> None:
    series = [VectorSeries(TIMES[: 20 + k % 10], ROWS[k, : 20 + k % 10]) for k in range(100)]
    found = run_vector_batch(VECTOR, series, threads=threads)
    for place in (0, 37, 99):
        alone = run_vector(VECTOR, series[place])
        assert found[place].belief.to_bytes() == alone.belief.to_bytes()
    past = smooth_vector_batch([VECTOR] * 3, series[:3], threads=threads)
    known = smooth_vector(VECTOR, series[2]).smoothed_means
    np.testing.assert_array_equal(past[2].smoothed_means, known)


def test_the_series_that_does_not_fit_is_named() -> None:
    bad = LinearRows(ROWS[0], observation_covs=np.tile(-np.eye(2), (30, 1, 1)))
    with pytest.raises(FilterArgumentError, match="observation_covs"):
        run_linear_batch(MODEL, [ROWS[1], bad])
    wild = replace(MODEL, transition=np.eye(2) * 1e99)
    with pytest.raises(FilterDivergedError) as caught:
        run_linear_batch([MODEL, wild], [ROWS[0], ROWS[1]])
    assert caught.value.series == 1
    for models, series in ((MODEL, []), ([MODEL], list(ROWS[:2])), ("model", [ROWS[0]])):
        with pytest.raises(FilterArgumentError):
            run_linear_batch(models, series)
    with pytest.raises(FilterArgumentError, match="threads"):
        run_linear_batch(MODEL, [ROWS[0]], threads=0)
    with pytest.raises(FilterArgumentError, match="series"):
        run_vector_batch(VECTOR, VectorSeries(TIMES, ROWS[0]))


def fed(stream: VectorFilter, start: int, end: int) -> float:
    """Feed a stream some rows; return their log-density."""
    total = 0.0
    for row in range(start, end):
        total += stream.update(int(TIMES[row]), ROWS[0, row], controls=CONTROLS[row]).loglik
    return total


def test_a_stream_has_the_bits_of_a_run_wherever_it_was_stopped() -> None:
    whole = run_vector(VECTOR, VectorSeries(TIMES, ROWS[0], controls=CONTROLS))
    for cut in (1, 3, 17, 29):
        first = VectorFilter(VECTOR)
        loglik = fed(first, 0, cut)
        second = VectorFilter.from_bytes(VECTOR, first.to_bytes())
        assert second.to_bytes() == first.to_bytes()
        loglik += fed(second, cut, 30)
        assert second.state_hash() == whole.belief.state_hash()
        assert loglik == pytest.approx(whole.loglik, rel=1e-12)


def test_what_one_output_says_is_what_the_scalar_filter_says() -> None:
    one = VectorModel(PARTS, np.ones((1, 3)), np.array([[0.25]]))
    stream, plain = VectorFilter(one), run_all(Model(PARTS, 0.5), TIMES, ROWS[0, :, 0])
    for row, time_ns in enumerate(TIMES.tolist()):
        told = stream.update(time_ns, ROWS[0, row, :1])
        np.testing.assert_allclose(told.innovations, plain.innovations[row : row + 1], atol=1e-11)
        known = plain.innovation_vars[row : row + 1]
        np.testing.assert_allclose(told.innovation_vars, known, rtol=1e-10)
    final = run(Model(PARTS, 0.5), TIMES, ROWS[0, :, 0]).belief
    np.testing.assert_allclose(stream.belief().mean, final.mean, atol=1e-11)


def test_a_refused_row_leaves_the_stream_as_it_was() -> None:
    stream = VectorFilter(VECTOR)
    with pytest.raises(FilterArgumentError):
        stream.to_bytes()
    fed(stream, 0, 5)
    before = stream.to_bytes()
    late = int(TIMES[0])
    bad = [
        (late, ROWS[0, 0], {}),
        (int(TIMES[5]), [1.0], {}),
        (int(TIMES[5]), [np.inf, 0.0], {}),
        (1.5, [0.0, 0.0], {}),
        (int(TIMES[5]), [0.0, 0.0], {"observation_cov": -np.eye(2)}),
        (int(TIMES[5]), [0.0, 0.0], {"controls": [0.0, 1.0]}),
        (int(TIMES[5]), "ab", {}),
    ]
    for time_ns, values, more in bad:
        with pytest.raises(FilterArgumentError):
            stream.update(time_ns, values, **more)
        assert stream.to_bytes() == before
    own = stream.update(int(TIMES[5]), [0.5, np.nan], observation_cov=np.eye(2) * 9.0)
    assert np.isnan(own.innovations[1])
    assert own.innovation_vars[0] > 9.0
