"""Writes vectors/canon.json, log.json and packets.json with stock libraries only.

Nothing of LEX-7 is imported: the vectors follow docs/spec/bark.md by way of cbor2, hashlib and
cryptography, so they are a second derivation of what the code must do.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import cbor2
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

FOLDER = Path(__file__).resolve().parent.parent / "vectors"
GOOD: list[object] = [
    0, 23, 24, 255, 256, 65535, 65536, 4294967295, 4294967296, (1 << 63) - 1,
    -1, -24, -25, -256, -257, -65537, -4294967297, -(1 << 63),
    b"", b"\x00\xff", bytes(24), "", "a", "ü", "水", "𐅑", "e\u0301",
    [], [1, [2, 3]], [[]] * 25, {}, {1: "a", 2: b"b"}, {0: None, 23: True, 24: False, 256: []},
    [[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]],
]  # fmt: skip
BAD = [
    ("", "canon.truncated", 0),
    ("18", "canon.truncated", 0),
    ("1b00000000000000", "canon.truncated", 0),
    ("42ff", "canon.truncated", 0),
    ("8201", "canon.truncated", 0),
    ("a101", "canon.truncated", 0),
    ("9b7fffffffffffffff", "canon.truncated", 0),
    ("0000", "canon.trailing", 1),
    ("1817", "canon.long_form", 0),
    ("1900ff", "canon.long_form", 0),
    ("1a0000ffff", "canon.long_form", 0),
    ("1b00000000ffffffff", "canon.long_form", 0),
    ("3817", "canon.long_form", 0),
    ("5801ff", "canon.long_form", 0),
    ("8200180a", "canon.long_form", 2),
    ("f93c00", "canon.type", 0),
    ("fb3ff0000000000000", "canon.type", 0),
    ("f97e00", "canon.type", 0),
    ("f7", "canon.type", 0),
    ("f0", "canon.type", 0),
    ("f820", "canon.type", 0),
    ("c000", "canon.type", 0),
    ("c249010000000000000000", "canon.type", 0),
    ("d9d9f700", "canon.type", 0),
    ("9fff", "canon.type", 0),
    ("5f4100ff", "canon.type", 0),
    ("bfff", "canon.type", 0),
    ("1c", "canon.type", 0),
    ("a1616100", "canon.key_type", 1),
    ("a12000", "canon.key_type", 1),
    ("a1f400", "canon.key_type", 1),
    ("a201000100", "canon.key_order", 3),
    ("a202000100", "canon.key_order", 3),
    ("1b8000000000000000", "canon.integer_range", 0),
    ("3b8000000000000000", "canon.integer_range", 0),
    ("61ff", "canon.text", 0),
    ("62c328", "canon.text", 0),
    ("63eda080", "canon.text", 0),
    ("81" * 17 + "00", "canon.depth", 16),
]
SEED = bytes(range(32))
LATTICE = b"lattice-of-specs"
STATE_HASH = hashlib.sha256(b"state").digest()
ITEMS = [
    (3, b"\x01" * 16, b"first payload"),
    (5, b"\x02" * 16, b""),
    (12, b"\x03" * 16, bytes(300)),
]


def dump(value: object) -> bytes:
    """Encode as any conforming library does."""
    return cbor2.dumps(value, canonical=True)


def canon_vectors() -> dict[str, object]:
    """Give the cases of the codec."""
    return {
        "format": "lex7-vectors/1",
        "good": [{"hex": dump(value).hex(), "shown": repr(value)} for value in GOOD],
        "bad": [{"hex": text, "expect": code, "offset": offset} for text, code, offset in BAD],
    }


def log_vectors() -> dict[str, object]:
    """Give one run of three entries, step by step."""
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    writer = key.public_key().public_bytes_raw()
    head = [b"\x07" * 32, 0, 9, 40, b"\x08" * 32]
    genesis = hashlib.sha256(dump(["lex7.genesis", LATTICE, writer])).digest()
    previous, headers = genesis, []
    for index, (kind, salt, payload) in enumerate(ITEMS):
        commitment = hashlib.sha256(salt + payload).digest()
        header = {1: writer, 2: 0, 3: index + 1, 4: 41 + index, 5: kind, 6: previous, 7: commitment}
        headers.append(header)
        previous = hashlib.sha256(dump(header)).digest()
    seal = dump({1: 0, 2: 1, 3: len(ITEMS), 4: previous, 5: STATE_HASH, 6: [head]})
    protected = dump({1: -8, 4: writer})
    external = dump({1: "lex7.seal", 2: 1, 3: LATTICE})
    covered = dump(["Signature1", protected, external, seal])
    message = [protected, {}, seal, key.sign(covered)]
    return {
        "format": "lex7-vectors/1",
        "seed": SEED.hex(),
        "writer": writer.hex(),
        "lattice": LATTICE.hex(),
        "genesis": genesis.hex(),
        "state_hash": STATE_HASH.hex(),
        "heads": [[part.hex() if isinstance(part, bytes) else part for part in head]],
        "items": [
            {"kind": kind, "salt": salt.hex(), "payload": payload.hex()}
            for kind, salt, payload in ITEMS
        ],
        "headers": [dump(header).hex() for header in headers],
        "hash": previous.hex(),
        "covered": covered.hex(),
        "sealed": dump([1, headers, message]).hex(),
        "bodies": dump([1, [[salt, payload] for _, salt, payload in ITEMS]]).hex(),
    }


def packet_vectors() -> dict[str, object]:
    """Give one packet of each kind, with the body that nodes send in it."""
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    sender, exchange, mark = key.public_key().public_bytes_raw(), bytes(range(16)), b"\x0a" * 8
    head = [b"\x07" * 32, 0, 9, 40, b"\x08" * 32]
    bodies: dict[str, tuple[int, object]] = {
        "directive": (1, {1: "directive", 2: [[head]]}),
        "proposal": (2, {1: "quantities", 2: [20_600]}),
        "response": (3, 9),
        "state_sync": (4, {1: "range", 2: [sender, 1, 64]}),
        "heartbeat": (5, {1: 10**18, 2: STATE_HASH, 3: [head], 4: mark}),
        "discovery": (6, {1: mark, 2: ["follow.vit", "range"], 3: "0.1.0", 4: 1}),
        "routing_update": (7, {1: [[b"\x07" * 32, 250, STATE_HASH, mark]]}),
        "error": (8, {1: "transport.method", 2: "expected a question that is known"}),
    }
    rows = []
    for name, (kind, value) in bodies.items():
        body = dump(value)
        inner = dump({1: 1, 2: kind, 3: exchange, 4: body})
        protected = dump({1: -8, 4: sender})
        external = dump({1: "lex7.packet", 2: 1, 3: LATTICE})
        covered = dump(["Signature1", protected, external, inner])
        message = dump([protected, {}, inner, key.sign(covered)])
        packet = dump({1: sender, 2: message}).hex()
        rows.append({"name": name, "kind": kind, "body": body.hex(), "packet": packet})
    return {
        "format": "lex7-vectors/1",
        "seed": SEED.hex(),
        "lattice": LATTICE.hex(),
        "exchange": exchange.hex(),
        "packets": rows,
    }


def write(name: str, content: dict[str, object]) -> None:
    """Write one file."""
    text = json.dumps(content, indent=1, ensure_ascii=True) + "\n"
    (FOLDER / name).write_text(text)


if __name__ == "__main__":
    write("canon.json", canon_vectors())
    write("log.json", log_vectors())
    write("packets.json", packet_vectors())
