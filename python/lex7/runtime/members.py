"""Changes of membership: signed by the owner, written into the council's log."""

from __future__ import annotations

from lex7.bark.entry import EntryKind
from lex7.base.errors import StateError
from lex7.base.ids import EntryHash, KeyId, NodeName
from lex7.lattice.membership import (
    Membership,
    NotAMemberError,
    Standing,
    admit,
    encode_membership,
    evict,
    revive,
)
from lex7.runtime.compose import COUNCIL, Lattice


class OwnNodeError(StateError):
    """A home may not evict its own nodes."""

    code = "lattice.own_node"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name} is a node of this home and cannot be evicted here; remove the home instead"
        )


class AwayError(StateError):
    """A node of another home is to be healed and is not there to say where its log ends."""

    code = "lattice.away"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name} does not answer, so nobody can say where its log ends; run `lex7 up` in its "
            "home and here, then try again"
        )


def membership_of(lattice: Lattice) -> Membership:
    """Return the membership in force."""
    membership = lattice.state().membership
    assert membership is not None, "every log begins with a membership"
    return membership


def admit_nodes(lattice: Lattice, newcomers: tuple[tuple[NodeName, KeyId], ...]) -> bytes:
    """Sign and write a membership with newcomers; return its payload.

    Raises:
        NameTakenError: a name or key is a member's.
        NoSecretError: the owner's key is in another home.
    """
    return _write(lattice, admit(membership_of(lattice), newcomers))


def evict_node(lattice: Lattice, name: str) -> int:
    """Sign and write a membership without a node; return the last entry of it that counts.

    Raises:
        NotAMemberError: nobody has that name.
        OwnNodeError: it is a node of this home.
        NoSecretError: the owner's key is in another home.
    """
    node = NodeName(name)
    if node in lattice.keys.nodes:
        raise OwnNodeError(name)
    membership = membership_of(lattice)
    key = membership.key_of(node)
    if key is None:
        raise NotAMemberError(name, tuple(known for known, _ in membership.members))
    last = lattice.held_until(key)
    _write(lattice, evict(membership, node, last))
    return last


def heal_node(lattice: Lattice, name: str, claimed: tuple[int, int, str] | None) -> int:
    """Sign and write a membership in which a node goes on in a new life; return its number.

    Args:
        lattice: the owner's home.
        name: the node.
        claimed: incarnation, sequence and hash of the end of its log, as it says itself; None
            where it is away. A node of this home is asked nothing: its log is here.

    Raises:
        NotAMemberError: nobody has that name.
        AwayError: it is a node of another home, and away.
        NoSecretError: the owner's key is in another home.
    """
    node, membership = NodeName(name), membership_of(lattice)
    key = membership.key_of(node)
    if key is None:
        raise NotAMemberError(name, tuple(known for known, _ in membership.members))
    own = next((one for one in lattice.members.values() if one.name == node), None)
    if own is not None:
        head = own.log.head
        claimed = (head.incarnation, head.sequence, head.hash.hex())
    if claimed is None:
        raise AwayError(name)
    standing = membership.standing(key) or Standing()
    life = max(standing.incarnation, claimed[0]) + 1
    after = (claimed[1], EntryHash(bytes.fromhex(claimed[2])))
    healed = revive(membership, node, life, after)
    payload = encode_membership(healed, lattice.keys.owner, lattice.keys.lattice)
    if own is not None:
        own.log.begin(life)
    for member in lattice.members.values():
        # In every log, because others may not be able to read on in one of them.
        member.append([(EntryKind.MEMBERSHIP, payload)], lattice.heads)
    return life


def _write(lattice: Lattice, membership: Membership) -> bytes:
    payload = encode_membership(membership, lattice.keys.owner, lattice.keys.lattice)
    lattice.members[COUNCIL].append([(EntryKind.MEMBERSHIP, payload)], lattice.heads)
    return payload
