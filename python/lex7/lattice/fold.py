"""The lattice fold: the control entries of all writers become the shared state.

The result depends on the set of entries alone: they are put into canonical order first. Its
digest is the global state hash: members with equal sets of control entries show equal hashes.

A proposal moves through these states, forward only:

    proposed ─► judged (a verdict names its margins) ─► in force (every affected node countersigned)

Of two verdicts for one proposal the lower in canonical order stands.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.bark.fields import Fields, read_fields
from lex7.base.ids import EntryHash, KeyId, StateHash
from lex7.lattice.order import in_order

_FIELDS = {EntryKind.MARGINS: 2, EntryKind.VERDICT: 4, EntryKind.COUNTERSIGN: 3}


@dataclass(frozen=True, slots=True)
class Decision:
    """One proposal and what became of it."""

    proposal: VerifiedEntry
    verdict: VerifiedEntry | None = None
    affected: tuple[KeyId, ...] = ()
    countersigned: tuple[KeyId, ...] = ()

    @property
    def in_force(self) -> bool:
        """Answer whether every affected node has countersigned."""
        return self.verdict is not None and set(self.affected) <= set(self.countersigned)


@dataclass(frozen=True, slots=True)
class LatticeState:
    """What all members agree on.

    Attributes:
        memberships: the owner-signed entries that say who is a member, oldest first.
        directives: the entries that put directives in force, oldest first; the last one is in
        force.
        decisions: every proposal by its entry hash.
        margins: what nodes published, by (proposal, writer).
        chain: one hash over all control entries in canonical order.
    """

    memberships: tuple[VerifiedEntry, ...] = ()
    directives: tuple[VerifiedEntry, ...] = ()
    decisions: Mapping[EntryHash, Decision] = field(default_factory=dict)
    margins: Mapping[tuple[EntryHash, KeyId], VerifiedEntry] = field(default_factory=dict)
    chain: bytes = b""


def fold_lattice(entries: Iterable[VerifiedEntry]) -> LatticeState:
    """Fold the control entries of all writers, in canonical order, into the shared state."""
    state = LatticeState()
    for entry in in_order(entries):
        if entry.payload is not None:
            state = _apply(state, entry, entry.payload)
    return state


def digest(state: LatticeState) -> StateHash:
    """Return the global state hash."""
    return StateHash(hashlib.sha256(b"lex7-lattice/1" + state.chain).digest())


def _apply(state: LatticeState, entry: VerifiedEntry, payload: bytes) -> LatticeState:
    chain = hashlib.sha256(state.chain + entry.hash + hashlib.sha256(payload).digest()).digest()
    state = replace(state, chain=chain)
    if entry.kind is EntryKind.MEMBERSHIP:
        return replace(state, memberships=(*state.memberships, entry))
    if entry.kind is EntryKind.DIRECTIVES:
        return replace(state, directives=(*state.directives, entry))
    if entry.kind is EntryKind.PROPOSAL:
        return replace(state, decisions={**state.decisions, entry.hash: Decision(entry)})
    if entry.kind not in _FIELDS:
        return state
    proposal = EntryHash(read_fields(payload, "council", _FIELDS[entry.kind]).data(1))
    if entry.kind is EntryKind.MARGINS:
        return replace(state, margins={**state.margins, (proposal, entry.writer): entry})
    known = state.decisions.get(proposal)
    if known is None:
        return state
    return replace(state, decisions={**state.decisions, proposal: _advance(known, entry, payload)})


def _advance(decision: Decision, entry: VerifiedEntry, payload: bytes) -> Decision:
    if entry.kind is EntryKind.VERDICT and decision.verdict is None:
        keys = Fields("verdict", read_fields(payload, "verdict", 4).items(2))
        affected = tuple(KeyId(keys.data(index + 1)) for index in range(len(keys.values)))
        return replace(decision, verdict=entry, affected=affected)
    if entry.kind is not EntryKind.COUNTERSIGN or decision.verdict is None:
        return decision
    if read_fields(payload, "countersign", 3).data(2) != decision.verdict.hash:
        return decision
    return replace(decision, countersigned=(*decision.countersigned, entry.writer))
