"""The work of `lex7 replay` and `lex7 log verify`: fold again, compare, and name what differs."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from lex7.bark.entry import EntryKind
from lex7.base.errors import Finding
from lex7.base.ids import NodeName, StateHash
from lex7.nodes.fold import digest, fold, is_belief_reached
from lex7.nodes.interface import NodeState
from lex7.runtime.compose import Lattice
from lex7.runtime.member import Member


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
