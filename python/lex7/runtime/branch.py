"""Branches of one writer's log: what of a run others may see, and where two branches part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.entry import EntryKind
from lex7.bark.run import Run, check, genesis
from lex7.base.errors import Lex7Error
from lex7.base.ids import EntryHash, KeyId, LatticeId
from lex7.lattice import LatticeState, Timeline, without
from lex7.lattice.evidence import contradiction, encode_evidence, frozen_at
from lex7.lattice.membership import Standing
from lex7.lattice.order import CONTROL
from lex7.lattice.sync import RangeRequest
from lex7.runtime.border import Identity
from lex7.runtime.replica import Replicas
from lex7.storage.interface import LogStorage, StoredRun

Permission = Callable[[EntryKind, bytes], bool]
"""Answers whether one node may hold the payload of an entry that is no control entry."""

_CONTROL_NUMBERS = frozenset(int(kind) for kind in CONTROL)

BODIES_BYTES_MAX = 16 << 20
"""The bodies of one run: 8 MiB of payload and what spells them."""


def shown_bodies(run: StoredRun, may: Permission | None) -> bytes | None:
    """Give a run's bodies with every payload taken out that is no control entry and not permitted.

    Args:
        run: as it is held.
        may: permits records; None permits none.
    """
    if run.bodies is None:
        return None
    kinds = _kinds(run.sealed)
    if _CONTROL_NUMBERS.issuperset(kinds):
        return run.bodies
    if may is None and _CONTROL_NUMBERS.isdisjoint(kinds):
        return None
    match canon.decode(run.bodies, bytes_max=BODIES_BYTES_MAX):
        case (1, tuple(bodies)) if len(bodies) == len(kinds):
            kept = tuple(
                body if kind in _CONTROL_NUMBERS or _is_permitted(kind, body, may) else None
                for body, kind in zip(bodies, kinds, strict=True)
            )
            if any(body is not None for body in kept):
                return canon.encode((1, kept), bytes_max=BODIES_BYTES_MAX)
    return None


def _is_permitted(kind: int, body: Value, may: Permission | None) -> bool:
    if may is None:
        return False
    match body:
        case (bytes(), bytes(payload)):
            return may(EntryKind(kind), payload)
    return False


def _kinds(sealed: bytes) -> list[int]:
    match canon.decode(sealed):
        case (1, tuple(headers), *_):
            # A run that is held was verified: the fifth field of a header is the number of a kind.
            return [header[5] for header in headers if isinstance(header, dict)]  # type: ignore[misc]
    return []


def hash_at(
    storage: LogStorage, sequence: int, lattice: LatticeId, writer: KeyId
) -> EntryHash | None:
    """Give the hash of a held entry, or None where it is not held."""
    for stored in storage.read(sequence):
        run = check(stored, lattice=lattice, writer=writer, before=None)
        if isinstance(run, Run):
            for entry in run.entries:
                if entry.sequence == sequence:
                    return entry.hash
        return None
    return None


@dataclass(frozen=True, slots=True)
class Fork:
    """Two runs of one writer that contradict each other, and where."""

    mine: StoredRun
    theirs: StoredRun
    run: Run
    before: EntryHash
    differs: int

    @property
    def incarnation(self) -> int:
        """In which life."""
        return self.run.seal.incarnation

    def payload(self, acknowledged: int) -> bytes:
        """Spell the evidence, frozen at the last common or acknowledged entry."""
        frozen = frozen_at(self.run.entries, self.differs, acknowledged, self.before)
        runs = (self.mine, self.theirs)
        return encode_evidence(runs, self.run.seal.writer, self.incarnation, frozen)


def give_way(timeline: Timeline, replicas: Replicas, identity: Identity) -> Timeline:
    """Where this node holds a branch that does not count, forget it; the other is pulled then."""
    for (writer, _), fork in timeline.state.forks.items():
        if writer == identity.key.public or timeline.state.is_healed(fork):
            continue
        if 0 < fork.frozen <= replicas.of(writer).base.sequence:
            # Which branch the snapshot was of cannot be seen in it, so the whole log is pulled.
            timeline = forget(timeline, replicas, writer, 0)
        held = hash_at(replicas.of(writer).storage, fork.frozen, identity.lattice, writer)
        if held is not None and held != fork.frozen_hash:
            timeline = forget(timeline, replicas, writer, fork.common)
    for writer, standing in _later_lives(timeline.state):
        if writer == identity.key.public:
            continue
        storage = replicas.of(writer).storage
        held = hash_at(storage, standing.after, identity.lattice, writer)
        if held is not None and held != standing.after_hash:
            # Where the branches part is not known here, so the owner's is pulled from its start.
            timeline = forget(timeline, replicas, writer, 0)
        elif _life_at(storage, standing.after + 1, identity, writer) < standing.incarnation:
            timeline = forget(timeline, replicas, writer, standing.after)
    return timeline


def is_lost(state: LatticeState, replicas: Replicas, identity: Identity, writer: KeyId) -> bool:
    """Answer whether a writer forked and the branch that counts is not held whole yet."""
    return any(
        hash_at(replicas.of(writer).storage, fork.frozen, identity.lattice, writer)
        != fork.frozen_hash
        for (forked, _), fork in state.forks.items()
        if forked == writer and not state.is_healed(fork)
    )


def is_renewed(state: LatticeState, writer: KeyId) -> bool:
    """Answer whether the owner gave a writer a later life."""
    return any(known == writer for known, _ in _later_lives(state))


def _later_lives(state: LatticeState) -> list[tuple[KeyId, Standing]]:
    standings = {} if state.membership is None else state.membership.standings
    return [(writer, one) for writer, one in sorted(standings.items()) if one.incarnation > 0]


def _life_at(storage: LogStorage, sequence: int, identity: Identity, writer: KeyId) -> int:
    """Give the incarnation of a held entry; where none is held, one that is late enough."""
    for stored in storage.read(sequence):
        run = check(stored, lattice=identity.lattice, writer=writer, before=None)
        if isinstance(run, Run):
            return run.seal.incarnation
    return 1 << 62


def forget(timeline: Timeline, replicas: Replicas, writer: KeyId, after: int) -> Timeline:
    """Forget what is held of a writer after a sequence."""
    replica = replicas.of(writer)
    replica.cut(after)
    return without(timeline, writer, replica.head.sequence)


def find_fork(
    held: list[StoredRun],
    writer: KeyId,
    lattice: LatticeId,
    ask: Callable[[RangeRequest], tuple[StoredRun, ...]],
) -> Fork | None:
    """Walk back along the held log until the other branch contradicts it; None if it never does."""
    reach = 1
    while reach < 2 * len(held) + 1:
        part = held[-reach:]
        try:
            theirs = ask(RangeRequest(writer, part[0].first, part[-1].last))
        except Lex7Error:
            # Nothing is proven without an answer; the next heartbeat that differs asks again.
            return None
        found = _contradicting(part, theirs, lattice, writer)
        # The first run looked at may already be past the point where the branches part.
        if found is not None and (reach >= len(held) or found[2] > part[0].first):
            mine, other, differs = found
            run = check(mine, lattice=lattice, writer=writer, before=None)
            assert isinstance(run, Run), "what is held was verified"
            before = _before(held, differs, lattice, writer)
            return Fork(mine, other, run, before, differs)
        reach *= 2
    return None


def _before(held: list[StoredRun], differs: int, lattice: LatticeId, writer: KeyId) -> EntryHash:
    for stored in held:
        if stored.first < differs <= stored.last + 1:
            run = check(stored, lattice=lattice, writer=writer, before=None)
            assert isinstance(run, Run), "what is held was verified"
            return run.entries[differs - 1 - stored.first].hash
    return genesis(lattice, writer, 0).hash


def _contradicting(
    held: list[StoredRun], theirs: tuple[StoredRun, ...], lattice: LatticeId, writer: KeyId
) -> tuple[StoredRun, StoredRun, int] | None:
    """Return the first two runs that contradict each other, and where."""
    for other in theirs:
        run = check(other, lattice=lattice, writer=writer, before=None)
        if not isinstance(run, Run):
            continue
        for one in held:
            if one.last < other.first or one.first > other.last:
                continue
            mine = check(one, lattice=lattice, writer=writer, before=None)
            if isinstance(mine, Run) and (place := contradiction(mine, run)) is not None:
                return one, other, place
    return None
