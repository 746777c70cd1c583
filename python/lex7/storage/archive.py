"""Many files in one sealed stream, for backups.

The plain bytes of the stream are records, each a 4-byte big-endian size of the name, the name in
UTF-8, an 8-byte size of the content, the content, and its SHA-256. An empty name ends the archive.
Names are relative, use `/`, and climb nowhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from lex7.base.entropy import Entropy
from lex7.storage.chunks import CHUNK_BYTES, ChunkWriter, read_chunks
from lex7.storage.faults import StorageDamagedError
from lex7.storage.files import make_private

CONTEXT = b"lex7.archive"
NAME_BYTES_MAX = 4_096


def write_archive(
    file: BinaryIO, folder: Path, names: tuple[str, ...], *, secret: bytes, entropy: Entropy
) -> None:
    """Write files of a folder.

    Raises:
        StorageDamagedError: a file changed its size while it was read.
        OSError: from the disk, for the caller to translate with its place.
    """
    writer = ChunkWriter(file, secret=secret, context=CONTEXT, entropy=entropy)
    for name in names:
        encoded = name.encode()
        path = folder / name
        size = path.stat().st_size
        writer.write(len(encoded).to_bytes(4, "big") + encoded + size.to_bytes(8, "big"))
        whole = hashlib.sha256()
        written = 0
        with path.open("rb") as source:
            while content := source.read(CHUNK_BYTES):
                whole.update(content)
                written += len(content)
                writer.write(content)
        if written != size:
            raise StorageDamagedError(str(path), "it changed while it was read")
        writer.write(whole.digest())
    writer.write(bytes(4))
    writer.finish()


def read_archive(file: BinaryIO, folder: Path, *, secret: bytes, place: Path) -> tuple[str, ...]:
    """Write every file of an archive into an empty folder; gives their names.

    Raises:
        StorageDamagedError: the archive is not as it was written, or the key is another one.
        OSError: from the disk, for the caller to translate with its place.
    """
    chunks = _Bytes(read_chunks(file, secret=secret, context=CONTEXT, place=place), place)
    names: list[str] = []
    while size := int.from_bytes(chunks.take(4), "big"):
        name = _safe_name(chunks.take(size) if size <= NAME_BYTES_MAX else b"", place)
        target = folder / name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole = hashlib.sha256()
        with make_private(target) as out:
            for piece in chunks.pieces(int.from_bytes(chunks.take(8), "big")):
                whole.update(piece)
                out.write(piece)
        if chunks.take(32) != whole.digest():
            raise StorageDamagedError(str(place), f"{name} has another content than was stored")
        names.append(name)
    chunks.finish()
    return tuple(names)


def _safe_name(encoded: bytes, place: Path) -> str:
    name = encoded.decode("utf-8", "replace")
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts or "\x00" in name or "\\" in name:
        raise StorageDamagedError(str(place), f"expected a relative file name, found {name!r}")
    return name


class _Bytes:
    """Takes exact amounts from a stream of chunks."""

    def __init__(self, chunks: Iterator[bytes], place: Path) -> None:
        self._chunks = chunks
        self._place = place
        self._waiting = b""

    def pieces(self, size: int) -> Iterator[bytes]:
        """Give `size` bytes in pieces."""
        while size:
            if not self._waiting:
                self._waiting = next(self._chunks, b"")
                if not self._waiting:
                    raise StorageDamagedError(str(self._place), "the archive ends too early")
            piece, self._waiting = self._waiting[:size], self._waiting[size:]
            size -= len(piece)
            yield piece

    def take(self, size: int) -> bytes:
        """Give exactly `size` bytes; for small sizes."""
        return b"".join(self.pieces(size))

    def finish(self) -> None:
        """Refuse bytes after the end."""
        if self._waiting or any(self._chunks):
            raise StorageDamagedError(str(self._place), "bytes follow the end of the archive")
