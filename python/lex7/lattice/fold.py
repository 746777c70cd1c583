"""The lattice fold: the control entries of all writers become the shared state.

The result depends on the set of entries alone. Memberships and evidence are read first, from the
whole set; they say which entries of each writer count. Those are folded in canonical order. The
digest of the result is the global state hash: members with equal sets of counting entries show
equal hashes.

A `Timeline` keeps the fold as entries come in. A late entry rewinds to the checkpoint before it
and folds from there; a new membership or evidence folds from the start.

A proposal moves through these states, forward only:

    proposed ─► judged (a verdict names its margins) ─► in force (every affected node countersigned)

Of two verdicts for one proposal the lower in canonical order stands.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace

from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.bark.fields import Fields, read_fields
from lex7.bark.run import SEQUENCE_MAX
from lex7.base.errors import BarkError
from lex7.base.ids import EntryHash, KeyId, LatticeId, StateHash
from lex7.base.limits import LATTICE_CHECKPOINT_ENTRIES
from lex7.lattice.evidence import Evidence, decode_evidence
from lex7.lattice.membership import Membership, decode_membership
from lex7.lattice.order import in_order, position

_FIELDS = {EntryKind.MARGINS: 2, EntryKind.VERDICT: 4, EntryKind.COUNTERSIGN: 3}


@dataclass(frozen=True, slots=True)
class Authority:
    """Whose signature makes a membership, and for which lattice."""

    owner: KeyId
    lattice: LatticeId


@dataclass(frozen=True, slots=True)
class Decision:
    """One proposal and what became of it."""

    proposal: VerifiedEntry
    verdict: VerifiedEntry | None = None
    affected: tuple[KeyId, ...] = ()
    countersigned: tuple[KeyId, ...] = ()

    @property
    def in_force(self) -> bool:
        """Answer whether every affected node has countersigned."""
        return self.verdict is not None and set(self.affected) <= set(self.countersigned)


@dataclass(frozen=True, slots=True)
class LatticeState:
    """What all members agree on.

    Attributes:
        membership: the one in force; None before the first.
        forks: the evidence that decides, by writer and incarnation.
        directives: the entries that put directives in force, oldest first; the last one is in
        force.
        decisions: every proposal by its entry hash.
        standings: entries that say how the rules are counted, oldest first.
        margins: what nodes published, by (proposal, writer).
        membership_payload: the one in force, as the owner signed it.
        chain: one hash over all counting control entries in canonical order.
    """

    membership: Membership | None = None
    forks: Mapping[tuple[KeyId, int], Evidence] = field(default_factory=dict)
    directives: tuple[VerifiedEntry, ...] = ()
    decisions: Mapping[EntryHash, Decision] = field(default_factory=dict)
    margins: Mapping[tuple[EntryHash, KeyId], VerifiedEntry] = field(default_factory=dict)
    standings: tuple[VerifiedEntry, ...] = ()
    membership_payload: bytes = b""
    chain: bytes = b""

    def counts(self, entry: VerifiedEntry) -> bool:
        """Answer whether an entry counts: of a member, not evicted, not frozen."""
        return entry.sequence <= self.last_counting(entry.writer, entry.incarnation)

    def last_counting(self, writer: KeyId, incarnation: int) -> int:
        """Return the last sequence of a writer's life that counts; -1 if none does."""
        standing = None if self.membership is None else self.membership.standing(writer)
        if standing is None:
            return -1
        last = SEQUENCE_MAX if standing.last is None else standing.last
        if incarnation < standing.incarnation:
            last = min(last, standing.after)
        fork = self.forks.get((writer, incarnation))
        return last if fork is None or self.is_healed(fork) else min(last, fork.frozen)

    def is_healed(self, fork: Evidence) -> bool:
        """Answer whether the owner gave a forked writer a later life."""
        standing = None if self.membership is None else self.membership.standing(fork.writer)
        return standing is not None and standing.incarnation > fork.incarnation


