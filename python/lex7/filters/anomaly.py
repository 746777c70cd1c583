"""How unusual each observation is, on a stream: no look-ahead, nothing that knows a series' length.

A filter says what it expects; an anomaly is what it did not. Two tails of the innovations are
watched: one value far off (*spike*), and recent values that are together worse predicted than usual
(*drift*). Both are measured against the stream's own slow history, so a filter whose variances are
wrong by a constant factor raises no alarm for that alone. The arithmetic is `surprise.rs`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lex7.base.shapes import Series
from lex7.filters import core_native
from lex7.filters.kalman import FilterResult
from lex7.filters.model import Model
from lex7.filters.stream import Filter


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
        numbers = (float(settings.warmup), float(settings.trust))
        self.settings = settings
        self._kernel = core_native.FilterSurprise(
            (settings.short, settings.long, settings.freedom, *numbers), saved
        )

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

    def __init__(self, model: Model, settings: AnomalySettings) -> None:
        self.filter = Filter(model)
        self.surprise = Surprise(settings)

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


def score_anomalies(result: FilterResult, settings: AnomalySettings) -> Series:
    """Return the probability of every row of a run, as a stream would have given it."""
    surprise = Surprise(settings)
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
    pairs = zip(first.tolist(), second.tolist(), strict=True)
    return np.array([surprise.update(*pair).probability for pair in pairs])
