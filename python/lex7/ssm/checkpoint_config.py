"""The config of a checkpoint, in its three dialects, read into one `Spec`.

What the runtime does not compute is refused here with the field's name, never ignored: another
layer kind, attention layers, another activation, biases of the projections, norm before gate. An
unknown field of `ssm_cfg` is refused too, because it would change the mathematics in silence.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lex7.ssm.errors import CheckpointError, ModelArgumentError
from lex7.ssm.spec import Spec

SSM_DEFAULTS: Mapping[str, Any] = {
    "layer": "Mamba1",
    "d_state": 128,
    "d_conv": 4,
    "expand": 2,
    "headdim": 64,
    "ngroups": 1,
    "d_ssm": None,
    "D_has_hdim": False,
    "rmsnorm": True,
    "norm_before_gate": False,
    "bias": False,
    "conv_bias": True,
    "dt_limit": [0.0, math.inf],
}
"""Mamba2's own defaults in state-spaces/mamba; `layer` alone defaults to the other architecture."""

SSM_INITIAL_ONLY = frozenset(
    "A_init_range dt_min dt_max dt_init_floor chunk_size use_mem_eff_path conv_init".split()
)
"""Fields that say how training starts or how a kernel is tiled, and change no result."""


class _Reader:
    """Takes fields of one JSON object and names the one that is wrong."""

    def __init__(self, path: Path, fields: Mapping[str, Any], prefix: str = "") -> None:
        self.path = path
        self.fields = fields
        self.prefix = prefix

    def integer(self, name: str, default: int | None) -> int:
        """Return a positive integer."""
        value = self.fields.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 1 << 31:
            raise self.refuse(name, "a positive integer", value)
        return value

    def number(self, name: str, default: float) -> float:
        """Return a number."""
        value = self.fields.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse(name, "a number", value)
        return float(value)

    def must_be(self, name: str, *, default: object, needed: object) -> None:
        """Refuse any value but one."""
        value = self.fields.get(name, default)
        if value != needed or isinstance(value, bool) != isinstance(needed, bool):
            raise self.refuse(name, json.dumps(needed), value)

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        value = self.fields.get(name, default)
        if not isinstance(value, bool):
            raise self.refuse(name, "true or false", value)
        return value

    def limits(self, name: str) -> tuple[float, float]:
        """Return the least and largest step; both dialects' spellings of infinity are read."""
        value = self.fields.get(name, [0.0, math.inf])
        if not isinstance(value, list) or len(value) != 2:
            raise self.refuse(name, "two numbers", value)
        ends = [_limit(end) for end in value]
        if ends[0] is None or ends[1] is None:
            raise self.refuse(name, "two numbers", value)
        return ends[0], ends[1]

    def refuse(self, name: str, expected: str, got: object) -> CheckpointError:
        """Return the error about one field."""
        spelled = "nothing" if got is None else json.dumps(got)[:80]
        return CheckpointError(str(self.path), f"{self.prefix}{name}", expected, spelled)


def read_spec(path: Path, fields: Mapping[str, Any], vocab_rows: int) -> Spec:
    """Return the spec that a config describes, over an embedding of so many rows.

    Raises:
        CheckpointError: it is no Mamba-2, or a variant that is not computed here.
    """
    is_hugging_face = "model_type" in fields or "architectures" in fields
    return _named(_hugging_face if is_hugging_face else _state_spaces, path, fields, vocab_rows)


def read_params(path: Path, fields: Mapping[str, Any], vocab_rows: int) -> Spec:
    """Return the spec that Mistral's params.json describes.

    Raises:
        CheckpointError: it is no Mamba-2, or a variant that is not computed here.
    """
    return _named(_mistral, path, fields, vocab_rows)


def _named(
    read: Callable[[_Reader, int], Spec], path: Path, fields: Mapping[str, Any], vocab_rows: int
) -> Spec:
    try:
        return read(_Reader(path, fields), vocab_rows)
    except ModelArgumentError as refusal:
        raise CheckpointError(
            str(path), refusal.argument, refusal.expected, refusal.got
        ) from refusal


