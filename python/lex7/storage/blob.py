"""Raw files, kept encrypted under the SHA-256 of their content.

    home/raw/<64 hexadecimal digits>     8 bytes "LEX7RAW1", then a sealed stream (`chunks`)

The same content is kept once. Reading checks every chunk before it gives it, and the whole at the
end.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lex7.base.entropy import Entropy
from lex7.base.errors import Finding, StorageError
from lex7.storage.chunks import CHUNK_BYTES, ChunkWriter, read_chunks
from lex7.storage.faults import StorageDamagedError, StorageFailedError
from lex7.storage.files import make_private, sync_folder, translate

MAGIC = b"LEX7RAW1"
CONTEXT = b"lex7.raw"
PARTIAL_SUFFIX = ".partial"


@dataclass(frozen=True, slots=True)
class Blob:
    """A kept file.

    Attributes:
        digest: SHA-256 of its content, 32 bytes.
        size: bytes of its content.
    """

    digest: bytes
    size: int


class BlobStore:
    """The raw files of a home."""

    def __init__(self, folder: Path, *, key: bytes, entropy: Entropy) -> None:
        """Name a folder; it is made when the first file is put."""
        self._folder = folder
        self._key = key
        self._entropy = entropy

    def put(self, source: BinaryIO) -> Blob:
        """Keep everything that can be read from a file; durable on return.

        Raises:
            StorageError: the disk said no; nothing is kept.
        """
        partial = self._folder / f"{self._entropy.draw(8).hex()}{PARTIAL_SUFFIX}"
        try:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            with make_private(partial) as file:
                blob = self._write(source, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path(blob.digest))
            sync_folder(self._folder)
        except OSError as error:
            raise translate(error, self._folder) from error
        finally:
            with suppress(OSError):
                partial.unlink()
        return blob

    def read(self, digest: bytes) -> Iterator[bytes]:
        """Give the content of a kept file in pieces of at most 1 MiB.

        Each piece is authentic when it is given; that together they have this digest is known at
        the end, so what was made from the pieces counts only once the iterator ends.

        Raises:
            StorageDamagedError: the file is not as it was written.
            StorageError: it is missing or cannot be read.
        """
        path = self._path(digest)
        whole = hashlib.sha256()
        try:
            with path.open("rb") as file:
                if file.read(len(MAGIC)) != MAGIC:
                    raise StorageDamagedError(str(path), "expected a kept raw file")
                for chunk in read_chunks(file, secret=self._key, context=CONTEXT, place=path):
                    whole.update(chunk)
                    yield chunk
        except OSError as error:
            raise translate(error, path) from error
        if whole.digest() != digest:
            raise StorageDamagedError(str(path), "its content has another SHA-256 than its name")

    def has(self, digest: bytes) -> bool:
        """Say whether a file is kept."""
        return self._path(digest).is_file()

    def digests(self) -> tuple[bytes, ...]:
        """List what is kept, in ascending order."""
        try:
            names = sorted(path.name for path in self._folder.iterdir())
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise translate(error, self._folder) from error
        return tuple(bytes.fromhex(name) for name in names if _is_digest(name))

    def clean(self) -> int:
        """Remove what interrupted writes left behind; gives how many."""
        if not self._folder.is_dir():
            return 0
        left = sorted(self._folder.glob(f"*{PARTIAL_SUFFIX}"))
        for path in left:
            path.unlink()
        return len(left)

    def check(self) -> tuple[Finding, ...]:
        """Read every kept file and name the damaged ones."""
        findings: list[Finding] = []
        for digest in self.digests():
            try:
                for _ in self.read(digest):
                    pass
            except StorageError as error:
                findings.append(Finding(error.code, f"raw/{digest.hex()}", str(error)))
        return tuple(findings)

    def _write(self, source: BinaryIO, file: BinaryIO) -> Blob:
        file.write(MAGIC)
        writer = ChunkWriter(file, secret=self._key, context=CONTEXT, entropy=self._entropy)
        whole = hashlib.sha256()
        size = 0
        while content := source.read(CHUNK_BYTES):
            whole.update(content)
            size += len(content)
            writer.write(content)
        writer.finish()
        return Blob(whole.digest(), size)

    def _path(self, digest: bytes) -> Path:
        if len(digest) != 32:
            raise StorageFailedError(str(self._folder), "expected a SHA-256 of 32 bytes")
        return self._folder / digest.hex()


def _is_digest(name: str) -> bool:
    return len(name) == 64 and all(letter in "0123456789abcdef" for letter in name)
