"""A manifold of one's own: unit quaternions in the error-state filter, as the guide shows them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.spatial.transform import Rotation as Peer

from lex7.base.civil import NS_PER_DAY
from lex7.filters.errors import FilterArgumentError
from lex7.filters.eskf import ErrorBelief, error_step, jacobian_gaps
from lex7.filters.manifold import Coordinate, box_minus, box_plus, manifold_gaps


def cross(v: np.ndarray) -> np.ndarray:
    return np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])


def multiply(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Hamilton product, the real part first."""
    head = a[0] * b[0] - a[1:] @ b[1:]
    return np.concatenate([[head], a[0] * b[1:] + b[0] * a[1:] + np.cross(a[1:], b[1:])])


@dataclass(frozen=True)
class Rotation:
    """Unit quaternions (w, x, y, z); an error is a rotation vector in the body's own frame."""

    number_count: int = 4
    error_count: int = 3

    def plus(self, point: np.ndarray, delta: np.ndarray) -> np.ndarray:
        angle = math.sqrt(delta @ delta)
        share = math.sin(angle / 2) / angle if angle > 1e-12 else 0.5
        moved = multiply(point, np.concatenate([[math.cos(angle / 2)], share * delta]))
        return moved / math.sqrt(moved @ moved)

    def minus(self, value: np.ndarray, point: np.ndarray) -> np.ndarray:
        turn = multiply(np.concatenate([point[:1], -point[1:]]), value)
        turn = turn if turn[0] >= 0 else -turn
        size = math.sqrt(turn[1:] @ turn[1:])
        return turn[1:] * (2 * math.atan2(size, turn[0]) / size if size > 1e-12 else 2.0)

    def reset_jacobian(self, delta: np.ndarray) -> np.ndarray:
        """Right Jacobian of SO(3) (Solà 2017, eq. 183)."""
        angle = math.sqrt(delta @ delta)
        if angle < 1e-6:
            return np.eye(3) - 0.5 * cross(delta)
        turn = cross(delta)
        second = (angle - math.sin(angle)) / angle**3
        return np.eye(3) - (1 - math.cos(angle)) / angle**2 * turn + second * turn @ turn


ROTATION = Rotation()
KINDS = (Coordinate.REAL, ROTATION, Coordinate.ANGLE)


def random_points(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    quaternions = draw.normal(size=(2, 4))
    quaternions /= np.linalg.norm(quaternions, axis=1)[:, None]
    second = quaternions[1] if quaternions[0] @ quaternions[1] >= 0 else -quaternions[1]
    return quaternions[0], second, draw.normal(size=3)


@pytest.mark.parametrize("seed", range(10))
def test_a_right_manifold_is_at_rounding_from_its_laws(seed: int) -> None:
    point, value, delta = random_points(seed)
    gaps = manifold_gaps(ROTATION, point, value, 0.8 * delta)
    assert max(gaps.there, gaps.back) < 1e-12
    assert gaps.reset < 1e-8


def test_the_helper_finds_a_wrong_reset() -> None:
    class Wrong(Rotation):
        def reset_jacobian(self, delta: np.ndarray) -> np.ndarray:
            return np.eye(3)

    point, value, delta = random_points(1)
    assert manifold_gaps(Wrong(), point, value, delta).reset > 0.1


def test_kinds_of_several_sizes_stand_side_by_side() -> None:
    point, _, delta = random_points(2)
    state = np.concatenate([[5.0], point, [3.0]])
    error = np.concatenate([[0.5], delta, [0.4]])
    moved = box_plus(KINDS, state, error)
    assert moved[0] == 5.5
    assert -np.pi <= moved[5] < -2.8
    np.testing.assert_allclose(moved[1:5], ROTATION.plus(point, delta), rtol=1e-15)
    np.testing.assert_allclose(box_minus(KINDS, moved, state), error, atol=1e-12)
    gone = moved.copy()
    gone[2] = np.nan
    assert np.isnan(box_minus(KINDS, gone, state)[1:4]).all()
    for bad in (state[:-1], np.append(state, 0.0)):
        with pytest.raises(FilterArgumentError):
            box_plus(KINDS, bad, error)
    with pytest.raises(FilterArgumentError):
        box_plus(KINDS, state, error[:-1])


AXES = np.eye(3)


@dataclass(frozen=True)
class Gyroscope:
    """A body that turns at a known rate and sees two fixed directions."""

    rate: np.ndarray
    state_kinds = (ROTATION,)
    observation_kinds = (Coordinate.REAL,) * 6

    def move(self, state: np.ndarray, days: float) -> np.ndarray:
        return ROTATION.plus(state, self.rate * days)

    def move_jacobian(self, state: np.ndarray, days: float) -> np.ndarray:
        return Peer.from_rotvec(self.rate * days).as_matrix().T

    def process_cov(self, state: np.ndarray, days: float) -> np.ndarray:
        return np.eye(3) * 0.02**2 * days

    def observe(self, state: np.ndarray) -> np.ndarray:
        turn = Peer.from_quat(state, scalar_first=True).as_matrix()
        return (turn.T @ AXES[:, :2]).T.ravel()

    def observe_jacobian(self, state: np.ndarray) -> np.ndarray:
        seen = self.observe(state).reshape(2, 3)
        return np.vstack([cross(one) for one in seen])

    def observation_cov(self, state: np.ndarray) -> np.ndarray:
        return np.eye(6) * 0.05**2


def test_jacobians_on_a_manifold_of_ones_own_meet_differences() -> None:
    point, _, _ = random_points(4)
    gaps = jacobian_gaps(Gyroscope(np.array([0.3, -0.2, 0.5])), point, 0.7, step=1e-5)
    assert max(gaps) < 1e-8


def test_an_attitude_is_followed_with_an_honest_covariance() -> None:
    nees = []
    for seed in range(8):
        draw = np.random.default_rng(seed)
        model = Gyroscope(np.array([0.3, -0.2, 0.5]))
        truth = np.array([1.0, 0, 0, 0])
        start = ROTATION.plus(truth, draw.normal(0, 0.1, 3))
        belief = ErrorBelief(0, start, np.eye(3) * 0.01)
        for day in range(1, 60):
            truth = ROTATION.plus(model.move(truth, 1.0), draw.normal(0, 0.02, 3))
            value = model.observe(truth) + draw.normal(0, 0.05, 6)
            value[draw.random(6) < 0.2] = np.nan
            belief = error_step(model, belief, day * NS_PER_DAY, value).belief
            error = ROTATION.minus(truth, belief.state)
            nees.append(error @ np.linalg.solve(belief.cov, error))
    assert np.mean(nees) == pytest.approx(3.0, rel=0.15)
