"""Coordinates that are not plain numbers, and how an error moves them.

x ⊞ δ moves a point along an error, y ⊟ x is the error from x to y. Real: addition. Positive:
multiplication by e^δ, so the error is relative. Angle: radians in [−π, π), the shorter way round. A
state is a tuple of such coordinates, one error number each.

To add a coordinate of your own: give it a code and both operations in
`crates/lex7-core/src/filter/manifold.rs`, a member here, and the laws of
`tests/law/filters/test_manifold.py` will hold it to x ⊞ (y ⊟ x) = y.
"""

from __future__ import annotations

from enum import IntEnum

from numpy.typing import ArrayLike

from lex7.base.shapes import StateMean
from lex7.filters import core_native


class Coordinate(IntEnum):
    """What one coordinate of a state or an observation is."""

    REAL = 0
    POSITIVE = 1
    ANGLE = 2


def box_plus(kinds: tuple[Coordinate, ...], state: ArrayLike, delta: ArrayLike) -> StateMean:
    """Return state ⊞ delta, coordinate by coordinate.

    Raises:
        FilterArgumentError: lengths differ or a number is not a point of its coordinate.
    """
    point, error = core_native.floats("state", state, 1), core_native.floats("delta", delta, 1)
    return core_native.box_plus(bytes(kinds), point, error)


def box_minus(kinds: tuple[Coordinate, ...], value: ArrayLike, state: ArrayLike) -> StateMean:
    """Return value ⊟ state, coordinate by coordinate; NaN in value, a missing one, stays NaN.

    Raises:
        FilterArgumentError: lengths differ or a number is not a point of its coordinate.
    """
    target, point = core_native.floats("value", value, 1), core_native.floats("state", state, 1)
    return core_native.box_minus(bytes(kinds), target, point)
