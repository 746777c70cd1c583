"""Readers of published vectors: what each kind of file asks of our code."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import cbor2
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from srptools import SRPContext

from lex7.bark import canon, core_native
from lex7.bark.epoch import EpochError, exchange
from lex7.bark.hkdf import KeySizeError, derive

SIGN1_TAG = 18


def cases(content: Any, *of_group: str) -> Iterator[dict[str, Any]]:
    """Give every case of a Wycheproof file, with what its group says."""
    for group in content["testGroups"]:
        for case in group["tests"]:
            yield {**{name: group[name] for name in of_group}, **case}


def check_ed25519(case: dict[str, Any], public: str) -> None:
    message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
    stands = core_native.key_is_signed(bytes.fromhex(public), message, signature)
    assert stands == (case["result"] == "valid"), case


def check_x25519(case: dict[str, Any]) -> None:
    """Compare a secret; "acceptable" ones may be refused only where the secret is zero."""
    private, public = bytes.fromhex(case["private"]), bytes.fromhex(case["public"])
    shared = bytes.fromhex(case["shared"])
    if case["result"] == "invalid" or not any(shared):
        with pytest.raises(EpochError):
            exchange(private, public)
        return
    assert exchange(private, public) == shared, case


def check_chacha20_poly1305(case: dict[str, Any]) -> None:
    names = ("key", "iv", "aad", "msg", "ct", "tag")
    key, nonce, associated, plain, text, tag = (bytes.fromhex(case[name]) for name in names)
    if len(key) != 32 or len(nonce) != 12 or len(tag) != 16:
        assert case["result"] == "invalid", case
        with pytest.raises(ValueError, match="must have"):
            core_native.aead_open(key, nonce, associated, text + tag)
        return
    opened = core_native.aead_open(key, nonce, associated, text + tag)
    assert opened == (plain if case["result"] == "valid" else None), case
    if case["result"] == "valid":
        assert core_native.aead_seal(key, nonce, associated, plain) == text + tag, case


def check_hkdf(case: dict[str, Any], digest: str) -> None:
    secret, salt, info = (bytes.fromhex(case[name]) for name in ("ikm", "salt", "info"))
    if case["result"] == "invalid":
        with pytest.raises(KeySizeError):
            derive(secret, salt, info, case["size"], digest=digest)
        return
    assert derive(secret, salt, info, case["size"], digest=digest).hex() == case["okm"], case


def check_cose(case: dict[str, Any]) -> None:
    """Rebuild the signed bytes of a COSE_Sign1 example and see whether its signature fits them."""
    data = bytes.fromhex(case["output"]["cbor"])
    # Published messages carry a tag or free headers: none of them is one of ours.
    assert core_native.message_open(data, "lex7.seal", bytes(16)) is None
    message = cbor2.loads(data)
    tag = message.tag if isinstance(message, cbor2.CBORTag) else SIGN1_TAG
    value = message.value if isinstance(message, cbor2.CBORTag) else message
    protected, unprotected, payload, signature = value
    sign = case["input"].get("sign0") or case["input"]["sign"]
    external = bytes.fromhex(sign.get("external", ""))
    # RFC 9052 §4.4: an empty map of protected headers is signed as an empty string.
    covered = canon.encode(
        ("Signature1", b"" if protected == b"\xa0" else protected, external, payload)
    )
    is_named = case["intermediates"]["ToBeSign_hex"].lower() == covered.hex()
    stands = tag == SIGN1_TAG and is_fitting(sign, protected, unprotected, covered, signature)
    assert stands != bool(case.get("fail")), case["title"]
    assert is_named or case.get("fail"), case["title"]


def is_fitting(
    sign: Any, protected: bytes, unprotected: dict[Any, Any], covered: bytes, signature: bytes
) -> bool:
    """Say whether a signature stands, by the algorithm that its headers name."""
    named = cbor2.loads(protected) if protected else {}
    algorithm = named.get(1, unprotected.get(1))
    key = sign["key"]
    if algorithm == -8 and key["crv"] == "Ed25519":
        return core_native.key_is_signed(bytes.fromhex(key["x_hex"]), covered, signature)
    if algorithm == -8:
        # Ed448: another curve is another length, and never stands.
        assert not core_native.key_is_signed(bytes.fromhex(key["x_hex"]), covered, signature)
        return True
    if algorithm != -7:
        return False
    return is_fitting_p256(key, covered, signature)


def is_fitting_p256(key: Any, covered: bytes, signature: bytes) -> bool:
    x, y = (int.from_bytes(decoded(key, name), "big") for name in "xy")
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    try:
        public.verify(utils.encode_dss_signature(r, s), covered, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature:
        return False
    return True


def decoded(key: Any, name: str) -> bytes:
    if f"{name}_hex" in key:
        return bytes.fromhex(key[f"{name}_hex"])
    return base64.urlsafe_b64decode(key[name] + "=" * (-len(key[name]) % 4))


def check_srp(case: dict[str, Any]) -> None:
    """Compare every number of a published SRP-6a exchange with the arithmetic that BARK uses."""
    number = {name: int(case[name].replace(" ", ""), 16) for name in "NgsabkxvABuS" if name in case}
    context = SRPContext(
        case["I"],
        case["P"],
        prime=f"{number['N']:x}",
        generator=f"{number['g']:x}",
        hash_func=hash_named(case["H"]),
    )
    x = context.get_common_password_hash(bytes.fromhex(case["s"]))
    v = context.get_common_password_verifier(x)
    u = context.get_common_secret(number["B"], number["A"])
    assert (x, v, u) == (number["x"], number["v"], number["u"])
    assert context.get_client_public(client_private=number["a"]) == number["A"]
    assert context.get_server_public(password_verifier=v, server_private=number["b"]) == number["B"]
    ours = context.get_client_premaster_secret(
        password_hash=x, server_public=number["B"], client_private=number["a"], common_secret=u
    )
    theirs = context.get_server_premaster_secret(
        password_verifier=v,
        server_private=number["b"],
        client_public=number["A"],
        common_secret=u,
    )
    assert ours == theirs == number["S"]


def hash_named(name: str) -> Callable[..., Any]:
    """Find a hash by its name in the vectors; that of BLAKE2 says how many bits it gives."""
    family, _, bits = name.partition("-")
    if family.startswith("blake2"):
        return partial(getattr(hashlib, family), digest_size=int(bits) // 8)
    return partial(hashlib.new, family)
