"""Good arguments: series, models and small classes of a user's own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Belief, Model, forecast, run_all
from lex7.filters.anomaly import (
    AnomalySettings,
)
from lex7.filters.components import AutoRegression, Free, Level, Prior, Regression
from lex7.filters.linear import LinearModel
from lex7.filters.manifold import (
    Coordinate,
    box_plus,
)
from lex7.filters.vector import VectorModel


@dataclass(frozen=True)
class Call:
    """A call that is right, and the public names that it exercises."""

    names: tuple[str, ...]
    make: Callable[..., Any]
    good: dict[str, Any]


ROWS = 6
TIMES = 1_700_000_000 * 10**9 + np.arange(ROWS, dtype=np.int64) * NS_PER_DAY
AHEAD = TIMES[-1] + np.arange(1, 4, dtype=np.int64) * NS_PER_DAY
VALUES = np.array([1.0, 1.5, 0.5, 2.0, 1.0, 1.2])
SDS = np.full(ROWS, 0.5)
INPUTS = np.array([[0.0], [1.0], [0.0], [2.0], [1.0], [0.5]])
MODEL = Model((Level(0.3), AutoRegression(0.5, 2.0), Regression(0)), 0.4)
PLAIN = Model((Level(0.3), AutoRegression(0.5, 2.0)), 0.4)
FREE = Model((Level(Free(Prior(0.3, 5.0))),), Free())
RESULT = run_all(PLAIN, TIMES, VALUES)
BELIEF = RESULT.belief
AHEAD_OF = forecast(PLAIN, BELIEF, AHEAD)
SETTINGS = AnomalySettings(warmup=2)
LINEAR = LinearModel(
    np.array([[1.0, 1.0], [0.0, 0.9]]),
    np.diag([0.1, 0.2]),
    np.array([[1.0, 0.0], [0.5, 1.0]]),
    np.diag([0.3, 0.2]),
    np.array([0.1, 0.0]),
    np.array([0.0, 0.5]),
    Belief(0, np.zeros(2), np.eye(2), np.zeros((0, 2))),
)
PAIRS = np.column_stack([VALUES, VALUES[::-1]])
VECTOR = VectorModel(PLAIN.components, np.array([[1.0, 1.0], [1.0, 0.0]]), np.diag([0.3, 0.2]))
STATE = np.array([0.4, 1.0])
SEEN = {"times_ns": TIMES, "values": VALUES}
FULL = {**SEEN, "inputs": INPUTS}
STEP = {"time_ns": int(TIMES[0]), "value": 1.0}


class Spiral:
    """A small nonlinear model: an angle that turns at a positive rate."""

    state_kinds = (Coordinate.ANGLE, Coordinate.POSITIVE)
    observation_kinds = (Coordinate.REAL,)

    def move(self, state: np.ndarray, days: float) -> np.ndarray:
        return box_plus(self.state_kinds, state, np.array([state[1] * days, 0.0]))

    def move_jacobian(self, state: np.ndarray, days: float) -> np.ndarray:
        return np.array([[1.0, state[1] * days], [0.0, 1.0]])

    def process_cov(self, state: np.ndarray, days: float) -> np.ndarray:
        return np.diag([0.01, 0.01]) * days

    def observe(self, state: np.ndarray) -> np.ndarray:
        return np.array([np.sin(state[0])])

    def observe_jacobian(self, state: np.ndarray) -> np.ndarray:
        return np.array([[np.cos(state[0]), 0.0]])

    def observation_cov(self, state: np.ndarray) -> np.ndarray:
        return np.array([[0.01]])


class Many:
    """The same for many sequences: a random walk of two numbers."""

    state_kinds = observation_kinds = (Coordinate.REAL, Coordinate.REAL)

    def move(self, states: np.ndarray, days: float) -> np.ndarray:
        return states

    def move_jacobians(self, states: np.ndarray, days: float) -> np.ndarray:
        return np.tile(np.eye(2), (len(states), 1, 1))

    def process_cov(self, days: float) -> np.ndarray:
        return np.eye(2) * days

    def observe(self, states: np.ndarray) -> np.ndarray:
        return states

    def observe_jacobians(self, states: np.ndarray) -> np.ndarray:
        return np.tile(np.eye(2), (len(states), 1, 1))

    def observation_cov(self) -> np.ndarray:
        return np.eye(2)


class Turning:
    """Two angles as a manifold of one's own."""

    number_count = error_count = 2

    def plus(self, point: np.ndarray, delta: np.ndarray) -> np.ndarray:
        return point + delta

    def minus(self, value: np.ndarray, point: np.ndarray) -> np.ndarray:
        return value - point

    def reset_jacobian(self, delta: np.ndarray) -> np.ndarray:
        return np.eye(2)
