"""The recovery code: 128 random bits on paper, in letters that are hard to misread.

30 characters of Crockford's base32 in groups of five; the last 22 bits are a checksum, so a
mistyped code is told from a wrong one. Case, spaces and hyphens do not matter; O reads as 0, I and
L as 1.
"""

from __future__ import annotations

import hashlib

from lex7.bark.faults import WrongPassphraseError
from lex7.base.entropy import Entropy

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SECRET_BYTES = 16
CHARACTERS = 30
GROUP = 5
CHECKSUM_BITS = CHARACTERS * 5 - SECRET_BYTES * 8
_AS_READ = str.maketrans("OIL", "011", " -\n\r\t")


def draw_code(entropy: Entropy) -> str:
    """Draw a new code."""
    return write_code(entropy.draw(SECRET_BYTES))


def write_code(secret: bytes) -> str:
    """Write 16 secret bytes as a code for people."""
    number = int.from_bytes(secret, "big") << CHECKSUM_BITS | _checksum(secret)
    letters = [ALPHABET[number >> 5 * place & 31] for place in reversed(range(CHARACTERS))]
    groups = ["".join(letters[at : at + GROUP]) for at in range(0, CHARACTERS, GROUP)]
    return "-".join(groups)


def read_code(code: str) -> bytes:
    """Read what a person typed.

    Raises:
        WrongPassphraseError: a character or the checksum is wrong.
    """
    letters = code.upper().translate(_AS_READ)
    if len(letters) != CHARACTERS or any(letter not in ALPHABET for letter in letters):
        raise WrongPassphraseError(f"recovery code (expected {CHARACTERS} letters and digits)")
    number = 0
    for letter in letters:
        number = number << 5 | ALPHABET.index(letter)
    secret = (number >> CHECKSUM_BITS).to_bytes(SECRET_BYTES, "big")
    if number & ((1 << CHECKSUM_BITS) - 1) != _checksum(secret):
        raise WrongPassphraseError("recovery code (its checksum is wrong: a typing mistake)")
    return secret


def _checksum(secret: bytes) -> int:
    digest = hashlib.sha256(b"lex7.recovery" + secret).digest()
    return int.from_bytes(digest, "big") >> (256 - CHECKSUM_BITS)
