"""Checkpoint folders made for one test: well-formed, then damaged in one place."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "ssm"
STATE_SPACES = VECTORS / "state-spaces-f16"
HUGGING_FACE = VECTORS / "hugging-face-f32"
SHARDED = VECTORS / "hugging-face-bf16-sharded"


def copy(source: Path, target: Path) -> Path:
    """Copy a checkpoint to where it may be changed."""
    folder = target / source.name
    shutil.copytree(source, folder)
    return folder


def edit_config(folder: Path, **fields: object) -> None:
    """Set fields of config.json; a field set to `...` is removed."""
    path = folder / "config.json"
    config = json.loads(path.read_text()) | fields
    path.write_text(json.dumps({name: one for name, one in config.items() if one is not ...}))


def read_safetensors(path: Path) -> tuple[dict[str, dict[str, object]], bytes]:
    """Return header and data."""
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def write_safetensors(
    path: Path, header: object, data: bytes, *, length: int | None = None
) -> None:
    """Write header and data, with a length that may lie."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    stated = len(text) if length is None else length
    path.write_bytes(stated.to_bytes(8, "little") + text + data)


def write_tensors(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """Write float32 tensors in the order given."""
    header, data = {}, b""
    for name, values in tensors.items():
        content = values.astype("<f4").tobytes()
        ends = [len(data), len(data) + len(content)]
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": ends}
        data += content
    write_safetensors(path, header, data)


def write_zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> None:
    """Write an archive."""
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def read_zip(path: Path) -> dict[str, bytes]:
    """Return every member of an archive."""
    with zipfile.ZipFile(path) as archive:
        return {member.filename: archive.read(member) for member in archive.infolist()}


def set_value(path: Path, name: str, value: float) -> None:
    """Change the first number of a float32 tensor."""
    header, data = read_safetensors(path)
    ends = header[name]["data_offsets"]
    assert isinstance(ends, list)
    changed = bytearray(data)
    changed[ends[0] : ends[0] + 4] = np.float32(value).tobytes()
    write_safetensors(path, header, bytes(changed))
