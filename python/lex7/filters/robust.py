"""How observation noise is thought to be distributed, and so how much an outlier counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Every observation counts in full."""


@dataclass(frozen=True, slots=True)
class StudentT:
    """Student-t noise of `freedom` degrees, above 2; the observation sd is its scale."""

    freedom: float


@dataclass(frozen=True, slots=True)
class Huber:
    """Noise that is Gaussian up to `limit` scales and exponential beyond; 1.345 is customary."""

    limit: float


Robust = Gaussian | StudentT | Huber

GAUSSIAN = Gaussian()
