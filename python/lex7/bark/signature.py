"""Signing keys and signed documents: Ed25519, each signature for one purpose and lattice.

A signature that was made for one purpose or lattice stands for no other, because the signed bytes
name both. The acceptance rule is strict and the same on every member: see docs/spec/bark.md.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from lex7.bark import core_native
from lex7.bark.faults import NoSecretError, SignatureError, WeakKeyError
from lex7.base.entropy import Entropy
from lex7.base.ids import KeyId, LatticeId

PURPOSE_DIRECTIVES = "lex7.directives"
PURPOSE_MEMBERSHIP = "lex7.membership"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A secret Ed25519 key; its seed never shows in a representation.

    Attributes:
        seed: the 32 secret bytes.
        public: the public key, which names the writer or owner.
    """

    seed: bytes = field(repr=False)
    public: KeyId


def key_from_seed(seed: bytes) -> SigningKey:
    """Make the key of a seed of 32 bytes."""
    return SigningKey(seed, KeyId(core_native.key_public(seed)))


def draw_key(entropy: Entropy) -> SigningKey:
    """Draw a new key."""
    return key_from_seed(entropy.draw(32))


def verify_key(public: bytes) -> KeyId:
    """Accept a public key for enrolment.

    Raises:
        WeakKeyError: it has small order, a second spelling or the wrong length.
    """
    if not core_native.key_is_usable(public):
        raise WeakKeyError
    return KeyId(public)


def sign(key: SigningKey, *, purpose: str, lattice: LatticeId, payload: bytes) -> bytes:
    """Sign a payload; the message carries payload, signer and signature.

    Raises:
        NoSecretError: only the public half of the key is here.
    """
    if not key.seed:
        raise NoSecretError(purpose)
    return core_native.message_sign(key.seed, purpose, lattice, payload)


def verify(message: bytes, *, purpose: str, lattice: LatticeId, signer: KeyId) -> bytes:
    """Give the payload of a message that this signer signed for this purpose and lattice.

    Raises:
        SignatureError: the message cannot be read, or signer or signature are others.
    """
    opened = core_native.message_open(message, purpose, lattice)
    if opened is None:
        raise SignatureError(purpose, "it cannot be read as a signed message")
    found, payload, is_signed = opened
    if found != signer:
        raise SignatureError(
            purpose, f"expected signer {signer.hex()[:16]}, got {found.hex()[:16]}"
        )
    if not is_signed:
        raise SignatureError(purpose, "its signature does not stand")
    return payload
