"""The readable twin of the native codec: same bytes, same refusals at the same place.

The specification of canonical CBOR in LEX-7, in the order in which a reader of the bytes must
check.
"""

from __future__ import annotations

from lex7.bark.canon import Value
from lex7.bark.faults import NotCanonicalError
from lex7.base.limits import CANON_DEPTH_MAX, PAYLOAD_BYTES_MAX

INTEGER_MAX = (1 << 63) - 1
LEAST_OF_WIDTH = {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}
SIMPLE: dict[int, bool | None] = {0xF4: False, 0xF5: True, 0xF6: None}


def decode(data: bytes, *, bytes_max: int = PAYLOAD_BYTES_MAX) -> Value:
    """Decode exactly one value.

    Raises:
        NotCanonicalError: the bytes are not the one spelling of a value.
    """
    if len(data) > bytes_max:
        raise NotCanonicalError("canon.size", 0)
    value, end = _value(data, 0, CANON_DEPTH_MAX)
    if end != len(data):
        raise NotCanonicalError("canon.trailing", end)
    return value


def _value(data: bytes, start: int, depth_left: int) -> tuple[Value, int]:
    if start >= len(data):
        raise NotCanonicalError("canon.truncated", start)
    initial = data[start]
    major = initial >> 5
    if major >= 6:
        if initial not in SIMPLE:
            raise NotCanonicalError("canon.type", start)
        return SIMPLE[initial], start + 1
    argument, at = _argument(data, start)
    if major in (0, 1):
        if argument > INTEGER_MAX:
            raise NotCanonicalError("canon.integer_range", start)
        return (argument if major == 0 else -1 - argument), at
    if argument * (2 if major == 5 else 1) > len(data) - at:
        raise NotCanonicalError("canon.truncated", start)
    if major in (2, 3):
        return _string(data[at : at + argument], start, is_text=major == 3), at + argument
    if depth_left == 0:
        raise NotCanonicalError("canon.depth", start)
    if major == 4:
        return _array(data, at, argument, depth_left - 1)
    return _map(data, at, argument, depth_left - 1)


def _argument(data: bytes, start: int) -> tuple[int, int]:
    info = data[start] & 0x1F
    if info < 24:
        return info, start + 1
    if info > 27:
        raise NotCanonicalError("canon.type", start)
    width = 1 << (info - 24)
    end = start + 1 + width
    if end > len(data):
        raise NotCanonicalError("canon.truncated", start)
    argument = int.from_bytes(data[start + 1 : end], "big")
    if argument < LEAST_OF_WIDTH[width]:
        raise NotCanonicalError("canon.long_form", start)
    return argument, end


def _string(content: bytes, start: int, *, is_text: bool) -> bytes | str:
    if not is_text:
        return content
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotCanonicalError("canon.text", start) from error


def _array(data: bytes, at: int, length: int, depth_left: int) -> tuple[Value, int]:
    items: list[Value] = []
    for _ in range(length):
        item, at = _value(data, at, depth_left)
        items.append(item)
    return tuple(items), at


def _map(data: bytes, at: int, length: int, depth_left: int) -> tuple[Value, int]:
    pairs: dict[int, Value] = {}
    previous = -1
    for _ in range(length):
        start = at
        if start >= len(data):
            raise NotCanonicalError("canon.truncated", start)
        if data[start] >> 5 != 0:
            raise NotCanonicalError("canon.key_type", start)
        key, at = _argument(data, start)
        if key > INTEGER_MAX:
            raise NotCanonicalError("canon.integer_range", start)
        if key <= previous:
            raise NotCanonicalError("canon.key_order", start)
        previous = key
        pairs[key], at = _value(data, at, depth_left)
    return pairs, at


def encode(value: object, *, bytes_max: int = PAYLOAD_BYTES_MAX) -> bytes:
    """Encode a value.

    Raises:
        NotCanonicalError: the value, or a part of it, has no canonical spelling.
    """
    out = bytearray()
    _write(out, value, CANON_DEPTH_MAX, bytes_max)
    return bytes(out)


def _write(out: bytearray, value: object, depth_left: int, bytes_max: int) -> None:
    if isinstance(value, dict | list | tuple):
        if depth_left == 0:
            raise NotCanonicalError("canon.depth", len(out))
        _write_container(out, value, depth_left - 1, bytes_max)
        return
    _write_scalar(out, value)
    _check_size(out, bytes_max)


def _write_container(
    out: bytearray,
    value: dict[object, object] | list[object] | tuple[object, ...],
    depth_left: int,
    bytes_max: int,
) -> None:
    if not isinstance(value, dict):
        _write_head(out, 4, len(value))
        _check_size(out, bytes_max)
        for item in value:
            _write(out, item, depth_left, bytes_max)
        return
    pairs: list[tuple[int, object]] = []
    for key, item in value.items():
        if isinstance(key, bool) or not isinstance(key, int) or not 0 <= key <= INTEGER_MAX:
            raise NotCanonicalError("canon.key_type", len(out))
        pairs.append((key, item))
    pairs.sort(key=lambda pair: pair[0])
    _write_head(out, 5, len(pairs))
    _check_size(out, bytes_max)
    for key, item in pairs:
        _write_head(out, 0, key)
        _write(out, item, depth_left, bytes_max)


def _write_scalar(out: bytearray, value: object) -> None:
    if value is None or isinstance(value, bool):
        out.append({False: 0xF4, True: 0xF5, None: 0xF6}[value])
    elif isinstance(value, int):
        if not -1 - INTEGER_MAX <= value <= INTEGER_MAX:
            raise NotCanonicalError("canon.integer_range", len(out))
        _write_head(out, 0 if value >= 0 else 1, value if value >= 0 else -1 - value)
    elif isinstance(value, bytes):
        _write_head(out, 2, len(value))
        out += value
    elif isinstance(value, str):
        try:
            content = value.encode("utf-8")
        except UnicodeEncodeError as error:
            raise NotCanonicalError("canon.text", len(out)) from error
        _write_head(out, 3, len(content))
        out += content
    else:
        raise NotCanonicalError("canon.type", len(out))


def _write_head(out: bytearray, major: int, argument: int) -> None:
    if argument < 24:
        out.append(major << 5 | argument)
        return
    for width, info in ((1, 24), (2, 25), (4, 26), (8, 27)):
        if argument < 1 << 8 * width:
            out.append(major << 5 | info)
            out += argument.to_bytes(width, "big")
            return


def _check_size(out: bytearray, bytes_max: int) -> None:
    if len(out) > bytes_max:
        raise NotCanonicalError("canon.size", len(out))
