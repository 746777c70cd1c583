"""What is believed about a state at one time, as arrays and as canonical bytes."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lex7.base.ids import StateHash
from lex7.base.shapes import StateCov, StateMean
from lex7.filters import core_native
from lex7.filters.errors import FilterArgumentError


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """A mean, a covariance and the directions about which nothing is known yet.

    Attributes:
        time_ns: nanoseconds UTC.
        mean: (n,) in the order of the model's components.
        cov: (n, n), symmetric.
        diffuse: (d, n); row k is a direction of infinite variance. Empty once enough was seen.
        factor: (n, n), D on the diagonal and U above it with cov = U D Uᵀ, of a belief in factored
            form; (0, 0) in covariance form. Where it is given, `cov` follows from it.
        is_pinned: whether the belief keeps the factored form for good.
    """

    time_ns: int
    mean: StateMean
    cov: StateCov
    diffuse: NDArray[np.float64]
    factor: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    is_pinned: bool = False

    def to_bytes(self) -> bytes:
        """Return the canonical bytes; copies once.

        Raises:
            FilterArgumentError: shapes do not match or a number is not finite.
        """
        moments = (self.mean, self.cov, self.diffuse)
        return core_native.belief_encode(
            self.time_ns, moments, self.factor, is_pinned=self.is_pinned
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Belief:
        """Read a belief from its canonical bytes.

        Raises:
            FilterArgumentError: these are not the bytes of a belief.
        """
        return cls(*core_native.belief_decode(data))

    def factored(self) -> Belief:
        """Return the same belief in factored form, which filters then keep for good.

        Filters go over to that form by themselves where the covariance form would cancel; asking
        for it costs time and changes nothing but roundings.

        Raises:
            FilterArgumentError: shapes do not match or a number is not finite.
        """
        return Belief.from_bytes(core_native.belief_pinned(self.to_bytes()))

    def state_hash(self) -> StateHash:
        """Return the SHA-256 that names this belief, equal exactly where its bytes are equal."""
        return core_native.state_hash(self.to_bytes())


def bytes_of(belief: Belief) -> bytes:
    """Return the canonical bytes of a belief.

    Raises:
        FilterArgumentError: this is no belief, shapes do not match or a number is not finite.
    """
    if not isinstance(belief, Belief):
        raise FilterArgumentError("belief", "a Belief", type(belief).__name__)
    return belief.to_bytes()


def start_of(belief: Belief | None) -> bytes | None:
    """Return the canonical bytes of a belief to go on from, or none.

    Raises:
        FilterArgumentError: this is no belief, shapes do not match or a number is not finite.
    """
    return None if belief is None else bytes_of(belief)
