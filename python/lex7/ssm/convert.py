"""From a checkpoint folder to a model file of ours, one tensor at a time.

What becomes part of the file, and so of its hash: the weights, merged adapters, the error-state
head, and the tokenizer. The folder's name and the time do not: the same checkpoint converted
anywhere has the same hash.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lex7.ssm import core_native, error_head
from lex7.ssm.adapter import Adapter, read_adapter
from lex7.ssm.checkpoint import Checkpoint, open_checkpoint
from lex7.ssm.error_head import ErrorHead
from lex7.ssm.errors import ModelArgumentError, TokenizerError
from lex7.ssm.file_tokenizer import count_tokens, read_about
from lex7.ssm.notes import TOKENIZER_FILE, notes_for
from lex7.ssm.spec import Spec

QUANTS = ("f32", "q8", "q4")


@dataclass(frozen=True, slots=True)
class Extras:
    """What a conversion adds; files found in the folder are used where none is named.

    Attributes:
        adapter: folder of a LoRA adapter to merge.
        head: file of an error-state head.
        tokenizer: a tokenizer.json.
    """

    adapter: Path | None = None
    head: Path | None = None
    tokenizer: Path | None = None


def convert(folder: Path, out: Path, *, quant: str, extras: Extras | None = None) -> bytes:
    """Write a model file from a checkpoint and return the hash of its weights.

    Raises:
        ModelError: something in the folder cannot be read, or does not fit together.
    """
    if quant not in QUANTS:
        raise ModelArgumentError("quant", " or ".join(QUANTS), repr(quant))
    given = _found(folder, extras or Extras())
    checkpoint = open_checkpoint(folder)
    spec = _fit(checkpoint.spec, given.tokenizer)
    adapter = None if given.adapter is None else read_adapter(given.adapter, spec)
    head = None if given.head is None else error_head.read_head(given.head, spec.model_size)
    notes = notes_for(spec.token_count, given.tokenizer)
    core = core_native.to_core(spec, 0 if head is None else head.output_count)
    return core_native.write(str(out), core, quant, notes, _tensors(checkpoint, adapter, head))


def draw(out: Path, spec: Spec, *, quant: str, seed: int) -> bytes:
    """Write a model file of random weights that belong to the seed; return their hash.

    Raises:
        ModelError: a setting is out of range, or the disk said no.
    """
    if quant not in QUANTS:
        raise ModelArgumentError("quant", " or ".join(QUANTS), repr(quant))
    if not 0 <= seed < 1 << 64:
        raise ModelArgumentError("seed", "from 0 to 2^64 - 1", str(seed))
    notes = notes_for(spec.token_count, None)
    return core_native.random(str(out), core_native.to_core(spec), quant, notes, seed)


def _found(folder: Path, extras: Extras) -> Extras:
    tokenizer = folder / TOKENIZER_FILE
    head = folder / error_head.FILE
    if extras.tokenizer is None and tokenizer.is_file():
        extras = replace(extras, tokenizer=tokenizer)
    if extras.head is None and head.is_file():
        extras = replace(extras, head=head)
    return extras


def _fit(spec: Spec, tokenizer: Path | None) -> Spec:
    """A tokenizer with fewer tokens than rows says which rows only pad."""
    if tokenizer is None:
        return spec
    count = count_tokens(read_about(tokenizer), str(tokenizer))
    if count > spec.vocab_size:
        wanted = f"at most the model's {spec.vocab_size:,} tokens"
        raise TokenizerError(str(tokenizer), "vocabulary", wanted, f"{count:,}")
    return replace(spec, token_count=min(count, spec.token_count))


def _tensors(
    checkpoint: Checkpoint, adapter: Adapter | None, head: ErrorHead | None
) -> Iterator[tuple[str, NDArray[np.float32]]]:
    for name, values in checkpoint.read_all():
        yield name, values if adapter is None else adapter.merge(name, values)
    if head is not None:
        yield error_head.WEIGHT, head.weight
        yield error_head.BIAS, head.bias


def describe(notes: bytes) -> str:
    """Say in one word how a file's tokens are read: `bytes`, `tokenizer.json` or `none`."""
    try:
        about = json.loads(notes)["tokenizer"] if notes else None
    except (ValueError, KeyError, TypeError):
        return "unknown"
    if isinstance(about, dict):
        return TOKENIZER_FILE
    return about if isinstance(about, str) else "none"
