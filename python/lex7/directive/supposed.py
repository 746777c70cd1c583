"""A forecast as it would be if some things were moved: the mean shifts, the uncertainty stays.

Margins that are heard move likewise: the node is asked at the moved point.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day
from lex7.base.ids import QuantityName
from lex7.base.shapes import DayGrid
from lex7.directive.catalogue import node_of
from lex7.directive.heard import HeardLeaf, Hears
from lex7.directive.plan import CompiledRule, Leaf
from lex7.directive.quantity import (
    Forecast,
    Linear,
    Moments,
    Move,
    QuantityInfo,
    Scenarios,
)


@dataclass(frozen=True, slots=True)
class Shift:
    """One move that is made."""

    move: Move
    amount: float


class SupposedForecast:
    """Another forecast with moves made; it answers like the one it was made from."""

    def __init__(self, inner: Forecast, shifts: tuple[Shift, ...]) -> None:
        self._inner = inner
        self._shifts = shifts

    @property
    def as_of(self) -> Day:
        """Return the day of evaluation."""
        return self._inner.as_of

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        """List the quantities of the forecast it was made from."""
        return self._inner.quantities()

    def moments(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        """Return the moments with the moves made."""
        own = self._own(linear)
        found = self._inner.moments(linear, days, (*moves, *(one.move for one in own)))
        made = found.gradient[:, len(moves) :]
        mean = _moved(found.mean, made, own)
        return replace(found, mean=mean, gradient=found.gradient[:, : len(moves)])

    def scenarios(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Scenarios | None:
        """Return the sampled paths with the moves made, on the same random numbers."""
        own = self._own(linear)
        found = self._inner.scenarios(linear, days, (*moves, *(one.move for one in own)))
        if found is None:
            return None
        made = found.gradient[:, :, len(moves) :]
        paths = _moved(found.paths, made, own)
        return replace(found, paths=paths, gradient=found.gradient[:, :, : len(moves)])

    def _own(self, linear: Linear) -> tuple[Shift, ...]:
        """Moves of another node's quantities do not touch this expression."""
        node = node_of(linear.terms[0][1].quantity)
        return tuple(one for one in self._shifts if node_of(one.move.quantity) == node)


class SupposedMargins(SupposedForecast):
    """The same where tests are heard: every test is asked about at the moved point."""

    def __init__(self, inner: Forecast, hears: Hears, shifts: tuple[Shift, ...]) -> None:
        super().__init__(inner, shifts)
        self._hears = hears

    def hear(
        self, rule: CompiledRule, leaf: Leaf, days: tuple[Day, ...], moves: tuple[Move, ...]
    ) -> HeardLeaf:
        """Open a test at the node that holds it, with the moves made."""
        own = self._own(leaf.linear)
        asked = (*moves, *(one.move for one in own))
        shift = np.array([*(0.0 for _ in moves), *(one.amount for one in own)])
        return self._hears.hear(rule, leaf, days, asked).settled(shift, len(moves))


def supposed(forecast: Forecast, shifts: tuple[Shift, ...]) -> SupposedForecast:
    """Return a forecast with moves made; it is heard where the one it is made from is heard."""
    if isinstance(forecast, Hears):
        return SupposedMargins(forecast, forecast, shifts)
    return SupposedForecast(forecast, shifts)


def _moved(
    values: NDArray[np.float64], gradient: NDArray[np.float64], shifts: tuple[Shift, ...]
) -> NDArray[np.float64]:
    for column, one in enumerate(shifts):
        values = values + gradient[..., column] * one.amount
    return values
