"""How unusual each observation is, on a stream: no look-ahead, nothing that knows a series' length.

A filter says what it expects; an anomaly is what it did not. Two tails of the innovations are
watched: one value far off (*spike*), and recent values that are together worse predicted than usual
(*drift*). Both are measured against the stream's own slow history, so a filter whose variances are
wrong by a constant factor raises no alarm for that alone. The arithmetic is `surprise.rs`.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lex7.base.shapes import Series
from lex7.filters import core_native
from lex7.filters.belief import Belief
from lex7.filters.errors import FilterArgumentError
from lex7.filters.kalman import FilterResult, checked
from lex7.filters.model import Model
from lex7.filters.stream import Filter

_HEAD = "<4sHI"


@dataclass(frozen=True, slots=True)
class AnomalySettings:
    """How a score looks at its stream.

    Attributes:
        short: weight the recent mean keeps per observation; 0.9 is about 19 observations.
        long: weight the slow means keep per observation; above `short`.
        freedom: degrees of freedom of a calm stream's innovations, above 2; fewer forgive more.
        warmup: observations before the first score; until then the probability is 1.
        trust: how many observations the filter's own variances count for at the start.
    """

    short: float = 0.9
    long: float = 0.999
    freedom: float = 5.0
    warmup: int = 30
    trust: int = 10


@dataclass(frozen=True, slots=True)
class AnomalyScore:
    """What one observation looked like.

    Attributes:
        probability: how often a calm stream looks at least like this; 1 where the value is missing,
            the filter is still diffuse, or the score is warming up.
        spike: that of this value alone.
        drift: that of the recent values together.
        deviation: the innovation in units of its usual size, with its sign; NaN where none.
    """

    probability: float
    spike: float
    drift: float
    deviation: float


class Surprise:
    """A running score over innovations of any filter, a resource with mutable state."""

    __slots__ = ("_kernel", "settings")

    def __init__(self, settings: AnomalySettings, *, saved: bytes | None = None) -> None:
        given: object = settings
        if not isinstance(given, AnomalySettings):
            got = type(given).__name__
            raise FilterArgumentError("settings", "AnomalySettings", got)
        names = ("short", "long", "freedom", "warmup", "trust")
        short, long, *others = (core_native.number(one, getattr(settings, one)) for one in names)
        freedom, warmup, trust = others
        self.settings = settings
        data = None if saved is None else core_native.raw("saved", saved)
        self._kernel = core_native.FilterSurprise((short, long, freedom, warmup, trust), data)

    def update(self, innovation: float, variance: float) -> AnomalyScore:
        """Score one innovation against its variance, then learn from it."""
        return AnomalyScore(*self._kernel.update(innovation, variance))

    def to_bytes(self) -> bytes:
        """Return settings and state as canonical bytes; `saved=` of a new one takes them."""
        return self._kernel.encode()


class AnomalyDetector:
    """A filter and a score side by side: `update(time_ns, value)` returns an `AnomalyScore`.

    A model with robust noise keeps an outlier from bending the filter; a plain one follows it.
    """

    __slots__ = ("filter", "surprise")

    def __init__(
        self, model: Model, settings: AnomalySettings, *, saved: bytes | None = None
    ) -> None:
        score, belief = (None, b"") if saved is None else _read(core_native.raw("saved", saved))
        self.filter = Filter(model, Belief.from_bytes(belief) if belief else None)
        self.surprise = Surprise(settings, saved=score)

    def update(
        self, time_ns: int, value: float, inputs: tuple[float, ...] | None = None
    ) -> AnomalyScore:
        """Take in one value, NaN where missing, and score it against what was expected.

        Raises:
            FilterArgumentError: the filter refuses the value; nothing has changed then.
            FilterDivergedError: a number left the finite range.
        """
        innovation, variance, _ = self.filter.update(time_ns, value, None, inputs)
        return self.surprise.update(innovation, variance)

    def to_bytes(self) -> bytes:
        """Return score and belief as canonical bytes; `saved=` of a new one takes them.

        Little-endian: `L7AN`, version u16 = 1, length u32 and bytes of the score, then those of the
        belief, which are empty before the first value.
        """
        score = self.surprise.to_bytes()
        return struct.pack(_HEAD, b"L7AN", 1, len(score)) + score + self.filter.to_bytes_or_empty()


def _read(data: bytes) -> tuple[bytes, bytes]:
    size = struct.calcsize(_HEAD)
    if len(data) < size or data[:6] != struct.pack("<4sH", b"L7AN", 1):
        expected = "the bytes of a version 1 anomaly detector"
        raise FilterArgumentError("saved", expected, f"{len(data)} bytes")
    end = size + struct.unpack_from(_HEAD, data)[2]
    return data[size:end], data[end:]


def score_anomalies(result: FilterResult, settings: AnomalySettings) -> Series:
    """Return the probability of every row of a run, as a stream would have given it."""
    surprise = Surprise(settings)
    result = checked(result)
    pairs = zip(result.innovations.tolist(), result.innovation_vars.tolist(), strict=True)
    return np.array([surprise.update(*pair).probability for pair in pairs])


def score_innovations(
    innovations: ArrayLike, variances: ArrayLike, settings: AnomalySettings
) -> Series:
    """Return the probability of every innovation of a series, in its order.

    Raises:
        FilterArgumentError: not numbers, or not one-dimensional.
    """
    surprise = Surprise(settings)
    first = core_native.floats("innovations", innovations, 1)
    second = core_native.floats("variances", variances, 1)
    if len(first) != len(second):
        raise FilterArgumentError("variances", f"{len(first)} numbers", str(len(second)))
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    return np.array([surprise.update(*pair).probability for pair in pairs])
