"""The streams of observations that nodes know: unit, scale and how private each one is.

A stream has exactly one writer. `raw` streams are measurements as the device gave them; access
rules
may keep them on their node while daily figures travel.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """How the integers of one stream are read.

    Attributes:
        name: dotted; the first part is the kind that access rules speak of.
        node: the node kind that writes it.
        unit: the unit of value / scale.
        scale: integers per unit.
        raw: whether it is a measurement as the device gave it.
        minimum: values below are refused with a finding, in units.
        maximum: values above are refused with a finding, in units.
    """

    name: str
    node: str
    unit: str
    scale: int
    raw: bool
    minimum: float
    maximum: float


class SleepStage(IntEnum):
    """The codes of `sleep.stage`, from Apple's categories and Health Connect's."""

    IN_BED = 0
    ASLEEP = 1
    AWAKE = 2
    CORE = 3
    DEEP = 4
    REM = 5


STREAMS: dict[str, StreamSpec] = {
    spec.name: spec
    for spec in (
        StreamSpec("heart.rate", "vit", "bpm", 100, raw=True, minimum=20, maximum=260),
        StreamSpec("heart.resting", "vit", "bpm", 100, raw=False, minimum=25, maximum=150),
        StreamSpec("heart.hrv_sdnn", "vit", "ms", 1000, raw=True, minimum=1, maximum=400),
        StreamSpec("sleep.stage", "vit", "stage", 1, raw=True, minimum=0, maximum=5),
        StreamSpec("weight", "vit", "kg", 1000, raw=False, minimum=20, maximum=400),
        StreamSpec("steps", "vit", "count", 1, raw=True, minimum=0, maximum=200_000),
        StreamSpec("energy.active", "vit", "kcal", 1000, raw=True, minimum=0, maximum=20_000),
        StreamSpec("exercise", "vit", "min", 100, raw=True, minimum=0, maximum=1_440),
    )
}
