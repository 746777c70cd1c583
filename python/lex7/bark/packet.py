"""One thing on the wire: a question, an answer or a refusal, signed by the node that sends it.

A packet is canonical CBOR `{1: sender, 2: message}`; the message is signed under the purpose
`lex7.packet` and carries `{1: version, 2: kind, 3: exchange, 4: body}`. An answer carries the
exchange of its question, so an old answer cannot stand in for a new one. These bytes never
change; a new layout gets a new version.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.signature import SigningKey, sign, verify
from lex7.base.errors import BarkError
from lex7.base.ids import KeyId, LatticeId

PURPOSE = "lex7.packet"
VERSION = 1
EXCHANGE_BYTES = 16


class PacketKind(IntEnum):
    """The eight kinds of packet."""

    DIRECTIVE = 1
    PROPOSAL = 2
    RESPONSE = 3
    STATE_SYNC = 4
    HEARTBEAT = 5
    DISCOVERY = 6
    ROUTING_UPDATE = 7
    ERROR = 8


class PacketError(BarkError):
    """Bytes from the wire are not a packet, or not from who they say."""

    code = "bark.packet"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"expected a signed packet of a member, got one where {reason}")


class PacketVersionError(PacketError):
    """A member runs a later release, whose packets this one cannot read."""

    code = "bark.version"

    def __init__(self, sender: KeyId, version: int) -> None:
        self.sender = sender
        self.version = version
        super().__init__(
            f"the layout is that of version {version} and this program reads version {VERSION}; "
            "bring both devices to the same release of lex7"
        )


@dataclass(frozen=True, slots=True)
class VerifiedPacket:
    """A packet whose signature is its sender's."""

    sender: KeyId
    kind: PacketKind
    exchange: bytes
    body: bytes


def seal_packet(
    key: SigningKey, lattice: LatticeId, kind: PacketKind, exchange: bytes, body: bytes
) -> bytes:
    """Spell and sign a packet."""
    inner = canon.encode({1: VERSION, 2: int(kind), 3: exchange, 4: body})
    message = sign(key, purpose=PURPOSE, lattice=lattice, payload=inner)
    return canon.encode({1: key.public, 2: message})


def open_packet(data: bytes, lattice: LatticeId) -> VerifiedPacket:
    """Read a packet and check its signature; whether the sender is a member is not decided here.

    Raises:
        PacketVersionError: signed by its sender, in the layout of a later version.
        PacketError: another layout.
        BarkError: not canonical, or the signature does not stand.
    """
    outer = canon.decode(data)
    if not isinstance(outer, dict) or list(outer) != [1, 2]:
        raise PacketError("the outer layout is unknown")
    sender, message = outer[1], outer[2]
    if not isinstance(sender, bytes) or not isinstance(message, bytes):
        raise PacketError("sender or message is not a byte string")
    payload = verify(message, purpose=PURPOSE, lattice=lattice, signer=KeyId(sender))
    inner = canon.decode(payload)
    if isinstance(inner, dict) and (later := _later_version(inner.get(1))):
        raise PacketVersionError(KeyId(sender), later)
    if not isinstance(inner, dict) or list(inner) != [1, 2, 3, 4] or not _is(inner[1], {VERSION}):
        raise PacketError(f"the layout is not that of version {VERSION}")
    kind, exchange, body = inner[2], inner[3], inner[4]
    if not isinstance(kind, int) or not _is(kind, set(PacketKind)):
        raise PacketError("the kind is unknown")
    if not isinstance(exchange, bytes) or len(exchange) != EXCHANGE_BYTES:
        raise PacketError(f"the exchange is not {EXCHANGE_BYTES} bytes")
    if not isinstance(body, bytes):
        raise PacketError("the body is not a byte string")
    return VerifiedPacket(KeyId(sender), PacketKind(kind), exchange, body)


def _later_version(value: Value) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if value > VERSION else None


def _is(value: Value, allowed: set[int] | set[PacketKind]) -> bool:
    """Answer whether a value is one of some numbers; true is no number, though it equals 1."""
    return isinstance(value, int) and not isinstance(value, bool) and value in allowed
