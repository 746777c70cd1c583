"""LoRA adapters as PEFT saves them, merged into weights or applied beside them.

    adapter_config.json + adapter_model.safetensors

The input and output projections and an untied head can be adapted. The convolution cannot: its
change is no product of two matrices. A tied head or the embedding cannot: one tensor plays two
parts, and PEFT itself changes one of them when it is applied and both when it is merged.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lex7.base.limits import ADAPTER_RANK_MAX
from lex7.ssm import core_native, safetensors_file, stored_tensor
from lex7.ssm.errors import AdapterError, CheckpointError
from lex7.ssm.json_file import read_object
from lex7.ssm.spec import HEAD, Spec, tensor_shapes

CONFIG = "adapter_config.json"
WEIGHTS = "adapter_model.safetensors"
PATTERN = re.compile(r"base_model\.model\.(.+)\.lora_([AB])(?:\.default)?\.weight", re.ASCII)
PLAIN_STARTS = (True, False, "gaussian", "orthogonal", "eva")
"""Starts that leave the base weights as they are; others (pissa, olora, loftq) change them."""

Matrix = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Adapter:
    """Low-rank changes of a model.

    Attributes:
        folder: where it came from.
        changes: tensor name → (A, B, scale): the weight becomes weight + scale · B A.
    """

    folder: Path
    changes: Mapping[str, tuple[Matrix, Matrix, float]]

    def merge(self, name: str, weight: Matrix) -> Matrix:
        """Return a tensor with its change; the tensor itself where there is none."""
        if name not in self.changes:
            return weight
        a, b, scale = self.changes[name]
        return core_native.merge(np.ascontiguousarray(weight), a, b, scale)

    def rows(self) -> list[tuple[str, Matrix, Matrix, float]]:
        """Return the changes for a model that applies them as it runs.

        Raises:
            AdapterError: one is of the head, which can only be merged.
        """
        if HEAD in self.changes:
            got = "a change of the head; merge it with `lex7 model convert --adapter`"
            raise AdapterError(str(self.folder), HEAD, "changes of projections", got)
        return core_native.matrices([(name, *one) for name, one in self.changes.items()])


def read_adapter(folder: Path, spec: Spec) -> Adapter:
    """Read a LoRA adapter and hold it against a model.

    Raises:
        AdapterError: it is damaged, of another kind, or does not fit the model.
    """
    try:
        alpha, is_rank_stabilised = _read_config(folder)
        parts = _read_parts(folder)
    except CheckpointError as refusal:
        if isinstance(refusal, AdapterError):
            raise
        raise AdapterError(refusal.file, refusal.field, refusal.expected, refusal.got) from refusal
    changes = {}
    for name in sorted({name for name, _ in parts}):
        a, b = parts.get((name, "A")), parts.get((name, "B"))
        if a is None or b is None:
            missing = "lora_A" if a is None else "lora_B"
            raise AdapterError(str(folder / WEIGHTS), f"{name}.{missing}", "present", "none")
        _check(folder, spec, name, (a, b))
        rank = a.shape[0]
        scale = alpha / (math.sqrt(rank) if is_rank_stabilised else rank)
        changes[f"{name}.weight"] = (a, b, scale)
    return Adapter(folder, changes)


def _read_config(folder: Path) -> tuple[float, bool]:
    path = folder / CONFIG
    config = read_object(path)
    needed: dict[str, tuple[object, ...]] = {
        "peft_type": ("LORA",),
        "use_dora": (False, None),
        "fan_in_fan_out": (False, None),
        "bias": ("none", None),
        "modules_to_save": (None, []),
        "alpha_pattern": ({}, None),
        "init_lora_weights": (*PLAIN_STARTS, None),
    }
    for name, allowed in needed.items():
        value = config.get(name)
        if not any(value is one or (value == one and type(value) is type(one)) for one in allowed):
            wanted = " or ".join(repr(one) for one in allowed)
            raise AdapterError(str(path), name, wanted, repr(value)[:60])
    alpha = config.get("lora_alpha")
    if isinstance(alpha, bool) or not isinstance(alpha, int | float) or not math.isfinite(alpha):
        raise AdapterError(str(path), "lora_alpha", "a number", repr(alpha)[:60])
    return float(alpha), config.get("use_rslora") is True


def _read_parts(folder: Path) -> dict[tuple[str, str], Matrix]:
    path = folder / WEIGHTS
    parts = {}
    for name, tensor in safetensors_file.list_tensors(path).items():
        match = PATTERN.fullmatch(name)
        if match is None:
            raise AdapterError(str(path), name, "a lora_A or lora_B of a matrix", "another name")
        parts[match[1].replace("backbone.embeddings", "backbone.embedding"), match[2]] = (
            stored_tensor.read(tensor)
        )
    if not parts:
        raise AdapterError(str(path), "tensors", "some", "none")
    return parts


def _check(folder: Path, spec: Spec, name: str, pair: tuple[Matrix, Matrix]) -> None:
    path = str(folder / WEIGHTS)
    is_projection = name.endswith((".mixer.in_proj", ".mixer.out_proj"))
    is_free_head = f"{name}.weight" == HEAD and not spec.is_head_tied
    if not is_projection and not is_free_head:
        wanted = "in_proj, out_proj or an untied lm_head"
        raise AdapterError(path, name, wanted, name.rpartition(".")[2])
    shape = tensor_shapes(spec).get(f"{name}.weight")
    if shape is None:
        raise AdapterError(path, name, "a tensor of the model", "none of that name")
    a, b = pair
    rank = a.shape[0] if a.ndim == 2 else 0
    if not 1 <= rank <= ADAPTER_RANK_MAX:
        raise AdapterError(path, f"{name} rank", f"from 1 to {ADAPTER_RANK_MAX}", str(rank))
    if (a.shape, b.shape) != ((rank, shape[1]), (shape[0], rank)):
        wanted = f"A {(rank, shape[1])} and B {(shape[0], rank)}"
        raise AdapterError(path, name, wanted, f"A {a.shape} and B {b.shape}")
