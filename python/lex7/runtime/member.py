"""One node at work: its log, its state, and what it appends.

A member is the only thing that writes its log. Every run is folded before it is sealed, so the
state hash in a seal is the hash of the state that the run leads to. If the process dies between
two runs, the log ends at the last seal and the state is the one that seal names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.bark.log import Log
from lex7.bark.seal import Head
from lex7.base.errors import StateError
from lex7.base.ids import NodeName, StateHash
from lex7.base.limits import ENTRIES_PER_SEAL_MAX, RUN_PAYLOAD_BYTES_MAX
from lex7.lattice.order import CONTROL
from lex7.nodes.fold import digest, fold
from lex7.nodes.interface import NodeKind, NodeState

Heads = Callable[[], tuple[Head, ...]]


class StateMismatchError(StateError):
    """Folding a log gives another state than the one its seal names."""

    code = "state.mismatch"

    def __init__(self, node: str, sequence: int, sealed: bytes, folded: bytes) -> None:
        self.node = node
        self.sequence = sequence
        self.sealed = sealed
        self.folded = folded
        super().__init__(
            f"log {node}, entry {sequence}: the seal names state {sealed.hex()[:16]}, "
            f"folding {folded.hex()[:16]}; `lex7 replay --verify` shows the first that differs"
        )


class EmptyLogError(StateError):
    """A log does not begin with a membership."""

    code = "state.genesis"

    def __init__(self, node: str) -> None:
        self.node = node
        super().__init__(f"log {node}: expected a membership as its first entry, found none")


class Member:
    """One node: its kind, its log and the state its log folds to."""

    def __init__(self, name: NodeName, log: Log) -> None:
        self.name = name
        self.log = log
        self._kind: NodeKind | None = None
        self.state = NodeState()
        self.control: list[VerifiedEntry] = []

    @property
    def kind(self) -> NodeKind:
        """How this node folds and forecasts; known once its log has begun."""
        if self._kind is None:
            raise EmptyLogError(self.name)
        return self._kind

    def start(self, kind: NodeKind) -> None:
        """Begin an empty log."""
        self._kind = kind

    def load(self, make_kind: Callable[[bytes], NodeKind]) -> None:
        """Fold the whole log and check the state against the last seal.

        Args:
            make_kind: makes the node kind from the payload of the first entry, the membership.

        Raises:
            EmptyLogError: the log does not begin with a membership.
            BarkError: an entry or a seal does not verify.
            StateMismatchError: the state differs from the one the last seal names.
        """
        sealed: StateHash | None = None
        last = -1
        for run in self.log.runs():
            if self._kind is None:
                self._kind = make_kind(_genesis(self.name, run.entries[0]))
            self._fold(run.entries)
            sealed, last = run.seal.state_hash, run.entries[-1].sequence
        if sealed is not None and sealed != digest(self.state):
            raise StateMismatchError(self.name, last, sealed, digest(self.state))

    def append(self, items: Iterable[tuple[EntryKind, bytes]], heads: Heads) -> tuple[int, ...]:
        """Append entries in sealed runs and return their sequence numbers."""
        sequences: list[int] = []
        for part in _runs(items):
            seen = heads()
            prepared = self.log.prepare(part, heads=seen)
            state = fold(self.state, prepared)
            self.log.commit(prepared, state_hash=digest(state), heads=seen)
            self.state = state
            self.control.extend(entry for entry in prepared if entry.kind in CONTROL)
            sequences.extend(entry.sequence for entry in prepared)
        return tuple(sequences)

    def _fold(self, entries: Sequence[VerifiedEntry]) -> None:
        self.state = fold(self.state, entries)
        self.control.extend(entry for entry in entries if entry.kind in CONTROL)


def _genesis(name: NodeName, first: VerifiedEntry) -> bytes:
    if first.kind is not EntryKind.MEMBERSHIP or first.payload is None:
        raise EmptyLogError(name)
    return first.payload


def _runs(
    items: Iterable[tuple[EntryKind, bytes]],
) -> Iterator[Sequence[tuple[EntryKind, bytes]]]:
    part: list[tuple[EntryKind, bytes]] = []
    size = 0
    for item in items:
        is_full = len(part) == ENTRIES_PER_SEAL_MAX
        if part and (is_full or size + len(item[1]) > RUN_PAYLOAD_BYTES_MAX):
            yield tuple(part)
            part, size = [], 0
        part.append(item)
        size += len(item[1])
    if part:
        yield tuple(part)
