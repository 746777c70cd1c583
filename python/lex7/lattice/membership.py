"""The genesis of a lattice: who its members are, under which currency and time-zone rules.

A MEMBERSHIP payload is a message signed by the owner. Every node's log starts with the same one,
so that a log says by itself who may write it and which civil calendar it was folded with.
"""

from __future__ import annotations

from dataclasses import dataclass

from lex7.bark import canon
from lex7.bark.fields import read_fields
from lex7.bark.signature import PURPOSE_MEMBERSHIP, SigningKey, sign, verify
from lex7.base.civil import Zone
from lex7.base.ids import KeyId, LatticeId, NodeName


@dataclass(frozen=True, slots=True)
class Membership:
    """The members of a lattice and what they agreed on when it was made."""

    members: tuple[tuple[NodeName, KeyId], ...]
    currency: str
    zone: Zone


def encode_membership(membership: Membership, owner: SigningKey, lattice: LatticeId) -> bytes:
    """Spell a membership, signed by the owner."""
    body = canon.encode(
        {
            1: [[name, key] for name, key in membership.members],
            2: membership.currency,
            3: membership.zone.name,
            4: membership.zone.digest,
        }
    )
    return sign(owner, purpose=PURPOSE_MEMBERSHIP, lattice=lattice, payload=body)


def decode_membership(payload: bytes, owner: KeyId, lattice: LatticeId) -> Membership:
    """Read a membership after checking the owner's signature.

    Raises:
        BarkError: another layout, or the signature is not the owner's.
    """
    body = verify(payload, purpose=PURPOSE_MEMBERSHIP, lattice=lattice, signer=owner)
    fields = read_fields(body, "membership", 4)
    members = tuple((NodeName(row.text(1)), KeyId(row.data(2))) for row in fields.rows(1, 2))
    return Membership(members, fields.text(2), Zone(fields.text(3), fields.data(4)))
