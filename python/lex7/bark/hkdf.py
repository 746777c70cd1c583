"""HKDF (RFC 5869): keys from a shared secret, one for each purpose.

Everything of ours uses SHA-512; the digest is an argument so that published vectors of other
digests check the same code.
"""

from __future__ import annotations

import hashlib
import hmac

from lex7.base.errors import BarkError

DIGEST = "sha512"
BLOCKS_MAX = 255
"""RFC 5869 §2.3: the counter of blocks is one byte."""


class KeySizeError(BarkError):
    """More key bytes are wanted than one extraction can give, or none."""

    code = "bark.key_size"

    def __init__(self, count: int, count_max: int) -> None:
        self.count = count
        self.count_max = count_max
        super().__init__(f"expected 1 to {count_max} bytes of key, got {count}")


def derive(secret: bytes, salt: bytes, info: bytes, count: int, *, digest: str = DIGEST) -> bytes:
    """Derive `count` bytes of key.

    Raises:
        KeySizeError: there are no so many.
    """
    width = hashlib.new(digest).digest_size
    if not 1 <= count <= BLOCKS_MAX * width:
        raise KeySizeError(count, BLOCKS_MAX * width)
    extracted = hmac.digest(salt, secret, digest)
    made, block = b"", b""
    for number in range(1, -(-count // width) + 1):
        block = hmac.digest(extracted, block + info + bytes([number]), digest)
        made += block
    return made[:count]
