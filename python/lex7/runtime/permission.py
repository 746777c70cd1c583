"""Which records of a node another node may hold: what the access rules let it read, and no more.

A record's kind is its stream's, as for `read`. What may not be read goes as a header without its
payload: the chain still verifies. Notes of imports, models, corrections and decisions never leave.
"""

from __future__ import annotations

from lex7.bark import canon
from lex7.bark.entry import EntryKind
from lex7.base.errors import BarkError
from lex7.base.ids import NodeName
from lex7.base.streams import STREAMS
from lex7.directive.document import Action
from lex7.runtime.branch import Permission
from lex7.runtime.gate import Gate

TRANSACTION, BALANCE = ("transaction", True), ("balance", False)
_OBSERVED = {name: (name.split(".")[0], spec.raw) for name, spec in STREAMS.items()}


def permission(gate: Gate, asker: NodeName) -> Permission | None:
    """Give what decides for one asker; None where it may hold no record at all."""
    every = {*_OBSERVED.values(), TRANSACTION, BALANCE}
    if not any(gate.would_permit(asker, Action.READ, kind, is_raw=raw) for kind, raw in every):
        return None

    def may(kind: EntryKind, payload: bytes) -> bool:
        found = _kind_of(kind, payload)
        return found is not None and gate.permits(asker, Action.READ, found[0], is_raw=found[1])

    return may


def _kind_of(kind: EntryKind, payload: bytes) -> tuple[str, bool] | None:
    if kind is EntryKind.TRANSACTIONS:
        return TRANSACTION
    if kind is EntryKind.BALANCES:
        return BALANCE
    if kind is not EntryKind.OBSERVATIONS:
        return None
    try:
        fields = canon.decode(payload)
    except BarkError:
        return None
    match fields:
        case {2: str(stream)}:
            return _OBSERVED.get(stream)
    return None
