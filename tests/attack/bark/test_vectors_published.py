"""Ed25519, COSE and CBOR against the vectors their authors publish."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import cbor2
import pytest
from published import (
    cases,
    check_chacha20_poly1305,
    check_cose,
    check_ed25519,
    check_hkdf,
    check_srp,
    check_x25519,
)

from lex7.bark import canon, canon_reference, core_native
from lex7.bark.faults import NotCanonicalError, SignatureError, WeakKeyError
from lex7.bark.signature import draw_key, sign, verify, verify_key
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import KeyId, LatticeId

CORPUS = os.environ.get("LEX7_CORPUS")
LATTICE = LatticeId(b"lattice of tests")
KEPT = Path(__file__).resolve().parents[3] / "vectors" / "wycheproof.json"
WYCHEPROOF: dict[str, list[dict[str, Any]]] = json.loads(KEPT.read_text())
needs_corpus = pytest.mark.skipif(CORPUS is None, reason="LEX7_CORPUS is not set")


def vectors(name: str) -> Any:
    return json.loads((Path(CORPUS or "") / "vectors" / name).read_text())


def files(pattern: str) -> list[Path]:
    """Every file of a kind that is there, under whatever name its number gives it."""
    found = sorted((Path(CORPUS or "") / "vectors").glob(pattern))
    assert found, pattern
    return found


@needs_corpus
def test_ed25519_agrees_with_wycheproof() -> None:
    for path in files("*ed25519*test.json"):
        for case in cases(json.loads(path.read_text()), "publicKey"):
            check_ed25519(case, case["publicKey"]["pk"])


@needs_corpus
def test_x25519_agrees_with_wycheproof() -> None:
    for path in files("*x25519*test.json"):
        for case in cases(json.loads(path.read_text())):
            check_x25519(case)


@needs_corpus
def test_chacha20_poly1305_agrees_with_wycheproof() -> None:
    for path in files("*_chacha20_poly1305*test.json"):
        for case in cases(json.loads(path.read_text())):
            check_chacha20_poly1305(case)


@needs_corpus
@pytest.mark.parametrize("digest", ["sha256", "sha512"])
def test_hkdf_agrees_with_wycheproof(digest: str) -> None:
    for path in files(f"*hkdf_{digest}*test.json"):
        for case in cases(json.loads(path.read_text())):
            check_hkdf(case, digest)


@pytest.mark.parametrize("case", WYCHEPROOF["ed25519"], ids=lambda case: str(case["case"]))
def test_kept_signatures_stand_where_they_are_valid(case: Any) -> None:
    check_ed25519(case, case["pk"])


@pytest.mark.parametrize("case", WYCHEPROOF["x25519"], ids=lambda case: str(case["case"]))
def test_kept_secrets_are_agreed(case: Any) -> None:
    check_x25519(case)


@pytest.mark.parametrize(
    "case", WYCHEPROOF["chacha20_poly1305"], ids=lambda case: str(case["case"])
)
def test_kept_texts_open_where_they_are_valid(case: Any) -> None:
    check_chacha20_poly1305(case)


@needs_corpus
def test_cose_signatures_cover_the_bytes_of_the_standard() -> None:
    for path in files("cose_*.json"):
        check_cose(json.loads(path.read_text()))


@needs_corpus
def test_a_published_ed25519_message_is_signed_alike() -> None:
    checked = 0
    for path in files("cose_*.json"):
        case = json.loads(path.read_text())
        key = (case["input"].get("sign0") or {}).get("key", {})
        if key.get("crv") != "Ed25519" or case.get("fail"):
            continue
        covered = bytes.fromhex(case["intermediates"]["ToBeSign_hex"])
        seed = bytes.fromhex(key["d_hex"])
        assert core_native.key_public(seed).hex() == key["x_hex"]
        assert case["output"]["cbor"].lower().endswith(core_native.key_sign(seed, covered).hex())
        checked += 1
    assert checked


@needs_corpus
def test_srp_agrees_with_rfc_5054_and_its_kind() -> None:
    for path in files("srp_*.json"):
        for case in json.loads(path.read_text())["testVectors"]:
            check_srp(case)


@needs_corpus
def test_cbor_appendix_a_is_accepted_exactly_where_the_subset_allows() -> None:
    for case in vectors("cbor_appendix_a.json"):
        data = base64.b64decode(case["cbor"])
        if not is_in_subset(data):
            with pytest.raises(NotCanonicalError):
                canon.decode(data)
            continue
        value = canon.decode(data)
        assert canon.encode(value) == data
        assert canon_reference.decode(data) == value
        assert "decoded" not in case or listed(value) == case["decoded"]


def is_in_subset(data: bytes) -> bool:
    """Say by another library whether bytes are canonical and of the allowed types."""
    try:
        value = cbor2.loads(data, allow_indefinite=False, allow_duplicate_keys=False)
    except cbor2.CBORDecodeError:
        return False
    return is_allowed(value) and cbor2.dumps(value, canonical=True) == data


def is_allowed(value: object) -> bool:
    if isinstance(value, dict):
        keys = all(type(key) is int and 0 <= key < 1 << 63 for key in value)
        return keys and all(is_allowed(item) for item in value.values())
    if isinstance(value, list):
        return all(is_allowed(item) for item in value)
    if type(value) is int:
        return -(1 << 63) <= value < 1 << 63
    return value is None or type(value) in (bool, bytes, str)


def listed(value: object) -> object:
    """JSON has lists and text keys."""
    if isinstance(value, tuple):
        return [listed(item) for item in value]
    if isinstance(value, dict):
        return {str(key): listed(item) for key, item in value.items()}
    return value


@needs_corpus
def test_the_cases_of_the_cbor_group_decode_alike_in_both_twins() -> None:
    for path in files("cbor_rfc8949_*.cbor"):
        for case in cbor2.loads(path.read_bytes(), max_depth=5_000)["tests"]:
            data = case["encoded"]
            outcomes = []
            for codec in (canon, canon_reference):
                try:
                    value = codec.decode(data)
                    assert codec.encode(value) == data
                    outcomes.append(repr(value))
                except NotCanonicalError as error:
                    outcomes.append(str(error))
            assert outcomes[0] == outcomes[1]
            is_refused = outcomes[0].startswith("expected canonical")
            assert is_refused == (not is_in_subset(data)), data.hex()


SMALL_ORDER = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
]
"""The eight points of small order, as listed by libsodium and by Chalkias et al. (2020)."""


@pytest.mark.parametrize("public", SMALL_ORDER)
def test_a_key_of_small_order_signs_nothing_and_is_not_enrolled(public: str) -> None:
    key = bytes.fromhex(public)
    forged = bytes([1]) + bytes(63)
    assert not core_native.key_is_signed(key, b"anything", forged)
    with pytest.raises(WeakKeyError):
        verify_key(key)


@pytest.mark.parametrize("low", range(0xED, 0x100))
def test_a_second_spelling_of_a_key_is_not_enrolled(low: int) -> None:
    spelled = bytes([low]) + b"\xff" * 30 + b"\x7f"
    with pytest.raises(WeakKeyError):
        verify_key(spelled)


def test_a_malleable_signature_does_not_stand() -> None:
    order = (1 << 252) + 27742317777372353535851937790883648493
    key = draw_key(SeededEntropy(1))
    signature = core_native.key_sign(key.seed, b"message")
    scalar = int.from_bytes(signature[32:], "little") + order
    second = signature[:32] + scalar.to_bytes(32, "little")
    assert core_native.key_is_signed(key.public, b"message", signature)
    assert not core_native.key_is_signed(key.public, b"message", second)


@pytest.mark.parametrize(
    ("purpose", "lattice", "signer"),
    [
        ("lex7.membership", LATTICE, draw_key(SeededEntropy(1)).public),
        ("lex7.directives", LatticeId(b"another lattice!"), draw_key(SeededEntropy(1)).public),
        ("lex7.directives", LATTICE, draw_key(SeededEntropy(2)).public),
    ],
)
def test_a_document_stands_for_one_purpose_lattice_and_signer(
    purpose: str, lattice: LatticeId, signer: KeyId
) -> None:
    key = draw_key(SeededEntropy(1))
    message = sign(key, purpose="lex7.directives", lattice=LATTICE, payload=b"rules")
    right = verify(message, purpose="lex7.directives", lattice=LATTICE, signer=key.public)
    assert right == b"rules"
    with pytest.raises(SignatureError):
        verify(message, purpose=purpose, lattice=lattice, signer=signer)


def test_every_changed_byte_of_a_document_is_refused() -> None:
    key = draw_key(SeededEntropy(1))
    message = sign(key, purpose="lex7.directives", lattice=LATTICE, payload=b"rules")
    for place in range(len(message)):
        changed = message[:place] + bytes([message[place] ^ 1]) + message[place + 1 :]
        with pytest.raises(SignatureError):
            verify(changed, purpose="lex7.directives", lattice=LATTICE, signer=key.public)
