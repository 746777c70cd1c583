"""What judging needs of a lattice, whether its nodes share a process or are far apart."""

from __future__ import annotations

from typing import Protocol

from lex7.bark.seal import Head
from lex7.base.civil import Day
from lex7.base.errors import Finding
from lex7.base.ids import KeyId, NodeName
from lex7.directive.quantity import Forecast
from lex7.lattice import LatticeState
from lex7.nodes.interface import Setting
from lex7.runtime.border import Border
from lex7.runtime.enforced import Versions
from lex7.runtime.home import HomePaths
from lex7.runtime.member import Member


class Seat(Protocol):
    """The council's place: rules, forecasts, the shared state, and a log to write to."""

    @property
    def paths(self) -> HomePaths:
        """Where the home's files lie."""
        ...

    @property
    def versions(self) -> Versions:
        """The directives that were signed."""
        ...

    @property
    def setting(self) -> Setting:
        """Currency and time zone."""
        ...

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is not as it was promised."""
        ...

    @property
    def writer(self) -> Member:
        """The member that writes proposals and verdicts."""
        ...

    @property
    def border(self) -> Border:
        """Where that member asks others."""
        ...

    def heads(self) -> tuple[Head, ...]:
        """Return the head of every log."""
        ...

    def state(self) -> LatticeState:
        """Return the shared state."""
        ...

    def forecast(self, kind: str, as_of: Day) -> Forecast:
        """Return what one kind of node can say from a day on."""
        ...

    def answering(self, kind: str) -> NodeName:
        """Return which node answers for a kind.

        Raises:
            TransportError: none is there.
        """
        ...

    def key_of(self, name: NodeName) -> KeyId:
        """Return a member's key."""
        ...

    def log_heads(self) -> tuple[tuple[str, int, str], ...]:
        """Return name, sequence and hash of every log's end."""
        ...

    def state_hashes(self) -> dict[str, str]:
        """Return the hash of every node's state that answers."""
        ...

    def settle(self, names: tuple[NodeName, ...]) -> None:
        """Take in what these nodes have written."""
        ...
