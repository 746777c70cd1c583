"""Seals and heads: what one signature says about a run, and the end of a log somebody has seen."""

from __future__ import annotations

from dataclasses import dataclass

from lex7.base.ids import EntryHash, KeyId, StateHash

HeadRow = tuple[bytes, int, int, int, bytes]


@dataclass(frozen=True, slots=True)
class Head:
    """The last entry of a log.

    Attributes:
        writer: whose log.
        incarnation: which life of that writer.
        sequence: the sequence of the entry; 0 for an empty log.
        lamport: the Lamport number of the entry; 0 for an empty log.
        hash: the hash of the entry; for an empty log the genesis hash.
    """

    writer: KeyId
    incarnation: int
    sequence: int
    lamport: int
    hash: EntryHash

    def row(self) -> HeadRow:
        """The fields in the order of the encoding."""
        return (self.writer, self.incarnation, self.sequence, self.lamport, self.hash)


@dataclass(frozen=True, slots=True)
class Seal:
    """What the writer signed over a run; made only after the signature was checked.

    Attributes:
        writer: who signed.
        incarnation: the incarnation of every entry of the run.
        first: the sequence of the first entry.
        last: the sequence of the last entry.
        hash: the hash of the last entry.
        state_hash: the hash of the fold state after the last entry.
        heads: the heads of other logs that this state was taken at, by writer.
    """

    writer: KeyId
    incarnation: int
    first: int
    last: int
    hash: EntryHash
    state_hash: StateHash
    heads: tuple[Head, ...]
