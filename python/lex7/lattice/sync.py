"""What members tell each other of their logs, and what each then asks for.

A heartbeat carries the writer's head vector, its lattice hash and the mark of its description
(`lattice/discovery.py`):

    {1: instant in ns, 2: lattice hash, 3: [head, ...], 4: mark}

Whoever is behind asks for a range of a writer's runs:

    request [writer, from sequence, to sequence]      answer [[first, last, sealed, bodies], ...]

`bodies` is null where the access rules keep payloads from the asker; the chain still verifies. Else
it is sealed under the present epoch key of the node that answers:

    epoch [share]                                    answer: the key, wrapped for that share

A node that the owner gave a later life offers the membership that says so to whoever still holds
entries of a former one:

    membership [payload]                             answer: true

A node whose log has new directives asks every member that is behind to take them before anything
else; the answer is how far that member holds the log:

    directive [head]                                 answer: sequence

Heads are claims: nothing is believed before the runs themselves verify. An empty answer proves
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.fields import Fields, PayloadError, read_fields
from lex7.bark.seal import Head
from lex7.base.ids import EntryHash, KeyId
from lex7.base.limits import MEMBERS_MAX, RANGE_RUNS_MAX
from lex7.lattice.discovery import MARK_BYTES
from lex7.storage.interface import StoredRun

HEARTBEAT = "heartbeat"
RANGE = "range"
HASH_BYTES = 32
HEADS = "heads"
EPOCH = "epoch"
MEMBERSHIP = "membership"
DIRECTIVE = "directive"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """What a member says about itself once a second.

    Attributes:
        time_ns: its clock, which decides nothing.
        lattice_hash: the digest of its shared state.
        heads: the end of every log it holds, by writer.
        mark: of its description, which says what it can be asked for.
    """

    time_ns: int
    lattice_hash: bytes
    heads: Mapping[KeyId, Head]
    mark: bytes


@dataclass(frozen=True, slots=True)
class RangeRequest:
    """A wish for a writer's runs that end between two sequences, both included."""

    writer: KeyId
    first: int
    last: int

    def arguments(self) -> tuple[Value, ...]:
        """Spell the request."""
        return (self.writer, self.first, self.last)


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two members claim different entries at one sequence; the runs must show who forked."""

    writer: KeyId
    sequence: int


def encode_heartbeat(beat: Heartbeat) -> bytes:
    """Spell a heartbeat."""
    rows = [beat.heads[writer].row() for writer in sorted(beat.heads)]
    return canon.encode({1: beat.time_ns, 2: beat.lattice_hash, 3: rows, 4: beat.mark})


def decode_heartbeat(body: bytes) -> Heartbeat:
    """Read a heartbeat.

    Raises:
        BarkError: another layout, or more heads than a lattice has members.
    """
    fields = read_fields(body, HEARTBEAT, 4)
    rows = fields.rows(3, 5)
    if len(rows) > MEMBERS_MAX or len(fields.data(2)) != HASH_BYTES:
        raise PayloadError(HEARTBEAT, "it lists more than a lattice has, or its hash is none")
    if len(fields.data(4)) != MARK_BYTES:
        raise PayloadError(HEARTBEAT, "its mark is none")
    heads = {head.writer: head for head in map(read_head, rows)}
    return Heartbeat(fields.integer(1), fields.data(2), heads, fields.data(4))


def read_head(row: Fields) -> Head:
    """Read a head as heartbeats and directive packets carry it.

    Raises:
        PayloadError: it is none.
    """
    writer, digest = row.data(1), row.data(5)
    numbers = (row.integer(2), row.integer(3), row.integer(4))
    if len(writer) != HASH_BYTES or len(digest) != HASH_BYTES or min(numbers) < 0:
        raise PayloadError(HEARTBEAT, "a head is none")
    return Head(KeyId(writer), *numbers, EntryHash(digest))


def compare(
    own: Mapping[KeyId, Head], theirs: Mapping[KeyId, Head], members: Iterable[KeyId]
) -> tuple[tuple[RangeRequest, ...], tuple[Conflict, ...]]:
    """Return what this member lacks, and where the two cannot both be right.

    Only equal sequences are compared here; a fork that is hidden behind a longer branch shows when
    that branch's runs do not link to the own ones.
    """
    wanted: list[RangeRequest] = []
    conflicts: list[Conflict] = []
    for writer in sorted(members):
        mine, other = own.get(writer), theirs.get(writer)
        if other is None or other.sequence == 0:
            continue
        known = 0 if mine is None else mine.sequence
        if other.sequence > known:
            wanted.append(RangeRequest(writer, known + 1, other.sequence))
        elif mine is not None and other.sequence == known and other.hash != mine.hash:
            conflicts.append(Conflict(writer, known))
    return tuple(wanted), tuple(conflicts)


def spell_runs(runs: Iterable[StoredRun]) -> Value:
    """Spell a range answer."""
    return tuple((run.first, run.last, run.sealed, run.bodies) for run in runs)


def read_runs(value: Value) -> tuple[StoredRun, ...]:
    """Read a range answer; nothing in it has been checked.

    Raises:
        PayloadError: another layout.
    """
    if not isinstance(value, tuple) or len(value) > RANGE_RUNS_MAX:
        raise PayloadError(RANGE, "it is no list of runs")
    found = []
    for row in value:
        match row:
            case (int(first), int(last), bytes(sealed), (bytes() | None) as bodies) if (
                not isinstance(first, bool) and not isinstance(last, bool) and 1 <= first <= last
            ):
                found.append(StoredRun(first, last, sealed, bodies))
            case _:
                raise PayloadError(RANGE, "a run has another layout")
    return tuple(found)
