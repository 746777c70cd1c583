"""Laws of manifolds and of the error-state filter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Belief
from lex7.filters.errors import FilterArgumentError
from lex7.filters.eskf import ErrorBelief, error_step, jacobian_gaps
from lex7.filters.linear import LinearModel, run_linear
from lex7.filters.manifold import Coordinate, box_minus, box_plus

KINDS = (Coordinate.REAL, Coordinate.POSITIVE, Coordinate.ANGLE)
POINT = st.tuples(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.floats(-3.14, 3.14))
ERROR = st.tuples(st.floats(-1e3, 1e3), st.floats(-5, 5), st.floats(-3.1, 3.1))


@given(x=POINT, y=POINT)
def test_plus_undoes_minus(x: tuple[float, ...], y: tuple[float, ...]) -> None:
    back = box_plus(KINDS, x, box_minus(KINDS, y, x))
    assert back[0] == pytest.approx(y[0], abs=1e-9)
    assert back[1] == pytest.approx(y[1], rel=1e-12)
    assert abs(np.exp(1j * back[2]) - np.exp(1j * y[2])) < 1e-12


@given(x=POINT, delta=ERROR)
def test_minus_undoes_plus(x: tuple[float, ...], delta: tuple[float, ...]) -> None:
    back = box_minus(KINDS, box_plus(KINDS, x, delta), x)
    np.testing.assert_allclose(back, delta, atol=1e-9)


@given(x=POINT, turns=st.integers(-3, 3))
def test_angles_are_taken_the_shorter_way(x: tuple[float, ...], turns: int) -> None:
    moved = box_plus((Coordinate.ANGLE,), [x[2]], [turns * 2 * np.pi])
    assert -np.pi <= moved[0] < np.pi
    assert abs(box_minus((Coordinate.ANGLE,), moved, [x[2]])[0]) < 1e-12


@pytest.mark.parametrize("state", [[1.0, 0.0, 0.0], [1.0, -1.0, 0.0], [np.inf, 1.0, 0.0], [1.0]])
def test_points_off_the_manifold_are_refused(state: list[float]) -> None:
    with pytest.raises(FilterArgumentError):
        box_plus(KINDS, state, [0.0, 0.0, 0.0])


@dataclass(frozen=True)
class Plain:
    """A linear model in the clothes of a nonlinear one."""

    transition: np.ndarray
    q: np.ndarray
    z: np.ndarray
    r: np.ndarray
    state_kinds = (Coordinate.REAL,) * 2
    observation_kinds = (Coordinate.REAL,) * 2

    def move(self, state: np.ndarray, days: float) -> np.ndarray:
        return self.transition @ state

    def move_jacobian(self, state: np.ndarray, days: float) -> np.ndarray:
        return self.transition

    def process_cov(self, state: np.ndarray, days: float) -> np.ndarray:
        return self.q

    def observe(self, state: np.ndarray) -> np.ndarray:
        return self.z @ state

    def observe_jacobian(self, state: np.ndarray) -> np.ndarray:
        return self.z

    def observation_cov(self, state: np.ndarray) -> np.ndarray:
        return self.r


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 100_000))
def test_on_a_linear_model_the_error_state_filter_is_the_kalman_filter(seed: int) -> None:
    draw = np.random.default_rng(seed)
    transition, z = draw.normal(size=(2, 2)) * 0.7, draw.normal(size=(2, 2))
    root, noise = draw.normal(size=(2, 2)), draw.normal(size=(2, 2))
    q, r = root @ root.T, noise @ noise.T
    q, r = (q + q.T) / 2, (r + r.T) / 2 + 0.1 * np.eye(2)
    values = draw.normal(size=(12, 2))
    values[draw.random((12, 2)) < 0.2] = np.nan
    start = Belief(0, np.zeros(2), np.eye(2), np.zeros((0, 2)))
    zeros = np.zeros(2)
    given_model = LinearModel(transition, q, z, r, zeros, zeros, start)
    # The linear filter observes before it moves: one empty row in front brings both into step.
    known = run_linear(given_model, np.vstack([[np.nan, np.nan], values]))

    belief, loglik = ErrorBelief(0, np.zeros(2), np.eye(2)), 0.0
    for day, row in enumerate(values):
        step = error_step(Plain(transition, q, z, r), belief, (day + 1) * NS_PER_DAY, row)
        belief, loglik = step.belief, loglik + step.loglik

    np.testing.assert_allclose(belief.state, known.belief.mean, atol=1e-12)
    np.testing.assert_allclose(belief.cov, known.belief.cov, atol=1e-12)
    assert loglik == pytest.approx(known.loglik, abs=1e-11)


@dataclass(frozen=True)
class Clock:
    """A phase that turns at a positive rate, seen as a position on a circle and as the rate."""

    state_kinds = (Coordinate.ANGLE, Coordinate.POSITIVE)
    observation_kinds = (Coordinate.ANGLE, Coordinate.POSITIVE)

    def move(self, state: np.ndarray, days: float) -> np.ndarray:
        return np.array([box_plus((Coordinate.ANGLE,), state[:1], [state[1] * days])[0], state[1]])

    def move_jacobian(self, state: np.ndarray, days: float) -> np.ndarray:
        return np.array([[1.0, state[1] * days], [0.0, 1.0]])

    def process_cov(self, state: np.ndarray, days: float) -> np.ndarray:
        return np.diag([1e-4, 1e-4]) * days

    def observe(self, state: np.ndarray) -> np.ndarray:
        return state

    def observe_jacobian(self, state: np.ndarray) -> np.ndarray:
        return np.eye(2)

    def observation_cov(self, state: np.ndarray) -> np.ndarray:
        return np.diag([0.05, 0.01])


@given(angle=st.floats(-3.1, 3.1), rate=st.floats(0.1, 20.0), days=st.floats(0.0, 2.0))
def test_the_helper_accepts_right_jacobians(angle: float, rate: float, days: float) -> None:
    gaps = jacobian_gaps(Clock(), np.array([angle, rate]), days, step=1e-5)
    assert max(gaps) < 1e-6 * (1 + rate)


def test_the_helper_sees_a_wrong_jacobian() -> None:
    class Wrong(Clock):
        def move_jacobian(self, state: np.ndarray, days: float) -> np.ndarray:
            return np.eye(2)

    assert jacobian_gaps(Wrong(), np.array([0.5, 2.0]), 1.0, step=1e-5)[0] > 1.0


def test_a_phase_is_followed_across_the_seam_and_a_rate_stays_positive() -> None:
    draw = np.random.default_rng(6)
    belief = ErrorBelief(0, np.array([0.0, 1.0]), np.diag([4.0, 0.5]))
    truth, inside = np.array([1.0, 2.0]), 0
    for day in range(1, 61):
        truth = Clock().move(truth, 1.0)
        seen = box_plus(Clock.state_kinds, truth, draw.normal(size=2) * [0.05**0.5, 0.1])
        step = error_step(Clock(), belief, day * NS_PER_DAY, seen)
        belief = step.belief
        error = box_minus(Clock.state_kinds, truth, belief.state)
        inside += int(error @ np.linalg.solve(belief.cov, error) < 5.99)
        assert belief.state[1] > 0
    assert inside >= 52
    assert np.abs(box_minus(Clock.state_kinds, truth, belief.state)).max() < 0.3
