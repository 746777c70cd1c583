"""Smoothing on a stream: each state given what came up to a fixed number of values after it."""

from __future__ import annotations

from collections.abc import Sequence

from lex7.base.ids import StateHash
from lex7.filters import core_native
from lex7.filters.belief import Belief, start_of
from lex7.filters.errors import FilterArgumentError
from lex7.filters.model import Model, bytes_of

LAG_MAX = 10_000
"""Each value costs that many backward steps."""


class FixedLag:
    """A smoother `lag` values behind its stream, a resource with mutable state.

    What `update` returns at value t is exactly what `smooth` over the first t values says about
    value t − lag; it costs `lag` backward steps.
    """

    __slots__ = ("_kernel", "lag", "model")

    def __init__(self, model: Model, lag: int, belief: Belief | None = None) -> None:
        self.model, self.lag = model, core_native.whole("lag", lag, 0, LAG_MAX)
        self._kernel = core_native.FilterFixedLag(bytes_of(model), self.lag, start_of(belief))

    @classmethod
    def from_bytes(cls, model: Model, data: bytes) -> FixedLag:
        """Go on from the bytes of a smoother of the same model, with the same bits.

        Raises:
            FilterArgumentError: these are not such bytes.
        """
        kernel = core_native.FilterFixedLag(bytes_of(model), 0, None, core_native.raw("data", data))
        out = cls(model, kernel.lag())
        out._kernel = kernel
        return out

    def to_bytes(self) -> bytes:
        """Return the belief and the window of links as canonical bytes."""
        return self._kernel.encode()

    def state_hash(self) -> StateHash:
        """Return the SHA-256 that names those bytes."""
        return core_native.state_hash(self.to_bytes())

    def update(
        self,
        time_ns: int,
        value: float,
        observation_sd: float | None = None,
        inputs: Sequence[float] | None = None,
    ) -> Belief | None:
        """Take in one value, NaN where missing; return the belief about the state `lag` values ago.

        None comes back for the first `lag` values and while they do not determine the state.

        Raises:
            FilterArgumentError: the value is refused; nothing has changed then.
            FilterDivergedError: a number left the finite range; nothing has changed then.
        """
        data = self._kernel.update(time_ns, value, observation_sd, inputs)
        return None if data is None else Belief.from_bytes(data)

    def belief(self) -> Belief:
        """Return the belief about the newest state, as a filter has it.

        Raises:
            FilterArgumentError: nothing was taken in yet.
        """
        data = self._kernel.belief()
        if data is None:
            raise FilterArgumentError("filter", "one that has taken in a value", "a fresh one")
        return Belief.from_bytes(data)
