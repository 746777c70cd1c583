"""Canonical CBOR: the one spelling of a value that may stand in an entry, a seal or a packet.

A value is an integer of signed 64 bits, bytes, text, a tuple, a dict with unsigned integer keys, a
bool or None. There are no floats. What `decode` accepts, `encode` turns into the same bytes again;
every second spelling is refused, so equal values have equal hashes. `canon_reference` is the
specification in Python.
"""

from __future__ import annotations

from typing import TypeAlias, cast

from lex7.bark import core_native
from lex7.base.limits import CANON_DEPTH_MAX, PAYLOAD_BYTES_MAX

Value: TypeAlias = "int | bytes | str | bool | tuple[Value, ...] | dict[int, Value] | None"


def encode(value: object, *, bytes_max: int = PAYLOAD_BYTES_MAX) -> bytes:
    """Encode a value; lists are written as tuples are.

    Raises:
        NotCanonicalError: the value, or a part of it, has no canonical spelling.
    """
    return core_native.canon_encode(value, bytes_max, CANON_DEPTH_MAX)


def decode(data: bytes, *, bytes_max: int = PAYLOAD_BYTES_MAX) -> Value:
    """Decode exactly one value.

    Raises:
        NotCanonicalError: the bytes are not the one spelling of a value.
    """
    return cast("Value", core_native.canon_decode(data, bytes_max, CANON_DEPTH_MAX))
