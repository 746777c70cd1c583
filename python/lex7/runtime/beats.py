"""What one peer tells unasked, and what it makes of what others tell.

    HEARTBEAT         once a period: how far it is
    DISCOVERY         when it connects: what it is; whoever misses it asks
    ROUTING_UPDATE    whom it hears: with each heartbeat in a large lattice, else when that changed

All of it is hints. A heartbeat that is lost is followed by another, and nothing here is believed
about a log before its runs verify.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lex7 import __version__
from lex7.bark.packet import (
    VERSION,
    PacketKind,
    PacketVersionError,
    VerifiedPacket,
    open_packet,
    seal_packet,
)
from lex7.base.errors import Finding, Lex7Error
from lex7.base.ids import KeyId, NodeName
from lex7.base.limits import HEARTBEAT_NS, MISSED_BEATS_MAX
from lex7.lattice.discovery import (
    MARK_BYTES,
    Description,
    decode_description,
    encode_description,
)
from lex7.lattice.routing import Heard, decode_routing, encode_routing, hearers
from lex7.lattice.sync import Heartbeat, decode_heartbeat, encode_heartbeat
from lex7.lattice.view import RELAYED_AWAY_NS, Relayed
from lex7.transport.interface import Priority, Transport

if TYPE_CHECKING:
    from lex7.runtime.peer import Peer

MS = 1_000_000
FILLED_TURNS = 30
"""Heartbeats after which a log that began at a snapshot may be pulled whole."""

UPDATED_MAX = 2
"""In a large lattice, of those who are told a heartbeat, so many are told the routing update too:
what is known of everybody triples with each period."""


class Beats:
    """Heartbeats, descriptions and routing updates of one peer."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._transport: Transport | None = None
        self._turn = 0
        self._there: set[KeyId] = set()
        self._told: frozenset[KeyId] = frozenset()
        self._lost_ns: dict[KeyId, int] = {}
        self._mark = bytes(MARK_BYTES)
        self.heard_by: dict[KeyId, dict[KeyId, int]] = {}

    @property
    def description(self) -> Description:
        """What this node is."""
        return Description(self._mark, self._peer.capabilities, __version__, VERSION)

    def connect(self, transport: Transport) -> None:
        """Hear and be there over a new transport, and say what this node is."""
        peer, base = self._peer, self._base
        with peer.lock:
            self._transport = transport
            self._mark = peer.identity.entropy.draw(MARK_BYTES)
            self._there.clear()
        transport.subscribe(f"{base}/beat/*", self._hear)
        transport.subscribe(f"{base}/to/{peer.identity.name}", self._hear)
        transport.watch(f"{base}/live/*", self._watch)
        transport.announce(f"{base}/live/{peer.identity.name}")
        told = self._seal(PacketKind.DISCOVERY, encode_description(self.description))
        transport.publish(self._everybody, told, priority=Priority.CONTROL)

    def spoken(self) -> Heartbeat:
        """Return what a heartbeat would say now; the lock is held."""
        peer = self._peer
        return Heartbeat(peer.clock.wall_ns(), peer.lattice_hash, peer.heads(), self._mark)

    def beat(self) -> None:
        """Tell how far this node is, and whom it hears.

        Raises:
            TransportError: it cannot be carried.
        """
        peer = self._peer
        with peer.lock:
            now = peer.clock.steady_ns()
            beat = encode_heartbeat(self.spoken())
            there = {*self._there, *peer.view.live(peer.names, now)} & set(peer.names)
            targets = hearers(peer.identity.key.public, there, self._turn)
            rows = self._rows(now)
            is_news = targets is not None or frozenset(rows) != self._told
            self._told = frozenset(rows)
            self._turn += 1
            if self._turn % FILLED_TURNS == 0:
                peer.snapshots.fill()
            sealed = self._seal(PacketKind.HEARTBEAT, beat, is_beat=True)
            update = self._seal(PacketKind.ROUTING_UPDATE, encode_routing(rows))
            keys = self._keys(targets)
        assert self._transport is not None, "a peer beats after it was connected"
        for key in keys:
            self._transport.publish(key, sealed, priority=Priority.CONTROL)
        for key in keys[:UPDATED_MAX] if is_news else ():
            self._transport.publish(key, update, priority=Priority.CONTROL)

    def heard_elsewhere(self, member: KeyId) -> tuple[NodeName, ...]:
        """Return who hears a member that this node does not hear itself."""
        peer, now = self._peer, self._peer.clock.steady_ns()
        if peer.view.is_heard(member, now):
            return ()
        return tuple(
            sorted(
                peer.names[teller]
                for teller, heard in self.heard_by.items()
                if teller in peer.names
                and peer.view.is_heard(teller, now)
                and now - heard.get(member, -RELAYED_AWAY_NS) < MISSED_BEATS_MAX * HEARTBEAT_NS
            )
        )

    def lose(self, member: KeyId) -> None:
        """Note that a member does not answer or is gone; the lock is held."""
        self._there.discard(member)
        self._lost_ns[member] = self._peer.clock.steady_ns()
        self._peer.view = self._peer.view.lose(member)

    def learn(self, member: KeyId, told: Description) -> None:
        """Take in what a member is; the lock is held."""
        self._peer.view = self._peer.view.describe(member, told)

    @property
    def _base(self) -> str:
        return f"lex7/{self._peer.identity.lattice.hex()[:16]}"

    @property
    def _everybody(self) -> str:
        return f"{self._base}/beat/{self._peer.identity.name}"

    def _keys(self, targets: tuple[KeyId, ...] | None) -> list[str]:
        if targets is None:
            return [self._everybody]
        # The last one is the own key: another copy of this node listens there too.
        names = self._peer.names
        keys = [f"{self._base}/to/{names[one]}" for one in reversed(targets) if one in names]
        return [*keys, f"{self._base}/to/{self._peer.identity.name}"]

    def _rows(self, now: int) -> dict[KeyId, Heard]:
        """Say whom this node hears, itself or through others."""
        peer, rows = self._peer, {}
        for member in peer.names:
            seen = peer.view.sightings.get(member)
            relayed = peer.view.relayed.get(member)
            mark = peer.view.descriptions.get(member)
            if seen is not None and peer.view.is_heard(member, now):
                age = (now - seen.seen_ns) // MS
                rows[member] = Heard(age, seen.beat.lattice_hash, seen.beat.mark)
            elif relayed is not None and mark is not None:
                age = (now - relayed.seen_ns) // MS
                if age * MS < RELAYED_AWAY_NS:
                    rows[member] = Heard(age, relayed.lattice_hash, mark.mark)
        return rows

    def _hear(self, key: str, data: bytes) -> None:
        peer = self._peer
        spoken = key.rpartition("/")[2]
        try:
            packet = open_packet(data, peer.identity.lattice)
            sender = peer.names.get(packet.sender)
            is_addressed = spoken == peer.identity.name
            if sender is None or (sender != spoken and not is_addressed):
                return
            self._take(packet, sender)
        except PacketVersionError as error:
            name = peer.names.get(error.sender)
            if name is not None and name == spoken:
                with peer.lock:
                    peer.find(f"version {name}", Finding(error.code, name, str(error)))
        except Lex7Error:
            # A hint that cannot be read says nothing; the next one may.
            return

    def _take(self, packet: VerifiedPacket, sender: NodeName) -> None:
        peer, now = self._peer, self._peer.clock.steady_ns()
        is_own = packet.sender == peer.identity.key.public
        if packet.kind is PacketKind.HEARTBEAT:
            beat = decode_heartbeat(packet.body)
            if is_own:
                peer.twin.hear(packet.exchange, beat, now)
            else:
                self._take_beat(packet.sender, beat, now)
        elif packet.kind is PacketKind.DISCOVERY and not is_own:
            told = decode_description(packet.body)
            with peer.lock:
                self.learn(packet.sender, told)
        elif packet.kind is PacketKind.ROUTING_UPDATE and not is_own:
            self._take_routing(packet.sender, decode_routing(packet.body), now)

    def _take_beat(self, sender: KeyId, beat: Heartbeat, now: int) -> None:
        peer = self._peer
        with peer.lock:
            peer.find(f"version {peer.names.get(sender)}", None)
            known = peer.view.sightings.get(sender)
            if known is None or not known.is_newer_than(beat, now):
                peer.view = peer.view.see(sender, beat, now, peer.clock.wall_ns())
                self._lost_ns.pop(sender, None)
            if not peer.view.knows(sender, beat.mark):
                peer.wishes.meet(sender)
            # Even an old heartbeat's heads may be ahead of what is held: a clock was set back.
            peer.compare(sender, beat.heads)

    def _take_routing(self, sender: KeyId, rows: dict[KeyId, Heard], now: int) -> None:
        peer = self._peer
        with peer.lock:
            own = peer.identity.key.public
            others = {key: row for key, row in rows.items() if key in peer.names and key != own}
            self.heard_by[sender] = {key: now - row.age_ms * MS for key, row in others.items()}
            if hearers(own, peer.names, 0) is None:
                # Where everybody hears everybody, only the own ear counts.
                return
            relayed = {}
            for key, row in others.items():
                seen = now - row.age_ms * MS
                if seen - self._lost_ns.get(key, seen - RELAYED_AWAY_NS) >= RELAYED_AWAY_NS:
                    relayed[key] = Relayed(seen, row.lattice_hash)
                if not peer.view.knows(key, row.mark):
                    peer.wishes.meet(key)
            peer.view = peer.view.relay(relayed)

    def _watch(self, key: str, is_there: bool) -> None:  # noqa: FBT001 - the face of a watcher
        peer = self._peer
        member = peer.key_of(NodeName(key.rpartition("/")[2]))
        if member is None:
            return
        with peer.lock:
            if is_there:
                self._there.add(member)
            else:
                self.lose(member)

    def _seal(self, kind: PacketKind, body: bytes, *, is_beat: bool = False) -> bytes:
        identity = self._peer.identity
        exchange = identity.entropy.draw(16)
        if is_beat:
            self._peer.twin.sent(exchange, self._peer.clock.wall_ns())
        return seal_packet(identity.key, identity.lattice, kind, exchange, body)
