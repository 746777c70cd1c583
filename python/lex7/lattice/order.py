"""The canonical order of control entries: (Lamport, writer, sequence). Wall clocks never decide."""

from __future__ import annotations

from collections.abc import Iterable

from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.base.ids import EntryHash, KeyId

CONTROL = frozenset(
    {
        EntryKind.MEMBERSHIP,
        EntryKind.DIRECTIVES,
        EntryKind.PROPOSAL,
        EntryKind.MARGINS,
        EntryKind.VERDICT,
        EntryKind.COUNTERSIGN,
        EntryKind.EVIDENCE,
        EntryKind.STANDING,
    }
)
"""The kinds that every member reads; all others stay in their writer's log."""

Position = tuple[int, KeyId, int, int, EntryHash]
"""The hash only tells the two entries of a fork apart."""


def in_order(entries: Iterable[VerifiedEntry]) -> tuple[VerifiedEntry, ...]:
    """Return the control entries among these, in canonical order, each once."""
    control = {position(entry): entry for entry in entries if entry.kind in CONTROL}
    return tuple(control[place] for place in sorted(control))


def position(entry: VerifiedEntry) -> Position:
    """Return the place of an entry in canonical order."""
    return (entry.lamport, entry.writer, entry.incarnation, entry.sequence, entry.hash)
