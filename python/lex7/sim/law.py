"""What must hold in every run, whatever the network, the disks and one liar do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lex7.bark import canon
from lex7.base.ids import EntryHash, KeyId
from lex7.lattice.order import position
from lex7.runtime.branch import hash_at
from lex7.runtime.peer import Peer
from lex7.runtime.replica import META_BASE
from lex7.sim.disk import Disk
from lex7.sim.node import OWN, REPLICA_BYTES, SimulatedNode
from lex7.sim.plan import LIAR


@dataclass(frozen=True, slots=True)
class Broken:
    """A law that did not hold, and where."""

    law: str
    where: str


@dataclass(slots=True)
class Memory:
    """What the world remembers so that nothing can be lost unnoticed.

    Attributes:
        evidence: the forks each node has shown, by node.
        forked: nodes that wrote two branches.
        backups: old copies of homes.
    """

    evidence: dict[str, set[tuple[KeyId, int]]] = field(default_factory=dict)
    forked: set[str] = field(default_factory=set)
    backups: dict[str, Disk] = field(default_factory=dict)

    def keep_backup(self, node: SimulatedNode) -> None:
        """Keep a copy of a home as it is now."""
        self.backups[node.name] = node.disk.copy()

    def backup(self, node: SimulatedNode) -> Disk:
        """Return a fresh copy of the kept copy."""
        return self.backups[node.name].copy()


def check_laws(nodes: Mapping[str, SimulatedNode], memory: Memory) -> Broken | None:
    """Check everything that holds at any moment."""
    honest = [node for node in nodes.values() if node.name != LIAR]
    for node in honest:
        broken = _acknowledged(node) or _prefixes(node, honest) or _bounded(node)
        if broken is not None:
            return broken
        if node.peer is not None:
            seen = memory.evidence.setdefault(node.name, set())
            # Evidence that its node had not yet heard of after a restart is pulled again; what
            # stands in a log it holds is never lost.
            if node.disk.life == 0 and not seen <= set(node.peer.state.forks):
                return Broken("evidence is kept", node.name)
            seen |= set(node.peer.state.forks)
    return _same_sets_same_hash(node.peer for node in honest if node.peer is not None)


def check_agreement(nodes: Mapping[str, SimulatedNode]) -> Broken | None:
    """Check that all honest nodes hold every acknowledged entry and show one hash."""
    honest = [node for node in nodes.values() if node.name != LIAR]
    peers = [node.peer for node in honest if node.peer is not None]
    if len(peers) != len(honest):
        return Broken("every node starts again", "")
    if len({peer.lattice_hash for peer in peers}) != 1:
        return Broken("one hash after healing", "")
    for peer in peers:
        if (lost := _lost_branch(peer)) is not None:
            return lost
        held = {entry.hash for entry in peer.shared.timeline.entries}
        for node in honest:
            if any(_control_hash(node, sequence) not in held for sequence, _ in node.acknowledged):
                return Broken("every acknowledged entry reaches everybody", node.name)
    return None


def _lost_branch(peer: Peer) -> Broken | None:
    """Check that what is held of a writer that forked is the branch that counts."""
    for (writer, _), fork in sorted(peer.state.forks.items()):
        if writer == peer.identity.key.public or not fork.frozen or peer.state.is_healed(fork):
            continue
        storage = peer.replicas.of(writer).storage
        held = hash_at(storage, fork.frozen, peer.identity.lattice, writer)
        if held != fork.frozen_hash:
            return Broken("the branch that counts is held", peer.identity.name)
    return None


def _acknowledged(node: SimulatedNode) -> Broken | None:
    """Check that the own log ends at or after the last acknowledged entry, and holds it."""
    for sequence, expected in node.acknowledged[-1:]:
        if _hash_at(node, sequence) != expected:
            return Broken("no acknowledged entry is lost", f"{node.name}, entry {sequence}")
    return None


def _prefixes(node: SimulatedNode, honest: Iterable[SimulatedNode]) -> Broken | None:
    """Check that what is held of an honest writer is what that writer wrote."""
    for writer in honest:
        held = node.disk.files.get(writer.key.public.hex())
        if held is None:
            continue
        base = held.values.get(META_BASE)
        after = _base_of(base) if base else 0
        own = [row for row in writer.disk.files[OWN].rows if row.first > after]
        if [row.sealed for row in held.rows] != [row.sealed for row in own[: len(held.rows)]]:
            return Broken("a replica is a prefix", f"{node.name} of {writer.name}")
    return None


def _base_of(spelled: bytes) -> int:
    """Return after which entry a replica begins that began with a snapshot."""
    match canon.decode(spelled):
        case (bytes(), int(), int(sequence), *_):
            return sequence
    return 0


def _bounded(node: SimulatedNode) -> Broken | None:
    size = sum(
        len(row.sealed) + len(row.bodies or b"")
        for name, file in node.disk.files.items()
        if name != OWN
        for row in file.rows
    )
    return Broken("storage stays under its cap", node.name) if size > REPLICA_BYTES else None


def _same_sets_same_hash(peers: Iterable[Peer]) -> Broken | None:
    """Check that nodes whose counting entries are equal show equal hashes."""
    shown: dict[tuple[object, ...], bytes] = {}
    for peer in peers:
        state = peer.state
        counting = tuple(
            (position(entry), entry.hash)
            for entry in peer.shared.timeline.entries
            if state.counts(entry)
        )
        if shown.setdefault(counting, peer.lattice_hash) != peer.lattice_hash:
            return Broken("equal entries give equal hashes", peer.identity.name)
    return None


def _hash_at(node: SimulatedNode, sequence: int) -> EntryHash | None:
    return hash_at(node.disk.files[OWN], sequence, node.lattice, node.key.public)


def _control_hash(node: SimulatedNode, sequence: int) -> EntryHash | None:
    """Return the hash of the proposal of a write; it stands before its record."""
    return _hash_at(node, sequence - 1)
