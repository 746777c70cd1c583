"""A gate on the normalised innovation squared, with a rule for coming back.

A value too far from its prediction is left out. After `rejects_max` of them in a row it is the
filter that is lost and not the data: its covariance is raised by the factor that makes the next one
just expected, and that one is taken in.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from lex7.filters import core_native
from lex7.filters.belief import Belief
from lex7.filters.errors import FilterArgumentError
from lex7.filters.model import Model, bytes_of

_HEAD = "<4sHI"
_COUNT_MAX = (1 << 32) - 1


class Judgement(IntEnum):
    """What became of one value."""

    MISSING = 0
    ACCEPTED = 1
    REJECTED = 2
    RECOVERED = 3


@dataclass(frozen=True, slots=True)
class Guarded:
    """What one value did, against the prediction before any recovery."""

    judgement: Judgement
    innovation: float
    variance: float
    weight: float


class GuardedFilter:
    """A streaming filter behind a gate, a resource with mutable state.

    `nis_max` is the largest NIS that is taken in: `gate(0.999)` is what 99.9 % of values stay below
    under the model.
    """

    __slots__ = ("_kernel", "model")

    def __init__(
        self, model: Model, *, nis_max: float, rejects_max: int, saved: bytes | None = None
    ) -> None:
        self.model = model
        resumed = None if saved is None else _read(core_native.raw("saved", saved))
        count = core_native.whole("rejects_max", rejects_max, 0, _COUNT_MAX)
        limit = core_native.number("nis_max", nis_max)
        self._kernel = core_native.FilterGuard(bytes_of(model), limit, count, resumed)

    def update(
        self,
        time_ns: int,
        value: float,
        observation_sd: float | None = None,
        inputs: Sequence[float] | None = None,
    ) -> Guarded:
        """Take in one value, NaN where missing, or leave it out.

        Raises:
            FilterArgumentError: the value is refused; nothing has changed then.
            FilterDivergedError: a number left the finite range; nothing has changed then.
        """
        code, *numbers = self._kernel.update(time_ns, value, observation_sd, inputs)
        return Guarded(Judgement(code), *numbers)

    def belief(self) -> Belief:
        """Return the belief after the last value.

        Raises:
            FilterArgumentError: nothing was taken in yet.
        """
        return Belief.from_bytes(self._belief())

    def to_bytes(self) -> bytes:
        """Return belief and count of rejections as canonical bytes; `saved=` takes them.

        Little-endian: `L7GD`, version u16 = 1, rejections in a row u32, the belief's bytes.

        Raises:
            FilterArgumentError: nothing was taken in yet.
        """
        return struct.pack(_HEAD, b"L7GD", 1, self._kernel.rejected()) + self._belief()

    def _belief(self) -> bytes:
        data = self._kernel.belief()
        if data is None:
            raise FilterArgumentError("filter", "one that has taken in a value", "a fresh one")
        return data


def gate(probability: float) -> float:
    """Return the NIS of one value that stays below it with that probability.

    Raises:
        FilterArgumentError: not strictly between 0 and 1.
    """
    share = core_native.number("probability", probability)
    if not 0 < share < 1 or 0.5 + 0.5 * share == 1:
        raise FilterArgumentError("probability", "between 0 and 1", str(share))
    quantile = core_native.normal_quantile(0.5 + 0.5 * share)
    return quantile * quantile


def _read(data: bytes) -> tuple[bytes, int]:
    size = struct.calcsize(_HEAD)
    if len(data) <= size or data[:6] != struct.pack("<4sH", b"L7GD", 1):
        expected = "the bytes of a version 1 guarded filter"
        raise FilterArgumentError("saved", expected, f"{len(data)} bytes")
    return data[size:], struct.unpack_from(_HEAD, data)[2]
