"""The safetensors format: an 8-byte little-endian length, a JSON header, then raw numbers.

Every number in the header is checked against the file before anything is read: lengths, ranges,
overlaps and gaps. Nothing in the header can name code.

Source: huggingface/safetensors, README "Format".
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lex7.base.limits import CHECKPOINT_JSON_BYTES_MAX, MODEL_TENSORS_MAX
from lex7.ssm.errors import CheckpointError
from lex7.ssm.json_file import parse_object
from lex7.ssm.spec import Shape
from lex7.ssm.stored_tensor import ITEM_BYTES, StoredTensor

LENGTH_BYTES = 8
DIMENSIONS_MAX = 8


def list_tensors(path: Path) -> dict[str, StoredTensor]:
    """Return the tensors of a safetensors file by name.

    Raises:
        CheckpointError: the file is not safetensors, or its header does not fit its bytes.
    """
    header, data_start, data_size = _read_header(path)
    header.pop("__metadata__", None)
    if len(header) > MODEL_TENSORS_MAX:
        raise CheckpointError(
            str(path), "header", f"at most {MODEL_TENSORS_MAX:,} tensors", f"{len(header):,}"
        )
    tensors = {}
    for name, about in header.items():
        tensors[name] = _tensor(path, name, about, (data_start, data_size))
    _check_cover(path, tensors.values(), (data_start, data_size))
    return tensors


def _read_header(path: Path) -> tuple[dict[str, Any], int, int]:
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            length = int.from_bytes(file.read(LENGTH_BYTES), "little")
            most = min(size - LENGTH_BYTES, CHECKPOINT_JSON_BYTES_MAX)
            if size < LENGTH_BYTES + 2 or not 2 <= length <= most:
                place = f"{length:,} in a file of {size:,} bytes"
                raise CheckpointError(
                    str(path), "header length", f"2 to {max(most, 2):,} bytes", place
                )
            text = file.read(length)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CheckpointError(str(path), "file", "readable", reason) from error
    start = LENGTH_BYTES + length
    return parse_object(text, path, "header"), start, size - start


def _tensor(path: Path, name: str, about: object, data: tuple[int, int]) -> StoredTensor:
    if not isinstance(about, dict):
        raise CheckpointError(str(path), name, "an object", json.dumps(about)[:60])
    dtype = about.get("dtype")
    if not isinstance(dtype, str) or dtype not in ITEM_BYTES:
        raise CheckpointError(str(path), f"{name}.dtype", ", ".join(ITEM_BYTES), repr(dtype)[:60])
    shape = _sizes(path, f"{name}.shape", about.get("shape"))
    ends = _sizes(path, f"{name}.data_offsets", about.get("data_offsets"))
    if len(ends) != 2 or not ends[0] <= ends[1] <= data[1]:
        wanted = f"two places within {data[1]:,} bytes"
        raise CheckpointError(str(path), f"{name}.data_offsets", wanted, repr(ends)[:60])
    needed = math.prod(shape) * ITEM_BYTES[dtype]
    if ends[1] - ends[0] != needed:
        wanted = f"{needed:,} bytes apart for {shape} {dtype}"
        raise CheckpointError(
            str(path), f"{name}.data_offsets", wanted, f"{ends[1] - ends[0]:,} bytes"
        )
    return StoredTensor(name, path, dtype, shape, data[0] + ends[0])


def _sizes(path: Path, field: str, value: object) -> Shape:
    if not isinstance(value, list) or len(value) > DIMENSIONS_MAX:
        got = repr(value)[:60]
        raise CheckpointError(str(path), field, f"a list of up to {DIMENSIONS_MAX} sizes", got)
    for size in value:
        if type(size) is not int or not 0 <= size < 1 << 48:
            raise CheckpointError(str(path), field, "sizes from 0 to 2^48", repr(size)[:60])
    return tuple(value)


def _check_cover(path: Path, tensors: Iterable[StoredTensor], data: tuple[int, int]) -> None:
    """The format has no holes and no overlaps: bytes that no tensor owns could hide something."""
    place = data[0]
    for tensor in sorted(tensors, key=lambda one: (one.offset, one.size)):
        if tensor.offset != place:
            wanted = f"byte {place:,}, where the tensor before it ends"
            raise CheckpointError(str(path), tensor.name, wanted, f"byte {tensor.offset:,}")
        place += tensor.size
    if place != data[0] + data[1]:
        wanted = f"{place:,} bytes, where the last tensor ends"
        raise CheckpointError(str(path), "file", wanted, f"{data[0] + data[1]:,} bytes")
