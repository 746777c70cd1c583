"""The work of `lex7 replay` and `lex7 log verify`: fold again, compare, and name what differs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from lex7.bark.entry import EntryKind
from lex7.bark.log import check_log
from lex7.base.errors import Finding, Lex7Error, StorageError
from lex7.base.ids import KeyId, NodeName, StateHash
from lex7.nodes.fold import digest, fold, is_belief_reached
from lex7.nodes.interface import NodeState
from lex7.runtime.compose import Lattice
from lex7.runtime.held import replica_path
from lex7.runtime.member import Member
from lex7.runtime.replica import read_base
from lex7.storage.sqlite import SqliteStorage


@dataclass(frozen=True, slots=True)
class Replayed:
    """What folding one log again led to.

    Attributes:
        node: whose log.
        entries: how many were verified and folded.
        seals: how many state hashes were compared, 0 where none was asked for.
        state: the hash it led to.
        seconds: how long it took.
        findings: the first seal that differs, or nothing.
    """

    node: NodeName
    entries: int
    seals: int
    state: StateHash
    seconds: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What one node holds of another writer's log, checked.

    Attributes:
        holder: the node.
        writer: whose log; the name of a node of this home, else the beginning of the key.
        base: the entry after which it begins, 0 for the first.
        last: the last entry that is held.
        findings: each damaged place.
    """

    holder: NodeName
    writer: str
    base: int
    last: int
    findings: tuple[Finding, ...]


def replay(member: Member, *, is_compared: bool) -> Replayed:
    """Fold a log from its first entry; with `is_compared` check the state hash of every seal.

    Raises:
        BarkError: an entry or a seal does not verify.
    """
    start = time.perf_counter()
    state = NodeState()
    entries = seals = 0
    findings: tuple[Finding, ...] = ()
    for run in member.log.runs():
        state = fold(state, run.entries)
        entries += len(run.entries)
        if is_compared and not findings:
            seals += 1
            folded = digest(state)
            if folded != run.seal.state_hash:
                last = run.entries[-1].sequence
                findings = (_differs(member.name, last, run.seal.state_hash, folded),)
        has_model = any(entry.kind is EntryKind.MODEL for entry in run.entries)
        if is_compared and not findings and has_model and not is_belief_reached(member.kind, state):
            findings = (_other_bits(member.name, run.entries[-1].sequence),)
    seconds = time.perf_counter() - start
    return Replayed(member.name, entries, seals, digest(state), seconds, findings)


def replay_all(lattice: Lattice, *, is_compared: bool) -> tuple[Replayed, ...]:
    """Fold every log of a home again."""
    return tuple(replay(member, is_compared=is_compared) for member in lattice.members.values())


def verify_logs(lattice: Lattice) -> tuple[Finding, ...]:
    """Check every entry and seal of every log and name each damaged place."""
    return tuple(
        replace(found, where=f"{member.name}: {found.where}")
        for member in lattice.members.values()
        for found in member.log.verify()
    )


def verify_held(lattice: Lattice) -> tuple[Checked, ...]:
    """Check what every node of a home holds of other writers' logs."""
    names = {key.public: name for name, key in lattice.keys.nodes.items()}
    return tuple(
        _checked(lattice, member.name, path, names)
        for kind, member in lattice.members.items()
        for path in sorted(replica_path(lattice.paths, kind, KeyId(b"")).parent.glob("*.db"))
    )


def _checked(
    lattice: Lattice, holder: NodeName, path: Path, names: Mapping[KeyId, NodeName]
) -> Checked:
    try:
        writer = KeyId(bytes.fromhex(path.stem))
        storage = SqliteStorage(path, key=lattice.keys.database_key, make=False)
    except (ValueError, StorageError) as error:
        found = Finding("log.replica", f"{holder}: {path.name}", f"it cannot be opened ({error})")
        return Checked(holder, path.stem[:16], 0, 0, (found,))
    with closing(storage):
        try:
            base = read_base(storage, lattice.keys.lattice, writer)
            last = storage.last()
            found_all = tuple(
                replace(one, where=f"{holder}: {one.where}")
                for one in check_log(
                    storage, lattice=lattice.keys.lattice, writer=writer, base=base
                )
            )
        except Lex7Error as error:
            finding = Finding("log.replica", f"{holder}: {path.name}", str(error))
            return Checked(holder, path.stem[:16], 0, 0, (finding,))
    end = base.sequence if last is None else last.last
    name = names.get(writer, path.stem[:16])
    return Checked(holder, name, base.sequence, end, found_all)


def _other_bits(node: NodeName, sequence: int) -> Finding:
    sentence = (
        "the filters of this program reach other bits than the ones this run's MODEL entry names; "
        "`lex7 ingest` fits and writes the models again"
    )
    return Finding("state.belief", f"log {node}, entry {sequence}", sentence)


def _differs(node: NodeName, sequence: int, sealed: StateHash, folded: StateHash) -> Finding:
    sentence = (
        f"the seal at entry {sequence} names state {sealed.hex()[:16]}, folding gives "
        f"{folded.hex()[:16]}; this is the first that differs"
    )
    return Finding("state.mismatch", f"log {node}, entry {sequence}", sentence)
