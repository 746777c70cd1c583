"""The error-state head: a linear map from hidden states to corrections, as training saves it.

error_head.safetensors: head.weight (outputs, D) and head.bias (outputs), float32
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lex7.base.limits import MODEL_WIDTH_MAX
from lex7.ssm import safetensors_file, stored_tensor
from lex7.ssm.errors import CheckpointError, ModelArgumentError

FILE = "error_head.safetensors"
WEIGHT = "head.weight"
BIAS = "head.bias"


@dataclass(frozen=True, slots=True)
class ErrorHead:
    """A linear map over hidden states.

    Attributes:
        weight: (outputs, D).
        bias: (outputs,).
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __post_init__(self) -> None:
        fits = self.weight.ndim == 2 and self.bias.shape == self.weight.shape[:1]
        if not fits or not 1 <= self.bias.size <= MODEL_WIDTH_MAX:
            got = f"{self.weight.shape} and {self.bias.shape}"
            raise ModelArgumentError("head", "(outputs, D) and (outputs,)", got)

    @property
    def output_count(self) -> int:
        """How many numbers it gives for a token."""
        return int(self.bias.size)


def read_head(path: Path, model_size: int) -> ErrorHead:
    """Read a head for a model of that width.

    Raises:
        CheckpointError: the file is damaged, or of another width.
    """
    tensors = safetensors_file.list_tensors(path)
    if set(tensors) != {WEIGHT, BIAS}:
        raise CheckpointError(str(path), "tensors", f"{WEIGHT} and {BIAS}", ", ".join(tensors)[:80])
    weight, bias = (stored_tensor.read(tensors[name]) for name in (WEIGHT, BIAS))
    if weight.ndim != 2 or weight.shape[1] != model_size:
        raise CheckpointError(str(path), WEIGHT, f"(outputs, {model_size})", str(weight.shape))
    try:
        return ErrorHead(weight, bias)
    except ModelArgumentError as refusal:
        raise CheckpointError(str(path), BIAS, refusal.expected, refusal.got) from refusal


def write_head(path: Path, head: ErrorHead) -> None:
    """Write a head as safetensors."""
    weight = head.weight.astype("<f4").tobytes()
    bias = head.bias.astype("<f4").tobytes()
    ends = len(weight), len(weight) + len(bias)
    header = {
        WEIGHT: {"dtype": "F32", "shape": list(head.weight.shape), "data_offsets": [0, ends[0]]},
        BIAS: {"dtype": "F32", "shape": list(head.bias.shape), "data_offsets": list(ends)},
    }
    text = json.dumps(header, sort_keys=True).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(len(text).to_bytes(8, "little") + text + weight + bias)
