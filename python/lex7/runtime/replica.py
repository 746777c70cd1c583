"""What one node keeps of the other members' logs: headers and seals of all, payloads it may read.

A run is believed when it verifies, links to what is held, and its Lamport numbers do not leap. A
range is written in one transaction. Nothing here knows the network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from lex7.bark import canon
from lex7.bark.entry import VerifiedEntry
from lex7.bark.faults import BrokenLogError
from lex7.bark.fields import Fields
from lex7.bark.log import META_END, read_head
from lex7.bark.run import Run, genesis, verify
from lex7.bark.seal import Head
from lex7.base.errors import BarkError, StorageError
from lex7.base.ids import KeyId, LatticeId
from lex7.base.limits import LAMPORT_LEAP_MAX, RANGE_BYTES_MAX, RANGE_RUNS_MAX, REPLICA_BYTES_MAX
from lex7.lattice.order import CONTROL
from lex7.lattice.sync import read_head as read_head_row
from lex7.storage.interface import LogStorage, StoredRun

META_BASE = "base"
"""The head that a replica begins after, where it began with a snapshot."""


class LeapError(BarkError):
    """A run claims to come after more than anybody has written."""

    code = "lattice.leap"

    def __init__(self, writer: KeyId, lamport: int) -> None:
        self.writer = writer
        self.lamport = lamport
        super().__init__(
            f"log of {writer.hex()[:16]}: expected a Lamport number near those known, got {lamport}"
        )


class ReplicaFullError(StorageError):
    """The byte cap of replicas is reached."""

    code = "lattice.full"

    def __init__(self, held: int, cap: int) -> None:
        self.held = held
        self.cap = cap
        super().__init__(
            f"expected at most {cap} bytes of other members' logs, got {held}; this node takes no "
            "more in until the cap is raised"
        )


class Replica:
    """One other writer's log, as far as it is held here."""

    def __init__(self, storage: LogStorage, lattice: LatticeId, writer: KeyId) -> None:
        """Open the replica and verify its last run.

        Raises:
            BrokenLogError: its end is damaged.
            StorageError: the disk said no.
        """
        self.storage = storage
        self.writer = writer
        self._lattice = lattice
        self.base = read_base(storage, lattice, writer)
        self.head = read_head(storage, lattice=lattice, writer=writer, base=self.base)

    def begin(self, base: Head) -> None:
        """Begin an empty replica after an entry that a snapshot vouches for.

        Raises:
            StorageError: nothing was written.
        """
        assert self.head.sequence == 0, "only an empty replica begins later"
        self.storage.cut(0, {META_BASE: canon.encode(base.row()), META_END: _end(base)})
        self.base = self.head = base

    def runs(self, after: Head | None = None) -> Iterator[Run]:
        """Give every run after an entry that is held, by default after the base, verified.

        Raises:
            BrokenLogError: at the first damaged place.
        """
        before: Head = self.base if after is None else after
        for stored in self.storage.read(before.sequence + 1):
            run = verify(stored, lattice=self._lattice, writer=self.writer, before=before)
            before = run.head
            yield run

    def adopt(self, stored: Sequence[StoredRun], lamport_known: int) -> tuple[Run, ...]:
        """Verify runs that follow the held ones and keep them; runs already held are passed over.

        Raises:
            BrokenLogError: a run does not verify or does not follow.
            LeapError: its Lamport numbers leap.
            StorageError: nothing was written.
        """
        taken: list[StoredRun] = []
        verified: list[Run] = []
        head = self.head
        for one in stored:
            if one.last <= head.sequence:
                continue
            if one.first != head.sequence + 1:
                differs = (f"entry {head.sequence + 1}", f"entry {one.first}")
                raise BrokenLogError(self.writer, one.first, "log.gap", differs)
            run = verify(one, lattice=self._lattice, writer=self.writer, before=head)
            if run.head.lamport > max(lamport_known, head.lamport) + LAMPORT_LEAP_MAX:
                raise LeapError(self.writer, run.head.lamport)
            taken.append(one)
            verified.append(run)
            head = run.head
        if taken:
            self.storage.append_all(taken, {META_END: _end(head)})
            self.head = head
        return tuple(verified)

    def cut(self, after: int) -> None:
        """Forget everything after a sequence; runs are whole, so it may be a little more.

        Raises:
            StorageError: nothing was removed.
        """
        kept = [run for run in self.storage.read(0) if run.last <= after]
        is_based = after >= self.base.sequence
        first = genesis(self._lattice, self.writer, 0)
        head = self.base if is_based else first
        if kept and is_based:
            head = verify(kept[-1], lattice=self._lattice, writer=self.writer, before=None).head
        values = {META_END: _end(head)}
        if not is_based:
            values[META_BASE] = b""
            self.base = first
        self.storage.cut(head.sequence, values)
        self.head = head


