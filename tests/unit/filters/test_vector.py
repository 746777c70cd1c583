"""Vector observations against the scalar filter, the linear one, and known motions."""

from __future__ import annotations

import numpy as np
import pytest

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Model, run, run_all, smooth
from lex7.filters.components import AutoRegression, Initial, Level, Regression, Season, Trend
from lex7.filters.errors import FilterArgumentError, FilterDiffuseError
from lex7.filters.linear import LinearModel, diffuse_start, smooth_linear
from lex7.filters.reference import dynamics
from lex7.filters.vector import VectorModel, VectorSeries, run_vector, smooth_vector

DRAW = np.random.default_rng(31)
TIMES = np.cumsum(DRAW.integers(NS_PER_DAY // 10, 2 * NS_PER_DAY, size=50))
VALUES = np.where(DRAW.random((50, 2)) < 0.3, np.nan, DRAW.normal(size=(50, 2)).cumsum(axis=0))
PARTS = (Trend(0.4, 0.1), Season(0.05, 7.0, 2), AutoRegression(0.8, 2.0))
LOADING = np.array([[1.0, 1.0, 0.0], [0.5, 0.0, 2.0]])
NOISE = np.array([[0.3, 0.1], [0.1, 0.2]])


def test_one_output_is_the_scalar_filter() -> None:
    one = VectorModel(PARTS, np.ones((1, 3)), np.array([[0.25]]))
    found = smooth_vector(one, VectorSeries(TIMES, VALUES[:, :1]))
    plain = run(Model(PARTS, 0.5), TIMES, VALUES[:, 0])
    past = smooth(Model(PARTS, 0.5), TIMES, VALUES[:, 0])
    np.testing.assert_allclose(found.belief.mean, plain.belief.mean, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(found.belief.cov, plain.belief.cov, rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(found.smoothed_means, past.means)
    np.testing.assert_array_equal(found.smoothed_covs, past.covs)


def test_outputs_on_a_grid_are_those_of_the_linear_model() -> None:
    parts = (Trend(0.4, 0.1), Level(0.2))
    loading = np.array([[1.0, 0.5], [0.0, 1.0]])
    days = np.arange(50) * NS_PER_DAY
    step, noise = dynamics(Model(parts, 0.0), 1.0)
    rows = np.array([[1.0, 0.0, 0.5], [0.0, 0.0, 1.0]])
    linear = LinearModel(step, noise, rows, NOISE, np.zeros(3), np.zeros(2), diffuse_start(3))
    peer = smooth_linear(linear, VALUES)
    found = smooth_vector(VectorModel(parts, loading, NOISE), VectorSeries(days, VALUES))
    np.testing.assert_allclose(found.smoothed_means, peer.smoothed_means, atol=1e-9)
    np.testing.assert_allclose(found.smoothed_covs, peer.smoothed_covs, atol=1e-9)
    assert found.loglik == pytest.approx(peer.loglik, rel=1e-12)


def test_a_known_motion_is_worth_the_same_motion_taken_out_of_the_values() -> None:
    parts = (Level(0.3), AutoRegression(0.5, 3.0))
    model = VectorModel(parts, np.ones((1, 2)), np.array([[0.25]]))
    drifts = np.zeros((50, 2))
    drifts[20, 0], drifts[35, 0] = 4.0, -1.5
    moved = VALUES[:, :1] + drifts[:, :1].cumsum(axis=0)
    found = smooth_vector(model, VectorSeries(TIMES, moved, drifts=drifts))
    plain = smooth_vector(model, VectorSeries(TIMES, VALUES[:, :1]))
    assert found.loglik == pytest.approx(plain.loglik, rel=1e-10)
    gap = found.smoothed_means - plain.smoothed_means
    np.testing.assert_allclose(gap, drifts.cumsum(axis=0), atol=1e-9)


def test_a_run_in_pieces_has_the_bits_of_the_whole() -> None:
    model = VectorModel(PARTS, LOADING, NOISE)
    whole = run_vector(model, VectorSeries(TIMES, VALUES))
    first = run_vector(model, VectorSeries(TIMES[:20], VALUES[:20]))
    rest = run_vector(model, VectorSeries(TIMES[20:], VALUES[20:]), belief=first.belief)
    assert rest.belief.state_hash() == whole.belief.state_hash()


def test_regressions_of_an_output_use_its_inputs() -> None:
    inputs = DRAW.normal(size=(50, 1))
    parts = (Level(0.3), Regression(0))
    one = VectorModel(parts, np.ones((1, 2)), np.array([[0.25]]))
    found = run_vector(one, VectorSeries(TIMES, VALUES[:, :1], inputs=inputs))
    plain = run_all(Model(parts, 0.5), TIMES, VALUES[:, 0], inputs=inputs)
    np.testing.assert_allclose(found.means, plain.means, rtol=1e-10, atol=1e-10)


def test_what_does_not_fit_is_refused() -> None:
    good = VectorModel(PARTS, LOADING, NOISE)
    lopsided = np.array([[1.0, 0.2], [0.1, 1.0]])
    negative = np.array([[1.0, 2.0], [2.0, 1.0]])
    bad = [
        (VectorModel(PARTS, LOADING[:, :2], NOISE), VectorSeries(TIMES, VALUES)),
        (VectorModel(PARTS, LOADING, NOISE[:1]), VectorSeries(TIMES, VALUES)),
        (VectorModel(PARTS, LOADING, lopsided), VectorSeries(TIMES, VALUES)),
        (VectorModel(PARTS, LOADING, negative), VectorSeries(TIMES, np.zeros((50, 2)))),
        (VectorModel(PARTS, LOADING * np.nan, NOISE), VectorSeries(TIMES, VALUES)),
        (good, VectorSeries(TIMES[::-1], VALUES)),
        (good, VectorSeries(TIMES, VALUES[:, :1])),
        (good, VectorSeries(TIMES[:5], VALUES)),
        (good, VectorSeries(TIMES, np.full((50, 2), np.inf))),
        (good, VectorSeries(TIMES, VALUES, drifts=np.zeros((50, 2)))),
        (good, VectorSeries(TIMES, VALUES, drifts=np.full((50, 7), np.nan))),
        (good, VectorSeries([], np.zeros((0, 2)))),
    ]
    for model, series in bad:
        with pytest.raises(FilterArgumentError):
            run_vector(model, series)
    start = VectorModel((Level(0.1, Initial((0.0,), (1.0,))), Level(0.2)), np.eye(2), NOISE)
    unseen = VectorSeries(TIMES, np.column_stack([VALUES[:, 0], np.full(50, np.nan)]))
    with pytest.raises(FilterDiffuseError):
        smooth_vector(start, unseen)
