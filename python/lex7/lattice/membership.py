"""Who the members of a lattice are, and from where to where each one's entries count.

A MEMBERSHIP payload is a message signed by the owner. Every node's log starts with one, so that
a log says by itself who may write it and which civil calendar it was folded with. Of all
memberships the highest version is in force; a version is whole, so nothing is added up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.fields import Fields, PayloadError, read_fields
from lex7.bark.signature import PURPOSE_MEMBERSHIP, SigningKey, sign, verify
from lex7.base.civil import Zone
from lex7.base.errors import BarkError
from lex7.base.ids import EntryHash, KeyId, LatticeId, NodeName

FIRST_VERSION = 1
FIELDS_FIRST, FIELDS = 4, 6
NO_END = -1


@dataclass(frozen=True, slots=True)
class Standing:
    """Which entries of one writer count.

    Attributes:
        incarnation: the life the owner knows of; earlier ones end at `after`.
        after: the sequence after which that incarnation goes on, 0 where it is the first.
        after_hash: the hash of the entry there, empty where it is the first.
        last: the last sequence that counts of an evicted writer; None for members.
    """

    incarnation: int = 0
    after: int = 0
    after_hash: bytes = b""
    last: int | None = None

    def counts(self, incarnation: int, sequence: int) -> bool:
        """Answer whether an entry counts."""
        if self.last is not None and sequence > self.last:
            return False
        return incarnation >= self.incarnation or sequence <= self.after


@dataclass(frozen=True, slots=True)
class Membership:
    """The members of a lattice and what they agreed on when it was made.

    Attributes:
        members: name and key of every member.
        currency: ISO 4217.
        zone: the owner's civil time.
        version: counts from 1; the highest is in force.
        standings: of writers that were evicted or began another life.
        keys: of the members, for looking up.
    """

    members: tuple[tuple[NodeName, KeyId], ...]
    currency: str
    zone: Zone
    version: int = FIRST_VERSION
    standings: Mapping[KeyId, Standing] = field(default_factory=dict)
    keys: frozenset[KeyId] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "keys", frozenset(key for _, key in self.members))

    @property
    def names(self) -> dict[KeyId, NodeName]:
        """The name of each member's key."""
        return {key: name for name, key in self.members}

    def key_of(self, name: NodeName) -> KeyId | None:
        """The key of a member."""
        return next((key for known, key in self.members if known == name), None)

    def standing(self, writer: KeyId) -> Standing | None:
        """Which entries of a writer count; None for a stranger."""
        if (known := self.standings.get(writer)) is not None:
            return known
        return Standing() if writer in self.keys else None


class NotAMemberError(BarkError):
    """No member has this name."""

    code = "lattice.member"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        self.known = known
        super().__init__(
            f"expected the name of a member, got {name!r}; members: {', '.join(known)}"
        )


class NameTakenError(BarkError):
    """A newcomer has the name of a member."""

    code = "lattice.name_taken"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"a member is called {name!r} already; give the new home another --device name, or "
            f"`lex7 evict {name}` first"
        )


def admit(membership: Membership, newcomers: tuple[tuple[NodeName, KeyId], ...]) -> Membership:
    """Give the next version, with newcomers.

    Raises:
        NameTakenError: a name or key is a member's.
    """
    for name, key in newcomers:
        if any(name == known or key == other for known, other in membership.members):
            raise NameTakenError(name)
    members = (*membership.members, *newcomers)
    return replace(membership, members=members, version=membership.version + 1)


def evict(membership: Membership, name: NodeName, last: int) -> Membership:
    """Give the next version, in which a writer's entries after `last` do not count.

    Raises:
        NotAMemberError: nobody has that name.
    """
    key = _known(membership, name)
    ended = replace(membership.standing(key) or Standing(), last=last)
    rest = tuple(row for row in membership.members if row[1] != key)
    standings = {**membership.standings, key: ended}
    return replace(membership, members=rest, standings=standings, version=membership.version + 1)


def revive(
    membership: Membership, name: NodeName, incarnation: int, after: tuple[int, EntryHash]
) -> Membership:
    """Give the next version, in which a writer goes on under a new incarnation after an entry.

    Raises:
        NotAMemberError: nobody has that name.
    """
    key = _known(membership, name)
    standings = {**membership.standings, key: Standing(incarnation, after[0], after[1])}
    return replace(membership, standings=standings, version=membership.version + 1)


def encode_membership(membership: Membership, owner: SigningKey, lattice: LatticeId) -> bytes:
    """Spell a membership, signed by the owner."""
    fields: dict[int, object] = {
        1: [[name, key] for name, key in membership.members],
        2: membership.currency,
        3: membership.zone.name,
        4: membership.zone.digest,
    }
    if membership.version > FIRST_VERSION:
        fields[5] = membership.version
        fields[6] = [_spell(key, one) for key, one in sorted(membership.standings.items())]
    return sign(owner, purpose=PURPOSE_MEMBERSHIP, lattice=lattice, payload=canon.encode(fields))


def decode_membership(payload: bytes, owner: KeyId, lattice: LatticeId) -> Membership:
    """Read a membership after checking the owner's signature.

    Raises:
        BarkError: another layout, or the signature is not the owner's.
    """
    body = verify(payload, purpose=PURPOSE_MEMBERSHIP, lattice=lattice, signer=owner)
    value = canon.decode(body)
    is_first = isinstance(value, dict) and len(value) == FIELDS_FIRST
    fields = read_fields(body, "membership", FIELDS_FIRST if is_first else FIELDS)
    members = tuple((NodeName(row.text(1)), KeyId(row.data(2))) for row in fields.rows(1, 2))
    zone = Zone(fields.text(3), fields.data(4))
    if is_first:
        return Membership(members, fields.text(2), zone)
    version = fields.integer(5)
    if version <= FIRST_VERSION:
        raise PayloadError("membership", "the version is not above 1")
    standings = dict(_read(row) for row in fields.rows(6, 5))
    return Membership(members, fields.text(2), zone, version, standings)


def _known(membership: Membership, name: NodeName) -> KeyId:
    key = membership.key_of(name)
    if key is None:
        raise NotAMemberError(name, tuple(known for known, _ in membership.members))
    return key


def _spell(key: KeyId, standing: Standing) -> tuple[Value, ...]:
    last = NO_END if standing.last is None else standing.last
    return (key, standing.incarnation, standing.after, standing.after_hash, last)


def _read(row: Fields) -> tuple[KeyId, Standing]:
    last = row.integer(5)
    ended = None if last == NO_END else last
    return KeyId(row.data(1)), Standing(row.integer(2), row.integer(3), row.data(4), ended)
