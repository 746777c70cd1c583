"""Whom a member tells its heartbeat, and what members tell each other about third ones.

Up to nine members all hear each other. In a larger lattice a heartbeat goes to as many members as
the number of members has bits: those 1, 2, 4, ... places further among those who are there, and one
more that changes each time. After that many periods everybody has heard of everybody, and nobody
ever receives more than the logarithm. What a member hears it passes on as a routing update

    {1: [[member, age in ms, lattice hash, mark], ...]}

ascending by member. An update is a hint about who is there; it decides nothing that is logged, and
a member that was lost here is not brought back by what others say of the time before. These bytes
never change.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lex7.bark import canon
from lex7.bark.fields import PayloadError, read_fields
from lex7.base.ids import KeyId
from lex7.base.limits import LOUD_MEMBERS_MAX, MEMBERS_MAX, ROUTING_AGE_MS_MAX
from lex7.lattice.discovery import MARK_BYTES

ROUTING = "routing update"
KEY_BYTES = HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Heard:
    """What a member says of another one.

    Attributes:
        age_ms: how long ago it, or whoever told it, heard that member.
        lattice_hash: what that member showed.
        mark: of that member's description.
    """

    age_ms: int
    lattice_hash: bytes
    mark: bytes


def hearers(own: KeyId, there: Iterable[KeyId], turn: int) -> tuple[KeyId, ...] | None:
    """Return who is told a heartbeat; None means everybody.

    Args:
        own: who tells.
        there: the members that are there; `own` may be among them.
        turn: counts the own heartbeats.
    """
    ring = sorted({own, *there})
    count = len(ring)
    if count <= LOUD_MEMBERS_MAX:
        return None
    place = ring.index(own)
    steps = {1 << power for power in range((count - 1).bit_length() - 1)}
    steps.add(1 + turn % (count - 1))
    return tuple(ring[(place + step) % count] for step in sorted(steps))


def encode_routing(rows: Mapping[KeyId, Heard]) -> bytes:
    """Spell a routing update."""
    spelled = [(key, one.age_ms, one.lattice_hash, one.mark) for key, one in sorted(rows.items())]
    return canon.encode({1: spelled})


def decode_routing(body: bytes) -> dict[KeyId, Heard]:
    """Read a routing update.

    Raises:
        BarkError: another layout, or more than a lattice has members.
    """
    rows = read_fields(body, ROUTING, 1).rows(1, 4)
    if len(rows) > MEMBERS_MAX:
        raise PayloadError(ROUTING, "it lists more than a lattice has")
    found: dict[KeyId, Heard] = {}
    last = b""
    for row in rows:
        key, age, shown, mark = row.data(1), row.integer(2), row.data(3), row.data(4)
        sizes = (len(key), len(shown), len(mark))
        if sizes != (KEY_BYTES, HASH_BYTES, MARK_BYTES) or not last < key:
            raise PayloadError(ROUTING, "a row is none, or not in order")
        if not 0 <= age <= ROUTING_AGE_MS_MAX:
            raise PayloadError(ROUTING, "an age is out of range")
        found[KeyId(key)] = Heard(age, shown, mark)
        last = key
    return found
