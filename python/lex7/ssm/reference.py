"""Mamba-2 as its mathematics: the readable specification of what the compiled runtime computes.

One token at a time, one layer after the other (Dao and Gu 2024, "Transformers are SSMs", section
7; symbols as there). With u the normalised residual stream of a layer:

    [z, xBC, dt] = W_in u
    xBC          = silu(conv(xBC) + bias)              causal, each channel by itself
    Δ            = clip(softplus(dt + dt_bias))        one step per head
    S            ← exp(−exp(A_log) Δ) S + Δ x Bᵀ       (P, N) per head: the recurrent state
    y            = S C + D x
    out          = W_out norm(y · silu(z))             added to the residual stream

Sums are NumPy's, in whatever order it likes: this module agrees with the runtime within a
tolerance, is used by tests, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from lex7.ssm.spec import EMBEDDING, FINAL_NORM, HEAD, LAYER_TENSORS, Spec, layer_tensor

Floats = NDArray[Any]


@dataclass(slots=True)
class State:
    """What a model remembers of the tokens so far.

    Attributes:
        conv: the last inputs of the convolution, (layers, taps − 1, conv_width), oldest first.
        ssm: S of every head, (layers, heads, P, N).
    """

    conv: Floats
    ssm: Floats


def start(spec: Spec, dtype: DTypeLike = np.float64) -> State:
    """Return the state before the first token: zeros."""
    conv = np.zeros((spec.layer_count, spec.conv_size - 1, spec.conv_width), dtype)
    heads = (spec.layer_count, spec.head_count, spec.head_size, spec.state_size)
    return State(conv, np.zeros(heads, dtype))


def feed(
    spec: Spec, weights: Mapping[str, Floats], state: State, tokens: Sequence[int]
) -> tuple[Floats, Floats]:
    """Advance a state in place; return (tokens, vocab) logits and (tokens, D) hidden states."""
    hidden = np.stack([_token(spec, weights, state, token) for token in tokens])
    return hidden @ weights[EMBEDDING if spec.is_head_tied else HEAD].T, hidden


def _token(spec: Spec, weights: Mapping[str, Floats], state: State, token: int) -> Floats:
    residual = weights[EMBEDDING][token]
    for layer in range(spec.layer_count):
        own = {name: weights[layer_tensor(layer, name)] for name in LAYER_TENSORS}
        normed = rms_norm(residual, own["norm.weight"], spec.norm_eps)
        residual = residual + _mixer(spec, own, state, layer, normed)
    return rms_norm(residual, weights[FINAL_NORM], spec.norm_eps)


def _mixer(
    spec: Spec, own: Mapping[str, Floats], state: State, layer: int, normed: Floats
) -> Floats:
    edges = (spec.inner_size, spec.inner_size + spec.conv_width)
    z, column, dt = np.split(own["mixer.in_proj.weight"] @ normed, edges)
    taps = np.concatenate([state.conv[layer], column[None, :]])  # (conv_size, conv_width)
    state.conv[layer] = taps[1:]
    mixed = silu((own["mixer.conv1d.weight"][:, 0].T * taps).sum(axis=0) + own["mixer.conv1d.bias"])
    group_width = spec.group_count * spec.state_size
    x, b, c = np.split(mixed, (spec.inner_size, spec.inner_size + group_width))
    x = x.reshape(spec.head_count, spec.head_size)
    b, c = (_per_head(spec, part) for part in (b, c))  # (heads, N)
    delta = np.clip(softplus(dt + own["mixer.dt_bias"]), spec.dt_min, spec.dt_max)
    decay = np.exp(-np.exp(own["mixer.A_log"]) * delta)
    added = delta[:, None, None] * x[:, :, None] * b[:, None, :]
    state.ssm[layer] = decay[:, None, None] * state.ssm[layer] + added
    y = (state.ssm[layer] * c[:, None, :]).sum(axis=2) + own["mixer.D"][:, None] * x
    gated = y.reshape(spec.group_count, -1) * silu(z).reshape(spec.group_count, -1)
    scale = own["mixer.norm.weight"].reshape(spec.group_count, -1)
    return own["mixer.out_proj.weight"] @ rms_norm(gated, scale, spec.norm_eps).reshape(-1)


def _per_head(spec: Spec, part: Floats) -> Floats:
    grouped = part.reshape(spec.group_count, spec.state_size)
    return np.repeat(grouped, spec.head_count // spec.group_count, axis=0)


def rms_norm(values: Floats, weight: Floats, eps: float) -> Floats:
    """Return values / √(mean(values²) + eps) · weight, over the last axis."""
    mean = np.mean(values * values, axis=-1, keepdims=True)
    return np.asarray(values / np.sqrt(mean + eps) * weight)


def silu(values: Floats) -> Floats:
    """Return x / (1 + e⁻ˣ), without overflow."""
    small = np.exp(-np.abs(values))
    return np.asarray(values * np.where(values >= 0, 1.0, small) / (1.0 + small))


def softplus(values: Floats) -> Floats:
    """Return log(1 + eˣ), without overflow."""
    return np.asarray(np.maximum(values, 0.0) + np.log1p(np.exp(-np.abs(values))))
