"""Coordinates that are not plain numbers, and how an error moves them.

x ⊞ δ moves a point along an error, y ⊟ x is the error from x to y. Real: addition. Positive:
multiplication by e^δ, so the error is relative. Angle: radians in [−π, π), the shorter way round. A
state is a tuple of such coordinates, one error number each.

A manifold of your own is any object with the four members of `Manifold`; it may take more numbers
than it has errors, as a unit quaternion does. Name it beside the coordinates, and let
`manifold_gaps` hold it to the laws before you trust it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.shapes import StateMean
from lex7.filters import core_native
from lex7.filters.errors import FilterArgumentError


class Coordinate(IntEnum):
    """What one coordinate of a state or an observation is."""

    REAL = 0
    POSITIVE = 1
    ANGLE = 2


class Manifold(Protocol):
    """A space of points that errors move, of any number of coordinates.

    Its functions decide: where results must have the same bits everywhere they must keep to a fixed
    order of operations and to exponentials and sines that are the same everywhere.
    """

    number_count: int
    error_count: int

    def plus(self, point: StateMean, delta: StateMean) -> StateMean:
        """Return point ⊞ delta, (number_count,)."""
        ...

    def minus(self, value: StateMean, point: StateMean) -> StateMean:
        """Return value ⊟ point, (error_count,), the delta with point ⊞ delta = value."""
        ...

    def reset_jacobian(self, delta: StateMean) -> NDArray[np.float64]:
        """Return ∂((x ⊞ (δ + ε)) ⊟ (x ⊞ δ))/∂ε at 0, (error_count, error_count).

        After δ is injected the error is measured from the new point: its covariance becomes
        G P Gᵀ. A commutative group has the identity (Solà 2017, §6.3).
        """
        ...


Kind = Coordinate | Manifold


@dataclass(frozen=True, slots=True)
class ManifoldGaps:
    """How far a manifold is from its laws, at most, at the points that were tried.

    Attributes:
        there: of x ⊞ (y ⊟ x) from y.
        back: of (x ⊞ δ) ⊟ x from δ.
        reset: of the reset Jacobian from central differences.
    """

    there: float
    back: float
    reset: float


def error_count(kinds: tuple[Kind, ...]) -> int:
    """Return how many error numbers a state of these kinds has.

    Raises:
        FilterArgumentError: one of the kinds is neither a coordinate nor a manifold.
    """
    _check_kinds(kinds)
    return sum(1 if isinstance(kind, Coordinate) else kind.error_count for kind in kinds)


def box_plus(kinds: tuple[Kind, ...], state: ArrayLike, delta: ArrayLike) -> StateMean:
    """Return state ⊞ delta, kind by kind.

    Raises:
        FilterArgumentError: lengths differ or a number is not a point of its coordinate.
    """
    point, error = core_native.floats("state", state, 1), core_native.floats("delta", delta, 1)
    plain = _plain(kinds)
    if plain is not None:
        return core_native.box_plus(plain, point, error)
    _check(kinds, point, "state")
    if len(error) != error_count(kinds):
        raise FilterArgumentError("delta", f"{error_count(kinds)} numbers", str(len(error)))
    pieces = [
        core_native.box_plus(bytes([kind]), point[number], error[way])
        if isinstance(kind, Coordinate)
        else core_native.floats("state", kind.plus(point[number], error[way]), 1)
        for kind, number, way in _slices(kinds)
    ]
    return _finite("delta", np.concatenate(pieces))


def box_minus(kinds: tuple[Kind, ...], value: ArrayLike, state: ArrayLike) -> StateMean:
    """Return value ⊟ state, kind by kind; NaN in value, a missing one, stays NaN.

    Raises:
        FilterArgumentError: lengths differ or a number is not a point of its coordinate.
    """
    target, point = core_native.floats("value", value, 1), core_native.floats("state", state, 1)
    plain = _plain(kinds)
    if plain is not None:
        return core_native.box_minus(plain, target, point)
    _check(kinds, target, "value")
    _check(kinds, point, "state")
    pieces = []
    for kind, number, way in _slices(kinds):
        if isinstance(kind, Coordinate):
            pieces.append(core_native.box_minus(bytes([kind]), target[number], point[number]))
        elif np.isnan(target[number]).any():
            pieces.append(np.full(way.stop - way.start, np.nan))
        else:
            pieces.append(core_native.floats("value", kind.minus(target[number], point[number]), 1))
    return np.concatenate(pieces)


def reset_jacobian(kinds: tuple[Kind, ...], delta: StateMean) -> NDArray[np.float64] | None:
    """Return the Jacobian of the reset after an injection; none where it is the identity."""
    if _plain(kinds) is not None:
        return None
    out = np.eye(error_count(kinds))
    delta = core_native.floats("delta", delta, 1)
    if len(delta) != len(out) or not np.isfinite(delta).all():
        expected = f"{len(out)} finite numbers"
        raise FilterArgumentError("delta", expected, f"shape {delta.shape}")
    for kind, _, way in _slices(kinds):
        if not isinstance(kind, Coordinate):
            block = core_native.floats("reset_jacobian", kind.reset_jacobian(delta[way]), 2)
            if block.shape != (kind.error_count, kind.error_count):
                expected = f"({kind.error_count}, {kind.error_count})"
                raise FilterArgumentError("reset_jacobian", expected, f"shape {block.shape}")
            out[way, way] = block
    return out


def manifold_gaps(
    manifold: Manifold, point: StateMean, value: StateMean, delta: StateMean
) -> ManifoldGaps:
    """Measure a manifold against its laws at one point, one other point and one error.

    All three are at rounding level, the last at about 1e-9, where the manifold is right; δ must be
    small enough that ⊟ finds it again.
    """
    kinds = (manifold,)
    point, value = (core_native.floats("point", one, 1) for one in (point, value))
    delta = core_native.floats("delta", delta, 1)
    there = np.abs(box_plus(kinds, point, box_minus(kinds, value, point)) - value).max()
    moved = box_plus(kinds, point, delta)
    back = np.abs(box_minus(kinds, moved, point) - delta).max()
    size, step = manifold.error_count, 1e-5
    found = np.zeros((size, size))
    for way in range(size):
        tilt = np.zeros(size)
        tilt[way] = step
        up, down = (box_plus(kinds, point, delta + sign * tilt) for sign in (1.0, -1.0))
        ahead, behind = box_minus(kinds, up, moved), box_minus(kinds, down, moved)
        found[:, way] = (ahead - behind) / (2 * step)
    reset = np.abs(found - manifold.reset_jacobian(delta)).max()
    return ManifoldGaps(float(there), float(back), float(reset))


def _plain(kinds: tuple[Kind, ...]) -> bytes | None:
    """Return the codes of the kernel where every kind is one of its coordinates."""
    _check_kinds(kinds)
    codes = [kind for kind in kinds if isinstance(kind, Coordinate)]
    return bytes(codes) if len(codes) == len(kinds) else None


def _slices(kinds: tuple[Kind, ...]) -> list[tuple[Kind, slice, slice]]:
    """Return every kind with its numbers and its errors."""
    numbers, errors = [0], [0]
    for kind in kinds:
        sizes = (1, 1) if isinstance(kind, Coordinate) else (kind.number_count, kind.error_count)
        numbers.append(numbers[-1] + sizes[0])
        errors.append(errors[-1] + sizes[1])
    spans = zip(pairwise(numbers), pairwise(errors), strict=True)
    return [(kind, slice(*a), slice(*b)) for kind, (a, b) in zip(kinds, spans, strict=True)]


def _check(kinds: tuple[Kind, ...], numbers: StateMean, argument: str) -> None:
    expected = sum(1 if isinstance(kind, Coordinate) else kind.number_count for kind in kinds)
    if len(numbers) != expected:
        raise FilterArgumentError(argument, f"{expected} numbers", str(len(numbers)))
    if not np.isfinite(numbers).all() and argument != "value":
        raise FilterArgumentError(argument, "finite numbers", "NaN or infinity")


def _finite(argument: str, numbers: StateMean) -> StateMean:
    if not np.isfinite(numbers).all():
        raise FilterArgumentError(argument, "such that the result stays finite", "an overflow")
    return numbers


def _check_kinds(kinds: tuple[Kind, ...]) -> None:
    members = ("number_count", "error_count", "plus", "minus", "reset_jacobian")
    if not isinstance(kinds, tuple | list) or not kinds:
        raise FilterArgumentError("kinds", "a tuple of coordinates", type(kinds).__name__)
    for kind in kinds:
        if isinstance(kind, Coordinate):
            continue
        if isinstance(kind, type) or any(not hasattr(kind, name) for name in members):
            got = type(kind).__name__
            raise FilterArgumentError("kinds", "coordinates and manifolds", got)
