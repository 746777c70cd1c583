"""Changes of membership: signed by the owner, written into the council's log."""

from __future__ import annotations

from lex7.bark.entry import EntryKind
from lex7.base.errors import StateError
from lex7.base.ids import KeyId, NodeName
from lex7.lattice.membership import Membership, NotAMemberError, admit, encode_membership, evict
from lex7.runtime.compose import COUNCIL, Lattice


class OwnNodeError(StateError):
    """A home may not evict its own nodes."""

    code = "lattice.own_node"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name} is a node of this home and cannot be evicted here; remove the home instead"
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


def _write(lattice: Lattice, membership: Membership) -> bytes:
    payload = encode_membership(membership, lattice.keys.owner, lattice.keys.lattice)
    lattice.members[COUNCIL].append([(EntryKind.MEMBERSHIP, payload)], lattice.heads)
    return payload
