"""SRP-6a over the 3072-bit group of RFC 5054 with SHA-512: one-shot codes become a shared key.

The group arithmetic is that of `srptools`; private values, proofs and the shared key are
fixed here byte for byte, because no standard fixes them (docs/spec/bark.md). PAD is 384 bytes,
big-endian.

    k = H(N ‖ PAD(g))    x = H(s ‖ H("lex7" ‖ ":" ‖ code))    u = H(PAD(A) ‖ PAD(B))
    K = H(PAD(S))
    M1 = H((H(N) xor H(g)) ‖ H("lex7") ‖ s ‖ PAD(A) ‖ PAD(B) ‖ K)    M2 = H(PAD(A) ‖ M1 ‖ K)

The arithmetic is not in constant time. A code lives three minutes and one success, so there is
nothing to learn from measuring it again.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field

from srptools import SRPContext
from srptools.constants import PRIME_3072, PRIME_3072_GEN

from lex7.base.entropy import Entropy
from lex7.base.errors import BarkError

USER = "lex7"
SALT_BYTES = 16
PRIVATE_BYTES = 64
PAD_BYTES = 384
PROOF_BYTES = 64
PRIME = int(PRIME_3072, 16)


class ShareError(BarkError):
    """A public value of the exchange is outside the group; it would make the key known."""

    code = "pair.share"

    def __init__(self) -> None:
        super().__init__("expected a public value of the key exchange, got one outside its group")


@dataclass(frozen=True, slots=True)
class Agreed:
    """What both sides have after the exchange; whether it is equal, the proofs show.

    Attributes:
        key: K, 64 bytes.
        first: M1, what the joining side sends.
        second: M2, what the inviting side answers.
        transcript: SHA-512 of everything that was said.
    """

    key: bytes = field(repr=False)
    first: bytes
    second: bytes
    transcript: bytes


@dataclass(frozen=True, slots=True)
class Half:
    """One side's private value and the public one that it sends."""

    private: int = field(repr=False)
    public: bytes


def pad(value: int) -> bytes:
    """Spell a number of the group in 384 bytes."""
    return value.to_bytes(PAD_BYTES, "big")


def joining_half(entropy: Entropy) -> Half:
    """Draw a and A."""
    private = int.from_bytes(entropy.draw(PRIVATE_BYTES), "big")
    return Half(private, pad(_context("").get_client_public(client_private=private)))


def inviting_half(code: str, salt: bytes, entropy: Entropy) -> Half:
    """Draw b and make B from the code."""
    context = _context(code)
    private = int.from_bytes(entropy.draw(PRIVATE_BYTES), "big")
    verifier = _verifier(context, salt)
    public = context.get_server_public(password_verifier=verifier, server_private=private)
    return Half(private, pad(public))


def join(code: str, salt: bytes, half: Half, other: bytes) -> Agreed:
    """Compute the key on the joining side.

    Raises:
        ShareError: the other side's public value is outside the group.
    """
    context, shared = _context(code), _public(other)
    mixed = context.get_common_secret(shared, _public(half.public))
    secret = context.get_client_premaster_secret(
        password_hash=context.get_common_password_hash(salt),
        server_public=shared,
        client_private=half.private,
        common_secret=mixed,
    )
    return _agree(salt, half.public, other, secret)


def invite(code: str, salt: bytes, half: Half, other: bytes) -> Agreed:
    """Compute the key on the inviting side.

    Raises:
        ShareError: the other side's public value is outside the group.
    """
    context, shared = _context(code), _public(other)
    secret = context.get_server_premaster_secret(
        password_verifier=_verifier(context, salt),
        server_private=half.private,
        client_public=shared,
        common_secret=context.get_common_secret(_public(half.public), shared),
    )
    return _agree(salt, other, half.public, secret)


def is_equal(one: bytes, other: bytes) -> bool:
    """Compare proofs in time that tells nothing."""
    return hmac.compare_digest(one, other)


def _agree(salt: bytes, joining: bytes, inviting: bytes, secret: int) -> Agreed:
    key = _hash(pad(secret))
    group = bytes(one ^ other for one, other in zip(_hash(pad(PRIME)), _hash(b"\x05"), strict=True))
    first = _hash(group + _hash(USER.encode()) + salt + joining + inviting + key)
    second = _hash(joining + first + key)
    return Agreed(key, first, second, _hash(salt + joining + inviting + first + second))


def _public(spelled: bytes) -> int:
    value = int.from_bytes(spelled, "big")
    if len(spelled) != PAD_BYTES or value >= PRIME or value == 0:
        raise ShareError
    return value


def _verifier(context: SRPContext, salt: bytes) -> int:
    password_hash = context.get_common_password_hash(salt)
    return int(context.get_common_password_verifier(password_hash))


def _context(code: str) -> SRPContext:
    return SRPContext(
        USER, code, prime=PRIME_3072, generator=PRIME_3072_GEN, hash_func=hashlib.sha512
    )


def _hash(data: bytes) -> bytes:
    return hashlib.sha512(data).digest()
