"""A filter that takes in observations as they come, one call each.

The steps are those of `run`: the belief after a stream of updates has the bits of a run over the
same rows, and a filter restored from its bytes goes on with the same bits.
"""

from __future__ import annotations

from lex7.base.ids import StateHash
from lex7.filters import core_native
from lex7.filters.belief import Belief, start_of
from lex7.filters.errors import FilterArgumentError
from lex7.filters.model import Model, bytes_of


class Filter:
    """One series under way: a model and its belief, a resource with mutable state.

    `update(time_ns, value, observation_sd=None, inputs=None)` takes in one value and returns the
    innovation, its variance (infinite while the start is diffuse) and the robust weight. NaN only
    moves time on. A value that is refused leaves the filter as it was.
    """

    __slots__ = ("_kernel", "model", "update")

    def __init__(self, model: Model, belief: Belief | None = None) -> None:
        start = start_of(belief)
        self.model = model
        self._kernel = core_native.FilterStream(bytes_of(model), start)
        # The compiled method itself: a Python method around it would take longer than the step.
        self.update = self._kernel.update

    def belief(self) -> Belief:
        """Return the belief after the last update.

        Raises:
            FilterArgumentError: nothing was taken in yet.
        """
        return Belief.from_bytes(self.to_bytes())

    def to_bytes(self) -> bytes:
        """Return the canonical bytes of the belief; `Filter(model, Belief.from_bytes(…))` goes on.

        Raises:
            FilterArgumentError: nothing was taken in yet.
        """
        data = self._kernel.belief()
        if data is None:
            raise FilterArgumentError("filter", "one that has taken in a value", "a fresh one")
        return data

    def to_bytes_or_empty(self) -> bytes:
        """Return the canonical bytes of the belief, empty before the first value."""
        return self._kernel.belief() or b""

    @classmethod
    def from_bytes(cls, model: Model, data: bytes) -> Filter:
        """Go on from the bytes of a filter of the same model.

        Raises:
            FilterArgumentError: these are not the bytes of a belief, or of another model's.
        """
        return cls(model, Belief.from_bytes(data))

    def state_hash(self) -> StateHash:
        """Return the SHA-256 that names the belief."""
        return core_native.state_hash(self.to_bytes())
