"""A filter whose observations may come late or be taken back.

The rows of a window are kept; a late row rewinds the filter to a checkpoint before it and goes on
from there. Whatever the order of arrival, the belief has the bits of a filter over the rows that
stand, ordered by time and, at one time, by arrival.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lex7.base.ids import StateHash
from lex7.filters import core_native
from lex7.filters.belief import Belief
from lex7.filters.errors import FilterArgumentError
from lex7.filters.model import Model, bytes_of

ROWS_MAX = 1 << 20
"""More rows than this are not kept open."""


@dataclass(frozen=True, slots=True)
class Inserted:
    """What one observation did in its place.

    Attributes:
        number: names the observation for `retract`.
        innovation: value minus what the rows before it in time predict; NaN where missing.
        variance: of the innovation; infinite while the start is diffuse.
        weight: how much it counted under robust noise.
    """

    number: int
    innovation: float
    variance: float
    weight: float


class Timeline:
    """Observations in any order of arrival, a resource with mutable state.

    At least half of `rows_max` rows can still change; older ones are folded into a belief, and a
    row from before `horizon_ns` is refused. A refused call leaves the timeline as it was.
    """

    __slots__ = ("_kernel", "model")

    def __init__(self, model: Model, *, rows_max: int = 4096, saved: bytes | None = None) -> None:
        self.model = model
        count = core_native.whole("rows_max", rows_max, 0, ROWS_MAX)
        window = None if saved is None else core_native.raw("saved", saved)
        self._kernel = core_native.FilterTimeline(bytes_of(model), count, window)

    def insert(
        self,
        time_ns: int,
        value: float,
        observation_sd: float | None = None,
        inputs: Sequence[float] | None = None,
    ) -> Inserted:
        """Put one observation where its time belongs, after others of the same time.

        Raises:
            FilterArgumentError: the value is refused, or its time lies before the window.
            FilterDivergedError: a number left the finite range.
        """
        return Inserted(*self._kernel.insert(time_ns, value, observation_sd, inputs))

    def retract(self, number: int) -> int:
        """Take an observation back; return how many rows were filtered again.

        Raises:
            FilterArgumentError: no observation of that number is in the window.
        """
        named = core_native.whole("number", number, 0, (1 << 64) - 1)
        return self._kernel.retract(named)

    def belief(self) -> Belief:
        """Return the belief after the last row in time.

        Raises:
            FilterArgumentError: no row stands.
        """
        data = self._kernel.belief()
        if data is None:
            raise FilterArgumentError("timeline", "one that holds a row", "an empty one")
        return Belief.from_bytes(data)

    @property
    def horizon_ns(self) -> int | None:
        """The time before which nothing can change; none while everything can."""
        return self._kernel.window()[1]

    def __len__(self) -> int:
        """Return how many rows can still change."""
        return self._kernel.window()[0]

    def to_bytes(self) -> bytes:
        """Return window and base as canonical bytes; `saved=` of a new timeline takes them."""
        return self._kernel.encode()

    def state_hash(self) -> StateHash:
        """Return the SHA-256 that names the belief."""
        return self.belief().state_hash()
