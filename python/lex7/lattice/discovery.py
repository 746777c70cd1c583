"""What a member is: its capabilities and versions, told when it connects and whenever it is asked.

    {1: mark, 2: [capability, ...], 3: program version, 4: protocol version}

The mark is 8 bytes drawn at each connecting. Heartbeats and routing updates carry it, so whoever
sees a mark that it does not know asks for the description. These bytes never change.
"""

from __future__ import annotations

from dataclasses import dataclass

from lex7.bark import canon
from lex7.bark.fields import Fields, PayloadError, read_fields
from lex7.base.limits import CAPABILITIES_MAX

DISCOVERY = "discovery"
DESCRIBE = "describe"
MARK_BYTES = 8


@dataclass(frozen=True, slots=True)
class Description:
    """What a member says it is.

    Attributes:
        mark: tells this description from the one before.
        capabilities: what it can be asked for.
        version: of the program.
        protocol: of its packets.
    """

    mark: bytes
    capabilities: tuple[str, ...]
    version: str
    protocol: int


def encode_description(told: Description) -> bytes:
    """Spell a description."""
    return canon.encode({1: told.mark, 2: told.capabilities, 3: told.version, 4: told.protocol})


def decode_description(body: bytes) -> Description:
    """Read a description.

    Raises:
        BarkError: another layout, or more capabilities than a node has.
    """
    fields = read_fields(body, DISCOVERY, 4)
    named = Fields(DISCOVERY, fields.items(2))
    if len(named.values) > CAPABILITIES_MAX or len(fields.data(1)) != MARK_BYTES:
        raise PayloadError(DISCOVERY, "it lists more than a node can, or its mark is none")
    able = tuple(named.text(index + 1) for index in range(len(named.values)))
    return Description(fields.data(1), able, fields.text(3), fields.integer(4))
