"""Branches of one writer's log: what of a run others may see, and where two branches part."""

from __future__ import annotations

from lex7.bark import canon
from lex7.bark.entry import EntryKind
from lex7.bark.run import Run, check
from lex7.base.ids import EntryHash, KeyId, LatticeId
from lex7.lattice.evidence import contradiction
from lex7.lattice.order import CONTROL
from lex7.storage.interface import LogStorage, StoredRun

BODIES_BYTES_MAX = 16 << 20
"""The bodies of one run: 8 MiB of payload and what spells them."""


def control_bodies(run: StoredRun) -> bytes | None:
    """Give a run's bodies with every payload that is no control entry taken out."""
    if run.bodies is None:
        return None
    kinds = _kinds(run.sealed)
    if all(kind in CONTROL for kind in kinds):
        return run.bodies
    if not any(kind in CONTROL for kind in kinds):
        return None
    match canon.decode(run.bodies, bytes_max=BODIES_BYTES_MAX):
        case (1, tuple(bodies)) if len(bodies) == len(kinds):
            kept = tuple(
                body if kind in CONTROL else None for body, kind in zip(bodies, kinds, strict=True)
            )
            return canon.encode((1, kept), bytes_max=BODIES_BYTES_MAX)
    return None


def _kinds(sealed: bytes) -> list[EntryKind]:
    match canon.decode(sealed):
        case (1, tuple(headers), *_):
            return [EntryKind(header[5]) for header in headers if isinstance(header, dict)]  # type: ignore[arg-type]
    return []


def hash_at(
    storage: LogStorage, sequence: int, lattice: LatticeId, writer: KeyId
) -> EntryHash | None:
    """Give the hash of a held entry, or None where it is not held."""
    for stored in storage.read(sequence):
        run = check(stored, lattice=lattice, writer=writer, before=None)
        if isinstance(run, Run):
            for entry in run.entries:
                if entry.sequence == sequence:
                    return entry.hash
        return None
    return None


def contradicting(
    held: list[StoredRun], theirs: tuple[StoredRun, ...], lattice: LatticeId, writer: KeyId
) -> tuple[StoredRun, StoredRun, int] | None:
    """Return the first two runs that contradict each other, and where."""
    for other in theirs:
        run = check(other, lattice=lattice, writer=writer, before=None)
        if not isinstance(run, Run):
            continue
        for one in held:
            if one.last < other.first or one.first > other.last:
                continue
            mine = check(one, lattice=lattice, writer=writer, before=None)
            if isinstance(mine, Run) and (place := contradiction(mine, run)) is not None:
                return one, other, place
    return None
