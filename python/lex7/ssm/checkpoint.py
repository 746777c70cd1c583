"""A checkpoint folder: its config, its tensors under our names, and their values.

    config.json + pytorch_model.bin                      state-spaces/mamba2-*
    config.json + model.safetensors                      Hugging Face
    config.json + model.safetensors.index.json + parts   Hugging Face, in parts
    params.json + consolidated.safetensors               Mistral (Codestral Mamba)

Opening reads names and shapes alone and holds every one of them against the config; values are
read tensor by tensor when they are asked for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lex7.ssm import safetensors_file, stored_tensor, torch_zip
from lex7.ssm.checkpoint_config import read_params, read_spec
from lex7.ssm.errors import CheckpointError
from lex7.ssm.json_file import read_object
from lex7.ssm.spec import EMBEDDING, FINAL_NORM, HEAD, LAYER_TENSORS, Spec, tensor_shapes
from lex7.ssm.stored_tensor import StoredTensor

CONFIG = "config.json"
PARAMS = "params.json"
CONSOLIDATED = "consolidated.safetensors"
PICKLE = "pytorch_model.bin"
SAFETENSORS = "model.safetensors"
INDEX = "model.safetensors.index.json"

OTHER_NAMES = {"backbone.embeddings.weight": EMBEDDING}
"""What Hugging Face spells in another way; all other names are the same."""

WRAPPER = "model."
"""Mistral's file puts this before every name of the state-spaces code."""

