"""Several nodes' forecasts as one, for rules that join comparisons of different nodes."""

from __future__ import annotations

from collections.abc import Mapping

from lex7.base.civil import Day
from lex7.base.ids import QuantityName
from lex7.base.shapes import DayGrid
from lex7.directive.catalogue import node_of
from lex7.directive.problem import MomentsError
from lex7.directive.quantity import (
    Forecast,
    Linear,
    Moments,
    Move,
    QuantityInfo,
    Scenarios,
)


class Together:
    """A forecast that asks the node whose quantities an expression names.

    All nodes answer for the same day of evaluation.
    """

    def __init__(self, by_node: Mapping[str, Forecast]) -> None:
        days = {forecast.as_of for forecast in by_node.values()}
        if len(days) != 1:
            raise MomentsError("forecasts", "one day of evaluation", f"{len(days)}")
        self._by_node = dict(by_node)
        self.as_of: Day = days.pop()

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        """List the quantities of all nodes."""
        found: dict[QuantityName, QuantityInfo] = {}
        for node in sorted(self._by_node):
            found.update(self._by_node[node].quantities())
        return found

    def moments(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        """Ask the node that answers for the expression."""
        return self._answering(linear).moments(linear, days, moves)

    def scenarios(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Scenarios | None:
        """Ask the node that answers for the expression."""
        return self._answering(linear).scenarios(linear, days, moves)

    def _answering(self, linear: Linear) -> Forecast:
        node = node_of(linear.terms[0][1].quantity)
        forecast = self._by_node.get(node)
        if forecast is None:
            raise MomentsError("forecasts", f"an answer of node {node!r}", "none")
        return forecast
