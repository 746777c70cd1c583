"""Runs: up to 64 chained entries under one seal, checked as a whole in one native call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, cast

from lex7.bark import core_native
from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.bark.faults import BrokenLogError, RunSizeError
from lex7.bark.seal import Head, Seal
from lex7.base.ids import EntryHash, KeyId, LatticeId, StateHash
from lex7.base.limits import ENTRIES_PER_SEAL_MAX, PAYLOAD_BYTES_MAX, RUN_PAYLOAD_BYTES_MAX
from lex7.storage.interface import StoredRun

Item = tuple[EntryKind, bytes]

KEY_BYTES = 32
SEQUENCE_MAX = (1 << 63) - 1
"""The greatest integer that an entry can spell."""

# Looked up by number, because `EntryKind(number)` costs more than the rest of an entry; 0 is no
# kind.
_KIND_OF_NUMBER = (EntryKind.MEMBERSHIP, *EntryKind)


# The native rows have the fields of an entry in order; this names them without calling Python.
_entry_of_row = cast(
    "Callable[[tuple[object, ...]], VerifiedEntry]", partial(tuple.__new__, VerifiedEntry)
)


@dataclass(frozen=True, slots=True)
class Run:
    """Verified entries and the verified seal over them."""

    entries: tuple[VerifiedEntry, ...]
    seal: Seal

    @property
    def head(self) -> Head:
        """The last entry."""
        last = self.entries[-1]
        return Head(last.writer, last.incarnation, last.sequence, last.lamport, last.hash)


class Fault(NamedTuple):
    """One damaged place in a run."""

    sequence: int
    code: str
    differs: tuple[str, str]


def genesis(lattice: LatticeId, writer: KeyId, incarnation: int) -> Head:
    """Give the head of an empty log."""
    return Head(writer, incarnation, 0, 0, EntryHash(core_native.entry_genesis(lattice, writer)))


def check(
    stored: StoredRun, *, lattice: LatticeId, writer: KeyId, before: Head | None
) -> Run | tuple[Fault, ...]:
    """Check a stored run: the verified run, or every fault in it.

    Args:
        stored: bytes that nobody has checked.
        lattice: the lattice of the log.
        writer: whose log it should be.
        before: the entry before it; None if that is damaged, then the run is checked by itself.
    """
    if not 1 <= stored.first <= SEQUENCE_MAX or len(writer) != KEY_BYTES:
        return (Fault(0, "log.range", ("a place in a log", f"entry {stored.first}")),)
    known = None if before is None else (before.incarnation, before.lamport, before.hash)
    entries, seal, faults = core_native.run_check(
        stored.sealed, stored.bodies, lattice, (writer, stored.first), known, _KIND_OF_NUMBER
    )
    if faults:
        return tuple(
            Fault(sequence, code, (expected, found)) for sequence, code, expected, found in faults
        )
    assert seal is not None, "a run without faults has a seal"
    if seal[2] != stored.last:
        return (Fault(seal[2], "log.range", (f"last entry {stored.last}", str(seal[2]))),)
    verified = tuple(map(_entry_of_row, entries))
    return Run(verified, _seal(writer, seal))


def verify(stored: StoredRun, *, lattice: LatticeId, writer: KeyId, before: Head | None) -> Run:
    """Give the verified run.

    Raises:
        BrokenLogError: names the first damaged place.
    """
    checked = check(stored, lattice=lattice, writer=writer, before=before)
    if isinstance(checked, Run):
        return checked
    first = checked[0]
    raise BrokenLogError(writer, first.sequence, first.code, first.differs)


def batches(items: Sequence[Item]) -> Iterator[tuple[Item, ...]]:
    """Cut items, in order, into as few batches as fit one run each."""
    batch: list[Item] = []
    size = 0
    for item in items:
        is_full = len(batch) == ENTRIES_PER_SEAL_MAX
        if batch and (is_full or size + len(item[1]) > RUN_PAYLOAD_BYTES_MAX):
            yield tuple(batch)
            batch, size = [], 0
        batch.append(item)
        size += len(item[1])
    if batch:
        yield tuple(batch)


def verify_size(items: Sequence[Item]) -> None:
    """Refuse items that do not fit one run.

    Raises:
        RunSizeError: too few, too many or too large.
    """
    if not 1 <= len(items) <= ENTRIES_PER_SEAL_MAX:
        raise RunSizeError("entries", len(items), ENTRIES_PER_SEAL_MAX)
    sizes = [len(payload) for _, payload in items]
    if max(sizes) > PAYLOAD_BYTES_MAX:
        raise RunSizeError("bytes of one payload", max(sizes), PAYLOAD_BYTES_MAX)
    if sum(sizes) > RUN_PAYLOAD_BYTES_MAX:
        raise RunSizeError("bytes of payload", sum(sizes), RUN_PAYLOAD_BYTES_MAX)


def _seal(
    writer: KeyId,
    row: tuple[int, int, int, bytes, bytes, list[tuple[bytes, int, int, int, bytes]]],
) -> Seal:
    incarnation, first, last, digest, state_hash, rows = row
    heads = tuple(
        Head(KeyId(of), life, sequence, lamport, EntryHash(head_hash))
        for of, life, sequence, lamport, head_hash in rows
    )
    return Seal(writer, incarnation, first, last, EntryHash(digest), StateHash(state_hash), heads)
