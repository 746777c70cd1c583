"""Who is there, what each can do and how fresh that is; and who serves as council.

The view is local: it is made of heartbeats and decides nothing that is logged. Only the time of
arrival on the own monotonic clock counts; what a heartbeat says about the time is shown as a
finding.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lex7.base.ids import KeyId, NodeName
from lex7.base.limits import CLOCK_DRIFT_NS_MAX, HEARTBEAT_NS, MISSED_BEATS_MAX, ROUTING_AGE_MS_MAX
from lex7.lattice.discovery import Description
from lex7.lattice.sync import Heartbeat

AWAY_NS = HEARTBEAT_NS * MISSED_BEATS_MAX
RELAYED_AWAY_NS = ROUTING_AGE_MS_MAX * 1_000_000
COUNCIL_KIND = "mon"
REPLAY_NS = 10 * 10**9
"""How long an older heartbeat is taken for a replay; after that, for a clock that was set back."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """The last heartbeat of a member.

    Attributes:
        beat: what it said.
        seen_ns: when it came, on the own monotonic clock.
        drift_ns: how far its clock is ahead of the own one.
        is_gone: its liveliness token was taken away since.
    """

    beat: Heartbeat
    seen_ns: int
    drift_ns: int
    is_gone: bool = False

    @property
    def is_drifting(self) -> bool:
        """Answer whether its clock is more than five minutes off."""
        return abs(self.drift_ns) > CLOCK_DRIFT_NS_MAX

    def is_newer_than(self, beat: Heartbeat, now_ns: int) -> bool:
        """Answer whether a heartbeat is an old one repeated, which must not make a member fresh."""
        is_recent = now_ns - self.seen_ns < REPLAY_NS
        return is_recent and not self.is_gone and beat.time_ns < self.beat.time_ns


@dataclass(frozen=True, slots=True)
class Relayed:
    """What others say of a member.

    Attributes:
        seen_ns: when somebody heard it, on the own monotonic clock.
        lattice_hash: what it showed then.
    """

    seen_ns: int
    lattice_hash: bytes


@dataclass(frozen=True, slots=True)
class View:
    """The newest sighting of each member."""

    sightings: Mapping[KeyId, Sighting] = field(default_factory=dict)
    descriptions: Mapping[KeyId, Description] = field(default_factory=dict)
    relayed: Mapping[KeyId, Relayed] = field(default_factory=dict)

    def see(self, member: KeyId, beat: Heartbeat, now_ns: int, clock_ns: int) -> View:
        """Take a heartbeat in."""
        sighting = Sighting(beat, now_ns, beat.time_ns - clock_ns)
        return replace(self, sightings={**self.sightings, member: sighting})

    def describe(self, member: KeyId, told: Description) -> View:
        """Take in what a member says it is."""
        return replace(self, descriptions={**self.descriptions, member: told})

    def knows(self, member: KeyId, mark: bytes) -> bool:
        """Answer whether a member's present description is held."""
        known = self.descriptions.get(member)
        return known is not None and known.mark == mark

    def relay(self, rows: Mapping[KeyId, Relayed]) -> View:
        """Take in what a member passes on of others; the newest word on each stands."""
        fresh = {
            key: row
            for key, row in rows.items()
            if key not in self.relayed or self.relayed[key].seen_ns < row.seen_ns
        }
        return replace(self, relayed={**self.relayed, **fresh}) if fresh else self

    def lose(self, member: KeyId) -> View:
        """Note that a member's liveliness token is gone; its next heartbeat brings it back."""
        known = self.sightings.get(member)
        relayed = {key: row for key, row in self.relayed.items() if key != member}
        if known is None:
            return replace(self, relayed=relayed)
        gone = {**self.sightings, member: replace(known, is_gone=True)}
        return replace(self, sightings=gone, relayed=relayed)

    def is_live(self, member: KeyId, now_ns: int) -> bool:
        """Answer whether a member was heard within three periods, or is passed on as heard."""
        relayed = self.relayed.get(member)
        if relayed is not None and now_ns - relayed.seen_ns < RELAYED_AWAY_NS:
            return True
        return self.is_heard(member, now_ns)

    def is_heard(self, member: KeyId, now_ns: int) -> bool:
        """Answer whether a member itself was heard within three periods."""
        known = self.sightings.get(member)
        return known is not None and not known.is_gone and now_ns - known.seen_ns < AWAY_NS

    def live(self, members: Iterable[KeyId], now_ns: int) -> tuple[KeyId, ...]:
        """Return the members that are there, by key."""
        return tuple(sorted(one for one in members if self.is_live(one, now_ns)))

    def able(self, member: KeyId) -> tuple[str, ...]:
        """Return what a member can be asked for, as far as it is known."""
        known = self.descriptions.get(member)
        return () if known is None else known.capabilities

    def route(
        self, capability: str, names: Mapping[KeyId, NodeName], now_ns: int
    ) -> tuple[NodeName, ...]:
        """Return the live members with a capability, the one to ask first in front."""
        able = [
            name
            for key, name in names.items()
            if self.is_live(key, now_ns) and capability in self.able(key)
        ]
        return tuple(sorted(able))


def council(names: Mapping[KeyId, NodeName], live: Iterable[KeyId]) -> KeyId | None:
    """Return who serves as council: the lowest live `mon`, else the lowest live member.

    Every member has the same lattice state, so any of them can serve; the rule only has to be the
    same on all of them. Two halves of a split lattice each have a council, and neither brings a
    verdict in force without every affected node.
    """
    there = [(name.partition("@")[0] != COUNCIL_KIND, name, key) for key, name in names.items()]
    able = set(live)
    serving = sorted(row for row in there if row[2] in able)
    return serving[0][2] if serving else None
