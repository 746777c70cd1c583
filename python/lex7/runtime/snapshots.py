"""Snapshots of one peer: made from its logs, asked from the council, taken in, kept for starts.

    a newcomer that lacks much ──► asks a council node ──► checks ──► begins replicas at the heads
    later, one log at a time ──► the part before the heads is pulled, checked against them, and kept
    a start ──► reads the kept snapshot ──► checks ──► verifies only the runs after it

What cannot be used is a finding, and the logs are pulled or read whole instead.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import TYPE_CHECKING

from lex7.bark.seal import Head
from lex7.base.errors import BarkError, Finding, Lex7Error
from lex7.base.ids import KeyId, NodeName
from lex7.base.limits import SNAPSHOT_GAP_MIN
from lex7.lattice import without
from lex7.lattice.snapshot import (
    SNAPSHOT,
    Item,
    Snapshot,
    SnapshotError,
    decode_snapshot,
    encode_snapshot,
    spelled_items,
    verify_newer,
)
from lex7.lattice.sync import RangeRequest
from lex7.lattice.view import COUNCIL_KIND
from lex7.runtime.branch import hash_at
from lex7.storage.interface import LogStorage

if TYPE_CHECKING:
    from lex7.runtime.peer import Peer

META_SNAPSHOT = "snapshot"


class Snapshots:
    """What one peer does with snapshots."""

    def __init__(self, peer: Peer, own: LogStorage) -> None:
        self._peer = peer
        self._own = own
        self._filling: dict[KeyId, Head] = {}

    def make(self) -> bytes:
        """Spell a snapshot of what is held now; the lock is held.

        Raises:
            BarkError: it is too large.
        """
        peer, kept = self._peer, self.kept()
        items: list[Item] = []
        heads = peer.heads()
        for writer in sorted(heads):
            start = self._start_of(kept, writer)
            if kept is not None and start is not None:
                pairs = zip(kept.entries, kept.items, strict=True)
                items += [item for entry, item in pairs if entry.writer == writer]
            for stored in self._storage(writer).read(1 + (0 if start is None else start.sequence)):
                items += spelled_items(stored.sealed, stored.bodies)
        told = (peer.lattice_hash, items)
        identity = peer.identity
        return encode_snapshot(identity.key, identity.lattice, heads, peer.acknowledged, told)

    def keep(self) -> None:
        """Keep a snapshot for the next start where much is new; without room the logs are read.

        Raises:
            StorageError: it could not be kept.
        """
        with self._peer.lock:
            kept, heads = self.kept(), self._peer.heads()
            before = {} if kept is None else kept.heads
            fresh = sum(
                head.sequence - (before[writer].sequence if writer in before else 0)
                for writer, head in heads.items()
            )
            if fresh < SNAPSHOT_GAP_MIN:
                return
            try:
                self._own.put(META_SNAPSHOT, self.make())
            except BarkError:
                # Too large for a snapshot: the logs are whole, and are read instead.
                return

    def start(self, kept: Snapshot | None, writer: KeyId) -> Head | None:
        """Take a writer's entries of the kept snapshot in; return where reading its log goes on."""
        replica, found = self._peer.replicas.of(writer), self._start_of(kept, writer)
        if found is None and replica.base.sequence:
            # Its beginning stood in a snapshot that is gone: it is pulled again.
            replica.cut(0)
        if kept is not None and found is not None:
            self._take(kept, {writer})
        return found

    def fill(self) -> None:
        """Let one log that begins at a snapshot be pulled from its first entry; the lock is held.

        Logs are kept whole, and records that this node may read stand in the older part too. What
        the snapshot said of that log holds meanwhile.

        Raises:
            StorageError: nothing was changed.
        """
        peer = self._peer
        based = peer.replicas.based()
        if based and not self._filling and not peer.wishes.is_any:
            self.doubt(based[0])

    def doubt(self, writer: KeyId) -> bool:
        """Let a log that begins at a snapshot be pulled whole at once; return whether it does.

        Raises:
            StorageError: nothing was changed.
        """
        replica = self._peer.replicas.of(writer)
        if not replica.base.sequence:
            return False
        self._filling[writer] = replica.base
        replica.cut(0)
        return True

    def check_filled(self, writer: KeyId) -> None:
        """Compare a log that was pulled whole with what the snapshot said; the lock is held.

        Raises:
            BrokenLogError: the log is damaged.
            StorageError: the disk said no.
        """
        peer, base = self._peer, self._filling.get(writer)
        replica = peer.replicas.of(writer)
        if base is None or replica.head.sequence < base.sequence:
            return
        del self._filling[writer]
        held = hash_at(replica.storage, base.sequence, peer.identity.lattice, writer)
        if held != base.hash:
            name = peer.names.get(writer, writer.hex()[:16])
            sentence = "the snapshot named an entry that its log does not have; the log counts"
            peer.find("snapshot", Finding(SnapshotError.code, name, sentence))
            peer.shared.timeline = without(peer.shared.timeline, writer, 0)
            peer.take(tuple(replica.runs()))

    def kept(self) -> Snapshot | None:
        """Read the kept snapshot; one that does not stand is a finding and is not used."""
        peer = self._peer
        data = self._own.get(META_SNAPSHOT)
        if data is None:
            return None
        try:
            return decode_snapshot(data, peer.shared.timeline.authority)
        except BarkError as error:
            name = peer.identity.name
            peer.find("snapshot", Finding(error.code, name, str(error)))
            return None

    def is_wanted(self, ranges: Iterable[RangeRequest]) -> bool:
        """Answer whether so much is missing that a snapshot is worth asking for."""
        missing = {one.writer: one.last - one.first + 1 for one in ranges}
        return not self._peer.replicas.heads() and sum(missing.values()) >= SNAPSHOT_GAP_MIN

    def ask(self, holders: Iterable[KeyId]) -> bool:
        """Ask council nodes among those who hold more; return whether one gave a snapshot."""
        peer = self._peer
        names = sorted(peer.names[key] for key in set(holders) if key in peer.names)
        for name in names:
            if name.partition("@")[0] != COUNCIL_KIND:
                continue
            key = peer.key_of(name)
            seen = None if key is None else peer.view.sightings.get(key)
            # What it said before it was asked; a heartbeat that comes meanwhile may be newer.
            told = {} if seen is None else seen.beat.heads
            try:
                answer = peer.border.ask(name, SNAPSHOT, ())
                self.adopt(answer if isinstance(answer, bytes) else b"", name, told)
            except Lex7Error as error:
                peer.find(f"snapshot {name}", Finding(error.code, name, str(error)))
                continue
            peer.find(f"snapshot {name}", None)
            return True
        return False

    def adopt(self, data: bytes, name: NodeName, told: Mapping[KeyId, Head]) -> None:
        """Check a snapshot that a council node made, keep it, and begin replicas at its heads.

        Args:
            data: as it came.
            name: the node that was asked.
            told: the heads it had told before.

        Raises:
            SnapshotError: it does not stand, is older, or is another node's.
            BarkError: not canonical, or a signature does not stand.
            StorageError: it could not be kept.
        """
        peer = self._peer
        found = decode_snapshot(data, peer.shared.timeline.authority)
        with peer.lock:
            if peer.names.get(found.signer) != name:
                raise SnapshotError("the signer is not the node that was asked")
            verify_newer(found, told, peer.state)
            if peer.replicas.heads():
                # Another thread has pulled a log meanwhile; the others are pulled as well.
                return
            self._own.put(META_SNAPSHOT, data)
            others = {
                writer: head
                for writer, head in found.heads.items()
                if writer != peer.identity.key.public and head.sequence
            }
            for writer, head in others.items():
                peer.replicas.of(writer).begin(head)
            self._take(found, others)

    def _storage(self, writer: KeyId) -> LogStorage:
        if writer == self._peer.identity.key.public:
            return self._own
        return self._peer.replicas.of(writer).storage

    def _start_of(self, kept: Snapshot | None, writer: KeyId) -> Head | None:
        """Return the head of a kept snapshot if it is an entry of the held log, else None."""
        peer = self._peer
        head = None if kept is None else kept.heads.get(writer)
        if head is None or not head.sequence:
            return None
        if writer != peer.identity.key.public:
            base = peer.replicas.of(writer).base
            if base.sequence:
                return head if base == head else None
        held = hash_at(self._storage(writer), head.sequence, peer.identity.lattice, writer)
        return head if held == head.hash else None

    def _take(self, found: Snapshot, writers: Container[KeyId]) -> None:
        peer = self._peer
        for life, last in found.acknowledged.items():
            peer.acknowledged[life] = max(peer.acknowledged.get(life, 0), last)
        peer.fold([entry for entry in found.entries if entry.writer in writers])
