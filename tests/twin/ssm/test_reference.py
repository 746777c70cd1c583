"""The readable reference against transformers in float64, and against chunked SSD."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lex7.ssm import reference
from lex7.ssm.checkpoint import Checkpoint, open_checkpoint
from lex7.ssm.spec import EMBEDDING, FINAL_NORM, HEAD, Spec, layer_tensor, tensor_shapes

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "ssm"
CASES = json.loads((VECTORS / "logits.json").read_text())["cases"]


def weights(checkpoint: Checkpoint) -> dict[str, np.ndarray]:
    return {name: values.astype(np.float64) for name, values in checkpoint.read_all()}


@pytest.mark.parametrize("name", CASES)
def test_logits_are_those_of_transformers_in_float64(name: str) -> None:
    checkpoint = open_checkpoint(VECTORS / name)
    theirs = np.array(CASES[name]["logits"])
    state = reference.start(checkpoint.spec)
    ours, _ = reference.feed(checkpoint.spec, weights(checkpoint), state, CASES[name]["tokens"])
    # Their norms are taken in float32 whatever the model's dtype.
    assert np.abs(ours - theirs).max() < 2e-6 * np.abs(theirs).max()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("split", [1, 17, 47])
def test_state_carries_everything_between_two_feeds(name: str, split: int) -> None:
    checkpoint = open_checkpoint(VECTORS / name)
    spec, own, tokens = checkpoint.spec, weights(checkpoint), CASES[name]["tokens"]
    whole = reference.start(spec)
    _, hidden = reference.feed(spec, own, whole, tokens)
    state = reference.start(spec)
    _, first = reference.feed(spec, own, state, tokens[:split])
    _, second = reference.feed(spec, own, state, tokens[split:])
    assert np.array_equal(np.concatenate([first, second]), hidden)
    assert np.array_equal(state.ssm, whole.ssm)
    assert np.array_equal(state.conv, whole.conv)


def segment_sums(steps: np.ndarray) -> np.ndarray:
    """Sums over (j, i] of the last axis below the diagonal, minus infinity above it."""
    length = steps.shape[-1]
    total = np.cumsum(steps, axis=-1)
    sums = total[..., :, None] - total[..., None, :]
    return np.where(np.tril(np.ones((length, length), bool)), sums, -np.inf)


def chunked_scan(
    x: np.ndarray, decay: np.ndarray, b: np.ndarray, c: np.ndarray, size: int
) -> np.ndarray:
    """Listing 1 of Dao and Gu (2024), `ssd_minimal_discrete`, for one sequence.

    x (length, heads, P) is already scaled by its step, decay (length, heads) is Δ·A.
    """
    length, heads, _ = x.shape
    x, b, c = (part.reshape(length // size, size, heads, -1) for part in (x, b, c))
    decay = decay.reshape(length // size, size, heads).transpose(2, 0, 1)
    total = np.cumsum(decay, axis=-1)
    inside = np.exp(segment_sums(decay))
    diagonal = np.einsum("clhn,cshn,hcls,cshp->clhp", c, b, inside, x)
    to_end = np.exp(total[:, :, -1:] - total)
    states = np.einsum("clhn,hcl,clhp->chpn", b, to_end, x)
    states = np.concatenate([np.zeros_like(states[:1]), states])
    between = np.exp(segment_sums(np.pad(total[:, :, -1], ((0, 0), (1, 0)))))
    carried = np.einsum("hzc,chpn->zhpn", between, states)[:-1]
    across = np.einsum("clhn,chpn,hcl->clhp", c, carried, np.exp(total))
    return (diagonal + across).reshape(length, heads, -1)


def chunked_logits(
    spec: Spec, own: dict[str, np.ndarray], tokens: list[int], size: int
) -> np.ndarray:
    """The whole model over all tokens at once: matrices, a padded convolution, chunked SSD."""
    residual = own[EMBEDDING][tokens]
    for layer in range(spec.layer_count):
        part = {
            name.removeprefix(layer_tensor(layer, "")): value
            for name, value in own.items()
            if name.startswith(layer_tensor(layer, ""))
        }
        u = residual / np.sqrt((residual**2).mean(-1, keepdims=True) + spec.norm_eps)
        projected = (u * part["norm.weight"]) @ part["mixer.in_proj.weight"].T
        z = projected[:, : spec.inner_size]
        column = projected[:, spec.inner_size : spec.inner_size + spec.conv_width]
        dt = np.logaddexp(
            0, projected[:, spec.inner_size + spec.conv_width :] + part["mixer.dt_bias"]
        )
        dt = np.minimum(np.maximum(dt, spec.dt_min), spec.dt_max)
        padded = np.pad(column, ((spec.conv_size - 1, 0), (0, 0)))
        mixed = part["mixer.conv1d.bias"] + sum(
            padded[tap : tap + len(tokens)] * part["mixer.conv1d.weight"][:, 0, tap]
            for tap in range(spec.conv_size)
        )
        mixed = mixed / (1 + np.exp(-mixed))
        x = mixed[:, : spec.inner_size].reshape(len(tokens), spec.head_count, spec.head_size)
        shared = mixed[:, spec.inner_size :].reshape(len(tokens), 2, spec.group_count, -1)
        b, c = shared.repeat(spec.head_count // spec.group_count, axis=2).transpose(1, 0, 2, 3)
        y = chunked_scan(x * dt[:, :, None], dt * -np.exp(part["mixer.A_log"]), b, c, size)
        y = (y + part["mixer.D"][:, None] * x).reshape(len(tokens), -1) * (z / (1 + np.exp(-z)))
        grouped = y.reshape(len(tokens), spec.group_count, -1)
        grouped = grouped / np.sqrt((grouped**2).mean(-1, keepdims=True) + spec.norm_eps)
        residual = (
            residual
            + (grouped.reshape(y.shape) * part["mixer.norm.weight"])
            @ part["mixer.out_proj.weight"].T
        )
    u = residual / np.sqrt((residual**2).mean(-1, keepdims=True) + spec.norm_eps)
    return (u * own[FINAL_NORM]) @ own[EMBEDDING if spec.is_head_tied else HEAD].T


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("size", [1, 8, 16, 48])
def test_recurrence_and_chunked_ssd_are_the_same_function(name: str, size: int) -> None:
    checkpoint = open_checkpoint(VECTORS / name)
    spec, own, tokens = checkpoint.spec, weights(checkpoint), CASES[name]["tokens"]
    ours, _ = reference.feed(spec, own, reference.start(spec), tokens)
    assert np.allclose(chunked_logits(spec, own, tokens, size), ours, rtol=0, atol=1e-11)


def test_every_tensor_of_a_checkpoint_has_the_shape_of_the_spec() -> None:
    for name in CASES:
        checkpoint = open_checkpoint(VECTORS / name)
        read = {ours: values.shape for ours, values in checkpoint.read_all()}
        assert read == tensor_shapes(checkpoint.spec)
