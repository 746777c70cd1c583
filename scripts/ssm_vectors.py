"""Writes vectors/ssm: tiny checkpoints as torch and transformers save them, and their logits.

Needs torch and transformers (`pip install 'lex7[torch]'`), neither of which the tests need. The
logits are those of transformers' Mamba2ForCausalLM in float64.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import torch
import transformers

FOLDER = Path(__file__).resolve().parents[1] / "vectors" / "ssm"
TOKEN_COUNT = 40
LENGTH = 48


def config(groups: int, *, tied: bool, limit: tuple[float, float]) -> transformers.Mamba2Config:
    """A model of two layers, small in every direction, with no size equal to another."""
    return transformers.Mamba2Config(
        hidden_size=24,
        expand=2,
        num_heads=6,
        head_dim=8,
        state_size=16,
        n_groups=groups,
        num_hidden_layers=2,
        conv_kernel=4,
        chunk_size=8,
        vocab_size=TOKEN_COUNT,
        tie_word_embeddings=tied,
        time_step_limit=limit,
        pad_token_id=None,
        bos_token_id=None,
        eos_token_id=None,
    )


def model(settings: transformers.Mamba2Config, seed: int) -> transformers.Mamba2ForCausalLM:
    """A model whose every weight is drawn, none left at its constant start."""
    torch.manual_seed(seed)
    made = transformers.Mamba2ForCausalLM(settings)
    with torch.no_grad():
        for name, weight in made.named_parameters():
            if name.endswith(("norm.weight", "norm_f.weight", ".D")):
                weight.copy_(1 + 0.3 * torch.randn_like(weight))
            elif name.endswith(("A_log", "dt_bias")):
                weight.copy_(torch.randn_like(weight))
            else:
                weight.copy_(torch.randn_like(weight) * 0.3)
    return made


def logits(made: transformers.Mamba2ForCausalLM, tokens: list[int]) -> list[list[float]]:
    """The logits of one whole prompt in float64."""
    made = made.double().eval()
    made.config.residual_in_fp32 = False
    for layer in made.backbone.layers:
        layer.residual_in_fp32 = False
    with torch.no_grad():
        return made(torch.tensor([tokens]), use_cache=False).logits[0].tolist()


def save_state_spaces(made: transformers.Mamba2ForCausalLM, folder: Path) -> None:
    """Save as the state-spaces repository does: names, config and the padded, tied embedding."""
    state = {}
    for name, value in made.state_dict().items():
        state[name.replace("embeddings", "embedding")] = value.half()
    state["lm_head.weight"] = state["backbone.embedding.weight"]
    torch.save(state, folder / "pytorch_model.bin")
    ssm = {"layer": "Mamba2", "d_state": 16, "headdim": 8}
    written = {
        "d_model": 24,
        "d_intermediate": 0,
        "n_layer": 2,
        "vocab_size": TOKEN_COUNT - 3,
        "ssm_cfg": ssm,
        "attn_layer_idx": [],
        "attn_cfg": {},
        "rms_norm": True,
        "residual_in_fp32": True,
        "fused_add_norm": True,
        "pad_vocab_size_multiple": 8,
        "tie_embeddings": True,
    }
    (folder / "config.json").write_text(json.dumps(written, indent=2) + "\n")


def tokens(seed: int) -> list[int]:
    """A prompt that depends on nothing but its seed."""
    draws = (hashlib.sha256(f"{seed}:{place}".encode()).digest()[0] for place in range(LENGTH))
    return [draw % (TOKEN_COUNT - 3) for draw in draws]


def main() -> None:
    """Write every vector anew."""
    cases = {}
    shutil.rmtree(FOLDER, ignore_errors=True)
    for seed, name, groups, tied, dtype, limit in (
        (1, "state-spaces-f16", 1, True, torch.float16, (0.0, float("inf"))),
        (2, "hugging-face-f32", 1, True, torch.float32, (0.0, float("inf"))),
        (3, "hugging-face-bf16-sharded", 2, False, torch.bfloat16, (0.0, float("inf"))),
        (4, "hugging-face-limit", 3, False, torch.float32, (0.05, 0.9)),
    ):
        folder = FOLDER / name
        folder.mkdir(parents=True)
        made = model(config(groups, tied=tied, limit=limit), seed).to(dtype)
        if name.startswith("state-spaces"):
            save_state_spaces(made, folder)
        else:
            shard = "12KB" if "sharded" in name else "1GB"
            made.save_pretrained(folder, max_shard_size=shard)
            (folder / "generation_config.json").unlink(missing_ok=True)
        given = tokens(seed)
        cases[name] = {"tokens": given, "logits": logits(made, given)}
    made_by = f"torch {torch.__version__}, transformers {transformers.__version__}, float64"
    text = json.dumps({"made_by": made_by, "cases": cases})
    (FOLDER / "logits.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
