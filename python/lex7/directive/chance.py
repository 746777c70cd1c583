"""Bounds on a probability, rounded outward to the grid on which nodes tell them to each other.

Every bound that decides is rounded here, on whatever machine it is computed: the lower one down,
the upper one up, to multiples of 2^-30. What a node tells the council and what the council would
have found for itself are then the same number, bit for bit.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor

BOUND_SCALE = 1 << 30
"""A billionth is far below what any forecast knows, and tells less of a state than 53 bits."""


@dataclass(frozen=True, slots=True)
class Chance:
    """A lower and an upper bound on one probability."""

    low: float
    high: float


def is_failing(found: Chance, confidence: float, *, is_hard: bool) -> bool:
    """Answer whether a rule counts as failing, in status and in verdicts alike.

    A hard rule that is undecided fails: what may never give way must be known to hold.
    """
    return found.low < confidence if is_hard else found.high < confidence


def outward(low: float, high: float) -> Chance:
    """Round bounds outward to the grid; what lies on it already stays."""
    # Products with a power of two are exact, and so are the quotients.
    return Chance(floor(low * BOUND_SCALE) / BOUND_SCALE, ceil(high * BOUND_SCALE) / BOUND_SCALE)
