"""A tensor where it lies in a checkpoint: a file, a place in it, a number format and a shape.

Both checkpoint formats keep a tensor as one run of little-endian numbers, so one reader serves
both. Values are read a slab of rows at a time; the whole tensor is never held twice.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lex7.ssm.errors import CheckpointError
from lex7.ssm.spec import Shape

ITEM_BYTES = {"F32": 4, "F16": 2, "BF16": 2}
SLAB_BYTES = 16 << 20
"""Values of about this size are read at once: large enough for the disk, small beside a model."""


@dataclass(frozen=True, slots=True)
class StoredTensor:
    """One tensor of a checkpoint.

    Attributes:
        name: as the checkpoint spells it.
        file: the file that holds it.
        dtype: `F32`, `F16` or `BF16`.
        shape: its sizes, row-major.
        offset: its first byte in the file.
        crc32: of its bytes, where the file states one.
    """

    name: str
    file: Path
    dtype: str
    shape: Shape
    offset: int
    crc32: int | None = None

    @property
    def size(self) -> int:
        """Its bytes."""
        return math.prod(self.shape) * ITEM_BYTES[self.dtype]


def read(tensor: StoredTensor) -> NDArray[np.float32]:
    """Return all values of a tensor.

    Raises:
        CheckpointError: the file ended early or changed, or a value is NaN or infinite.
    """
    values = np.empty(math.prod(tensor.shape), np.float32)
    start = 0
    for slab in slabs(tensor):
        values[start : start + slab.size] = slab
        start += slab.size
    return values.reshape(tensor.shape)


def slabs(tensor: StoredTensor) -> Iterator[NDArray[np.float32]]:
    """Give the values of a tensor in order, flat, some millions at a time.

    Raises:
        CheckpointError: the file ended early or changed, or a value is NaN or infinite.
    """
    seen = 0
    for part in parts(tensor):
        values = widen(part, tensor.dtype)
        finite = np.isfinite(values)
        if not finite.all():
            index = seen + int(np.argmin(finite))
            got = f"{values[index - seen]} at index {index:,}"
            raise CheckpointError(str(tensor.file), tensor.name, "finite numbers", got)
        seen += values.size
        yield values


def parts(tensor: StoredTensor) -> Iterator[bytes]:
    """Give the bytes of a tensor in order, and check its CRC-32 at the end.

    Raises:
        CheckpointError: the file ended early, or its bytes are not those that were written.
    """
    left, check = tensor.size, 0
    try:
        with tensor.file.open("rb") as file:
            file.seek(tensor.offset)
            while left:
                wanted = min(left, SLAB_BYTES)
                part = file.read(wanted)
                if len(part) < wanted:
                    place = f"the file ends {left - len(part):,} bytes early"
                    size = f"{tensor.size:,} bytes"
                    raise CheckpointError(str(tensor.file), tensor.name, size, place)
                left -= len(part)
                check = zlib.crc32(part, check) if tensor.crc32 is not None else 0
                yield part
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CheckpointError(str(tensor.file), tensor.name, "readable", reason) from error
    if tensor.crc32 is not None and check != tensor.crc32:
        got = f"{check:08x}; the file was altered"
        raise CheckpointError(str(tensor.file), tensor.name, f"CRC-32 {tensor.crc32:08x}", got)


def widen(part: bytes, dtype: str) -> NDArray[np.float32]:
    """Return little-endian numbers as float32; exact for all three formats."""
    if dtype == "F32":
        return np.frombuffer(part, "<f4").astype(np.float32, copy=False)
    if dtype == "F16":
        return np.frombuffer(part, "<f2").astype(np.float32)
    # bfloat16 is the upper half of a float32.
    return (np.frombuffer(part, "<u2").astype(np.uint32) << 16).view(np.float32)
