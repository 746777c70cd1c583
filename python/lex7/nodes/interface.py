"""What a node kind is: its streams, its fold, its models and its forecast.

A node is a pure core. Its state is a value made from its own log and nothing else:

    run of entries ─► fold(state, run) ─► state' ─► digest(state') ─► stands in the seal of that run

`NodeState` is the same for every kind; what differs is how a kind turns its archive into daily
series, fits its models and forecasts. Time is data: `as_of` is an argument everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lex7.base.civil import Day, Zone
from lex7.base.ids import ImportId
from lex7.directive.quantity import Forecast
from lex7.nodes.archive import Archive
from lex7.nodes.payload import ImportNote


@dataclass(frozen=True, slots=True)
class Setting:
    """What of the owner's configuration a node kind needs: currency and time zone."""

    currency: str
    zone: Zone


@dataclass(frozen=True, slots=True)
class NodeState:
    """The state of one node after some prefix of its log.

    Attributes:
        archive: every record, by stream and day.
        imports: the imports in force, by id.
        categories: the payload of the newest CATEGORIES entry, empty before the first.
        model_day: the day up to which the models were fitted, None before the first fit.
        model: the fitted parameters, as their node kind spells them.
        belief_digest: SHA-256 of the raw bits of the filter states that the model gives on the
        archive.
        control: digests of the control entries written by this node, in order, hashed into one.
    """

    archive: Archive = field(default_factory=Archive)
    imports: Mapping[ImportId, ImportNote] = field(default_factory=dict)
    categories: bytes = b""
    model_day: Day | None = None
    model: bytes = b""
    belief_digest: bytes = b""
    control: bytes = b""


class NodeKind(Protocol):
    """One kind of node: vitality, wealth, council."""

    @property
    def name(self) -> str:
        """The short name that rules and logs use: `vit`, `wth`, `mon`."""
        ...

    def belief(self, state: NodeState, as_of: Day, parameters: bytes) -> bytes:
        """Return the raw bits of the filter states after everything up to `as_of`."""
        ...

    def fit(self, state: NodeState, as_of: Day) -> bytes | None:
        """Fit the models to the archive up to `as_of`; None where there is nothing to fit."""
        ...

    def forecast(self, state: NodeState, as_of: Day) -> Forecast:
        """Return what this node can say from `as_of` on."""
        ...
