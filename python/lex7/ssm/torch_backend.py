"""The same checkpoint through PyTorch, behind the same session: for CUDA and MPS devices.

transformers' Mamba2 runs it; where the mamba-ssm kernels are installed and the device is CUDA,
transformers uses them. Weights are read by our own readers, so nothing in a checkpoint runs.

Not bit-exact: sums run in another order in prefill and in decode, on another device, and in
another version of any of the libraries. A snapshot goes on here within rounding, and only here: the
compiled runtime refuses it, and this refuses the compiled runtime's. Step limits are refused,
because transformers does not apply them when it decodes one token.
"""

from __future__ import annotations

import copy
import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lex7.ssm import error_head, stored_tensor
from lex7.ssm.checkpoint import Checkpoint, open_checkpoint
from lex7.ssm.errors import (
    CheckpointError,
    MissingExtraError,
    ModelArgumentError,
    SnapshotError,
    TokenError,
)
from lex7.ssm.notes import TOKENIZER_FILE, notes_for, read_tokenizer
from lex7.ssm.session import Session
from lex7.ssm.snapshot import MODEL_FIELD, POSITION_FIELD, STATE_HEAD_BYTES, Snapshot
from lex7.ssm.spec import Spec
from lex7.ssm.tokenizer import Tokenizer

MAGIC = b"lex7-trc"
VERSION = 1
Row = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class TorchMark:
    """A copy of the cache and the tokens it has seen."""

    owner: TorchModel
    cache: Any
    position: int


class TorchModel:
    """A checkpoint in PyTorch."""

    def __init__(self, checkpoint: Checkpoint, inner: Any, device: str) -> None:  # noqa: ANN401
        self.checkpoint = checkpoint
        self.inner = inner
        self.device = device
        file = checkpoint.folder / error_head.FILE
        size = checkpoint.spec.model_size
        self.head = error_head.read_head(file, size) if file.is_file() else None

    @classmethod
    def load(cls, folder: str | Path, *, device: str = "cpu", dtype: str = "float32") -> TorchModel:
        """Load a checkpoint folder of either dialect.

        Raises:
            CheckpointError: it cannot be read, or has a step limit.
            MissingExtraError: torch or transformers is not installed.
            ModelArgumentError: the device or the number format is not known.
        """
        torch, transformers = _libraries()
        if dtype not in ("float32", "float64", "float16", "bfloat16"):
            wanted = "float32, float64, float16 or bfloat16"
            raise ModelArgumentError("dtype", wanted, repr(dtype))
        checkpoint = open_checkpoint(Path(folder))
        if checkpoint.spec.dt_min > 0 or checkpoint.spec.dt_max < math.inf:
            wanted = "no limit, which transformers ignores in decoding"
            raise CheckpointError(str(folder), "time_step_limit", wanted, "one")
        inner = transformers.Mamba2ForCausalLM(_config(transformers, checkpoint.spec))
        own = inner.state_dict()
        for name, values in checkpoint.read_all():
            spelled = name.replace("backbone.embedding.", "backbone.embeddings.")
            own[spelled].copy_(torch.from_numpy(values))
        try:
            inner = inner.to(device=device, dtype=getattr(torch, dtype)).eval()
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0][:120]
            raise ModelArgumentError("device", "one that torch has here", reason) from error
        return cls(checkpoint, inner, device)

    @property
    def spec(self) -> Spec:
        """The shape."""
        return self.checkpoint.spec

    @cached_property
    def hash(self) -> bytes:
        """SHA-256 of the checkpoint's tensors; never that of a model file."""
        whole = hashlib.sha256(MAGIC)
        for name in sorted(self.checkpoint.tensors):
            whole.update(name.encode() + b"\x00")
            for part in stored_tensor.parts(self.checkpoint.tensors[name]):
                whole.update(part)
        return whole.digest()

    @cached_property
    def tokenizer(self) -> Tokenizer | None:
        """How text becomes tokens; none where the folder does not say."""
        path = self.checkpoint.folder / TOKENIZER_FILE
        count = self.spec.token_count
        notes = notes_for(count, path if path.is_file() else None)
        return read_tokenizer(notes, str(path), count)

    def session(self) -> Session:
        """Return a session that has seen nothing."""
        return Session(self, TorchEngine(self))

    def resume(self, snapshot: Snapshot) -> Session:
        """Return a session that goes on from a snapshot of this backend.

        Raises:
            SnapshotError: it is of another model or backend, or damaged.
        """
        engine = TorchEngine(self)
        engine.restore(snapshot.state)
        row = np.frombuffer(snapshot.logits, "<f4").astype(np.float32)
        return Session(self, engine, logits=row if row.size else None)


