"""The protocol of KalmanNet and RTSNet, with the filters of this library as the opponent.

Linear canonical model, 2 states, and Lorenz attractor (5th-order Taylor, step 0.02, observation
turned by 1 degree about three axes), T = 100, start known, q² = r² − 20 dB. The error is the mean
square over states, times and sequences, in dB. `PUBLISHED` holds what a Kalman filter and an
extended one with the exact Jacobian give on the repositories' own test sets (200 sequences, whose
mean scatters by 0.1 dB); here 20,000 fresh ones are drawn. "Partial information" lets the filter
believe in an unturned observation: nine numbers fitted on the training set remove that mismatch
altogether, and a learned filter is to be judged against that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from report import Row, cost, finish

from lex7.base.civil import NS_PER_DAY
from lex7.filters.belief import Belief
from lex7.filters.linear import LinearModel, run_linear
from lex7.filters.manifold import Coordinate
from lex7.filters.sequences import SequenceBeliefs, sequence_step

SEQUENCES = 20_000
LENGTH = 100
TRAINING = 1_000
NOISES = (10.0, 1.0, 0.1, 0.01, 0.001)  # r²; the protocol calls them -10, 0, 10, 20, 30 dB
PUBLISHED = {
    "linear": (2.756, -7.254, -17.339, -27.194, -37.324),
    "Lorenz": (-0.299, -10.533, -20.493, -30.350, -40.483),
}
PARTIAL = {"unturned observation": -15.945, "observation fitted": -20.493}  # r² = 0.1
PARTIAL_NOISE = 0.1
DECIBEL_MAX = 0.2
STEP = 0.02
ORDER = 5
TURN = np.pi / 180


def decibel(states: np.ndarray, truth: np.ndarray) -> float:
    return float(10 * np.log10(np.mean((states - truth) ** 2)))


def linear_error(noise: float, count: int, seed: int) -> float:
    """Error of the Kalman filter on the linear canonical model."""
    move = np.array([[1.0, 1.0], [0.0, 1.0]])
    process, observed = noise / 100 * np.eye(2), noise * np.eye(2)
    draw = np.random.default_rng(seed)
    truth, state = np.zeros((LENGTH, count, 2)), np.zeros((count, 2))
    for row in range(LENGTH):
        state = state @ move.T + draw.normal(size=(count, 2)) * np.sqrt(noise / 100)
        truth[row] = state
    seen = truth + draw.normal(size=truth.shape) * np.sqrt(noise)
    # The first row is one step after the known start at zero.
    start = Belief(0, np.zeros(2), process, np.zeros((0, 2)))
    model = LinearModel(move, process, np.eye(2), observed, np.zeros(2), np.zeros(2), start)
    found = [run_linear(model, np.ascontiguousarray(seen[:, one])).means for one in range(count)]
    return decibel(np.stack(found, axis=1), truth)


def turned() -> np.ndarray:
    c, s = np.cos(TURN), np.sin(TURN)
    roll = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    pitch = np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    yaw = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    return yaw @ pitch @ roll


@dataclass(frozen=True, slots=True)
class Lorenz:
    """The attractor as many sequences see it, with an observation matrix of its own."""

    noise: float
    loading: np.ndarray
    state_kinds: tuple[Coordinate, ...] = field(default=(Coordinate.REAL,) * 3)
    observation_kinds: tuple[Coordinate, ...] = field(default=(Coordinate.REAL,) * 3)

    def move(self, states: np.ndarray, days: float) -> np.ndarray:
        flow, term, total = _flow(states), states, states.copy()
        for power in range(1, ORDER + 1):
            term = np.einsum("bij,bj->bi", flow, term) * (STEP / power)
            total += term
        return total

    def move_jacobians(self, states: np.ndarray, days: float) -> np.ndarray:
        # F(x) x with F = Σ Aʲ hʲ/j!, where A depends on the last two coordinates.
        if days == 0:
            return np.broadcast_to(np.eye(3), (len(states), 3, 3)).copy()
        flow = _flow(states)
        power_matrix = np.broadcast_to(np.eye(3), flow.shape)
        total, vector = power_matrix.copy(), states
        slopes = np.zeros((len(states), 3, 2))
        for power in range(1, ORDER + 1):
            # d(Aʲx)/dθ = (dA/dθ) Aʲ⁻¹x + A d(Aʲ⁻¹x)/dθ. dA/dx₁ is 1 in (2, 0), dA/dx₂ −1
            # in (1, 0).
            scale = STEP / power
            slopes = np.einsum("bij,bjk->bik", flow, slopes)
            slopes[:, 2, 0] += vector[:, 0]
            slopes[:, 1, 1] -= vector[:, 0]
            slopes *= scale
            vector = np.einsum("bij,bj->bi", flow, vector) * scale
            power_matrix = np.einsum("bij,bjk->bik", flow, power_matrix) * scale
            total += power_matrix
            total[:, :, 1:] += slopes
        return total

    def process_cov(self, days: float) -> np.ndarray:
        return self.noise / 100 * np.eye(3)

    def observe(self, states: np.ndarray) -> np.ndarray:
        return states @ self.loading.T

    def observe_jacobians(self, states: np.ndarray) -> np.ndarray:
        return np.broadcast_to(self.loading, (len(states), 3, 3))

    def observation_cov(self) -> np.ndarray:
        return self.noise * np.eye(3)


def _flow(states: np.ndarray) -> np.ndarray:
    # The protocol writes z and y into the first column; its series freezes A, so this matters.
    out = np.broadcast_to([[-10.0, 10, 0], [28, -1, 0], [0, 0, -8 / 3]], (len(states), 3, 3)).copy()
    out[:, 1, 0] -= states[:, 2]
    out[:, 2, 0] = states[:, 1]
    return out


def simulate(noise: float, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return states and observations, (T, count, 3); every sequence starts at (1, 1, 1)."""
    draw = np.random.default_rng(seed)
    truth, state = np.zeros((LENGTH, count, 3)), np.ones((count, 3))
    model = Lorenz(noise, turned())
    for row in range(LENGTH):
        state = model.move(state, 1.0) + draw.normal(size=(count, 3)) * np.sqrt(noise / 100)
        truth[row] = state
    return truth, truth @ turned().T + draw.normal(size=truth.shape) * np.sqrt(noise)


