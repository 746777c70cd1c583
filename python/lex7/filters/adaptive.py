"""A filter that learns its observation noise while it changes.

Variational Bayes (Särkkä & Nummenmaa 2009): the noise variance follows an inverse-gamma law that is
forgotten slowly. It was measured against Sage and Husa's estimator, docs/research-log.md; where the
liveliness of the state changes as well, a `Bank` is the better tool.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from lex7.filters import core_native
from lex7.filters.belief import Belief
from lex7.filters.errors import FilterArgumentError
from lex7.filters.model import Model, bytes_of

_HEAD = "<4sHdd"


class AdaptiveFilter:
    """A streaming filter with noise of its own finding, a resource with mutable state.

    `forgetting` is what the noise law keeps per observation, 0.95 remembers about 20; `strength` is
    how many observations the model's own `observation_sd` counts for at the start.
    """

    __slots__ = ("_kernel", "model")

    def __init__(
        self, model: Model, *, forgetting: float, strength: float = 4.0, saved: bytes | None = None
    ) -> None:
        self.model = model
        resumed = None if saved is None else _read(core_native.raw("saved", saved))
        keep = core_native.number("forgetting", forgetting)
        counts = core_native.number("strength", strength)
        self._kernel = core_native.FilterAdaptive(bytes_of(model), keep, counts, resumed)

    def update(
        self, time_ns: int, value: float, inputs: Sequence[float] | None = None
    ) -> tuple[float, float, float]:
        """Take in one value, NaN where missing; return innovation, its variance and weight.

        The variance is the one expected before the value was seen.

        Raises:
            FilterArgumentError: the value is refused; nothing has changed then.
            FilterDivergedError: a number left the finite range; nothing has changed then.
        """
        return self._kernel.update(time_ns, value, inputs)

    @property
    def observation_sd(self) -> float:
        """The standard deviation of the noise as it is expected now."""
        return self._kernel.observation_sd()

    def belief(self) -> Belief:
        """Return the belief after the last value.

        Raises:
            FilterArgumentError: nothing was taken in yet.
        """
        return Belief.from_bytes(self._belief())

    def to_bytes(self) -> bytes:
        """Return noise law and belief as canonical bytes; `saved=` takes them.

        Little-endian: `L7AD`, version u16 = 1, shape f64, scale f64, the belief's bytes.

        Raises:
            FilterArgumentError: nothing was taken in yet.
        """
        return struct.pack(_HEAD, b"L7AD", 1, *self._kernel.law()) + self._belief()

    def _belief(self) -> bytes:
        data = self._kernel.belief()
        if data is None:
            raise FilterArgumentError("filter", "one that has taken in a value", "a fresh one")
        return data


def _read(data: bytes) -> tuple[bytes, float, float]:
    size = struct.calcsize(_HEAD)
    if len(data) <= size or data[:6] != struct.pack("<4sH", b"L7AD", 1):
        expected = "the bytes of a version 1 adaptive filter"
        raise FilterArgumentError("saved", expected, f"{len(data)} bytes")
    _, _, shape, scale = struct.unpack_from(_HEAD, data)
    return data[size:], shape, scale