def _hugging_face(config: _Reader, vocab_rows: int) -> Spec:
    config.must_be("model_type", default=None, needed="mamba2")
    config.must_be("hidden_act", default="silu", needed="silu")
    config.must_be("use_bias", default=False, needed=False)
    config.flag("use_conv_bias", default=True)
    model_size = config.integer("hidden_size", 4_096)
    head_count = config.integer("num_heads", 128)
    head_size = config.integer("head_dim", 64)
    inner_size = int(config.number("expand", 2) * model_size)
    if inner_size != head_count * head_size:
        wanted = f"expand · hidden_size / head_dim = {inner_size / head_size:g}"
        raise config.refuse("num_heads", wanted, head_count)
    dt_min, dt_max = config.limits("time_step_limit")
    vocab_size = config.integer("vocab_size", 32_768)
    if vocab_size != vocab_rows:
        raise config.refuse("vocab_size", f"the embedding's {vocab_rows:,} rows", vocab_size)
    return Spec(
        layer_count=config.integer("num_hidden_layers", 64),
        model_size=model_size,
        inner_size=inner_size,
        head_size=head_size,
        state_size=config.integer("state_size", 128),
        group_count=config.integer("n_groups", 8),
        conv_size=config.integer("conv_kernel", 4),
        vocab_size=vocab_size,
        token_count=vocab_size,
        is_head_tied=config.flag("tie_word_embeddings", default=False),
        norm_eps=config.number("layer_norm_epsilon", 1e-5),
        dt_min=dt_min,
        dt_max=dt_max,
    )


def _state_spaces(config: _Reader, vocab_rows: int) -> Spec:
    config.must_be("d_intermediate", default=0, needed=0)
    config.must_be("attn_layer_idx", default=[], needed=[])
    config.must_be("rms_norm", default=True, needed=True)
    ssm = _ssm_config(config)
    model_size = config.integer("d_model", 2_560)
    inner_size = int(ssm.number("expand", 2) * model_size)
    if ssm.fields.get("d_ssm") not in (None, inner_size):
        raise ssm.refuse("d_ssm", f"null or {inner_size}", ssm.fields["d_ssm"])
    dt_min, dt_max = ssm.limits("dt_limit")
    token_count = config.integer("vocab_size", 50_277)
    multiple = config.integer("pad_vocab_size_multiple", 8)
    padded = -(-token_count // multiple) * multiple
    if padded != vocab_rows:
        wanted = f"{token_count:,} padded to the embedding's {vocab_rows:,} rows"
        raise config.refuse("pad_vocab_size_multiple", wanted, multiple)
    return Spec(
        layer_count=config.integer("n_layer", 64),
        model_size=model_size,
        inner_size=inner_size,
        head_size=ssm.integer("headdim", 64),
        state_size=ssm.integer("d_state", 128),
        group_count=ssm.integer("ngroups", 1),
        conv_size=ssm.integer("d_conv", 4),
        vocab_size=vocab_rows,
        token_count=token_count,
        is_head_tied=config.flag("tie_embeddings", default=True),
        norm_eps=config.number("norm_epsilon", 1e-5),
        dt_min=dt_min,
        dt_max=dt_max,
    )


def _mistral(config: _Reader, vocab_rows: int) -> Spec:
    """Sizes that params.json does not name are those of Mamba2 in state-spaces/mamba."""
    config.must_be("model_type", default="mamba", needed="mamba")
    config.must_be("rms_norm", default=True, needed=True)
    model_size = config.integer("dim", None)
    vocab_size = config.integer("vocab_size", None)
    multiple = config.integer("pad_vocab_size_multiple", 1)
    if -(-vocab_size // multiple) * multiple != vocab_rows:
        wanted = f"what pads to the embedding's {vocab_rows:,} rows"
        raise config.refuse("vocab_size", wanted, vocab_size)
    return Spec(
        layer_count=config.integer("n_layers", None),
        model_size=model_size,
        inner_size=2 * model_size,
        group_count=config.integer("n_groups", 1),
        vocab_size=vocab_rows,
        token_count=vocab_size,
        is_head_tied=config.flag("tie_embeddings", default=False),
    )


def _ssm_config(config: _Reader) -> _Reader:
    fields = config.fields.get("ssm_cfg", {})
    if not isinstance(fields, dict):
        raise config.refuse("ssm_cfg", "an object", fields)
    ssm = _Reader(config.path, fields, "ssm_cfg.")
    for name in fields:
        if name not in SSM_DEFAULTS and name not in SSM_INITIAL_ONLY:
            raise ssm.refuse(name, f"one of {', '.join(SSM_DEFAULTS)}", fields[name])
    ssm.must_be("layer", default=SSM_DEFAULTS["layer"], needed="Mamba2")
    for name in ("D_has_hdim", "rmsnorm", "norm_before_gate", "bias"):
        ssm.must_be(name, default=SSM_DEFAULTS[name], needed=SSM_DEFAULTS[name])
    ssm.flag("conv_bias", default=True)
    return ssm


def _limit(value: object) -> float | None:
    if isinstance(value, dict) and set(value) == {"__float__"}:
        value = value["__float__"]
    if value in ("Infinity", "inf"):
        return math.inf
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return float(value)
