"""The error-state Kalman filter: nonlinear models on manifolds.

The nominal state x lives on its manifold and is moved by the model itself; the filter estimates the
small error δ around it, with covariance P, by the same kernel as every linear model. After each
observation the error is injected, x ← x ⊞ δ, and set back to zero, which turns P into G P Gᵀ with
the Jacobian G of the reset (Solà 2017, §6.3). Real, positive and angle are commutative groups and
have G = I; a manifold of your own brings its G. On a linear model with real coordinates this is the
Kalman filter.

A model of your own has the methods of `NonlinearModel`. Its functions decide, so where results
must have the same bits everywhere they must keep to a fixed order of operations; `jacobian_gaps`
compares its Jacobians with finite differences.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.civil import NS_PER_DAY
from lex7.base.shapes import StateCov, StateMean
from lex7.filters import core_native
from lex7.filters.belief import Belief, bytes_of
from lex7.filters.errors import FilterArgumentError
from lex7.filters.kalman import combine
from lex7.filters.linear import LinearModel, run_linear
from lex7.filters.manifold import Kind, box_minus, box_plus, error_count, reset_jacobian

Matrix = NDArray[np.float64]
_HEAD = "<4sHHHq"
_BELIEF_HEAD = 18


class NonlinearModel(Protocol):
    """How a state moves and what is seen of it; n errors of state, p of observation."""

    state_kinds: tuple[Kind, ...]
    observation_kinds: tuple[Kind, ...]

    def move(self, state: StateMean, days: float) -> StateMean:
        """Return the nominal state after a step."""
        ...

    def move_jacobian(self, state: StateMean, days: float) -> Matrix:
        """Return ∂(move(x ⊞ δ) ⊟ move(x))/∂δ at 0, (n, n)."""
        ...

    def process_cov(self, state: StateMean, days: float) -> StateCov:
        """Return the covariance of the error that a step adds, (n, n)."""
        ...

    def observe(self, state: StateMean) -> StateMean:
        """Return what would be seen without noise, (p,)."""
        ...

    def observe_jacobian(self, state: StateMean) -> Matrix:
        """Return ∂(observe(x ⊞ δ) ⊟ observe(x))/∂δ at 0, (p, n)."""
        ...

    def observation_cov(self, state: StateMean) -> StateCov:
        """Return the covariance of the noise, in the observation's error coordinates, (p, p)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ErrorBelief:
    """A nominal state on its manifold and the covariance of the error around it.

    Attributes:
        time_ns: nanoseconds UTC.
        state: (n,) nominal state.
        cov: (n, n) covariance of the error δ.
    """

    time_ns: int
    state: StateMean
    cov: StateCov

    def to_bytes(self) -> bytes:
        """Return the canonical bytes, little-endian.

        `L7EB`, version u16 = 1, numbers u16, errors u16, time i64, the numbers of the state, and
        the lower triangle of the covariance. Version 1 never changes.

        Raises:
            FilterArgumentError: shapes do not match or a number is not finite.
        """
        state = core_native.floats("state", self.state, 1)
        size = len(core_native.floats("cov", self.cov, 2))
        # A belief of the error holds the covariance to all that one must be.
        error = Belief(self.time_ns, np.zeros(size), self.cov, np.zeros((0, size)))
        lower = bytes_of(error)[_BELIEF_HEAD + 8 * size :]
        if not np.isfinite(state).all():
            raise FilterArgumentError("state", "finite numbers", "NaN or infinity")
        head = struct.pack(_HEAD, b"L7EB", 1, len(state), size, self.time_ns)
        return head + state.astype("<f8").tobytes() + lower

    @classmethod
    def from_bytes(cls, data: bytes) -> ErrorBelief:
        """Read a belief from its canonical bytes.

        Raises:
            FilterArgumentError: these are not the bytes of an error-state belief.
        """
        data, size = core_native.raw("data", data), struct.calcsize(_HEAD)
        wrong = FilterArgumentError(
            "data", "the bytes of a version 1 error-state belief", f"{len(data)} bytes"
        )
        if len(data) < size or data[:6] != struct.pack("<4sH", b"L7EB", 1):
            raise wrong
        _, _, numbers, errors, time_ns = struct.unpack_from(_HEAD, data)
        if len(data) != size + 8 * (numbers + errors * (errors + 1) // 2):
            raise wrong
        cells = np.frombuffer(data, "<f8", offset=size).astype(np.float64)
        cov = np.zeros((errors, errors))
        cov[np.tril_indices(errors)] = cells[numbers:]
        out = cls(time_ns, cells[:numbers].copy(), cov + np.tril(cov, -1).T)
        out.to_bytes()
        return out


@dataclass(frozen=True, slots=True, eq=False)
class ErrorStep:
    """What one observation did.

    Attributes:
        belief: after it.
        innovation: (p,) value ⊟ prediction, NaN where missing.
        loglik: log-density of the observation, in error coordinates.
    """

    belief: ErrorBelief
    innovation: StateMean
    loglik: float


def error_step(
    model: NonlinearModel, belief: ErrorBelief, time_ns: int, value: ArrayLike
) -> ErrorStep:
    """Carry a belief to a time and take in one observation there; NaN entries are missing.

    Raises:
        FilterArgumentError: time runs backwards, or an array has the wrong shape or range.
        FilterDivergedError: a number left the finite range.
    """
    if not isinstance(belief, ErrorBelief):
        raise FilterArgumentError("belief", "an ErrorBelief", type(belief).__name__)
    _check_model(model)
    time_ns = core_native.instant("time_ns", time_ns)
    before_ns = core_native.instant("belief", belief.time_ns)
    if time_ns < before_ns:
        raise FilterArgumentError("time_ns", f"at least {before_ns}", str(time_ns))
    days = (time_ns - before_ns) / NS_PER_DAY
    nominal = box_plus(model.state_kinds, belief.state, np.zeros(error_count(model.state_kinds)))
    moved = core_native.floats("move", model.move(nominal, days), 1)
    observed = core_native.floats("value", value, 1)
    innovation = box_minus(model.observation_kinds, observed, model.observe(moved))
    size = error_count(model.state_kinds)
    zeros = np.zeros(size)
    error = LinearModel(
        transition=model.move_jacobian(nominal, days),
        process_cov=model.process_cov(nominal, days),
        loading=model.observe_jacobian(moved),
        observation_cov=model.observation_cov(moved),
        drift=zeros,
        offset=np.zeros(len(innovation)),
        start=Belief(belief.time_ns, zeros, belief.cov, np.zeros((0, size))),
    )
    # The first row sees nothing: it only lets the kernel carry the error to the second.
    rows = np.vstack([np.full(len(innovation), np.nan), innovation])
    result = run_linear(error, rows)
    delta = result.belief.mean
    state = box_plus(model.state_kinds, moved, delta)
    reset = reset_jacobian(model.state_kinds, delta)
    cov = result.belief.cov
    after = ErrorBelief(time_ns, state, cov if reset is None else combine(reset, zeros, cov)[1])
    return ErrorStep(after, innovation, result.loglik)


def jacobian_gaps(
    model: NonlinearModel, state: StateMean, days: float, *, step: float
) -> tuple[float, float]:
    """Return how far a model's Jacobians are from central differences of `step`, at most.

    The first number is for `move`, the second for `observe`; both shrink with step² for a right
    model until rounding takes over.
    """
    _check_model(model)
    size = error_count(model.state_kinds)
    state = box_plus(model.state_kinds, state, np.zeros(size))
    days, step = core_native.number("days", days), core_native.number("step", step)
    if not (np.isfinite(days) and days >= 0):
        raise FilterArgumentError("days", "a finite number from 0", str(days))
    if not 1e-12 <= step <= 1:
        raise FilterArgumentError("step", "between 1e-12 and 1", str(step))
    move = np.zeros((size, size))
    observe = np.zeros((error_count(model.observation_kinds), size))
    for index in range(size):
        delta = np.zeros(size)
        delta[index] = step
        up, down = (box_plus(model.state_kinds, state, sign * delta) for sign in (1.0, -1.0))
        ahead, behind = model.move(up, days), model.move(down, days)
        move[:, index] = box_minus(model.state_kinds, ahead, behind) / (2 * step)
        seen, before = model.observe(up), model.observe(down)
        observe[:, index] = box_minus(model.observation_kinds, seen, before) / (2 * step)
    gap_move = np.abs(move - model.move_jacobian(state, days)).max()
    gap_observe = np.abs(observe - model.observe_jacobian(state)).max()
    return float(gap_move), float(gap_observe)


_MEMBERS = ("state_kinds", "observation_kinds", "move", "move_jacobian", "process_cov", "observe")


def _check_model(model: NonlinearModel) -> None:
    missing = [name for name in _MEMBERS if not hasattr(model, name)]
    if missing:
        expected = "an object with the members of NonlinearModel"
        raise FilterArgumentError("model", expected, f"{type(model).__name__} without {missing[0]}")
