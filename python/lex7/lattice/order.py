"""The canonical order of control entries: (Lamport, writer, sequence). Wall clocks never decide."""

from __future__ import annotations

from collections.abc import Iterable

from lex7.bark.entry import EntryKind, VerifiedEntry

CONTROL = frozenset(
    {
        EntryKind.MEMBERSHIP,
        EntryKind.DIRECTIVES,
        EntryKind.PROPOSAL,
        EntryKind.MARGINS,
        EntryKind.VERDICT,
        EntryKind.COUNTERSIGN,
        EntryKind.EVIDENCE,
    }
)
"""The kinds that every member reads; all others stay in their writer's log."""


def in_order(entries: Iterable[VerifiedEntry]) -> tuple[VerifiedEntry, ...]:
    """Return the control entries among these, in canonical order."""
    control = (entry for entry in entries if entry.kind in CONTROL)
    return tuple(sorted(control, key=_position))


def _position(entry: VerifiedEntry) -> tuple[int, bytes, int, int]:
    return (entry.lamport, entry.writer, entry.incarnation, entry.sequence)
