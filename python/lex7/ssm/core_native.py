"""The door to the compiled runtime: specs, tokens and arrays become flat things here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7 import _core
from lex7.base.limits import PROMPT_TOKENS_MAX
from lex7.ssm.errors import ModelArgumentError
from lex7.ssm.spec import Spec

CoreModel = _core.SsmModel
CoreSession = _core.SsmSession
CoreMark = _core.SsmMark
write = _core.ssm_write
random = _core.ssm_random
merge = _core.ssm_merge
step_many = _core.ssm_step_many
read = _core.ssm_read
peak = _core.ssm_peak
level = _core.kernel_level
choose = _core.sampling_choose


def to_core(spec: Spec, head_outputs: int = 0) -> _core.SsmSpec:
    """Return the compiled runtime's spelling of a spec.

    Raises:
        ModelArgumentError: a size is beyond what it computes.
    """
    return _core.SsmSpec(
        d_model=spec.model_size,
        n_layer=spec.layer_count,
        vocab=spec.token_count,
        vocab_padded=spec.vocab_size,
        d_inner=spec.inner_size,
        d_state=spec.state_size,
        head_dim=spec.head_size,
        n_groups=spec.group_count,
        d_conv=spec.conv_size,
        tied=spec.is_head_tied,
        norm_eps=spec.norm_eps,
        dt_limit=(spec.dt_min, spec.dt_max),
        head_outputs=head_outputs,
    )


def from_core(spec: _core.SsmSpec) -> Spec:
    """Return the spec of a compiled one."""
    return Spec(
        layer_count=spec.n_layer,
        model_size=spec.d_model,
        inner_size=spec.d_inner,
        head_size=spec.head_dim,
        state_size=spec.d_state,
        group_count=spec.n_groups,
        conv_size=spec.d_conv,
        vocab_size=spec.vocab_padded,
        token_count=spec.vocab,
        is_head_tied=spec.tied,
        norm_eps=spec.norm_eps,
        dt_min=spec.dt_limit[0],
        dt_max=spec.dt_limit[1],
    )


def token_list(tokens: Iterable[int] | ArrayLike) -> list[int]:
    """Return token ids as integers; their range is checked by the model.

    Raises:
        ModelArgumentError: none, too many, or not integers.
    """
    values = list(tokens) if isinstance(tokens, Iterable) else tokens
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:
        raise ModelArgumentError("tokens", "integers", type(values).__name__) from error
    if array.size == 0:
        raise ModelArgumentError("tokens", "at least one token", "none")
    if array.ndim != 1 or array.dtype.kind not in "iu":
        got = f"dtype {array.dtype}, shape {array.shape}"
        raise ModelArgumentError("tokens", "a row of integers", got)
    if array.size > PROMPT_TOKENS_MAX:
        raise ModelArgumentError("tokens", f"at most {PROMPT_TOKENS_MAX:,}", f"{array.size:,}")
    if array.dtype == np.uint64 and int(array.max()) > np.iinfo(np.int64).max:
        raise ModelArgumentError("tokens", "below the vocabulary's size", f"{array.max()}")
    return [int(token) for token in array]


def first_token(logits: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return contiguous logits of the tokens that are no padding."""
    return np.ascontiguousarray(logits[:count], np.float32)


def mask_words(mask: bytes) -> NDArray[np.uint32]:
    """Return a bit mask as 32-bit words, lowest token first."""
    padded = mask + bytes(-len(mask) % 4)
    return np.frombuffer(padded, "<u4").astype(np.uint32, copy=False)


def matrices(
    rows: Sequence[tuple[str, NDArray[np.float32], NDArray[np.float32], float]],
) -> list[tuple[str, NDArray[np.float32], NDArray[np.float32], float]]:
    """Return adapters with contiguous matrices."""
    return [
        (name, np.ascontiguousarray(a, np.float32), np.ascontiguousarray(b, np.float32), scale)
        for name, a, b, scale in rows
    ]