LAYER_PATTERN = re.compile(r"backbone\.layers\.(0|[1-9][0-9]{0,3})\.(.+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint whose names and shapes are those of its config.

    Attributes:
        folder: where it lies.
        spec: the shape of the model.
        tensors: where each tensor lies, under our names; an absent bias of the convolution is
            missing here and zero.
    """

    folder: Path
    spec: Spec
    tensors: Mapping[str, StoredTensor]

    def read(self, name: str) -> NDArray[np.float32]:
        """Return the values of one tensor in the shape that the spec gives it.

        Raises:
            CheckpointError: the file was cut or altered, or a value is NaN or infinite.
        """
        shape = tensor_shapes(self.spec)[name]
        tensor = self.tensors.get(name)
        if tensor is None:
            return np.zeros(shape, np.float32)
        return stored_tensor.read(tensor).reshape(shape)

    def read_all(self) -> Iterator[tuple[str, NDArray[np.float32]]]:
        """Give every tensor in the order of our files, one at a time.

        Raises:
            CheckpointError: the file was cut or altered, or a value is NaN or infinite.
        """
        for name in tensor_shapes(self.spec):
            yield name, self.read(name)


def is_checkpoint(path: Path) -> bool:
    """Say whether a path is a folder with a config."""
    return (path / CONFIG).is_file() or (path / PARAMS).is_file()


def open_checkpoint(folder: Path) -> Checkpoint:
    """Read the names and shapes of a checkpoint and hold them against its config.

    Raises:
        CheckpointError: a file is missing, damaged or hostile, or does not fit the config.
    """
    is_mistral = (folder / PARAMS).is_file() and not (folder / CONFIG).is_file()
    config_path = folder / (PARAMS if is_mistral else CONFIG)
    config = read_object(config_path)
    stored = _list_mistral(folder) if is_mistral else _list_files(folder)
    found = _rename(folder, stored)
    embedding = found.get(EMBEDDING)
    if embedding is None or len(embedding.shape) != 2:
        got = "no such tensor" if embedding is None else str(embedding.shape)
        raise CheckpointError(str(folder), EMBEDDING, "two sizes", got)
    read = read_params if is_mistral else read_spec
    spec = read(config_path, config, embedding.shape[0])
    _check_shapes(folder, spec, found)
    if spec.is_head_tied and HEAD in found:
        _check_tied(found.pop(HEAD), embedding)
    return Checkpoint(folder, spec, found)


def _list_files(folder: Path) -> dict[str, StoredTensor]:
    if (folder / SAFETENSORS).is_file():
        return safetensors_file.list_tensors(folder / SAFETENSORS)
    if (folder / INDEX).is_file():
        return _list_parts(folder)
    if (folder / PICKLE).is_file():
        return torch_zip.list_tensors(folder / PICKLE)
    wanted = f"{SAFETENSORS}, {INDEX} or {PICKLE}"
    raise CheckpointError(str(folder), "folder", wanted, "none of them")


def _list_mistral(folder: Path) -> dict[str, StoredTensor]:
    tensors = {}
    for name, tensor in safetensors_file.list_tensors(folder / CONSOLIDATED).items():
        if not name.startswith(WRAPPER):
            wanted = f"a name that starts with {WRAPPER}"
            raise CheckpointError(str(tensor.file), name, wanted, "another")
        tensors[name.removeprefix(WRAPPER)] = tensor
    return tensors


def _list_parts(folder: Path) -> dict[str, StoredTensor]:
    index = folder / INDEX
    places = read_object(index).get("weight_map")
    if not isinstance(places, dict) or not places:
        raise CheckpointError(str(index), "weight_map", "an object", type(places).__name__)
    parts: dict[str, dict[str, StoredTensor]] = {}
    tensors = {}
    for name, part in places.items():
        # A part lies in the folder itself: no separator, no parent, nothing absolute.
        if not isinstance(part, str) or not re.fullmatch(r"[\w.-]+\.safetensors", part, re.ASCII):
            got = repr(part)[:60]
            raise CheckpointError(str(index), f"weight_map.{name}", "a file beside it", got)
        if part not in parts:
            parts[part] = safetensors_file.list_tensors(folder / part)
        if name not in parts[part]:
            raise CheckpointError(str(folder / part), name, "in this part", "no such tensor")
        tensors[name] = parts[part][name]
    return tensors


def _rename(folder: Path, stored: Mapping[str, StoredTensor]) -> dict[str, StoredTensor]:
    found: dict[str, StoredTensor] = {}
    for name, tensor in stored.items():
        ours = _our_name(name)
        if ours is None or ours in found:
            wanted = "a tensor of Mamba-2, once"
            got = "another name" if ours is None else "it twice"
            raise CheckpointError(str(tensor.file), name, wanted, got)
        found[ours] = tensor
    if not found:
        raise CheckpointError(str(folder), "tensors", "some", "none")
    return found


def _our_name(name: str) -> str | None:
    ours = OTHER_NAMES.get(name, name)
    if ours in (EMBEDDING, FINAL_NORM, HEAD):
        return ours
    match = LAYER_PATTERN.fullmatch(ours)
    return ours if match and match[2] in LAYER_TENSORS else None


def _check_shapes(folder: Path, spec: Spec, found: Mapping[str, StoredTensor]) -> None:
    shapes = tensor_shapes(spec)
    for name, tensor in found.items():
        shape = shapes.get(name, shapes[EMBEDDING] if name == HEAD else None)
        if shape is None:
            wanted = f"at most {spec.layer_count} layers, as the config says"
            raise CheckpointError(str(tensor.file), tensor.name, wanted, "one more")
        if tensor.shape != shape:
            hint = _groups_hint(name, spec)
            raise CheckpointError(
                str(tensor.file), tensor.name, f"{shape}{hint}", str(tensor.shape)
            )
    for name in shapes:
        if name not in found and not name.endswith("conv1d.bias"):
            raise CheckpointError(str(folder), name, "present", "no such tensor")


def _groups_hint(name: str, spec: Spec) -> str:
    if not name.endswith(("in_proj.weight", "conv1d.weight", "conv1d.bias")):
        return ""
    return f" (with {spec.group_count} groups; is the config's n_groups right?)"


def _check_tied(head: StoredTensor, embedding: StoredTensor) -> None:
    """A tied head that differs was trained apart: using the embedding for it would be wrong."""
    if (head.file, head.offset, head.size) == (embedding.file, embedding.offset, embedding.size):
        return
    pairs = zip(stored_tensor.slabs(head), stored_tensor.slabs(embedding), strict=False)
    if not all(np.array_equal(one, other) for one, other in pairs):
        wanted = "equal to the embedding, because the config ties them"
        raise CheckpointError(str(head.file), head.name, wanted, "other values")