class TorchEngine:
    """The cache of one sequence."""

    def __init__(self, model: TorchModel) -> None:
        self._model = model
        self._cache: Any = None
        self._position = 0

    @property
    def position(self) -> int:
        """Tokens seen."""
        return self._position

    def feed(self, tokens: Sequence[int]) -> Row:
        """Return the logits of the last token."""
        row: Row = self._run(tokens, is_whole=False)[-1]
        return row

    def feed_all(self, tokens: Sequence[int]) -> Row:
        """Return the logits of every token."""
        return self._run(tokens, is_whole=True)

    def feed_hidden(self, tokens: Sequence[int]) -> Row:
        """Return the hidden state of every token."""
        torch, _ = _libraries()
        given = self._tensor(tokens)
        with torch.no_grad():
            out = self._model.inner.backbone(given, cache_params=self._cache, use_cache=True)
        self._advance(out.cache_params, len(tokens))
        return _numpy(out.last_hidden_state[0])

    def feed_head(self, tokens: Sequence[int]) -> Row:
        """Return what the error-state head in the folder says of every token.

        Raises:
            ModelArgumentError: there is none.
        """
        head = self._model.head
        if head is None:
            raise ModelArgumentError("model", "with an error-state head", "without one")
        torch, _ = _libraries()
        weight, bias = (torch.from_numpy(one) for one in (head.weight, head.bias))
        return _numpy(torch.from_numpy(self.feed_hidden(tokens)) @ weight.T + bias)

    def fork(self) -> TorchEngine:
        """Return a copy that goes on by itself."""
        other = TorchEngine(self._model)
        other._cache, other._position = copy.deepcopy(self._cache), self._position
        return other

    def mark(self) -> TorchMark:
        """Return a place to go back to; the cache is copied."""
        return TorchMark(self._model, copy.deepcopy(self._cache), self._position)

    def rollback(self, mark: TorchMark) -> None:
        """Go back.

        Raises:
            ModelArgumentError: the mark is of another model.
        """
        if not isinstance(mark, TorchMark) or mark.owner is not self._model:
            raise ModelArgumentError("mark", "one of this model", "one of another")
        self._cache, self._position = copy.deepcopy(mark.cache), mark.position

    def snapshot(self) -> bytes:
        """Return head and caches as float32."""
        head = bytearray(STATE_HEAD_BYTES)
        head[:8] = MAGIC
        head[8:12] = VERSION.to_bytes(4, "little")
        head[MODEL_FIELD] = self._model.hash
        head[POSITION_FIELD] = self._position.to_bytes(8, "little")
        parts = [_numpy(one).astype("<f4").tobytes() for one in self._states()]
        return b"".join([bytes(head), *parts])

    def restore(self, state: bytes) -> None:
        """Take a state that `snapshot` gave.

        Raises:
            SnapshotError: it is of another model or backend, or of another size.
        """
        torch, _ = _libraries()
        if state[:8] != MAGIC or state[8:12] != VERSION.to_bytes(4, "little"):
            raise SnapshotError("magic", "a state of the torch backend", state[:8].hex())
        if state[MODEL_FIELD] != self._model.hash:
            raise SnapshotError("model", self._model.hash.hex(), state[MODEL_FIELD].hex())
        position = int.from_bytes(state[POSITION_FIELD], "little")
        if position:
            # One token makes caches of the right shapes and places; then they are overwritten.
            self.feed((0,))
        states = self._states()
        needed = STATE_HEAD_BYTES + 4 * sum(one.numel() for one in states)
        if len(state) != needed:
            raise SnapshotError("size", f"{needed} bytes", f"{len(state)} bytes")
        place = STATE_HEAD_BYTES
        for one in states:
            values = np.frombuffer(state, "<f4", one.numel(), place).astype(np.float32)
            one.copy_(torch.from_numpy(values.reshape(one.shape)))
            place += 4 * one.numel()
        self._position = position

    def hash(self) -> bytes:
        """Return the SHA-256 of the snapshot."""
        return hashlib.sha256(self.snapshot()).digest()

    def _run(self, tokens: Sequence[int], *, is_whole: bool) -> Row:
        torch, _ = _libraries()
        given = self._tensor(tokens)
        with torch.no_grad():
            out = self._model.inner(
                given,
                cache_params=self._cache,
                use_cache=True,
                logits_to_keep=0 if is_whole else 1,
            )
        self._advance(out.cache_params, len(tokens))
        return _numpy(out.logits[0, :, : self._model.spec.token_count])

    def _tensor(self, tokens: Sequence[int]) -> Any:  # noqa: ANN401 - a torch tensor
        torch, _ = _libraries()
        count = self._model.spec.token_count
        for index, token in enumerate(tokens):
            if not 0 <= token < count:
                raise TokenError(f"tokens[{index}]", f"from 0 to {count - 1}", str(token))
        return torch.tensor([list(tokens)], device=self._model.device)

    def _advance(self, cache: object, count: int) -> None:
        self._cache = cache
        self._position += count

    def _states(self) -> list[Any]:
        layers = [] if self._cache is None else self._cache.layers
        return [
            one for layer in layers for one in (layer.conv_states[0], layer.recurrent_states[0])
        ]


def _config(transformers: Any, spec: Spec) -> Any:  # noqa: ANN401 - transformers' own
    return transformers.Mamba2Config(
        hidden_size=spec.model_size,
        expand=spec.inner_size // spec.model_size,
        num_heads=spec.head_count,
        head_dim=spec.head_size,
        state_size=spec.state_size,
        n_groups=spec.group_count,
        conv_kernel=spec.conv_size,
        num_hidden_layers=spec.layer_count,
        vocab_size=spec.vocab_size,
        layer_norm_epsilon=spec.norm_eps,
        tie_word_embeddings=spec.is_head_tied,
        pad_token_id=None,
        bos_token_id=None,
        eos_token_id=None,
    )


def _numpy(tensor: Any) -> Row:  # noqa: ANN401 - a torch tensor
    values: Row = tensor.detach().float().cpu().numpy()
    return np.array(values, np.float32)


def _libraries() -> tuple[Any, Any]:
    try:
        import torch
        import transformers
    except ImportError as error:
        raise MissingExtraError("The torch backend", "torch and transformers", "torch") from error
    return torch, transformers
