"""One node among others: what it hears, what it pulls, what it answers about logs.

    heartbeat heard ─► compare heads ─► pull ranges ─► verify, keep ─► shared state folded on

A peer does nothing by itself. The clock, the transport, the storages and the entropy are given to
it, and the shell calls `beat` once a period and `pull` whenever `has_work`; a simulated world calls
the same two. Own entries are appended by the member; `note` takes them into the shared state.

One lock guards the state. It is never held while another node is asked, so two nodes that ask each
other do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import RLock

from lex7.bark.canon import Value
from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.bark.fields import Fields, PayloadError
from lex7.bark.run import Run
from lex7.bark.seal import Head
from lex7.base.errors import Finding
from lex7.base.ids import KeyId, NodeName
from lex7.lattice import Authority, LatticeState, digest
from lex7.lattice.discovery import DESCRIBE, encode_description
from lex7.lattice.membership import Membership, decode_membership
from lex7.lattice.snapshot import SNAPSHOT
from lex7.lattice.sync import (
    DIRECTIVE,
    EPOCH,
    HEADS,
    MEMBERSHIP,
    RANGE,
    Conflict,
    RangeRequest,
    compare,
    decode_heartbeat,
    encode_heartbeat,
    read_head,
    spell_runs,
)
from lex7.lattice.view import View
from lex7.runtime.beats import Beats
from lex7.runtime.border import Border, Identity, Method
from lex7.runtime.branch import Permission, give_way, shown_bodies
from lex7.runtime.epochs import Epochs
from lex7.runtime.life import renew
from lex7.runtime.member import Member
from lex7.runtime.replica import Replicas, control, read_range
from lex7.runtime.shared import Shared
from lex7.runtime.snapshots import Snapshots
from lex7.runtime.twin import Twin
from lex7.runtime.wishes import Wishes
from lex7.storage.interface import LogStorage, StoredRun
from lex7.transport.interface import Transport


@dataclass(frozen=True, slots=True)
class Clock:
    """What a peer knows of time.

    Attributes:
        steady_ns: never goes back; measures how long ago something was.
        wall_ns: what heartbeats say; decides nothing.
    """

    steady_ns: Callable[[], int]
    wall_ns: Callable[[], int]


class Peer:
    """One node at work among the others."""

    def __init__(
        self,
        identity: Identity,
        member: Member,
        own: LogStorage,
        replicas: Replicas,
        authority: Authority,
        clock: Clock,
    ) -> None:
        self.identity = identity
        self.member = member
        self.replicas = replicas
        self.clock = clock
        self.lock = RLock()
        self.view = View()
        self.capabilities: tuple[str, ...] = ()
        self.wake: Callable[[], None] = _sleep_on
        self.shared = Shared(authority)
        self.findings: dict[str, Finding] = {}
        self.names: dict[KeyId, NodeName] = {identity.key.public: identity.name}
        self.writers: set[KeyId] = set(self.names)
        self._own = own
        self.epochs = Epochs(identity, own, clock.wall_ns)
        self.permit: Callable[[NodeName], Permission | None] = _permit_nothing
        self.wishes = Wishes(self)
        self.beats = Beats(self)
        self.snapshots = Snapshots(self, own)
        self.twin = Twin(identity)
        self.acknowledged: dict[tuple[KeyId, int], int] = {}
        self._noted = 0
        self._ruled: VerifiedEntry | None = None
        self._transport: Transport | None = None
        self._border: Border | None = None

    def load(self) -> None:
        """Fold own and held control entries; the member was loaded before.

        Raises:
            BarkError: a replica is damaged.
            StorageError: the disk said no.
        """
        self.note()
        kept = self.snapshots.kept()
        before = -1
        while before != len(self.writers):
            before = len(self.writers)
            for writer in sorted(self.writers):
                if writer != self.identity.key.public:
                    start = self.snapshots.start(kept, writer)
                    self.take(tuple(self.replicas.of(writer).runs(start)))

    @property
    def border(self) -> Border:
        """Where this node asks others."""
        assert self._border is not None, "a peer asks after it was connected"
        return self._border

    @property
    def state(self) -> LatticeState:
        """What all members agree on, as far as it is known here."""
        with self.lock:
            return self.shared.timeline.state

    @property
    def membership(self) -> Membership | None:
        """Who is a member."""
        return self.shared.ruling.membership

    @property
    def lattice_hash(self) -> bytes:
        """The digest of the shared state."""
        return digest(self.state)

    def heads(self) -> dict[KeyId, Head]:
        """Give the end of every log that is held, the own one among them."""
        with self.lock:
            own = self.member.log.head
            return {**self.replicas.heads(), own.writer: own}

    def seen_heads(self) -> tuple[Head, ...]:
        """Give the heads that a seal of this node names."""
        return tuple(self.heads().values())

    def lose(self, node: NodeName) -> None:
        """Note that a node did not answer; its next heartbeat brings it back."""
        holder = self.key_of(node)
        if holder is not None:
            with self.lock:
                self.beats.lose(holder)

    def connect(
        self,
        transport: Transport,
        methods: Mapping[str, Method],
        asking: Mapping[str, Method] | None = None,
    ) -> None:
        """Answer, hear and be there over a transport; a former one was closed by the caller.

        Args:
            transport: new and open.
            methods: answered under the lock.
            asking: methods that ask others in turn, and so are answered without it.
        """
        border = Border(self.identity, transport, self.names)
        guarded = {name: self.guarded(method) for name, method in methods.items()}
        border.serve({**guarded, **(asking or {}), **self._logs()})
        self._transport, self._border = transport, border
        self.beats.connect(transport)

    def beat(self) -> None:
        """Tell the others how far this node is.

        Raises:
            TransportError: it cannot be carried.
        """
        self.beats.beat()

    def note(self) -> None:
        """Take own entries that were appended since into the shared state."""
        with self.lock:
            fresh = self.member.control[self._noted :]
            self._noted = len(self.member.control)
            ruled = [entry for entry in fresh if entry.kind is EntryKind.DIRECTIVES]
            self._ruled = ruled[-1] if ruled else self._ruled
            self.fold(fresh)

    @property
    def has_work(self) -> bool:
        """Answer whether somebody is ahead, or contradicts."""
        return self.wishes.is_any

    def pull(self) -> int:
        """Ask for everything that heartbeats showed to be missing; return how many runs came."""
        return self.wishes.fulfil()

    def catch_up(self, node: NodeName) -> None:
        """Take in everything one node has written until now, and wish for what else it holds.

        What it tells of its own log is fetched here and now, whoever else is fetching: on return it
        is held, or the reason stands in `findings`.

        Raises:
            TransportError: it does not answer.
        """
        holder = self.key_of(node)
        answer = self.border.ask(node, HEADS, ())
        if isinstance(answer, bytes) and holder is not None:
            beat = decode_heartbeat(answer)
            if (own := beat.heads.get(holder)) is not None:
                self.wishes.fetch(holder, RangeRequest(holder, 1, own.sequence))
            self.compare(holder, beat.heads)

    def key_of(self, node: NodeName) -> KeyId | None:
        """Return the key of a member."""
        return next((key for key, name in self.names.items() if name == node), None)

    def guarded(self, method: Method) -> Method:
        """Answer under the lock."""

        def answer(asker: NodeName, question: Fields) -> Value:
            with self.lock:
                answered = method(asker, question)
            self.note()
            return answered

        return answer

    def _logs(self) -> Mapping[str, Method]:
        return {
            RANGE: self._range,
            HEADS: self._heads,
            EPOCH: self._epoch,
            MEMBERSHIP: self._offered,
            DESCRIBE: self._described,
            DIRECTIVE: self._urged,
            SNAPSHOT: self._snapshot,
        }

    def _offered(self, asker: NodeName, question: Fields) -> Value:
        """Take a membership the owner signed, from a node whose own log cannot be read on here."""
        payload, authority = question.data(1), self.shared.timeline.authority
        found = decode_membership(payload, authority.owner, authority.lattice)
        with self.lock:
            if self.membership is not None and found.version > self.membership.version:
                self.member.append([(EntryKind.MEMBERSHIP, payload)], self.seen_heads)
                self.note()
        return True

    def _heads(self, asker: NodeName, question: Fields) -> Value:
        with self.lock:
            return encode_heartbeat(self.beats.spoken())

    def _described(self, asker: NodeName, question: Fields) -> Value:
        return encode_description(self.beats.description)

    def _snapshot(self, asker: NodeName, question: Fields) -> Value:
        with self.lock:
            return self.snapshots.make()

    def _urged(self, asker: NodeName, question: Fields) -> Value:
        """Take the log of a member that has new directives before anything else."""
        rows, writer = question.rows(1, 5), self.key_of(asker)
        head = read_head(rows[0]) if rows else None
        if head is None or head.writer != writer:
            raise PayloadError("directive", "a head of another log than the asker's")
        with self.lock:
            held = self.heads().get(head.writer)
            known = 0 if held is None else held.sequence
            if head.sequence > known:
                wish = RangeRequest(head.writer, known + 1, head.sequence)
                self.wishes.add(head.writer, (wish,), (), is_urgent=True)
        self.wake()
        return known

    def _range(self, asker: NodeName, question: Fields) -> Value:
        writer, first, last = KeyId(question.data(1)), question.integer(2), question.integer(3)
        with self.lock:
            if writer == self.identity.key.public:
                found = read_range(self._own, first, last)
            elif writer in self.writers and self.replicas.of(writer).base.sequence < first:
                found = read_range(self.replicas.of(writer).storage, first, last)
            else:
                found = []
            # Records go only out of their writer's own log: it is the one that decides.
            may = self.permit(asker) if writer == self.identity.key.public else None
            return spell_runs([self._shown(run, may) for run in found])

    def _shown(self, run: StoredRun, may: Permission | None) -> StoredRun:
        bodies = shown_bodies(run, may)
        sealed = None if bodies is None else self.epochs.seal(bodies)
        return StoredRun(run.first, run.last, run.sealed, sealed)

    def _epoch(self, asker: NodeName, question: Fields) -> Value:
        reader = self.key_of(asker)
        assert reader is not None, "the border lets members ask"
        with self.lock:
            return self.epochs.wrap_for(reader, question.data(1))

    def compare(self, holder: KeyId, theirs: Mapping[KeyId, Head]) -> None:
        """Wish for what a member holds and this node does not, and for proof where they differ."""
        with self.lock:
            others = self.writers - {self.identity.key.public}
            wanted, conflicts = compare(self.heads(), theirs, others)
            conflicts = (*conflicts, *self._own_conflict(theirs))
            self.wishes.add(holder, wanted, conflicts)
            own = theirs.get(self.identity.key.public)
            if self._ruled is not None and (own is None or own.sequence < self._ruled.sequence):
                self.wishes.tell(holder, self.member.log.head)
        if self.wishes.is_any:
            self.wake()

    def find(self, place: str, finding: Finding | None) -> None:
        """Keep what is not as it should be, or forget it when it is again."""
        if finding is None:
            self.findings.pop(place, None)
        else:
            self.findings[place] = finding

    def _own_conflict(self, theirs: Mapping[KeyId, Head]) -> tuple[Conflict, ...]:
        """A member that claims to hold what this node never wrote is asked to prove it."""
        own, claimed = self.member.log.head, theirs.get(self.identity.key.public)
        if claimed is None or claimed.hash == own.hash:
            return ()
        is_of_former_life = 0 <= claimed.incarnation < self.member.log.incarnation
        if claimed.sequence < own.sequence and not is_of_former_life:
            return ()
        return (Conflict(own.writer, own.sequence),)

    def take(self, runs: tuple[Run, ...]) -> None:
        """Take verified runs of others into the shared state; the lock is held."""
        for run in runs:
            for head in run.seal.heads:
                place = (head.writer, head.incarnation)
                if head.writer != run.seal.writer:
                    known = self.acknowledged.get(place, 0)
                    self.acknowledged[place] = max(known, head.sequence)
        self.fold(control(runs))

    def fold(self, fresh: list[VerifiedEntry]) -> None:
        """Take control entries into the shared state; the lock is held."""
        before = self.membership
        if not self.shared.take(fresh):
            return
        if self.membership is not before and self.membership is not None:
            # In place, because the border holds it. Those evicted may ask nothing more, but what
            # they wrote before still counts, so their logs are held and passed on.
            self.names.clear()
            self.names.update(self.membership.names)
            self.writers |= {*self.names, *self.membership.standings}
            self.epochs.end()
        self._renew()
        self.give_way()

    def give_way(self) -> None:
        """Forget held branches that do not count; the others are pulled then."""
        self.shared.timeline = give_way(self.shared.timeline, self.replicas, self.identity)

    def _renew(self) -> None:
        """Begin the life that the owner gave this node, or learn that another copy got it."""
        own, writer = self.member.log, self.member.log.head.writer
        standing = None if self.membership is None else self.membership.standing(writer)
        self.twin.is_passed_over = renew(own, self.membership)
        if standing is not None and 0 < standing.incarnation <= own.incarnation:
            self.twin.renew()
        self.twin.is_frozen = any(
            fork.writer == writer and not self.state.is_healed(fork)
            for fork in self.state.forks.values()
        )


def _permit_nothing(asker: NodeName) -> Permission | None:
    return None


def _sleep_on() -> None:
    """What a peer wakes when it has work, unless the shell gives it something else."""
