"""LEX-MON as a node kind: it follows no stream; it keeps directives, proposals, verdicts."""

from __future__ import annotations

from lex7.base.civil import Day
from lex7.base.errors import StateError
from lex7.directive.quantity import Forecast
from lex7.nodes.interface import NodeState, Setting


class NothingToForecastError(StateError):
    """The council was asked for a forecast."""

    code = "state.council_forecast"

    def __init__(self) -> None:
        super().__init__(
            "expected a node that follows streams, got the council, which follows none"
        )


class CouncilNode:
    """Routes, fuses and arbitrates."""

    name = "mon"

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def belief(self, state: NodeState, as_of: Day, parameters: bytes) -> bytes:
        """Return nothing: the council has no filter states."""
        return b""

    def fit(self, state: NodeState, as_of: Day) -> bytes | None:
        """Return None: the council has no models."""
        return None

    def forecast(self, state: NodeState, as_of: Day) -> Forecast:
        """Refuse: the council follows no stream.

        Raises:
            NothingToForecastError: always.
        """
        raise NothingToForecastError
