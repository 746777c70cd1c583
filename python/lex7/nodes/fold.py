"""The node fold: one writer's own log in sequence becomes its state.

`fold` is pure: the same run on the same state gives the same state, byte for byte. Record
payloads are filed and not decoded further; they are read when a forecast needs them. A MODEL
entry names the digest of the filter states that its parameters lead to; `is_belief_reached`
computes them again, so that a replay proves the filter's bits and not only its inputs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.base.civil import Day
from lex7.base.ids import StateHash
from lex7.nodes.archive import Item, file_records, retract
from lex7.nodes.interface import NodeKind, NodeState
from lex7.nodes.payload import address, decode_import, decode_model, decode_retraction

_RECORDS = frozenset({EntryKind.OBSERVATIONS, EntryKind.TRANSACTIONS, EntryKind.BALANCES})


def fold(state: NodeState, run: Sequence[VerifiedEntry]) -> NodeState:
    """Apply one run of verified entries to a node's state.

    Raises:
        PayloadError: a payload does not have the layout its kind promises.
    """
    pending = []
    for entry in run:
        if entry.payload is None:
            continue
        if entry.kind in _RECORDS:
            import_id, stream, day = address(entry.payload)
            digest = hashlib.sha256(entry.payload).digest()
            pending.append((stream, day, Item(import_id, digest, entry.payload)))
            continue
        if pending:
            state = replace(state, archive=file_records(state.archive, pending))
            pending = []
        state = _apply(state, entry, entry.payload)
    if pending:
        state = replace(state, archive=file_records(state.archive, pending))
    return state


def belief_digest(kind: NodeKind, state: NodeState, as_of: Day, parameters: bytes) -> bytes:
    """Hash the raw bits of the filter states that parameters lead to on a state's archive."""
    return hashlib.sha256(kind.belief(state, as_of, parameters)).digest()


def is_belief_reached(kind: NodeKind, state: NodeState) -> bool:
    """Answer whether this program's filters reach the bits that the newest MODEL entry names."""
    if state.model_day is None:
        return True
    return belief_digest(kind, state, state.model_day, state.model) == state.belief_digest


def digest(state: NodeState) -> StateHash:
    """Hash a node's state; this is what its seals carry."""
    total = hashlib.sha256(b"lex7-node/1")
    total.update(state.archive.digest)
    for import_id in sorted(state.imports):
        total.update(import_id.encode() + state.imports[import_id].file_sha256)
    for part in (state.categories, state.model, state.belief_digest, state.control):
        total.update(len(part).to_bytes(8, "little") + part)
    day = -(1 << 62) if state.model_day is None else int(state.model_day)
    total.update(day.to_bytes(8, "little", signed=True))
    return StateHash(total.digest())


def _apply(state: NodeState, entry: VerifiedEntry, payload: bytes) -> NodeState:
    if entry.kind is EntryKind.IMPORT:
        note = decode_import(payload)
        return replace(state, imports={**state.imports, note.import_id: note})
    if entry.kind is EntryKind.RETRACTION:
        import_id = decode_retraction(payload)
        rest = {key: note for key, note in state.imports.items() if key != import_id}
        return replace(state, imports=rest, archive=retract(state.archive, import_id))
    if entry.kind is EntryKind.CATEGORIES:
        return replace(state, categories=payload)
    if entry.kind is EntryKind.MODEL:
        day, parameters, belief = decode_model(payload)
        return replace(state, model_day=day, model=parameters, belief_digest=belief)
    chained = hashlib.sha256(state.control + entry.hash).digest()
    return replace(state, control=chained)
