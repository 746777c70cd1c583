"""Epoch keys: who may read a writer's payloads on the way, and from when on no longer.

A writer draws an epoch key and wraps it for each permitted reader's newest X25519 share:

    wrapped = ephemeral public ‖ AEAD(HKDF(X25519(ephemeral, share), "lex7.wrap", context), key)
    payload key = HKDF(epoch key, salt = 16 random bytes drawn at each start, "lex7.payload")

Payload nonces count from 0 under a payload key, so a restored backup, which draws another salt,
never repeats one. A new epoch begins at every membership change, on `keys rotate`, and after 30
days; shares are drawn anew at each start, so an old share opens no later epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from lex7.bark import canon, core_native
from lex7.bark.hkdf import derive
from lex7.base.entropy import Entropy
from lex7.base.errors import BarkError
from lex7.base.ids import KeyId, LatticeId

EPOCH_DAYS_MAX = 30
SALT_BYTES = 16
_NONCE = bytes(12)


class EpochError(BarkError):
    """A wrapped key or sealed payload does not open."""

    code = "bark.epoch"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"expected a payload of an epoch this node may read: {reason}")


@dataclass(frozen=True, slots=True)
class Share:
    """A reader's X25519 key; the private half lives only in memory."""

    private: bytes = field(repr=False)
    public: bytes


@dataclass(frozen=True, slots=True)
class Epoch:
    """One epoch of one writer.

    Attributes:
        writer: whose payloads it covers.
        number: counts from 1; a writer never uses a number twice.
        begun_ns: when it began, by the writer's clock.
        key: 32 bytes.
    """

    writer: KeyId
    number: int
    begun_ns: int
    key: bytes = field(repr=False)


def draw_share(entropy: Entropy) -> Share:
    """Draw a share."""
    private = entropy.draw(32)
    return Share(
        private, X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
    )


def next_epoch(before: Epoch | None, writer: KeyId, now_ns: int, entropy: Entropy) -> Epoch:
    """Begin the next epoch."""
    number = 1 if before is None else before.number + 1
    return Epoch(writer, number, now_ns, entropy.draw(32))


def is_due(epoch: Epoch, now_ns: int) -> bool:
    """Answer whether an epoch has lasted its 30 days; a clock set back does not prolong it."""
    return abs(now_ns - epoch.begun_ns) >= EPOCH_DAYS_MAX * 86_400 * 10**9


def wrap(epoch: Epoch, lattice: LatticeId, reader: KeyId, share: bytes, entropy: Entropy) -> bytes:
    """Wrap an epoch key for one reader.

    Raises:
        EpochError: the share is of small order or no share.
    """
    ephemeral = draw_share(entropy)
    key = _agree(ephemeral.private, share, _context(epoch, lattice, reader))
    plain = canon.encode((epoch.number, epoch.begun_ns, epoch.key))
    context = _context(epoch, lattice, reader)
    return ephemeral.public + core_native.aead_seal(key, _NONCE, context, plain)


def unwrap(wrapped: bytes, writer: KeyId, lattice: LatticeId, reader: KeyId, share: Share) -> Epoch:
    """Open a wrapped epoch key.

    Raises:
        EpochError: it was wrapped for somebody else or an older share.
    """
    blank = Epoch(writer, 0, 0, b"")
    context = _context(blank, lattice, reader)
    key = _agree(share.private, wrapped[:32], context)
    plain = None
    if len(wrapped) >= 48:
        plain = core_native.aead_open(key, _NONCE, context, wrapped[32:])
    if plain is None:
        raise EpochError("its key was wrapped for somebody else")
    match canon.decode(plain):
        case (int(number), int(begun_ns), bytes(secret)) if len(secret) == 32:
            return Epoch(writer, number, begun_ns, secret)
    raise EpochError("its key has another layout")


class PayloadSealer:
    """Seals payloads of one epoch with counting nonces; one for each start and epoch."""

    def __init__(self, epoch: Epoch, entropy: Entropy) -> None:
        self.epoch = epoch
        self._salt = entropy.draw(SALT_BYTES)
        self._key = payload_key(epoch, self._salt)
        self._count = 0

    def seal(self, plain: bytes) -> bytes:
        """Spell epoch number, salt, count and the sealed payload."""
        nonce = self._count.to_bytes(12, "little")
        self._count += 1
        label = _label(self.epoch.writer, self.epoch.number)
        sealed = core_native.aead_seal(self._key, nonce, label, plain)
        head = self.epoch.number.to_bytes(8, "big")
        return head + self._salt + nonce + sealed


def epoch_number(sealed: bytes) -> int:
    """Read under which epoch a payload was sealed."""
    return int.from_bytes(sealed[:8], "big")


def open_payload(epoch: Epoch, sealed: bytes) -> bytes:
    """Open a sealed payload.

    Raises:
        EpochError: it is of another epoch or writer, or was changed.
    """
    salt, nonce, text = sealed[8:24], sealed[24:36], sealed[36:]
    label = _label(epoch.writer, epoch_number(sealed))
    plain = None
    if len(text) >= 16:
        plain = core_native.aead_open(payload_key(epoch, salt), nonce, label, text)
    if plain is None:
        raise EpochError("it was sealed under another key")
    return plain


def payload_key(epoch: Epoch, salt: bytes) -> bytes:
    """Derive the key of one start."""
    return derive(epoch.key, salt, b"lex7.payload", 32)


def exchange(private: bytes, public: bytes) -> bytes:
    """Compute the X25519 secret (RFC 7748 §6.1); a secret of zeros is refused.

    Raises:
        EpochError: the share is of small order or of another length.
    """
    if len(public) != 32:
        raise EpochError("a share has another length")
    mine = X25519PrivateKey.from_private_bytes(private)
    try:
        return mine.exchange(X25519PublicKey.from_public_bytes(public))
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise EpochError("a share is of small order") from exc


def _label(writer: KeyId, number: int) -> bytes:
    return b"lex7.payload" + writer + number.to_bytes(8, "big")


def _context(epoch: Epoch, lattice: LatticeId, reader: KeyId) -> bytes:
    return b"lex7.wrap" + lattice + epoch.writer + reader


def _agree(private: bytes, public: bytes, context: bytes) -> bytes:
    return derive(exchange(private, public), context, b"lex7.wrap", 32)
