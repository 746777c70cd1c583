"""Many sequences at once: the bits of one at a time, and KalmanNet's protocol in small."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from lex7.base.civil import NS_PER_DAY
from lex7.filters.errors import FilterArgumentError
from lex7.filters.eskf import ErrorBelief, error_step
from lex7.filters.manifold import Coordinate
from lex7.filters.sequences import SequenceBeliefs, sequence_step

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "bench"))
kalmannet = pytest.importorskip("kalmannet", reason="bench/ is not part of an installed package")


class Single:
    """One sequence of a model of many, as `error_step` asks for it."""

    state_kinds = (Coordinate.REAL,) * 3
    observation_kinds = (Coordinate.REAL,) * 3

    def __init__(self, many: object) -> None:
        self.many = many

    def move(self, state: np.ndarray, days: float) -> np.ndarray:
        return self.many.move(state[None], days)[0]

    def move_jacobian(self, state: np.ndarray, days: float) -> np.ndarray:
        return self.many.move_jacobians(state[None], days)[0]

    def process_cov(self, state: np.ndarray, days: float) -> np.ndarray:
        return self.many.process_cov(days)

    def observe(self, state: np.ndarray) -> np.ndarray:
        return self.many.observe(state[None])[0]

    def observe_jacobian(self, state: np.ndarray) -> np.ndarray:
        return self.many.observe_jacobians(state[None])[0]

    def observation_cov(self, state: np.ndarray) -> np.ndarray:
        return self.many.observation_cov()


def start(count: int) -> SequenceBeliefs:
    return SequenceBeliefs(0, np.ones((count, 3)), np.zeros((count, 3, 3)))


def test_sequences_give_what_one_error_state_filter_gives() -> None:
    many = kalmannet.Lorenz(0.1, np.eye(3))
    _, seen = kalmannet.simulate(0.1, 4, seed=3)
    seen[5, 2, 1] = np.nan
    beliefs, alone = start(4), ErrorBelief(0, np.ones(3), np.zeros((3, 3)))
    for row in range(20):
        when = (row + 1) * NS_PER_DAY
        step = sequence_step(many, beliefs, when, seen[row])
        beliefs = step.beliefs
        single = error_step(Single(many), alone, when, seen[row, 2])
        alone = single.belief
        np.testing.assert_allclose(beliefs.states[2], alone.state, rtol=1e-13)
        np.testing.assert_allclose(beliefs.covs[2], alone.cov, rtol=1e-12, atol=1e-18)
        assert step.logliks[2] == pytest.approx(single.loglik, rel=1e-11)


def test_the_exact_jacobian_is_that_of_differences() -> None:
    model = kalmannet.Lorenz(0.1, np.eye(3))
    point, step = np.array([[3.0, -7.0, 22.0]]), 1e-5
    found = model.move_jacobians(point, 1.0)[0]
    for place in range(3):
        shift = step * np.eye(3)[place]
        slope = (model.move(point + shift, 1.0) - model.move(point - shift, 1.0))[0] / (2 * step)
        np.testing.assert_allclose(found[:, place], slope, atol=1e-8)


@pytest.mark.parametrize(("noise", "known"), [(0.1, -20.493), (0.001, -40.483)])
def test_lorenz_errors_are_near_those_of_the_protocol(noise: float, known: float) -> None:
    # 200 sequences scatter by about 0.2 dB; bench/kalmannet.py draws 20,000.
    model = kalmannet.Lorenz(noise, kalmannet.turned())
    found = kalmannet.lorenz_error(model, *kalmannet.simulate(noise, 200, seed=1))
    assert found == pytest.approx(known, abs=0.6)


def test_linear_errors_are_near_those_of_the_protocol() -> None:
    assert kalmannet.linear_error(0.1, 500, seed=2) == pytest.approx(-17.339, abs=0.3)


def test_a_fitted_observation_removes_the_mismatch() -> None:
    data = kalmannet.simulate(0.1, 200, seed=4)
    fitted = kalmannet.Lorenz(0.1, kalmannet.fitted_loading(0.1))
    oracle = kalmannet.Lorenz(0.1, kalmannet.turned())
    best = kalmannet.lorenz_error(oracle, *data)
    assert kalmannet.lorenz_error(fitted, *data) == pytest.approx(best, abs=0.02)
    assert kalmannet.lorenz_error(kalmannet.Lorenz(0.1, np.eye(3)), *data) > best + 2


def test_rows_that_do_not_fit_are_refused() -> None:
    model = kalmannet.Lorenz(0.1, np.eye(3))
    with pytest.raises(FilterArgumentError):
        sequence_step(model, start(4), NS_PER_DAY, np.zeros((3, 3)))
    later = sequence_step(model, start(4), NS_PER_DAY, np.zeros((4, 3))).beliefs
    with pytest.raises(FilterArgumentError):
        sequence_step(model, later, 0, np.zeros((4, 3)))
