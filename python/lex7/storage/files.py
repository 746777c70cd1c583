"""Whole files: replaced atomically and durably; a crash leaves the old one or the new one."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from lex7.base.errors import StorageError
from lex7.storage.faults import StorageFailedError, StorageFullError, StorageReadOnlyError

FULL_ERRNOS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
READ_ONLY_ERRNOS = (errno.EROFS, errno.EACCES, errno.EPERM)


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file atomically and durably; only the owner may read it.

    Raises:
        StorageError: the disk said no; the old file is as it was.
    """
    partial = path.with_name(f".{path.name}.partial")
    try:
        with make_private(partial) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        with suppress(OSError):
            partial.unlink()
        raise translate(error, path) from error


def read_file(path: Path, *, bytes_max: int) -> bytes:
    """Read a file that may not be larger than expected.

    Raises:
        StorageError: it is missing, larger, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(bytes_max + 1)
    except OSError as error:
        raise translate(error, path) from error
    if len(content) > bytes_max:
        raise StorageFailedError(str(path), f"expected at most {bytes_max} bytes")
    return content


def sync_folder(folder: Path) -> None:
    """Make names in a folder durable: a new file is lost with power until its folder is synced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def translate(error: OSError, path: Path) -> StorageError:
    """Turn an error of the operating system into one of ours."""
    if error.errno in FULL_ERRNOS:
        return StorageFullError(str(path), "the disk is full; nothing was written")
    if error.errno in READ_ONLY_ERRNOS:
        return StorageReadOnlyError(str(path), "expected a place that may be written")
    return StorageFailedError(str(path), error.strerror or type(error).__name__)


def open_private(path: str, flags: int) -> int:
    """Open for `open`, so that only the owner may read what is made."""
    return os.open(path, flags, 0o600)


def make_private(path: Path) -> BinaryIO:
    """Make a file that only the owner may read, or empty the one that is there."""
    return open(path, "wb", opener=open_private)
