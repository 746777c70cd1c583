"""One writer's log: append runs under a seal, read them back verified, find every damaged place.

A log is a resource. It moves like this, and in no other way:

    open ──prepare──► prepared ──commit──► open (head advanced, run on disk)
                        │ prepare again: the earlier preparation is forgotten

`prepare` draws salts and fixes sequence, Lamport numbers and hashes, so that a fold can compute the
state hash; `commit` signs and writes entries and seal in one transaction and returns once they are
on disk. What was committed survives a crash; what was only prepared never happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import TracebackType

from lex7.bark import core_native
from lex7.bark.entry import VerifiedEntry
from lex7.bark.faults import (
    BrokenLogError,
    StaleIncarnationError,
    StalePreparedError,
    describe,
)
from lex7.bark.run import Item, Run, check, genesis, verify, verify_size
from lex7.bark.seal import Head, Seal
from lex7.bark.signature import SigningKey
from lex7.base.entropy import Entropy
from lex7.base.errors import Finding
from lex7.base.ids import EntryHash, KeyId, LatticeId, StateHash
from lex7.storage.faults import StorageDamagedError
from lex7.storage.interface import LogStorage, StoredRun

SALT_BYTES = 16
META_END = "end"
"""The last sequence and hash, written with every run: a lost tail is found."""


class Log:
    """The log of one writer over one storage; use it as a context manager."""

    def __init__(
        self,
        storage: LogStorage,
        *,
        key: SigningKey,
        lattice: LatticeId,
        incarnation: int,
        entropy: Entropy,
    ) -> None:
        """Open the log and verify its last run.

        Raises:
            BrokenLogError: the end of the log is damaged.
            StaleIncarnationError: the log was already written by a later incarnation.
            StorageError: the storage cannot be read.
        """
        self._storage = storage
        self._key = key
        self._lattice = lattice
        self._incarnation = incarnation
        self._entropy = entropy
        self._head = read_head(storage, lattice=lattice, writer=key.public)
        if incarnation < self._head.incarnation:
            raise StaleIncarnationError(self._head.incarnation, incarnation)
        self._draft: _Draft | None = None

    def __enter__(self) -> Log:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the storage; what was only prepared is forgotten."""
        self._draft = None
        self._storage.close()

    @property
    def head(self) -> Head:
        """The last committed entry."""
        return self._head

    @property
    def incarnation(self) -> int:
        """The life it writes in."""
        return self._incarnation

    def begin(self, incarnation: int) -> None:
        """Write in a later life from the next entry on.

        Raises:
            StaleIncarnationError: it is no later one.
        """
        if incarnation <= self._incarnation:
            raise StaleIncarnationError(self._incarnation + 1, incarnation)
        self._draft = None
        self._incarnation = incarnation

    def prepare(
        self, items: Sequence[Item], *, heads: tuple[Head, ...]
    ) -> tuple[VerifiedEntry, ...]:
        """Fix sequence, Lamport numbers and hashes of 1 to 64 entries; writes nothing.

        Raises:
            RunSizeError: the items do not fit one run; `run.batches` cuts them.
        """
        verify_size(items)
        heads = tuple(sorted(heads, key=lambda head: head.writer))
        before = self._head
        lamport = 1 + max([before.lamport, *(head.lamport for head in heads)])
        salts = self._entropy.draw(SALT_BYTES * len(items))
        bodies = [
            (salts[SALT_BYTES * index : SALT_BYTES * (index + 1)], payload)
            for index, (_, payload) in enumerate(items)
        ]
        start = (before.writer, self._incarnation, before.sequence, lamport, before.hash)
        chained = core_native.run_chain(
            start, [(int(item[0]), *body) for item, body in zip(items, bodies, strict=True)]
        )
        entries = tuple(
            VerifiedEntry(
                writer=before.writer,
                incarnation=self._incarnation,
                sequence=before.sequence + 1 + index,
                lamport=lamport + index,
                kind=kind,
                hash=EntryHash(chained[index][1]),
                payload=payload,
            )
            for index, (kind, payload) in enumerate(items)
        )
        self._draft = _Draft(entries, heads, [header for header, _ in chained], bodies)
        return entries

    def commit(
        self,
        prepared: tuple[VerifiedEntry, ...],
        *,
        state_hash: StateHash,
        heads: tuple[Head, ...],
    ) -> Seal:
        """Seal and write what was prepared last; on return it survives a crash.

        Raises:
            StalePreparedError: something else was prepared since, or with other heads.
            StorageError: it was not written; the log is as before.
        """
        draft = self._draft
        heads = tuple(sorted(heads, key=lambda head: head.writer))
        if draft is None or draft.entries != prepared or draft.heads != heads:
            raise StalePreparedError
        rows = [head.row() for head in heads]
        sealed, bodies = core_native.run_seal(
            self._key.seed, self._lattice, draft.headers, draft.bodies, (state_hash, rows)
        )
        first, last = prepared[0], prepared[-1]
        end = last.sequence.to_bytes(8, "big") + last.hash
        run = StoredRun(first.sequence, last.sequence, sealed, bodies)
        self._storage.append(run, {META_END: end})
        self._draft = None
        self._head = Head(last.writer, last.incarnation, last.sequence, last.lamport, last.hash)
        return Seal(
            last.writer,
            last.incarnation,
            first.sequence,
            last.sequence,
            last.hash,
            state_hash,
            heads,
        )

    def kept(self, name: str) -> bytes | None:
        """Give a value that is kept beside the log.

        Raises:
            StorageError: the storage cannot be read.
        """
        return self._storage.get(name)

    def runs(self, from_sequence: int = 0) -> Iterator[Run]:
        """Give every run that holds an entry from `from_sequence` on, each verified.

        Raises:
            BrokenLogError: at the first damaged place.
            StorageError: the storage cannot be read.
        """
        writer = self._key.public
        return read_runs(self._storage, from_sequence, lattice=self._lattice, writer=writer)

    def verify(self) -> tuple[Finding, ...]:
        """Check the whole log and name every damaged place; empty if it is sound."""
        return tuple(check_log(self._storage, lattice=self._lattice, writer=self._key.public))


