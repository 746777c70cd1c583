"""Every naming that Mamba-2 was published in becomes the same model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from checkpoint_files import write_tensors as write

from lex7.ssm import Model, reference
from lex7.ssm.checkpoint import open_checkpoint
from lex7.ssm.checkpoint_config import read_params, read_spec
from lex7.ssm.errors import CheckpointError
from lex7.ssm.spec import SHAPES, Spec, published, tensor_shapes

PLACE = Path("config.json")
SPEC = Spec(
    layer_count=1,
    model_size=256,
    inner_size=512,
    group_count=8,
    vocab_size=48,
    token_count=48,
    is_head_tied=False,
)


def state_spaces(layers: int, width: int) -> dict[str, Any]:
    # As state-spaces/mamba2-130m to -2.7b have it.
    return {
        "d_model": width,
        "d_intermediate": 0,
        "n_layer": layers,
        "vocab_size": 50277,
        "ssm_cfg": {"layer": "Mamba2"},
        "attn_layer_idx": [],
        "attn_cfg": {},
        "rms_norm": True,
        "residual_in_fp32": True,
        "fused_add_norm": True,
        "pad_vocab_size_multiple": 16,
        "tie_embeddings": True,
    }


@pytest.mark.parametrize("name", SHAPES)
def test_the_published_configs_give_the_published_shapes(name: str) -> None:
    assert read_spec(PLACE, state_spaces(*SHAPES[name]), 50_288) == published(name)


def test_the_hybrid_with_attention_is_refused_by_field() -> None:
    # state-spaces/mamba2attn-2.7b.
    config = state_spaces(64, 2560) | {
        "attn_layer_idx": [9, 18, 27, 36, 45, 56],
        "attn_cfg": {"causal": True, "d_conv": 4, "head_dim": 128, "num_heads": 30},
    }
    with pytest.raises(CheckpointError) as caught:
        read_spec(PLACE, config, 50_288)
    assert (caught.value.field, caught.value.expected) == ("attn_layer_idx", "[]")


CODESTRAL = {
    "dim": 4096,
    "n_layers": 64,
    "vocab_size": 32768,
    "n_groups": 8,
    "rms_norm": True,
    "residual_in_fp32": True,
    "fused_add_norm": True,
    "pad_vocab_size_multiple": 1,
    "tie_embeddings": False,
    "model_type": "mamba",
}


def test_codestral_has_its_published_shape() -> None:
    spec = read_params(Path("params.json"), CODESTRAL, 32_768)
    # mistralai/Mamba-Codestral-7B-v0.1: 7,285,403,648 parameters.
    assert spec.parameter_count == 7_285_403_648
    assert (spec.head_count, spec.group_count, spec.is_head_tied) == (128, 8, False)
    hugging_face = {
        "architectures": ["Mamba2ForCausalLM"],
        "model_type": "mamba2",
        "hidden_size": 4096,
        "num_heads": 128,
        "head_dim": 64,
        "state_size": 128,
        "num_hidden_layers": 64,
        "n_groups": 8,
        "expand": 2,
        "conv_kernel": 4,
        "chunk_size": 256,
        "layer_norm_epsilon": 1e-05,
        "norm_before_gate": True,
        "residual_in_fp32": True,
        "rms_norm": True,
        "tie_word_embeddings": False,
        "time_step_limit": [0.0, float("inf")],
        "use_bias": False,
        "use_conv_bias": True,
        "vocab_size": 32768,
    }
    assert read_spec(PLACE, hugging_face, 32_768) == spec


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("dim", None),
        ("n_layers", 0),
        ("n_groups", 7),
        ("model_type", "transformer"),
        ("rms_norm", False),
        ("vocab_size", 40_000),
        ("tie_embeddings", 1),
    ],
)
def test_params_that_are_not_computed_here_are_refused(field: str, value: object) -> None:
    with pytest.raises(CheckpointError):
        read_params(Path("params.json"), CODESTRAL | {field: value}, 32_768)


def weights() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(1)
    made = {
        name: (draw.normal(size=shape) / np.sqrt(shape[-1])).astype(np.float32)
        for name, shape in tensor_shapes(SPEC).items()
    }
    return {name: one + 1 if "norm" in name else one for name, one in made.items()}


def codestral(folder: Path) -> Path:
    small = CODESTRAL | {"dim": 256, "n_layers": 1, "vocab_size": 48}
    (folder / "params.json").write_text(json.dumps(small))
    write(folder / "consolidated.safetensors", {f"model.{n}": w for n, w in weights().items()})
    return folder


def hugging_face(folder: Path) -> Path:
    config = {
        "model_type": "mamba2",
        "hidden_size": 256,
        "num_heads": 8,
        "num_hidden_layers": 1,
        "vocab_size": 48,
    }
    (folder / "config.json").write_text(json.dumps(config))
    renamed = {n.replace("embedding.", "embeddings."): w for n, w in weights().items()}
    write(folder / "model.safetensors", renamed)
    return folder


def state_spaces_safetensors(folder: Path) -> Path:
    config = state_spaces(1, 256) | {"vocab_size": 48, "tie_embeddings": False}
    config["ssm_cfg"] = {"layer": "Mamba2", "ngroups": 8}
    (folder / "config.json").write_text(json.dumps(config))
    write(folder / "model.safetensors", weights())
    return folder


@pytest.mark.parametrize("make", [codestral, hugging_face, state_spaces_safetensors])
def test_the_same_weights_under_any_names_are_the_same_model(make: Any, tmp_path: Path) -> None:
    folder = make(tmp_path)
    model = Model.load(folder, quant="f32")
    assert open_checkpoint(folder).spec == SPEC
    for name, values in weights().items():
        assert np.array_equal(model.tensor(name), values), name
    own = {name: values.astype(np.float64) for name, values in weights().items()}
    tokens = [3, 1, 4, 1, 5, 9, 2, 6, 47, 0]
    truth, _ = reference.feed(SPEC, own, reference.start(SPEC), tokens)
    ours = model.session().feed_all(tokens)
    assert np.abs(ours - truth).max() < 1e-5 * np.abs(truth).max()


def test_a_name_without_the_wrapper_is_refused(tmp_path: Path) -> None:
    folder = codestral(tmp_path)
    write(folder / "consolidated.safetensors", weights())
    with pytest.raises(CheckpointError) as caught:
        open_checkpoint(folder)
    assert caught.value.expected == "a name that starts with model."
