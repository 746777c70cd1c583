"""The shape of a Mamba-2 model, and the name and shape of every tensor it must have.

Checkpoints spell the same model in two dialects with different defaults; both become one `Spec`
here, and every trap between them stands in one place:

- **Groups.** State-spaces checkpoints have 1 group unless they say otherwise, Hugging Face 8.
- **Tied head.** State-spaces ties the head to the embedding unless it says otherwise, Hugging Face
  does not; a tied checkpoint may or may not carry the head's tensor a second time.
- **Padded vocabulary.** State-spaces says the tokenizer's 50,277 and pads the tensor to a multiple
  (8 in the class, 16 in the files), Hugging Face says the padded number. `vocab_size` here is the
  tensor's rows and the length of the logits; `token_count` is how many of them are tokens.
- **Names.** `backbone.embedding` and `backbone.embeddings` are the same tensor.
- **Norm.** The gated norm is norm(y · silu(z)), never norm(y) · silu(z), group by group.
- **Step limit.** Δ is clipped for every token. (transformers 5.23 clips it in prefill and not when
  it decodes one token; checkpoints in use have no limit, where both agree.)

Names of tensors are those of state-spaces checkpoints, in this package and in our model files.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lex7.base.limits import (
    MODEL_GROUPS_MAX,
    MODEL_HEAD_SIZE_MAX,
    MODEL_LAYERS_MAX,
    MODEL_STATE_SIZE_MAX,
    MODEL_TAPS_MAX,
    MODEL_VOCABULARY_MAX,
    MODEL_WIDTH_MAX,
    SESSION_STATE_BYTES_MAX,
)
from lex7.ssm.errors import ModelArgumentError

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Spec:
    """The shape of a model; every number that the mathematics needs beside the weights.

    Attributes:
        layer_count: layers.
        model_size: width D of the residual stream.
        inner_size: width of the inner stream, expand · D.
        head_size: channels P of one head.
        state_size: N, numbers of state beside each channel.
        group_count: groups that share B and C, and parts over which the gated norm is taken.
        conv_size: taps of the causal convolution.
        vocab_size: rows of the embedding and length of the logits.
        token_count: ids that stand for a token; those above only pad.
        is_head_tied: whether the head is the embedding.
        norm_eps: what every norm adds to the mean square.
        dt_min: least step after the softplus.
        dt_max: largest step after the softplus; may be infinite.
    """

    layer_count: int
    model_size: int
    inner_size: int
    head_size: int = 64
    state_size: int = 128
    group_count: int = 1
    conv_size: int = 4
    vocab_size: int = 50_288
    token_count: int = 50_277
    is_head_tied: bool = True
    norm_eps: float = 1e-5
    dt_min: float = 0.0
    dt_max: float = math.inf

    def __post_init__(self) -> None:
        _check_ranges(self)
        _check_divisions(self)

    @property
    def head_count(self) -> int:
        """Heads, H."""
        return self.inner_size // self.head_size

    @property
    def conv_width(self) -> int:
        """Channels of the convolution: x, B and C."""
        return self.inner_size + 2 * self.group_count * self.state_size

    @property
    def projected_size(self) -> int:
        """Rows of the input projection: z, x, B, C and dt."""
        return self.inner_size + self.conv_width + self.head_count

    @property
    def state_count(self) -> int:
        """Numbers in the recurrent state of one layer, convolution included."""
        return self.inner_size * self.state_size + (self.conv_size - 1) * self.conv_width

    @property
    def parameter_count(self) -> int:
        """Weights of the whole model."""
        return sum(math.prod(shape) for shape in tensor_shapes(self).values())


SHAPES = {"130m": (24, 768), "370m": (48, 1_024), "780m": (48, 1_536), "1.3b": (48, 2_048)} | {
    "2.7b": (64, 2_560)
}
"""Layers and width of the published models."""

EMBEDDING = "backbone.embedding.weight"
FINAL_NORM = "backbone.norm_f.weight"
HEAD = "lm_head.weight"
LAYER_TENSORS = (
    "norm.weight",
    "mixer.in_proj.weight",
    "mixer.conv1d.weight",
    "mixer.conv1d.bias",
    "mixer.dt_bias",
    "mixer.A_log",
    "mixer.D",
    "mixer.norm.weight",
    "mixer.out_proj.weight",
)
"""Names of state-spaces checkpoints, under `backbone.layers.N.`; our files keep them."""


def published(name: str) -> Spec:
    """Return the shape of a published model by its name, such as `130m`.

    Raises:
        ModelArgumentError: there is none of that name.
    """
    if name not in SHAPES:
        raise ModelArgumentError("shape", f"one of {', '.join(SHAPES)}", repr(name))
    layer_count, model_size = SHAPES[name]
    return Spec(layer_count=layer_count, model_size=model_size, inner_size=2 * model_size)


def tensor_shapes(spec: Spec) -> dict[str, Shape]:
    """Return the name and shape of every tensor, in the order in which files keep them."""
    shapes: dict[str, Shape] = {EMBEDDING: (spec.vocab_size, spec.model_size)}
    for layer in range(spec.layer_count):
        for name, shape in layer_shapes(spec).items():
            shapes[layer_tensor(layer, name)] = shape
    shapes[FINAL_NORM] = (spec.model_size,)
    if not spec.is_head_tied:
        shapes[HEAD] = (spec.vocab_size, spec.model_size)
    return shapes


def layer_tensor(layer: int, name: str) -> str:
    """Return the whole name of a tensor of a layer."""
    return f"backbone.layers.{layer}.{name}"


def layer_shapes(spec: Spec) -> dict[str, Shape]:
    """Return the name and shape of the tensors of one layer."""
    shapes: tuple[Shape, ...] = (
        (spec.model_size,),
        (spec.projected_size, spec.model_size),
        (spec.conv_width, 1, spec.conv_size),
        (spec.conv_width,),
        (spec.head_count,),
        (spec.head_count,),
        (spec.head_count,),
        (spec.inner_size,),
        (spec.model_size, spec.inner_size),
    )
    return dict(zip(LAYER_TENSORS, shapes, strict=True))


def _check_ranges(spec: Spec) -> None:
    bounds = {
        "layer_count": MODEL_LAYERS_MAX,
        "model_size": MODEL_WIDTH_MAX,
        "inner_size": MODEL_WIDTH_MAX,
        "head_size": MODEL_HEAD_SIZE_MAX,
        "state_size": MODEL_STATE_SIZE_MAX,
        "group_count": MODEL_GROUPS_MAX,
        "conv_size": MODEL_TAPS_MAX,
        "vocab_size": MODEL_VOCABULARY_MAX,
        "token_count": spec.vocab_size,
    }
    for name, most in bounds.items():
        value = getattr(spec, name)
        # A convolution of one tap would be a factor; no kernel has one.
        least = 2 if name == "conv_size" else 1
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ModelArgumentError(name, f"an integer from {least} to {most:,}", repr(value))
    if not 0.0 < spec.norm_eps < 1.0:
        raise ModelArgumentError("norm_eps", "above 0 and below 1", repr(spec.norm_eps))
    if not 0.0 <= spec.dt_min <= spec.dt_max or spec.dt_min == math.inf:
        came = f"{spec.dt_min!r} to {spec.dt_max!r}"
        raise ModelArgumentError(
            "dt_min to dt_max", "a range from at least 0, its least end finite", came
        )


def _check_divisions(spec: Spec) -> None:
    if spec.inner_size % spec.head_size:
        came = f"{spec.inner_size} and {spec.head_size}"
        raise ModelArgumentError("inner_size", "a multiple of head_size", came)
    if spec.head_count % spec.group_count:
        came = f"{spec.head_count} and {spec.group_count}"
        raise ModelArgumentError("the head count", "a multiple of group_count", came)
    state_bytes = 4 * spec.layer_count * spec.state_count
    if state_bytes > SESSION_STATE_BYTES_MAX:
        wanted = f"a session of at most {SESSION_STATE_BYTES_MAX:,} bytes"
        raise ModelArgumentError("state_size", wanted, f"{state_bytes:,} bytes")
