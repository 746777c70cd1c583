"""Enrolment: a right code enrols, a wrong one tells nothing; the key exchange follows RFC 5054."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from srptools import SRPContext

from lex7.bark import canon, pairing, srp
from lex7.bark.pairing import Invitation, Joining, PairingError
from lex7.bark.signature import SigningKey, draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.errors import BarkError
from lex7.base.ids import LatticeId

VECTORS = Path(__file__).resolve().parents[3] / "vectors"
LATTICE = LatticeId(b"lattice of tests")
HASHES = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha512": hashlib.sha512}


def published() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = json.loads((VECTORS / "srp.json").read_text())["published"]
    return listed


@pytest.mark.parametrize("case", published(), ids=lambda case: f"{case['H']}-{case['size']}")
def test_the_group_arithmetic_follows_the_published_vectors(case: dict[str, Any]) -> None:
    number = {name: int(case[name], 16) for name in "NgsabkxvABuS"}
    context = SRPContext(
        case["I"], case["P"], prime=case["N"], generator=case["g"], hash_func=HASHES[case["H"]]
    )
    salt = bytes.fromhex(case["s"])
    x = context.get_common_password_hash(salt)
    v = context.get_common_password_verifier(x)
    u = context.get_common_secret(number["B"], number["A"])
    assert (x, v, u) == (number["x"], number["v"], number["u"])
    assert context.get_client_public(client_private=number["a"]) == number["A"]
    assert context.get_server_public(password_verifier=v, server_private=number["b"]) == number["B"]
    secret = context.get_client_premaster_secret(
        password_hash=x, server_public=number["B"], client_private=number["a"], common_secret=u
    )
    assert secret == number["S"]


def test_proofs_are_the_bytes_of_the_specification() -> None:
    case = json.loads((VECTORS / "srp.json").read_text())["proof"]
    salt, code = bytes.fromhex(case["salt"]), case["code"]
    a, b = int(case["a"], 16), int(case["b"], 16)
    # A second derivation, from docs/spec/bark.md and Python's integers alone.
    n, g = srp.PRIME, 5

    def digest(*parts: bytes) -> bytes:
        return hashlib.sha512(b"".join(parts)).digest()

    def pad(value: int) -> bytes:
        return value.to_bytes(384, "big")

    k = int.from_bytes(digest(pad(n), pad(g)), "big")
    x = int.from_bytes(digest(salt, digest(b"lex7:" + code.encode())), "big")
    big_a, big_b = pow(g, a, n), (k * pow(g, x, n) + pow(g, b, n)) % n
    u = int.from_bytes(digest(pad(big_a), pad(big_b)), "big")
    secret = digest(pad(pow(big_b - k * pow(g, x, n), a + u * x, n)))
    mixed = bytes(p ^ q for p, q in zip(digest(pad(n)), digest(b"\x05"), strict=True))
    first = digest(mixed, digest(b"lex7"), salt, pad(big_a), pad(big_b), secret)
    agreed = srp.join(code, salt, srp.Half(a, pad(big_a)), pad(big_b))
    assert (agreed.key, agreed.first) == (secret, first)
    assert agreed.second == digest(pad(big_a), first, secret)
    assert srp.invite(code, salt, srp.Half(b, pad(big_b)), pad(big_a)) == agreed
    assert (agreed.first.hex(), agreed.second.hex()) == (case["M1"], case["M2"])


def begin(typed: str) -> tuple[Invitation, Joining, bytes, SigningKey]:
    entropy = SeededEntropy(3)
    owner, node = draw_key(entropy), draw_key(entropy)
    frame, joining = pairing.hello(typed, entropy)
    offered, invitation = pairing.offer(Invitation("12345678", owner, LATTICE), frame, entropy)
    frame, joining = pairing.prove(joining, offered)
    return invitation, joining, frame, node


def test_a_right_code_enrols() -> None:
    invitation, joining, frame, node = begin("1234 5678")
    frame, invitation = pairing.welcome(invitation, frame)
    frame, joining = pairing.wish(joining, frame, (("vit@phone", node, b"share"),))
    found = pairing.newcomers(invitation, frame)
    assert [(one.name, one.key, one.extra) for one in found] == [
        ("vit@phone", node.public, b"share")
    ]
    assert joining.owner == invitation.owner.public
    assert pairing.enrolled(joining, pairing.enrol(invitation, (b"x", 1))) == (b"x", 1)


def test_a_wrong_code_is_refused_and_tells_nothing() -> None:
    invitation, joining, frame, node = begin("12345679")
    with pytest.raises(PairingError):
        pairing.welcome(invitation, frame)
    with pytest.raises(PairingError):
        pairing.wish(joining, pairing.REFUSAL, (("vit@phone", node, b""),))
    assert invitation.code not in repr(invitation)
    assert joining.code not in repr(joining)


def test_a_listener_without_the_code_is_found_out() -> None:
    _, joining, _, node = begin("12345678")
    forged = canon.encode({1: 4, 2: bytes(64), 3: bytes(80)})
    with pytest.raises(PairingError, match="does not know the code"):
        pairing.wish(joining, forged, (("vit@phone", node, b""),))


@pytest.mark.parametrize("multiple", [0, 1, 2])
def test_a_share_outside_the_group_is_refused(multiple: int) -> None:
    spelled = (multiple * srp.PRIME).to_bytes(384 + multiple // 2, "big")
    frame = canon.encode({1: 1, 2: spelled})
    owner = draw_key(SeededEntropy(1))
    with pytest.raises(BarkError):
        pairing.offer(Invitation("12345678", owner, LATTICE), frame, SeededEntropy(2))


@pytest.mark.parametrize("frame", [b"", b"\xa0", b"\xa2\x01\x01\x02\x03", b"\xf6", bytes(300)])
def test_nonsense_is_refused_at_every_step(frame: bytes) -> None:
    invitation, joining, right, node = begin("12345678")
    _, proven = pairing.welcome(invitation, right)
    for step in (
        lambda: pairing.offer(invitation, frame, SeededEntropy(2)),
        lambda: pairing.prove(joining, frame),
        lambda: pairing.welcome(invitation, frame),
        lambda: pairing.wish(joining, frame, (("vit@phone", node, b""),)),
        lambda: pairing.newcomers(proven, frame),
        lambda: pairing.enrolled(joining, frame),
    ):
        with pytest.raises(BarkError):
            step()


@pytest.mark.parametrize("typed", ["", "1234567", "123456789", "abcdefgh", "1234567８"])
def test_a_code_is_eight_digits(typed: str) -> None:
    with pytest.raises(PairingError):
        pairing.read_code(typed)


def test_codes_are_eight_digits_with_leading_zeros() -> None:
    entropy = SeededEntropy(1)
    codes = {pairing.draw_code(entropy) for _ in range(2_000)}
    assert len(codes) > 1_990
    assert all(len(code) == 8 and code.isdigit() for code in codes)
    assert any(code.startswith("0") for code in codes)
