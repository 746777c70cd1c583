"""Smoothing, likelihood and score of ill-conditioned models, against exact rational arithmetic.

The joint law of all states is written out in fractions and conditioned on one value after another;
what is diffuse has a variance of 10^90 there.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Belief, Model, run
from lex7.filters.components import AutoRegression, Initial, Level, Season, Trend
from lex7.filters.kalman import begin
from lex7.filters.lag import FixedLag
from lex7.filters.linear import LinearModel, run_linear, smooth_linear
from lex7.filters.reference import dynamics, loading
from lex7.filters.smoother import smooth, smooth_signal

VAGUE = Fraction(10) ** 90
Matrix = list[list[Fraction]]


def exact(numbers: np.ndarray) -> Matrix:
    return [[Fraction(float(value)) for value in row] for row in np.atleast_2d(numbers)]


def product(a: Matrix, b: Matrix) -> Matrix:
    columns = list(zip(*b, strict=True))
    return [
        [sum((x * y for x, y in zip(row, column, strict=True)), Fraction(0)) for column in columns]
        for row in a
    ]


@dataclass
class Joint:
    """The states of all rows under a Gaussian, conditioned exactly."""

    mean: list[Fraction]
    cov: Matrix
    states: int
    loglik: Decimal = Decimal(0)

    def see(self, row: int, h: list[Fraction], noise: Fraction, value: float) -> None:
        at = row * self.states
        cross = [
            sum((h[j] * line[at + j] for j in range(self.states)), Fraction(0)) for line in self.cov
        ]
        size = sum((h[j] * cross[at + j] for j in range(self.states)), Fraction(0)) + noise
        seen = sum((h[j] * self.mean[at + j] for j in range(self.states)), Fraction(0))
        apart = Fraction(value) - seen
        self.loglik -= (logarithm(2) + PI_LOG + logarithm(size) + number(apart**2 / size)) / 2
        self.mean = [m + c * apart / size for m, c in zip(self.mean, cross, strict=True)]
        self.cov = [
            [v - c * d / size for v, d in zip(line, cross, strict=True)]
            for line, c in zip(self.cov, cross, strict=True)
        ]

    def means(self) -> np.ndarray:
        return np.array([float(m) for m in self.mean]).reshape(-1, self.states)

    def covs(self) -> np.ndarray:
        whole = np.array([[float(v) for v in line] for line in self.cov])
        places = range(0, len(whole), self.states)
        return np.array([whole[i : i + self.states, i : i + self.states] for i in places])


def number(value: Fraction) -> Decimal:
    with localcontext(prec=120):
        return Decimal(value.numerator) / Decimal(value.denominator)


def logarithm(value: Fraction | int) -> Decimal:
    with localcontext(prec=120):
        return number(Fraction(value)).ln()


PI_LOG = Decimal("3.14159265358979323846264338327950288419716939937511").ln()


def joint(start: Belief, moves: list[tuple[np.ndarray, np.ndarray]]) -> Joint:
    """The law of all states before anything is seen."""
    states, directions = len(start.mean), exact(start.diffuse) if start.diffuse.size else []
    cov = exact(start.cov)
    for line in directions:
        for i in range(states):
            for j in range(states):
                cov[i][j] += VAGUE * line[i] * line[j]
    mean, blocks = [Fraction(float(m)) for m in start.mean], [[cov]]
    here = [[m] for m in mean]
    for transition, noise in moves:
        move, back = (
            exact(transition),
            [list(line) for line in zip(*exact(transition), strict=True)],
        )
        here = product(move, here)
        mean += [m[0] for m in here]
        for row in blocks:
            row.append(product(row[-1], back))
        last = product(product(move, blocks[-1][0]), back)
        own = [
            [v + q for v, q in zip(a, b, strict=True)]
            for a, b in zip(last, exact(noise), strict=True)
        ]
        blocks.append([own])
    rows = len(blocks)
    whole = [[Fraction(0)] * (rows * states) for _ in range(rows * states)]
    for i, row in enumerate(blocks):
        for j, block in enumerate(row):
            for a in range(states):
                for b in range(states):
                    whole[i * states + a][(i + j) * states + b] = block[a][b]
                    whole[(i + j) * states + b][i * states + a] = block[a][b]
    return Joint(mean, whole, states)


def of(model: Model, times: np.ndarray, values: np.ndarray) -> Joint:
    steps = np.diff(times) / NS_PER_DAY
    out = joint(begin(model, int(times[0])), [dynamics(model, float(days)) for days in steps])
    noise = Fraction(float(model.observation_sd)) ** 2
    for row, value in enumerate(values):
        if not np.isnan(value):
            h = [Fraction(float(x)) for x in loading(model, int(times[row]), None)]
            out.see(row, h, noise, float(value))
    return out


def assert_close(means: np.ndarray, covs: np.ndarray, known: Joint) -> None:
    sds = np.sqrt(np.maximum(np.diagonal(known.covs(), axis1=1, axis2=2), 0))
    apart = np.abs(means - known.means())
    assert (apart <= 1e-6 * sds + 1e-9 * np.abs(known.means()) + 1e-12).all(), apart / sds
    wide = sds[:, :, None] * sds[:, None, :]
    assert (np.abs(covs - known.covs()) <= 1e-6 * wide + 1e-24).all(), covs / known.covs()
    np.testing.assert_array_equal(covs, np.swapaxes(covs, 1, 2))


DAYS = np.array([0.0, 1.0, 1.0 + 1e-5, 2.5, 40.0, 41.0, 43.0])
TIMES = (DAYS * NS_PER_DAY).astype(np.int64)
VALUES = np.array([1.0, 1.5, 1.500001, np.nan, 2.0, 2.25, 1.75])
VAGUE_TREND = Initial((0.0, 0.0), (1e9, 1e9))
MODELS = {
    "a vague start beside hardly any noise": Model((Trend(1e-3, 1e-4, VAGUE_TREND),), 1e-6),
    "a start of 1e9 and noise of 1e-9": Model((Level(1e-9, Initial((0.0,), (1e9,))),), 1e-9),
    "nothing known and no noise": Model((Trend(0.0, 1e-3),), 0.0),
    "nothing known and hardly any noise": Model(
        (Trend(1e-6, 1e-7), AutoRegression(1.0, 0.5)), 1e-7
    ),
    "a season seen twice within a second": Model((Level(1e-4), Season(1e-5, 3.0, 1)), 1e-3),
    "a memory shorter than a step": Model((Level(0.1), AutoRegression(1.0, 1e-4)), 0.5),
    "parts of very different sizes": Model(
        (Level(1e-8, Initial((0.0,), (1e7,))), AutoRegression(1e6, 3.0)), 1e-8
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_smoothed_moments_are_those_of_exact_arithmetic(name: str) -> None:
    found = smooth(MODELS[name], TIMES, VALUES)
    assert_close(found.means, found.covs, of(MODELS[name], TIMES, VALUES))


@pytest.mark.parametrize("name", MODELS)
def test_a_lag_of_the_whole_series_gives_the_first_smoothed_state(name: str) -> None:
    model = MODELS[name]
    smoother, known = FixedLag(model, len(TIMES) - 1), smooth(model, TIMES, VALUES)
    answers = [
        smoother.update(int(t), float(y))
        for t, y in zip(TIMES.tolist(), VALUES.tolist(), strict=True)
    ]
    assert answers[:-1] == [None] * (len(TIMES) - 1)
    last = answers[-1]
    assert last is not None
    np.testing.assert_array_equal(last.mean, known.means[0])
    np.testing.assert_array_equal(last.cov, known.covs[0])


@pytest.mark.parametrize("name", MODELS)
def test_likelihoods_are_those_of_exact_arithmetic(name: str) -> None:
    model = MODELS[name]
    known = of(model, TIMES, VALUES).loglik
    directions = len(begin(model, 0).diffuse)
    with localcontext(prec=60):
        known += directions * logarithm(VAGUE) / 2
    assert run(model, TIMES, VALUES).loglik == pytest.approx(float(known), rel=1e-8)


@pytest.mark.parametrize("name", MODELS)
def test_signals_of_two_rows_have_their_exact_covariance(name: str) -> None:
    model, rows = MODELS[name], [1, 3]
    found, known = smooth_signal(model, TIMES, VALUES, rows), of(model, TIMES, VALUES)
    looks = [exact(loading(model, int(TIMES[row]), None))[0] for row in rows]
    whole = [[Fraction(0)] * (row * known.states) + h for row, h in zip(rows, looks, strict=True)]
    whole = [line + [Fraction(0)] * (len(known.mean) - len(line)) for line in whole]
    cov = product(product(whole, known.cov), [list(line) for line in zip(*whole, strict=True)])
    sds = [float(cov[i][i]) ** 0.5 for i in range(2)]
    for i in range(2):
        for j in range(2):
            assert abs(found.cov[i, j] - float(cov[i][j])) <= 1e-6 * sds[i] * sds[j] + 1e-18


def dense(seed: int, scale: float) -> tuple[LinearModel, np.ndarray]:
    """A dense model whose start is `scale` wide and whose noise is as small."""
    draw = np.random.default_rng(seed)
    move = np.array([[1.0, 0.7, 0.1], [0.0, 0.9, 0.3], [0.2, 0.0, 0.8]])
    root = draw.normal(size=(3, 2))
    noise, see = root @ root.T, draw.normal(size=(2, 3))
    noise = (noise + noise.T) / 2
    start = Belief(0, np.zeros(3), np.eye(3) * scale**2, np.zeros((0, 3)))
    model = LinearModel(move, noise, see, np.eye(2) / scale**2, np.zeros(3), np.zeros(2), start)
    values = draw.normal(size=(6, 2))
    values[2, 0] = np.nan
    return model, values


@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_dense_models_are_filtered_and_smoothed_as_exact_arithmetic_says(scale: float) -> None:
    model, values = dense(3, scale)
    found, moves = smooth_linear(model, values), [(model.transition, model.process_cov)]
    known = joint(model.start, moves * (len(values) - 1))
    noise, sight = exact(model.observation_cov), exact(model.loading)
    for row, seen in enumerate(values):
        for output in np.flatnonzero(~np.isnan(seen)):
            known.see(row, sight[output], noise[output][output], float(seen[output]))
    assert_close(found.smoothed_means, found.smoothed_covs, known)
    assert found.loglik == pytest.approx(float(known.loglik), rel=1e-8)
    assert all(np.linalg.eigvalsh(cov / np.trace(cov))[0] >= -1e-14 for cov in found.covs)
    np.testing.assert_array_equal(run_linear(model, values).covs, found.covs)
