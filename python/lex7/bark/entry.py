"""Entries: one line of a log, after its chain, payload and seal have been checked.

An entry has a public header, which the chain covers, and a detachable payload, which goes only
where access rules allow. The bytes are specified in docs/spec/bark.md. Nothing here knows what a
payload means.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from lex7.base.ids import EntryHash, KeyId


class EntryKind(IntEnum):
    """What the payload of an entry is; the numbers are on disk and may never change."""

    MEMBERSHIP = 1
    DIRECTIVES = 2
    IMPORT = 3
    OBSERVATIONS = 4
    TRANSACTIONS = 5
    BALANCES = 6
    MODEL = 7
    RETRACTION = 8
    CATEGORIES = 9
    PROPOSAL = 10
    MARGINS = 11
    VERDICT = 12
    COUNTERSIGN = 13
    ACCESS = 14
    EVIDENCE = 15
    STANDING = 16


class VerifiedEntry(NamedTuple):
    """An entry whose place in the chain and whose payload have been checked.

    Made only by `Log.prepare`, `Log.runs` and `run.verify`; bytes that nobody has checked have
    another type (`StoredRun`). A named tuple,
    because a log has millions: making a frozen dataclass takes longer than checking the entry's
    bytes (ADR 0011).

    Attributes:
        writer: whose log it stands in.
        incarnation: which life of that writer; a restored backup starts a new one.
        sequence: its place in the log, from 1.
        lamport: its place in the order of the lattice.
        kind: what the payload is.
        hash: SHA-256 of the header.
        payload: None where this member may not read it.
    """

    writer: KeyId
    incarnation: int
    sequence: int
    lamport: int
    kind: EntryKind
    hash: EntryHash
    payload: bytes | None