def lorenz_error(model: Lorenz, truth: np.ndarray, seen: np.ndarray) -> float:
    """Error of the error-state filter with the exact Jacobian."""
    count = truth.shape[1]
    beliefs = SequenceBeliefs(0, np.ones((count, 3)), np.zeros((count, 3, 3)))
    found = np.empty_like(truth)
    for row in range(LENGTH):
        beliefs = sequence_step(model, beliefs, (row + 1) * NS_PER_DAY, seen[row]).beliefs
        found[row] = beliefs.states
    return decibel(found, truth)


def fitted_loading(noise: float) -> np.ndarray:
    """Least squares of the observations on the states of a training set of its own."""
    truth, seen = simulate(noise, TRAINING, seed=77)
    states, values = truth.reshape(-1, 3), seen.reshape(-1, 3)
    return np.linalg.lstsq(states, values, rcond=None)[0].T


def row_of(work: str, ours: float, known: float) -> Row:
    gap = max(abs(ours - known), 1e-6)
    title = f"{work}: {ours:.3f} dB, known {known:.3f}"
    return cost(title, gap, "dB of difference", "limit", DECIBEL_MAX, 1.0)


def rows(count: int) -> list[Row]:
    out = []
    for place, noise in enumerate(NOISES):
        ours = linear_error(noise, count, seed=place)
        out.append(row_of(f"linear, r² = {noise:g}", ours, PUBLISHED["linear"][place]))
    for place, noise in enumerate(NOISES):
        ours = lorenz_error(Lorenz(noise, turned()), *simulate(noise, count, seed=place))
        out.append(row_of(f"Lorenz, r² = {noise:g}", ours, PUBLISHED["Lorenz"][place]))
    data = simulate(PARTIAL_NOISE, count, seed=9)
    for name, known in PARTIAL.items():
        is_fitted = name == "observation fitted"
        loading = fitted_loading(PARTIAL_NOISE) if is_fitted else np.eye(3)
        ours = lorenz_error(Lorenz(PARTIAL_NOISE, loading), *data)
        out.append(row_of(f"Lorenz, r² = {PARTIAL_NOISE:g}, {name}", ours, known))
    return out


if __name__ == "__main__":
    finish(rows(SEQUENCES))
