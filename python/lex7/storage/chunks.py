"""Sealed streams: any amount of bytes in authenticated chunks, in constant memory.

On disk, never to change: 16 bytes of salt, then chunks of a 4-byte big-endian length and that many
sealed bytes. The key is SHA-256("lex7.chunks" ‖ secret ‖ salt ‖ context), so every stream has its
own and the nonce can count: 7 zero bytes, the chunk's number in 4 bytes, and 1 for the last chunk
or 0. A chunk's plain bytes are one byte 0 and at most 1 MiB as it is, or one byte 1 and its zlib
stream. A cut, swapped, repeated or changed chunk does not open.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lex7.base.entropy import Entropy
from lex7.storage.aead_native import aead_open, aead_seal
from lex7.storage.faults import StorageDamagedError, StorageFullError

CHUNK_BYTES = 1 << 20
SALT_BYTES = 16
TAG_BYTES = 16
PROBE_BYTES = 1 << 14
"""A chunk whose first 16 KiB do not shrink by an eighth is kept as it is: trying costs more."""

CHUNKS_MAX = (1 << 32) - 1


class ChunkWriter:
    """Writes one sealed stream; `finish` marks its end, without which it does not open."""

    def __init__(self, file: BinaryIO, *, secret: bytes, context: bytes, entropy: Entropy) -> None:
        salt = entropy.draw(SALT_BYTES)
        file.write(salt)
        self._file = file
        self._key = _stream_key(secret, salt, context)
        self._number = 0
        self._waiting = b""

    def write(self, content: bytes) -> None:
        """Take any number of bytes.

        Raises:
            StorageFullError: the stream is longer than 4 PiB.
        """
        # A full chunk waits until more comes, because the last one is marked. Pieces of a whole
        # chunk, which is what files are read in, pass without being copied.
        if len(self._waiting) == CHUNK_BYTES and content:
            self._write_chunk(self._waiting, is_last=False)
            self._waiting = b""
        whole = self._waiting + content if self._waiting else content
        start = 0
        while len(whole) - start > CHUNK_BYTES:
            self._write_chunk(whole[start : start + CHUNK_BYTES], is_last=False)
            start += CHUNK_BYTES
        self._waiting = whole[start:]

    def finish(self) -> None:
        """Write the last chunk; an empty stream has one empty chunk."""
        self._write_chunk(self._waiting, is_last=True)
        self._waiting = b""

    def _write_chunk(self, content: bytes, *, is_last: bool) -> None:
        if self._number > CHUNKS_MAX:
            raise StorageFullError("sealed stream", "it has more chunks than nonces")
        nonce = _nonce(self._number, is_last=is_last)
        sealed = aead_seal(self._key, nonce, b"", _shrink(content))
        self._file.write(len(sealed).to_bytes(4, "big"))
        self._file.write(sealed)
        self._number += 1


def read_chunks(file: BinaryIO, *, secret: bytes, context: bytes, place: Path) -> Iterator[bytes]:
    """Give the plain bytes of a sealed stream, chunk by chunk, each checked before it is given.

    Raises:
        StorageDamagedError: a chunk was changed, moved or cut, or bytes follow the last one.
    """
    key = _stream_key(secret, file.read(SALT_BYTES), context)
    number = 0
    length = _read_length(file, place, number)
    while True:
        if not TAG_BYTES < length <= CHUNK_BYTES + TAG_BYTES + 1:
            raise _damaged(place, number)
        sealed = file.read(length)
        head = file.read(4)
        is_last = not head
        plain = aead_open(key, _nonce(number, is_last=is_last), b"", sealed)
        if plain is None or len(sealed) != length:
            raise _damaged(place, number)
        yield _grow(plain, place, number)
        if is_last:
            return
        number += 1
        if len(head) != 4:
            raise _damaged(place, number)
        length = int.from_bytes(head, "big")


def _read_length(file: BinaryIO, place: Path, number: int) -> int:
    head = file.read(4)
    if len(head) != 4:
        raise _damaged(place, number)
    return int.from_bytes(head, "big")


def _stream_key(secret: bytes, salt: bytes, context: bytes) -> bytes:
    return hashlib.sha256(b"lex7.chunks" + secret + salt + context).digest()


def _nonce(number: int, *, is_last: bool) -> bytes:
    return bytes(7) + number.to_bytes(4, "big") + bytes([is_last])


def _shrink(content: bytes) -> bytes:
    probe = content[:PROBE_BYTES]
    if len(zlib.compress(probe, 1)) < len(probe) * 7 // 8:
        small = zlib.compress(content, 1)
        if len(small) < len(content):
            return b"\x01" + small
    return b"\x00" + content


def _grow(plain: bytes, place: Path, number: int) -> bytes:
    if plain[0] == 0:
        return plain[1:]
    grower = zlib.decompressobj()
    content = grower.decompress(plain[1:], CHUNK_BYTES + 1)
    if not grower.eof or len(content) > CHUNK_BYTES:
        raise _damaged(place, number)
    return content


def _damaged(place: Path, number: int) -> StorageDamagedError:
    reason = f"chunk {number + 1} is not as it was written, or the key is another one"
    return StorageDamagedError(str(place), reason)
