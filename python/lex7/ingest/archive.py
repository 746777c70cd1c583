"""One member of a zip archive as a stream: nothing is written to disk, and no name in it is used.

What would hurt is refused before a byte is expanded: encrypted members, methods other than deflate,
directories larger than any export's, and sizes or ratios of a zip bomb. Damage inside the member is
met by whoever reads the stream, as one of `DAMAGE`.
"""

from __future__ import annotations

import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from lex7.base.limits import FILE_BYTES_MAX, ZIP_MEMBERS_MAX, ZIP_RATIO_MAX
from lex7.ingest.result import ArchiveError, FileTooLargeError

DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError)
"""What reading a member raises where its bytes are damaged."""

_UNFIT = (*DAMAGE, OSError, ValueError, NotImplementedError, OverflowError)
"""What opening an archive or a member raises where the bytes that describe it are damaged."""

_END_MARK = b"PK\x05\x06"
_END64_MARK = b"PK\x06\x06"
_END_BYTES_MAX = 22 + (1 << 16) + 20 + 56
_DIRECTORY_BYTES_PER_MEMBER_MAX = 1_024
_ENCRYPTED = 0x1
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@contextmanager
def open_member(
    source: BinaryIO, name: str, choose: Callable[[zipfile.ZipFile], zipfile.ZipInfo | None]
) -> Iterator[BinaryIO]:
    """Open the member that `choose` picks; `source` stays open.

    Raises:
        ArchiveError: the archive is damaged or cut off, or the member is missing or encrypted.
        FileTooLargeError: it has too many members, or the member expands beyond the limits.
    """
    check_directory(source, name)
    try:
        archive = zipfile.ZipFile(source)
    except _UNFIT as exc:
        raise ArchiveError(name, "it is damaged or cut off") from exc
    with archive:
        try:
            info = choose(archive)
            stream = None if info is None else _open(archive, info, name)
        except _UNFIT as exc:
            raise ArchiveError(name, "it is damaged") from exc
        if stream is None:
            raise ArchiveError(name, "it holds no Apple Health export")
        with stream:
            yield stream


def open_safely(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO | None:
    """Open a member to look at its first bytes, or return None where it may not be opened."""
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS or info.is_dir():
        return None
    return archive.open(info)  # type: ignore[return-value]


def _open(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str) -> BinaryIO:
    if info.flag_bits & _ENCRYPTED:
        raise ArchiveError(name, "it is encrypted; export it again without a password")
    if info.compress_type not in _METHODS:
        raise ArchiveError(name, "it is compressed by a method that exports do not use")
    if info.file_size > FILE_BYTES_MAX:
        raise FileTooLargeError(name, f"it expands to more than {FILE_BYTES_MAX >> 30} GiB")
    if info.file_size > ZIP_RATIO_MAX * max(info.compress_size, 1):
        raise FileTooLargeError(name, f"it expands more than {ZIP_RATIO_MAX}-fold")
    return archive.open(info)  # type: ignore[return-value]


def check_directory(source: BinaryIO, name: str) -> None:
    """Refuse a directory of absurd size before it is read into memory."""
    size = source.seek(0, os.SEEK_END)
    source.seek(max(0, size - _END_BYTES_MAX))
    tail = source.read(_END_BYTES_MAX)
    at = tail.rfind(_END_MARK)
    if at < 0 or len(tail) - at < 22:
        raise ArchiveError(name, "it is cut off or damaged (its directory is missing)")
    count = int.from_bytes(tail[at + 10 : at + 12], "little")
    directory_bytes = int.from_bytes(tail[at + 12 : at + 16], "little")
    at64 = tail.rfind(_END64_MARK, 0, at)
    if at64 >= 0 and len(tail) - at64 >= 56:
        count = max(count, int.from_bytes(tail[at64 + 32 : at64 + 40], "little"))
        directory_bytes64 = int.from_bytes(tail[at64 + 40 : at64 + 48], "little")
        is_marked = directory_bytes == 0xFFFFFFFF
        directory_bytes = (
            directory_bytes64 if is_marked else max(directory_bytes, directory_bytes64)
        )
    if count > ZIP_MEMBERS_MAX:
        raise FileTooLargeError(name, f"it has more than {ZIP_MEMBERS_MAX:,} members")
    if directory_bytes > ZIP_MEMBERS_MAX * _DIRECTORY_BYTES_PER_MEMBER_MAX:
        raise FileTooLargeError(name, "its directory is larger than that of any export")
