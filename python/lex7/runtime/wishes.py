"""What a node lacks of other members' logs, and how it comes by it.

Heartbeats add wishes and conflicts; `fulfil` works them off in the background, `fetch` brings one
range here and now. Both may run at once: a run that came twice is passed over. Nothing is asked
while the peer's lock is held.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from lex7.bark.entry import EntryKind
from lex7.bark.epoch import EpochError
from lex7.bark.seal import Head
from lex7.base.errors import BarkError, Finding, Lex7Error, StorageError, TransportError
from lex7.base.ids import KeyId, NodeName
from lex7.lattice.discovery import DESCRIBE, decode_description
from lex7.lattice.sync import (
    DIRECTIVE,
    EPOCH,
    MEMBERSHIP,
    RANGE,
    Conflict,
    RangeRequest,
    read_runs,
)
from lex7.runtime.branch import find_fork, forget, is_lost, is_renewed
from lex7.storage.interface import StoredRun

if TYPE_CHECKING:
    from lex7.runtime.peer import Peer

PULLS_PER_WISH_MAX = 4_096


class Wishes:
    """The open wishes and conflicts of one peer."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._ranges: dict[tuple[KeyId, KeyId], RangeRequest] = {}
        self._conflicts: dict[tuple[KeyId, KeyId], Conflict] = {}
        self._urgent: set[KeyId] = set()
        self._strangers: set[KeyId] = set()
        self._tellings: dict[KeyId, Head] = {}
        self._told: dict[KeyId, int] = {}

    @property
    def is_any(self) -> bool:
        """Answer whether something is wished for."""
        return bool(self._ranges or self._conflicts or self._strangers or self._tellings)

    def add(
        self,
        holder: KeyId,
        wanted: Iterable[RangeRequest],
        conflicts: Iterable[Conflict],
        *,
        is_urgent: bool = False,
    ) -> None:
        """Wish for ranges that a member holds; the newest wish for a writer stands."""
        for wish in wanted:
            self._ranges[(holder, wish.writer)] = wish
            if is_urgent:
                self._urgent.add(wish.writer)
        for conflict in conflicts:
            self._conflicts[(holder, conflict.writer)] = conflict

    def meet(self, member: KeyId) -> None:
        """Wish to know what a member is."""
        self._strangers.add(member)

    def tell(self, member: KeyId, head: Head) -> None:
        """Wish to tell a member that the own log has new directives; each is told once."""
        if self._told.get(member, 0) < head.sequence:
            self._tellings[member] = head

    def fulfil(self) -> int:
        """Fetch everything wished for, directives first; return how many runs came."""
        with self._peer.lock:
            ranges, self._ranges = self._ranges, {}
            conflicts, self._conflicts = self._conflicts, {}
            urgent, self._urgent = self._urgent, set()
            strangers, self._strangers = self._strangers, set()
            tellings, self._tellings = self._tellings, {}
        for member, head in sorted(tellings.items()):
            self._tell(member, head)
        # Then the writer: others pass on control entries alone, it also gives permitted records.
        ordered = sorted(
            ranges.items(), key=lambda item: (item[0][1] not in urgent, item[0][0] != item[0][1])
        )
        for member in sorted(strangers):
            self._meet(member)
        if self._peer.snapshots.is_wanted(ranges.values()):
            self._peer.snapshots.ask(holder for holder, _ in ranges)
        count = sum(self.fetch(holder, wish) for (holder, _), wish in ordered)
        for (holder, _), conflict in conflicts.items():
            self._examine(holder, conflict.writer)
        return count

    def _tell(self, member: KeyId, head: Head) -> None:
        peer = self._peer
        name = peer.names.get(member)
        if name is None:
            return
        try:
            peer.border.ask(name, DIRECTIVE, ((head.row(),),))
        except Lex7Error as error:
            self._find(name, error)
        else:
            self._told[member] = head.sequence

    def _meet(self, member: KeyId) -> None:
        peer = self._peer
        name = peer.names.get(member)
        if name is None:
            return
        try:
            answer = peer.border.ask(name, DESCRIBE, ())
            told = decode_description(answer if isinstance(answer, bytes) else b"")
        except Lex7Error as error:
            # It shows its mark with the next heartbeat and is asked again.
            self._find(name, error)
            return
        with peer.lock:
            peer.beats.learn(member, told)

    def fetch(self, holder: KeyId, wish: RangeRequest) -> int:
        """Fetch what is missing of a range; return how many runs this call brought."""
        peer, writer = self._peer, wish.writer
        name = peer.names.get(holder)
        count = 0
        for _ in range(PULLS_PER_WISH_MAX):
            with peer.lock:
                first = peer.replicas.of(writer).head.sequence + 1
                is_doubtful = holder == writer and self._is_lost(writer)
            if name is None or first > wish.last or is_doubtful:
                break
            try:
                runs = self._asked(name, RangeRequest(writer, first, wish.last))
                with peer.lock:
                    taken = peer.replicas.adopt(writer, runs)
                    peer.take(taken)
                    peer.snapshots.check_filled(writer)
                    # Another thread may have fetched the same meanwhile.
                    is_further = peer.replicas.of(writer).head.sequence >= first
                    if self._is_lost(writer) or is_renewed(peer.shared.ruling, writer):
                        # Where the lost branch came in, it is forgotten; another has the other.
                        peer.give_way()
            except (TransportError, StorageError) as error:
                self._find(name, error)
                break
            except BarkError as error:
                self._find(name, error)
                if self._examine(holder, writer):
                    continue
                break
            if not is_further:
                break
            count += len(taken)
        if count:
            peer.findings.pop(f"sync {name}", None)
        return count

    def _examine(self, holder: KeyId, writer: KeyId) -> bool:
        """Ask for another branch of a writer; if it contradicts the held one, write evidence.

        Returns:
            Whether a part of a lost branch was forgotten, so that fetching again makes sense.
        """
        peer = self._peer
        name = peer.names.get(holder)
        if name is None:
            return False
        if writer == peer.identity.key.public:
            self._examine_own(name)
            return False
        with peer.lock:
            if peer.snapshots.doubt(writer):
                # Held against a snapshot's word alone; the log itself tells who is right.
                return True
            held = list(peer.replicas.of(writer).storage.read(0))
        fork = find_fork(held, writer, peer.identity.lattice, partial(self._asked, name))
        if fork is None:
            return False
        with peer.lock:
            place = (writer, fork.incarnation)
            known = peer.state.forks.get(place)
            if known is not None:
                # A held part of the lost branch may end before the frozen entry: fetch it again.
                is_short = peer.replicas.of(writer).head.sequence < known.frozen
                if is_short:
                    held_state = peer.shared.timeline
                    peer.shared.timeline = forget(held_state, peer.replicas, writer, known.common)
                return is_short
            payload = fork.payload(peer.acknowledged.get(place, 0))
            peer.member.append([(EntryKind.EVIDENCE, payload)], peer.seen_heads)
            peer.note()
        return False

    def _examine_own(self, name: NodeName) -> None:
        """Show a member that the owner gave this copy a later life, or learn of another one."""
        peer = self._peer
        payload = peer.state.membership_payload
        standing = (
            None if peer.membership is None else peer.membership.standing(peer.identity.key.public)
        )
        is_renewed_here = standing is not None and 0 < standing.incarnation <= (
            peer.member.log.incarnation
        )
        try:
            if is_renewed_here and not peer.twin.is_passed_over:
                peer.border.ask(name, MEMBERSHIP, (payload,))
            else:
                peer.twin.examine(partial(self._asked, name), peer.member.log.head)
        except Lex7Error as error:
            self._find(name, error)

    def _is_lost(self, writer: KeyId) -> bool:
        peer = self._peer
        return is_lost(peer.shared.ruling, peer.replicas, peer.identity, writer)

    def _asked(self, name: NodeName, wish: RangeRequest) -> tuple[StoredRun, ...]:
        try:
            return self._answered(name, wish)
        except EpochError:
            # The holder may have begun another epoch between its payloads and their key.
            return self._answered(name, wish)

    def _answered(self, name: NodeName, wish: RangeRequest) -> tuple[StoredRun, ...]:
        peer = self._peer
        runs = read_runs(peer.border.ask(name, RANGE, wish.arguments()))
        holder = peer.key_of(name)
        if holder is None:
            return ()
        return tuple(
            run
            if run.bodies is None
            else replace(run, bodies=self._opened(holder, name, run.bodies))
            for run in runs
        )

    def _opened(self, holder: KeyId, name: NodeName, sealed: bytes) -> bytes:
        epochs = self._peer.epochs

        def ask() -> bytes:
            wrapped = self._peer.border.ask(name, EPOCH, (epochs.share,))
            return wrapped if isinstance(wrapped, bytes) else b""

        return epochs.open(holder, sealed, ask)

    def _find(self, name: str, error: Lex7Error) -> None:
        self._peer.findings[f"sync {name}"] = Finding(error.code, name, str(error))
