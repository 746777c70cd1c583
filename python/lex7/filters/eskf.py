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

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.civil import NS_PER_DAY
from lex7.base.shapes import StateCov, StateMean
from lex7.filters import core_native
from lex7.filters.belief import Belief
from lex7.filters.errors import FilterArgumentError
from lex7.filters.kalman import combine
from lex7.filters.linear import LinearModel, run_linear
from lex7.filters.manifold import Kind, box_minus, box_plus, error_count, reset_jacobian

Matrix = NDArray[np.float64]


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
    if time_ns < belief.time_ns:
        raise FilterArgumentError("time_ns", f"at least {belief.time_ns}", str(time_ns))
    days = (time_ns - belief.time_ns) / NS_PER_DAY
    moved = core_native.floats("state", model.move(belief.state, days), 1)
    observed = core_native.floats("value", value, 1)
    innovation = box_minus(model.observation_kinds, observed, model.observe(moved))
    size = error_count(model.state_kinds)
    zeros = np.zeros(size)
    error = LinearModel(
        transition=model.move_jacobian(belief.state, days),
        process_cov=model.process_cov(belief.state, days),
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
    size = error_count(model.state_kinds)
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