@dataclass(frozen=True, slots=True)
class Timeline:
    """The fold and what it needs to take late entries in.

    Attributes:
        authority: who may say who is a member.
        entries: every control entry in canonical order, counting or not.
        marks: checkpoints as (entries folded, state).
        state: the state after all entries.
    """

    authority: Authority
    entries: tuple[VerifiedEntry, ...] = ()
    marks: tuple[tuple[int, LatticeState], ...] = ()
    state: LatticeState = LatticeState()


def fold_lattice(entries: Iterable[VerifiedEntry], authority: Authority) -> LatticeState:
    """Fold the control entries of all writers into the shared state."""
    return extend(Timeline(authority), entries).state


def extend(timeline: Timeline, entries: Iterable[VerifiedEntry]) -> Timeline:
    """Take entries in, in any order; those that are there already change nothing."""
    known = timeline.entries
    fresh = [one for one in in_order(entries) if not _holds(known, one)]
    if not fresh:
        return timeline
    if any(is_ruling(entry, timeline.state) for entry in fresh):
        merged = in_order((*known, *fresh))
        return _refold(replace(timeline, entries=merged, marks=()), _rule(merged, timeline))
    place = bisect_left(known, position(fresh[0]), key=position)
    merged = (*known[:place], *in_order((*known[place:], *fresh)))
    marks = tuple(mark for mark in timeline.marks if mark[0] <= place)
    start = marks[-1][1] if marks else _rule_of(timeline.state)
    return _refold(replace(timeline, entries=merged, marks=marks), start)


def is_ruling(entry: VerifiedEntry, state: LatticeState) -> bool:
    """Answer whether an entry may change who is a member or who forked.

    Every log begins with a membership; another copy of the one in force changes nothing.
    """
    if entry.kind is EntryKind.MEMBERSHIP:
        return entry.payload != state.membership_payload
    return entry.kind is EntryKind.EVIDENCE


def without(timeline: Timeline, writer: KeyId, after: int) -> Timeline:
    """Forget a writer's entries after a sequence, as a member does whose branch lost a fork."""
    kept = tuple(one for one in timeline.entries if one.writer != writer or one.sequence <= after)
    return _refold(replace(timeline, entries=kept, marks=()), _rule(kept, timeline))


def digest(state: LatticeState) -> StateHash:
    """Return the global state hash."""
    return StateHash(hashlib.sha256(b"lex7-lattice/1" + state.chain).digest())


def _holds(known: tuple[VerifiedEntry, ...], entry: VerifiedEntry) -> bool:
    place = bisect_left(known, position(entry), key=position)
    return place < len(known) and position(known[place]) == position(entry)


def _refold(timeline: Timeline, start: LatticeState) -> Timeline:
    done = timeline.marks[-1][0] if timeline.marks else 0
    marks = list(timeline.marks)
    working = _Working(start)
    counts = _counting(start)
    for count, entry in enumerate(timeline.entries[done:], start=done + 1):
        if entry.payload is not None and counts(entry):
            working.apply(entry, entry.payload)
        if count % LATTICE_CHECKPOINT_ENTRIES == 0:
            marks.append((count, working.state()))
    return replace(timeline, marks=tuple(marks), state=working.state())


def _counting(state: LatticeState) -> Callable[[VerifiedEntry], bool]:
    """Return `state.counts`, with what is known of a writer's life looked up once."""
    lasts: dict[tuple[KeyId, int], int] = {}

    def counts(entry: VerifiedEntry) -> bool:
        life = (entry.writer, entry.incarnation)
        if life not in lasts:
            lasts[life] = state.last_counting(*life)
        return entry.sequence <= lasts[life]

    return counts


def _rule_of(state: LatticeState) -> LatticeState:
    payload = state.membership_payload
    return LatticeState(membership=state.membership, forks=state.forks, membership_payload=payload)