def read_base(storage: LogStorage, lattice: LatticeId, writer: KeyId) -> Head:
    """Give the head that a replica begins after; the genesis where it begins with the first.

    Raises:
        BarkError: what is kept is no head.
    """
    spelled = storage.get(META_BASE)
    if not spelled:
        return genesis(lattice, writer, 0)
    return read_head_row(Fields("base", ((canon.decode(spelled),),)).rows(1, 5)[0])


class Replicas:
    """The replicas of one node, opened when they are first needed."""

    def __init__(
        self,
        lattice: LatticeId,
        make: Callable[[KeyId], LogStorage],
        bytes_max: int = REPLICA_BYTES_MAX,
    ) -> None:
        self._lattice = lattice
        self._make = make
        self._bytes_max = bytes_max
        self._replicas: dict[KeyId, Replica] = {}
        self.bytes_held = 0

    def of(self, writer: KeyId) -> Replica:
        """Give the replica of a writer, an empty one for a newcomer.

        Raises:
            BrokenLogError: its end is damaged.
            StorageError: the disk said no.
        """
        known = self._replicas.get(writer)
        if known is None:
            known = Replica(self._make(writer), self._lattice, writer)
            self._replicas[writer] = known
            self.bytes_held += sum(_size(run) for run in known.storage.read(0))
        return known

    def based(self) -> tuple[KeyId, ...]:
        """Give the writers whose logs are held from a later entry on."""
        known = sorted(self._replicas.items())
        return tuple(writer for writer, replica in known if replica.base.sequence)

    def heads(self) -> dict[KeyId, Head]:
        """Give the end of every log that is held and not empty."""
        return {
            writer: replica.head
            for writer, replica in self._replicas.items()
            if replica.head.sequence
        }

    def adopt(self, writer: KeyId, stored: Sequence[StoredRun]) -> tuple[Run, ...]:
        """Keep runs of a writer.

        Raises:
            ReplicaFullError: the byte cap is reached; nothing was written.
            BarkError: a run does not verify or follow; nothing was written.
            StorageError: nothing was written.
        """
        size = sum(_size(run) for run in stored)
        if self.bytes_held + size > self._bytes_max:
            raise ReplicaFullError(self.bytes_held + size, self._bytes_max)
        known = max((head.lamport for head in self.heads().values()), default=0)
        verified = self.of(writer).adopt(stored, known)
        if verified:
            self.bytes_held += size
        return verified

    def close(self) -> None:
        """Close every storage."""
        for replica in self._replicas.values():
            replica.storage.close()
        self._replicas.clear()


def read_range(storage: LogStorage, first: int, last: int) -> list[StoredRun]:
    """Give stored runs of a range, as many as one answer holds."""
    found: list[StoredRun] = []
    size = 0
    for run in storage.read(first):
        size += _size(run)
        if run.first > last or (found and size > RANGE_BYTES_MAX) or len(found) == RANGE_RUNS_MAX:
            break
        found.append(run)
    return found


def control(runs: Sequence[Run]) -> list[VerifiedEntry]:
    """Give the control entries of runs."""
    return [entry for run in runs for entry in run.entries if entry.kind in CONTROL]


def _size(run: StoredRun) -> int:
    return len(run.sealed) + (0 if run.bodies is None else len(run.bodies))


def _end(head: Head) -> bytes:
    return head.sequence.to_bytes(8, "big") + head.hash
