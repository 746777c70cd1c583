"""Opening a file that a person named: ordinary files only, never a folder, pipe or device.

The check is made on the opened descriptor, so that nothing can be swapped in between, and opening
never waits (a named pipe would). This module knows no format.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import BinaryIO

from lex7.base.limits import FILE_BYTES_MAX
from lex7.ingest.result import FileEmptyError, FileTooLargeError, FileUnreadableError

_KINDS = (
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a pipe"),
    (stat.S_ISSOCK, "is a socket"),
    (stat.S_ISCHR, "is a device"),
    (stat.S_ISBLK, "is a device"),
)


def open_source(path: Path) -> BinaryIO:
    """Open an ordinary file for reading; the caller closes it.

    Raises:
        FileUnreadableError: it does not exist, may not be read, or is not an ordinary file.
        FileEmptyError: it has no bytes.
        FileTooLargeError: it is larger than `FILE_BYTES_MAX`.
    """
    name = path.name or str(path)
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as exc:
        raise FileUnreadableError(name, _reason(path, exc)) from exc
    stream = None
    try:
        _check(os.fstat(descriptor), name)
        stream = os.fdopen(descriptor, "rb", buffering=0)
    finally:
        if stream is None:
            os.close(descriptor)
    return stream


def _check(status: os.stat_result, name: str) -> None:
    for is_kind, reason in _KINDS:
        if is_kind(status.st_mode):
            raise FileUnreadableError(name, reason)
    if not stat.S_ISREG(status.st_mode):
        raise FileUnreadableError(name, "is not an ordinary file")
    if status.st_size == 0:
        raise FileEmptyError(name)
    if status.st_size > FILE_BYTES_MAX:
        raise FileTooLargeError(name, f"it is larger than {FILE_BYTES_MAX >> 30} GiB")


def _reason(path: Path, exc: Exception) -> str:
    if isinstance(exc, FileNotFoundError):
        return "does not exist"
    if isinstance(exc, PermissionError):
        return "may not be read by this user"
    if isinstance(exc, IsADirectoryError) or path.is_dir():
        return "is a folder"
    if isinstance(exc, OSError) and exc.strerror:
        return f"cannot be opened ({exc.strerror})"
    return "cannot be opened"
