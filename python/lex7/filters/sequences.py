"""Many sequences of one nonlinear model, step by step, all at once.

The model has the methods of `NonlinearModel` with one more axis in front: states are (sequences, n)
and Jacobians (sequences, n, n) and (sequences, p, n); the noises are the same for all. Every
sequence has the bits it would have alone, as long as the model's own functions see to theirs.
Coordinates are real, positive or angles.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.civil import NS_PER_DAY
from lex7.base.shapes import Series, StateCov
from lex7.filters import core_native
from lex7.filters.errors import FilterArgumentError
from lex7.filters.manifold import Coordinate, box_minus, box_plus

Matrix = NDArray[np.float64]
Cube = NDArray[np.float64]


class SequenceModel(Protocol):
    """How the states of all sequences move and what is seen of them."""

    state_kinds: tuple[Coordinate, ...]
    observation_kinds: tuple[Coordinate, ...]

    def move(self, states: Matrix, days: float) -> Matrix:
        """Return the nominal states after a step, (sequences, n)."""
        ...

    def move_jacobians(self, states: Matrix, days: float) -> Cube:
        """Return ∂(move(x ⊞ δ) ⊟ move(x))/∂δ at 0, (sequences, n, n)."""
        ...

    def process_cov(self, days: float) -> StateCov:
        """Return the covariance of the error that a step adds, (n, n)."""
        ...

    def observe(self, states: Matrix) -> Matrix:
        """Return what would be seen without noise, (sequences, p)."""
        ...

    def observe_jacobians(self, states: Matrix) -> Cube:
        """Return ∂(observe(x ⊞ δ) ⊟ observe(x))/∂δ at 0, (sequences, p, n)."""
        ...

    def observation_cov(self) -> StateCov:
        """Return the covariance of the noise, (p, p)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class SequenceBeliefs:
    """What is believed of every sequence at one time.

    Attributes:
        time_ns: nanoseconds UTC.
        states: (sequences, n) nominal states.
        covs: (sequences, n, n) covariances of the errors.
    """

    time_ns: int
    states: Matrix
    covs: Cube


@dataclass(frozen=True, slots=True, eq=False)
class SequenceStep:
    """What one row of observations did.

    Attributes:
        beliefs: after it.
        innovations: (sequences, p) value ⊟ prediction, NaN where missing.
        logliks: (sequences,) log-densities, in error coordinates.
    """

    beliefs: SequenceBeliefs
    innovations: Matrix
    logliks: Series


def sequence_step(
    model: SequenceModel, beliefs: SequenceBeliefs, time_ns: int, values: ArrayLike
) -> SequenceStep:
    """Carry all beliefs to a time and take in one row of each sequence, (sequences, p).

    Raises:
        FilterArgumentError: time runs backwards, or an array has the wrong shape or range.
        FilterDivergedError: a number left the finite range.
    """
    if not isinstance(beliefs, SequenceBeliefs) or not hasattr(model, "move_jacobians"):
        expected = "a SequenceModel and SequenceBeliefs"
        got = f"{type(model).__name__} and {type(beliefs).__name__}"
        raise FilterArgumentError("model", expected, got)
    time_ns = core_native.instant("time_ns", time_ns)
    before_ns = core_native.instant("beliefs", beliefs.time_ns)
    if time_ns < before_ns:
        raise FilterArgumentError("time_ns", f"at least {before_ns}", str(time_ns))
    days = (time_ns - before_ns) / NS_PER_DAY
    states = core_native.floats("states", beliefs.states, 2)
    if not np.isfinite(states).all():
        raise FilterArgumentError("states", "finite numbers", "NaN or infinity")
    moved = core_native.floats("states", model.move(states, days), 2)
    rows = core_native.floats("values", values, 2)
    seen = core_native.floats("observed", model.observe(moved), 2)
    if rows.shape != seen.shape or moved.shape != states.shape:
        raise FilterArgumentError("values", f"shape {seen.shape}", f"{rows.shape}")
    count = len(rows)
    kinds = model.observation_kinds * count
    innovations = box_minus(kinds, rows.ravel(), seen.ravel()).reshape(rows.shape)
    jacobians = (
        core_native.floats("move_jacobians", model.move_jacobians(states, days), 3),
        core_native.floats("observe_jacobians", model.observe_jacobians(moved), 3),
    )
    noises = (
        core_native.floats("process_cov", model.process_cov(days), 2),
        core_native.floats("observation_cov", model.observation_cov(), 2),
    )
    covs = core_native.floats("covs", beliefs.covs, 3)
    errors, after, logliks = core_native.error_steps(jacobians, noises, covs, innovations)
    after_states = box_plus(model.state_kinds * count, moved.ravel(), errors.ravel())
    done = SequenceBeliefs(time_ns, after_states.reshape(moved.shape), after)
    return SequenceStep(done, innovations, logliks)
