"""The zip layout of `torch.save`: a pickle of names and shapes, and a member for each storage.

Nothing is decompressed, because torch compresses nothing: a compressed member is refused, and with
it every zip bomb. Each tensor becomes a place in the file, with the CRC-32 the archive states.
"""

from __future__ import annotations

import math
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from lex7.base.limits import MODEL_TENSORS_MAX, PICKLE_BYTES_MAX
from lex7.ssm.errors import CheckpointError
from lex7.ssm.pickle_reader import PickleRefused, View, read_pickle
from lex7.ssm.stored_tensor import ITEM_BYTES, StoredTensor

LOCAL_HEADER_BYTES = 30
LEGACY_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
"""What `torch.save` wrote before version 1.6: pickles one after the other, without an index."""


DAMAGE = (
    zipfile.BadZipFile,
    RuntimeError,
    ValueError,
    EOFError,
    OverflowError,
    IndexError,
    struct.error,
)
"""What the zip reader raises over damaged or encrypted members."""


def list_tensors(path: Path) -> dict[str, StoredTensor]:
    """Return the tensors of a `pytorch_model.bin` by name.

    Raises:
        CheckpointError: it is another layout, it is damaged, or it holds more than tensors.
    """
    try:
        with path.open("rb") as file:
            _check_magic(path, file)
            try:
                with zipfile.ZipFile(file) as archive:
                    return _list_archive(path, file, archive)
            except DAMAGE as error:
                raise CheckpointError(
                    str(path), "file", "a zip archive", str(error)[:120]
                ) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CheckpointError(str(path), "file", "readable", reason) from error


def _check_magic(path: Path, file: IO[bytes]) -> None:
    head = file.read(len(LEGACY_MAGIC))
    if head == LEGACY_MAGIC:
        wanted = "the zip layout of torch 1.6 and later"
        got = "the older layout; load it in torch and save it again, best as safetensors"
        raise CheckpointError(str(path), "file", wanted, got)
    if not head.startswith(b"PK\x03\x04"):
        raise CheckpointError(str(path), "file", "a zip archive", f"bytes {head[:4].hex()}")
    file.seek(0)


def _list_archive(path: Path, file: IO[bytes], archive: zipfile.ZipFile) -> dict[str, StoredTensor]:
    members = {member.filename: member for member in archive.infolist()}
    if len(members) > MODEL_TENSORS_MAX:
        got = f"{len(members):,}"
        raise CheckpointError(str(path), "archive", f"at most {MODEL_TENSORS_MAX:,} members", got)
    roots = [name.removesuffix("data.pkl") for name in members if name.endswith("/data.pkl")]
    if len(roots) != 1:
        raise CheckpointError(str(path), "archive", "one data.pkl", f"{len(roots)}")
    root = roots[0]
    if f"{root}constants.pkl" in members:
        raise CheckpointError(str(path), "archive", "a state dict", "a TorchScript program")
    _check_byte_order(path, archive, members.get(f"{root}byteorder"))
    values = _read_names(path, archive, members[f"{root}data.pkl"])
    tensors = {}
    for name, view in values.items():
        member = members.get(f"{root}data/{view.storage.key}")
        if member is None:
            wanted = f"member data/{view.storage.key} of the archive"
            raise CheckpointError(str(path), name, wanted, "no such member")
        tensors[name] = _place(path, file, (name, view), member)
    return tensors


def _check_byte_order(path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo | None) -> None:
    if member is not None and _read_member(path, archive, member, 16) != b"little":
        raise CheckpointError(str(path), "byteorder", "little", "another")


def _read_names(
    path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo
) -> Mapping[str, View]:
    data = _read_member(path, archive, member, PICKLE_BYTES_MAX)
    try:
        value = read_pickle(data)
    except PickleRefused as refusal:
        raise CheckpointError(str(path), "data.pkl", refusal.expected, refusal.got) from refusal
    if not isinstance(value, dict):
        raise CheckpointError(str(path), "data.pkl", "a state dict", type(value).__name__)
    for name, view in value.items():
        if not isinstance(name, str) or not isinstance(view, View):
            got = f"{type(view).__name__} under {name!r}"[:100]
            raise CheckpointError(str(path), "data.pkl", "a tensor under every name", got)
    return value


def _read_member(
    path: Path, archive: zipfile.ZipFile, member: zipfile.ZipInfo, bytes_max: int
) -> bytes:
    _check_stored(path, member)
    if member.file_size > bytes_max:
        got = f"{member.file_size:,}"
        raise CheckpointError(str(path), member.filename, f"at most {bytes_max:,} bytes", got)
    with archive.open(member) as file:
        return file.read(bytes_max + 1)


def _check_stored(path: Path, member: zipfile.ZipInfo) -> None:
    if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
        got = f"{member.compress_size:,} bytes that say they become {member.file_size:,}"
        raise CheckpointError(str(path), member.filename, "an uncompressed member", got)


def _place(
    path: Path, file: IO[bytes], named: tuple[str, View], member: zipfile.ZipInfo
) -> StoredTensor:
    name, view = named
    _check_stored(path, member)
    if view.storage.dtype not in ITEM_BYTES:
        wanted = ", ".join(ITEM_BYTES)
        raise CheckpointError(str(path), f"{name} dtype", wanted, view.storage.dtype[:40])
    if view.strides != _row_major(view.shape):
        got = f"strides {view.strides} for {view.shape}"[:100]
        raise CheckpointError(str(path), name, "a row-major tensor", got)
    item = ITEM_BYTES[view.storage.dtype]
    needed = (view.start + math.prod(view.shape)) * item
    if needed > member.file_size:
        got = f"{member.file_size:,}"
        raise CheckpointError(str(path), name, f"a storage of {needed:,} bytes", got)
    start = _data_start(path, file, member)
    covers = view.start == 0 and needed == member.file_size
    crc32 = member.CRC if covers else None
    return StoredTensor(
        name, path, view.storage.dtype, view.shape, start + view.start * item, crc32
    )


def _row_major(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides: list[int] = []
    step = 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def _data_start(path: Path, file: IO[bytes], member: zipfile.ZipInfo) -> int:
    """The central directory names the local header; the numbers follow its two texts."""
    file.seek(member.header_offset)
    header = file.read(LOCAL_HEADER_BYTES)
    if len(header) < LOCAL_HEADER_BYTES or header[:4] != b"PK\x03\x04":
        got = f"none at byte {member.header_offset:,}"
        raise CheckpointError(str(path), member.filename, "a member's header", got)
    texts = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    return member.header_offset + LOCAL_HEADER_BYTES + texts