class _Draft:
    """What `prepare` computed and `commit` writes."""

    __slots__ = ("bodies", "entries", "headers", "heads")

    def __init__(
        self,
        entries: tuple[VerifiedEntry, ...],
        heads: tuple[Head, ...],
        headers: list[bytes],
        bodies: list[tuple[bytes, bytes]],
    ) -> None:
        self.entries = entries
        self.heads = heads
        self.headers = headers
        self.bodies = bodies


def read_head(
    storage: LogStorage, *, lattice: LatticeId, writer: KeyId, base: Head | None = None
) -> Head:
    """Verify the last run of a stored log and give its head.

    Args:
        storage: where the log is kept.
        lattice: the lattice of the log.
        writer: whose log it is.
        base: the entry it begins after, where it does not begin with the first.

    Raises:
        BrokenLogError: the last run is damaged or the end is missing.
    """
    last = storage.last()
    head = genesis(lattice, writer, 0) if base is None else base
    if last is not None:
        head = verify(last, lattice=lattice, writer=writer, before=None).head
    end = _stored_end(storage)
    if end != (head.sequence, head.hash) and (end is not None or head.sequence):
        expected = "no entry" if end is None else f"entry {end[0]}"
        differs = (expected, f"entry {head.sequence}")
        raise BrokenLogError(writer, head.sequence + 1, "log.tail", differs)
    return head


def read_runs(
    storage: LogStorage, from_sequence: int, *, lattice: LatticeId, writer: KeyId
) -> Iterator[Run]:
    """Give every run that holds an entry from `from_sequence` on, each verified.

    Raises:
        BrokenLogError: at the first damaged place.
    """
    before: Head | None = genesis(lattice, writer, 0)
    expected = 1
    end = _stored_end(storage)
    for stored in storage.read(max(from_sequence - 1, 0)):
        if stored.first > 1 and expected == 1 and from_sequence > 1:
            # Reading begins inside the log: its first run is only the one before or the one asked
            # for.
            before, expected = None, stored.first
        if stored.first != expected:
            differs = (f"entry {expected}", f"entry {stored.first}")
            raise BrokenLogError(writer, stored.first, "log.gap", differs)
        run = verify(stored, lattice=lattice, writer=writer, before=before)
        before, expected = run.head, stored.last + 1
        if stored.last >= from_sequence:
            yield run
    if end is not None and end[0] >= max(expected, from_sequence):
        differs = (f"entry {end[0]}", f"entry {expected - 1}")
        raise BrokenLogError(writer, expected, "log.tail", differs)


def check_log(
    storage: LogStorage, *, lattice: LatticeId, writer: KeyId, base: Head | None = None
) -> Iterator[Finding]:
    """Check a whole stored log, or what is stored after a base, and name every damaged place."""
    name = f"log of {writer.hex()[:16]}"

    def finding(sequence: int, code: str, differs: tuple[str, str]) -> Finding:
        return Finding(code, f"{name}, entry {sequence}", describe(code, differs))

    before: Head | None = genesis(lattice, writer, 0) if base is None else base
    expected: int | None = 1 if base is None else base.sequence + 1
    for stored in storage.read_each():
        if isinstance(stored, tuple):
            yield finding(stored[0], "log.row", ("a readable row", stored[1]))
            before, expected = None, None
            continue
        if expected is not None and stored.first != expected:
            yield finding(stored.first, "log.gap", (f"entry {expected}", f"entry {stored.first}"))
            before = None
        checked = check(stored, lattice=lattice, writer=writer, before=before)
        before, expected = None, stored.last + 1
        if isinstance(checked, Run):
            before = checked.head
        else:
            yield from (finding(*fault) for fault in checked)
    try:
        end = _stored_end(storage)
    except StorageDamagedError as error:
        yield Finding(error.code, f"{name}, its end", str(error))
        return
    if expected is not None and (end or (0, b""))[0] != expected - 1:
        named = "no entry" if end is None else f"entry {end[0]}"
        yield finding(expected, "log.tail", (named, f"entry {expected - 1}"))
    elif before is not None and end is not None and end[1] != before.hash:
        differs = (end[1].hex()[:16], before.hash.hex()[:16])
        yield finding(before.sequence, "log.tail", differs)


def _stored_end(storage: LogStorage) -> tuple[int, bytes] | None:
    stored = storage.get(META_END)
    return None if stored is None else (int.from_bytes(stored[:8], "big"), stored[8:])