def _rule(entries: tuple[VerifiedEntry, ...], timeline: Timeline) -> LatticeState:
    """Read from the whole set who is a member and who forked; everything else stays empty."""
    owner, lattice = timeline.authority.owner, timeline.authority.lattice
    best: Membership | None = None
    signed = b""
    seen: set[bytes] = set()
    for entry in entries:
        payload = entry.payload
        if entry.kind is EntryKind.MEMBERSHIP and payload is not None and payload not in seen:
            seen.add(payload)
            try:
                found = decode_membership(payload, owner, lattice)
            except BarkError:
                # Not the owner's: it says nothing, and whoever wrote it only fills its own log.
                continue
            if best is None or found.version > best.version:
                best, signed = found, payload
    forks: dict[tuple[KeyId, int], Evidence] = {}
    for entry in entries:
        if entry.kind is not EntryKind.EVIDENCE or entry.payload is None or best is None:
            continue
        standing = best.standing(entry.writer)
        if standing is None or not standing.counts(entry.incarnation, entry.sequence):
            continue
        try:
            proven = decode_evidence(entry.payload, lattice)
        except BarkError:
            # It proves nothing, and only its writer's own log holds it.
            continue
        forks.setdefault((proven.writer, proven.incarnation), proven)
    return LatticeState(membership=best, forks=forks, membership_payload=signed)


class _Working:
    """A state under construction; what it was made from does not change."""

    def __init__(self, start: LatticeState) -> None:
        self._start = start
        self._chain = start.chain
        self._directives = list(start.directives)
        self._standings = list(start.standings)
        self._decisions = dict(start.decisions)
        self._margins = dict(start.margins)

    def state(self) -> LatticeState:
        """Give the state so far."""
        return replace(
            self._start,
            directives=tuple(self._directives),
            standings=tuple(self._standings),
            decisions=dict(self._decisions),
            margins=dict(self._margins),
            chain=self._chain,
        )

    def apply(self, entry: VerifiedEntry, payload: bytes) -> None:
        """Fold one entry; a payload of another layout is chained and changes nothing else."""
        folded = hashlib.sha256(payload).digest()
        self._chain = hashlib.sha256(self._chain + entry.hash + folded).digest()
        if entry.kind is EntryKind.DIRECTIVES:
            self._directives.append(entry)
        elif entry.kind is EntryKind.STANDING:
            self._standings.append(entry)
        elif entry.kind is EntryKind.PROPOSAL:
            self._decisions[entry.hash] = Decision(entry)
        elif entry.kind in _FIELDS:
            try:
                self._advance(entry, payload)
            except BarkError:
                return

    def _advance(self, entry: VerifiedEntry, payload: bytes) -> None:
        extra = int(entry.kind is not EntryKind.MARGINS)
        fields = read_fields(payload, "council", _FIELDS[entry.kind], optional=extra)
        proposal = EntryHash(fields.data(1))
        known = self._decisions.get(proposal)
        if entry.kind is EntryKind.MARGINS:
            self._margins[(proposal, entry.writer)] = entry
        elif known is not None and entry.kind is EntryKind.VERDICT and known.verdict is None:
            keys = Fields("verdict", fields.items(2))
            affected = tuple(KeyId(keys.data(index + 1)) for index in range(len(keys.values)))
            self._decisions[proposal] = replace(known, verdict=entry, affected=affected)
        elif known is not None and entry.kind is EntryKind.COUNTERSIGN and known.verdict:
            self._countersign(proposal, known, fields, entry.writer)

    def _countersign(
        self, proposal: EntryHash, known: Decision, fields: Fields, writer: KeyId
    ) -> None:
        names_it = known.verdict is not None and fields.data(2) == known.verdict.hash
        if names_it and known.verdict is not None and len(fields.values) > 3:
            # What the node has checked is what the log holds.
            names_it = fields.data(4) == _answer_digest(known.verdict)
        if names_it and writer not in known.countersigned:
            signed = (*known.countersigned, writer)
            self._decisions[proposal] = replace(known, countersigned=signed)


def _answer_digest(verdict: VerifiedEntry) -> bytes:
    """Return the hash of the answer in a verdict, which a countersignature names."""
    assert verdict.payload is not None, "the fold keeps only entries with a payload"
    fields = read_fields(verdict.payload, "verdict", _FIELDS[EntryKind.VERDICT], optional=1)
    return hashlib.sha256(fields.data(4)).digest()
