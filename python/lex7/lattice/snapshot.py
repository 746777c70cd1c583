"""A signed snapshot of the shared state: what a late joiner or a start takes instead of all logs.

    snapshot = {1: signer, 2: message, 3: body}
    body     = {1: [head, ...], 2: lattice hash, 3: [[writer, incarnation, sequence], ...],
                4: [[header, salt, payload], ...]}

The message is signed under `lex7.snapshot` over SHA-256(body). Field 3 says which entries other
members had acknowledged, field 4 holds every control entry up to the heads in canonical order.
Nothing in it is believed because it is signed alone: each payload must be the one its header
commits to, each entry must lie before its writer's head, the entries must fold to the lattice hash,
and the signer must be a member by the owner's signature that stands among them. What the signer is
trusted for is that the heads are the ends of those logs; the next run of each writer is linked to
its head and signed by that writer. These bytes never change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.bark.fields import Fields
from lex7.bark.seal import Head
from lex7.bark.signature import SigningKey, sign, verify
from lex7.base.errors import BarkError
from lex7.base.ids import EntryHash, KeyId, LatticeId
from lex7.base.limits import MEMBERS_MAX, SNAPSHOT_BYTES_MAX
from lex7.lattice.fold import Authority, LatticeState, digest, fold_lattice
from lex7.lattice.order import CONTROL
from lex7.lattice.sync import read_head

SNAPSHOT = "snapshot"
PURPOSE = "lex7.snapshot"
FIELDS = 4
LIVES_MAX = 16 * MEMBERS_MAX

Item = tuple[bytes, bytes, bytes]
"""Header, salt and payload of one control entry."""


class SnapshotError(BarkError):
    """A snapshot does not hold what it must."""

    code = "lattice.snapshot"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"expected a snapshot that stands, got one where {reason}; it is not used")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A snapshot that was checked.

    Attributes:
        signer: who made it.
        heads: the ends of all logs it covers.
        acknowledged: the last sequence of each life that another member had named in a seal.
        items: every control entry, as spelled.
        entries: the same, in order.
        state: what they fold to.
    """

    signer: KeyId
    heads: Mapping[KeyId, Head]
    acknowledged: Mapping[tuple[KeyId, int], int]
    items: tuple[Item, ...]
    entries: tuple[VerifiedEntry, ...]
    state: LatticeState


def encode_snapshot(
    key: SigningKey,
    lattice: LatticeId,
    heads: Mapping[KeyId, Head],
    acknowledged: Mapping[tuple[KeyId, int], int],
    told: tuple[bytes, Iterable[Item]],
) -> bytes:
    """Spell and sign a snapshot.

    Args:
        key: of the member that makes it.
        lattice: which lattice.
        heads: the ends of the logs it covers.
        acknowledged: by writer and incarnation.
        told: the lattice hash, and every control entry up to the heads.

    Raises:
        BarkError: it is larger than a snapshot may be.
    """
    lattice_hash, items = told
    body = canon.encode(
        {
            1: [heads[writer].row() for writer in sorted(heads)],
            2: lattice_hash,
            3: [(*life, last) for life, last in sorted(acknowledged.items())],
            4: [list(item) for item in items],
        },
        bytes_max=SNAPSHOT_BYTES_MAX,
    )
    message = sign(key, purpose=PURPOSE, lattice=lattice, payload=hashlib.sha256(body).digest())
    return canon.encode({1: key.public, 2: message, 3: body}, bytes_max=SNAPSHOT_BYTES_MAX)


