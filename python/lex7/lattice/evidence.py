"""Evidence of a fork: two sealed runs of one writer and incarnation that contradict each other.

Anyone can check it without trusting who shows it: both runs carry the writer's signature, and some
sequence stands in both with different hashes. An EVIDENCE payload is

    {1: writer, 2: incarnation, 3: frozen sequence, 4: its hash, 5: sealed run, 6: sealed run}

The incarnation counts up to the frozen entry: the last one both runs share, or, where it is later,
the last one on the branch that another member had acknowledged when the fork was seen. The first
valid evidence in canonical order decides. The owner heals the writer with a new incarnation.
"""

from __future__ import annotations

from dataclasses import dataclass

from lex7.bark import canon
from lex7.bark.entry import VerifiedEntry
from lex7.bark.fields import PayloadError, read_fields
from lex7.bark.run import Run, check
from lex7.base.ids import EntryHash, KeyId, LatticeId
from lex7.storage.interface import StoredRun

KIND = "evidence"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A proven fork.

    Attributes:
        writer: who forked.
        incarnation: in which life.
        common: the last sequence before the two runs differ.
        frozen: the last sequence that counts.
        frozen_hash: the hash of that entry.
    """

    writer: KeyId
    incarnation: int
    common: int
    frozen: int
    frozen_hash: EntryHash


def contradiction(one: Run, other: Run) -> int | None:
    """Return the first sequence at which two runs of one incarnation differ, or None."""
    if one.seal.writer != other.seal.writer or one.seal.incarnation != other.seal.incarnation:
        return None
    known = {entry.sequence: entry.hash for entry in one.entries}
    for entry in other.entries:
        if known.get(entry.sequence, entry.hash) != entry.hash:
            return entry.sequence
    return None


def encode_evidence(
    runs: tuple[StoredRun, StoredRun],
    writer: KeyId,
    incarnation: int,
    frozen: tuple[int, EntryHash],
) -> bytes:
    """Spell evidence; the two runs stand in ascending order of their bytes."""
    one, other = sorted(run.sealed for run in runs)
    return canon.encode({1: writer, 2: incarnation, 3: frozen[0], 4: frozen[1], 5: one, 6: other})


def decode_evidence(payload: bytes, lattice: LatticeId) -> Evidence:
    """Read evidence and prove it.

    Raises:
        PayloadError: it proves nothing.
        BarkError: another layout.
    """
    fields = read_fields(payload, KIND, 6)
    writer, incarnation = KeyId(fields.data(1)), fields.integer(2)
    runs = tuple(_run(fields.data(number), writer, lattice) for number in (5, 6))
    differs = contradiction(runs[0], runs[1])
    if differs is None or runs[0].seal.incarnation != incarnation:
        raise PayloadError(KIND, "the two runs do not contradict each other")
    frozen, frozen_hash = fields.integer(3), EntryHash(fields.data(4))
    if frozen < differs - 1:
        raise PayloadError(KIND, "it freezes before the last common entry")
    known = {hash_ for run in runs for hash_ in _hashes_at(run, frozen)}
    if frozen == differs - 1:
        known |= {_before(fields.data(number)) for number in (5, 6)}
    if frozen_hash not in known:
        raise PayloadError(KIND, "it freezes at an entry that neither run has")
    return Evidence(writer, incarnation, differs - 1, frozen, frozen_hash)


def frozen_at(
    held: tuple[VerifiedEntry, ...], differs: int, acknowledged: int, before: EntryHash
) -> tuple[int, EntryHash]:
    """Return where to freeze: the last common entry, or a later acknowledged one of this branch.

    Args:
        held: entries of the branch this member holds, from the run that differs on.
        differs: the first sequence that differs.
        acknowledged: the last sequence of the branch that another member named in a seal.
        before: the hash of the entry before the first of `held`.
    """
    hashes = {entry.sequence: entry.hash for entry in held}
    place = max(differs - 1, min(acknowledged, max(hashes)))
    return place, hashes.get(place, before)


def _run(sealed: bytes, writer: KeyId, lattice: LatticeId) -> Run:
    first, last = _range(sealed)
    stored = StoredRun(first, last, sealed, None)
    checked = check(stored, lattice=lattice, writer=writer, before=None)
    if not isinstance(checked, Run):
        raise PayloadError(KIND, f"a run does not verify ({checked[0].code})")
    return checked


def _hashes_at(run: Run, sequence: int) -> list[EntryHash]:
    return [entry.hash for entry in run.entries if entry.sequence == sequence]


def _before(sealed: bytes) -> EntryHash:
    """Return the hash that the first header of a verified run names as the one before it."""
    match canon.decode(sealed):
        case (1, ({6: bytes(previous)}, *_), *_):
            return EntryHash(previous)
    raise PayloadError(KIND, "a run has another layout")


def _range(sealed: bytes) -> tuple[int, int]:
    match canon.decode(sealed):
        case (1, ({3: int(first)}, *_) as headers, bytes()):
            return first, first + len(headers) - 1
        case (1, ({3: int(first)}, *_) as headers, tuple()):
            return first, first + len(headers) - 1
    raise PayloadError(KIND, "a run has another layout")
