"""Snapshots of sessions, encrypted, a ring of the newest kept for each name.

    home/sessions/<name>/<number, 12 digits>     8 bytes "LEX7SES1", then a sealed stream (`chunks`)

Numbers count up and never repeat, so the newest is the highest. Every chunk is checked before it is
given, the name and number are part of the key, and a file moved to another name does not open.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lex7.base.entropy import Entropy
from lex7.base.limits import CHECKPOINT_RING_MAX, SESSION_NAMES_MAX, SESSION_SNAPSHOT_BYTES_MAX
from lex7.storage.chunks import ChunkWriter, read_chunks
from lex7.storage.faults import StorageDamagedError, StorageFailedError, StorageFullError
from lex7.storage.files import make_private, sync_folder, translate

MAGIC = b"LEX7SES1"
PARTIAL_SUFFIX = ".partial"
NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
NUMBER = re.compile(r"[0-9]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Kept:
    """One checkpoint of a session.

    Attributes:
        name: of the session.
        number: counts up with every save.
        size: bytes on disk.
    """

    name: str
    number: int
    size: int


class SessionStore:
    """The sessions of a home."""

    def __init__(self, folder: Path, *, key: bytes, entropy: Entropy) -> None:
        """Name a folder; it is made when the first session is saved."""
        self._folder = folder
        self._key = key
        self._entropy = entropy

    def save(self, name: str, content: bytes, *, ring: int) -> Kept:
        """Keep a snapshot as the newest of its name, durable on return; older ones beyond go.

        Raises:
            StorageError: the name is not usable, or the disk said no; what was there is there.
        """
        _check_name(name)
        if not 1 <= ring <= CHECKPOINT_RING_MAX:
            wanted = f"expected a ring of 1 to {CHECKPOINT_RING_MAX} checkpoints, got {ring}"
            raise StorageFailedError(name, wanted)
        if name not in self.names() and len(self.names()) >= SESSION_NAMES_MAX:
            raise StorageFullError(str(self._folder), f"it holds {SESSION_NAMES_MAX} sessions")
        place = self._folder / name
        kept = self.list(name)
        number = kept[-1].number + 1 if kept else 1
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            size = self._write(place / f"{number:012d}", content, _context(name, number))
            sync_folder(place)
            for old in kept[: max(len(kept) + 1 - ring, 0)]:
                (place / f"{old.number:012d}").unlink()
        except OSError as error:
            raise translate(error, place) from error
        return Kept(name, number, size)

    def load(self, name: str, *, back: int = 0) -> bytes:
        """Return a snapshot: the newest, or the one so many saves before it.

        Raises:
            StorageDamagedError: the file is not as it was written.
            StorageError: there is no such checkpoint.
        """
        kept = self.list(name)
        if not 0 <= back < len(kept):
            if not kept:
                raise StorageFailedError(f"session {name}", "expected one of that name, found none")
            wanted = f"expected from 0 to {len(kept) - 1} checkpoints back, got {back}"
            raise StorageFailedError(f"session {name}", wanted)
        number = kept[-1 - back].number
        path = self._folder / name / f"{number:012d}"
        content = bytearray()
        try:
            with path.open("rb") as file:
                if file.read(len(MAGIC)) != MAGIC:
                    raise StorageDamagedError(str(path), "expected a kept session")
                context = _context(name, number)
                for chunk in read_chunks(file, secret=self._key, context=context, place=path):
                    content += chunk
                    if len(content) > 2 * SESSION_SNAPSHOT_BYTES_MAX:
                        raise StorageDamagedError(str(path), "it is larger than any session")
        except OSError as error:
            raise translate(error, path) from error
        return bytes(content)

    def names(self) -> tuple[str, ...]:
        """List the sessions, in alphabetical order."""
        if not self._folder.is_dir():
            return ()
        return tuple(sorted(one.name for one in self._folder.iterdir() if NAME.fullmatch(one.name)))

    def list(self, name: str) -> tuple[Kept, ...]:
        """List the checkpoints of a session, oldest first."""
        _check_name(name)
        place = self._folder / name
        if not place.is_dir():
            return ()
        found = sorted(one for one in place.iterdir() if NUMBER.fullmatch(one.name))
        return tuple(Kept(name, int(one.name), one.stat().st_size) for one in found)

    def remove(self, name: str) -> int:
        """Remove every checkpoint of a session; return how many there were.

        Raises:
            StorageError: the disk said no.
        """
        kept = self.list(name)
        place = self._folder / name
        try:
            for one in kept:
                (place / f"{one.number:012d}").unlink()
            if place.is_dir():
                place.rmdir()
        except OSError as error:
            raise translate(error, place) from error
        return len(kept)

    def _write(self, path: Path, content: bytes, context: bytes) -> int:
        partial = path.with_suffix(PARTIAL_SUFFIX)
        try:
            with make_private(partial) as file:
                file.write(MAGIC)
                writer = ChunkWriter(file, secret=self._key, context=context, entropy=self._entropy)
                writer.write(content)
                writer.finish()
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            # It is gone once it has been renamed.
            with suppress(OSError):
                partial.unlink()
        return path.stat().st_size


def _context(name: str, number: int) -> bytes:
    return b"lex7.session\x00" + name.encode() + b"\x00" + number.to_bytes(8, "big")


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        wanted = "expected a name of up to 64 letters a-z, digits, dots, dashes and underscores"
        raise StorageFailedError(repr(name)[:80], wanted)