def decode_snapshot(data: bytes, authority: Authority) -> Snapshot:
    """Read a snapshot and check everything that can be checked without the logs.

    Raises:
        SnapshotError: something in it does not hold.
        BarkError: not canonical, or a signature does not stand.
    """
    outer = canon.decode(data, bytes_max=SNAPSHOT_BYTES_MAX)
    match outer:
        case {1: bytes(sender), 2: bytes(message), 3: bytes(body), **rest} if not rest:
            signer = KeyId(sender)
        case _:
            raise SnapshotError("the outer layout is unknown")
    named = verify(message, purpose=PURPOSE, lattice=authority.lattice, signer=signer)
    if named != hashlib.sha256(body).digest():
        raise SnapshotError("the signature is over something else")
    value = canon.decode(body, bytes_max=SNAPSHOT_BYTES_MAX)
    if not isinstance(value, dict) or list(value) != list(range(1, FIELDS + 1)):
        raise SnapshotError("the layout is unknown")
    fields = Fields(SNAPSHOT, tuple(value.values()))
    heads = {head.writer: head for head in map(read_head, fields.rows(1, 5))}
    items = tuple((row.data(1), row.data(2), row.data(3)) for row in fields.rows(4, 3))
    lives = fields.rows(3, 3)
    if len(heads) > MEMBERS_MAX or len(lives) > LIVES_MAX:
        raise SnapshotError("it lists more than a lattice has")
    acknowledged = {(KeyId(row.data(1)), row.integer(2)): row.integer(3) for row in lives}
    entries = tuple(map(_entry, items))
    _verify_places(entries, heads)
    state = fold_lattice(entries, authority)
    if digest(state) != fields.data(2):
        raise SnapshotError("its entries do not fold to the hash it names")
    if state.membership is None or signer not in state.membership.keys:
        raise SnapshotError("the signer is no member by the owner's signature")
    return Snapshot(signer, heads, acknowledged, items, entries, state)


def verify_newer(snapshot: Snapshot, told: Mapping[KeyId, Head], known: LatticeState) -> None:
    """Refuse a snapshot that is older than what its signer or the owner has said already.

    Args:
        snapshot: checked by itself.
        told: the heads of the signer's last heartbeat.
        known: the state as far as it is known here.

    Raises:
        SnapshotError: it is older.
    """
    for writer, head in told.items():
        held = snapshot.heads.get(writer)
        if head.sequence and (held is None or held.sequence < head.sequence):
            raise SnapshotError("it is older than the signer's own heartbeat")
    newest = snapshot.state.membership
    if known.membership is not None and newest is not None:
        if newest.version < known.membership.version:
            raise SnapshotError("its membership is older than the one known here")
        if snapshot.signer not in known.membership.keys:
            raise SnapshotError("the signer is no member as known here")


def _entry(item: Item) -> VerifiedEntry:
    header, salt, payload = item
    match canon.decode(header):
        case {
            1: bytes(writer),
            2: int(incarnation),
            3: int(sequence),
            4: int(lamport),
            5: int(kind),
            6: bytes(),
            7: bytes(commitment),
            **rest,
        } if not rest and kind in CONTROL:
            if hashlib.sha256(salt + payload).digest() != commitment:
                raise SnapshotError("a payload is not the one its header commits to")
            place = (KeyId(writer), incarnation, sequence, lamport)
            digest_ = EntryHash(hashlib.sha256(header).digest())
            return VerifiedEntry(*place, EntryKind(kind), digest_, payload)
    raise SnapshotError("an entry is none, or no control entry")


def _verify_places(entries: tuple[VerifiedEntry, ...], heads: Mapping[KeyId, Head]) -> None:
    last: dict[KeyId, VerifiedEntry] = {}
    for entry in entries:
        head, before = heads.get(entry.writer), last.get(entry.writer)
        if head is None or entry.sequence > head.sequence or entry.lamport > head.lamport:
            raise SnapshotError("an entry lies beyond its log's end")
        if entry.sequence == head.sequence and entry.hash != head.hash:
            raise SnapshotError("the end of a log is another entry")
        if before is not None and (
            entry.sequence <= before.sequence
            or entry.lamport <= before.lamport
            or entry.incarnation < before.incarnation
        ):
            raise SnapshotError("entries of a log are not in order")
        last[entry.writer] = entry


def spelled_items(sealed: bytes, bodies: bytes | None) -> tuple[Item, ...]:
    """Return the control entries of a stored run that was verified, with their payloads."""
    headers: Value = ()
    rows: Value = ()
    match canon.decode(sealed):
        case (1, tuple(found), *_):
            headers = found
    match None if bodies is None else canon.decode(bodies, bytes_max=SNAPSHOT_BYTES_MAX):
        case (1, tuple(found)):
            rows = found
    found_items: list[Item] = []
    for header, row in zip(headers, rows, strict=False):  # type: ignore[arg-type]
        match header, row:
            case {5: int(kind)}, (bytes(salt), bytes(payload)) if kind in CONTROL:
                found_items.append((canon.encode(header), salt, payload))
    return tuple(found_items)
