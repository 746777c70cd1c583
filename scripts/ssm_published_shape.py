"""Writes vectors/ssm/published-130m.json: what transformers computes on the 130m shape, in float64.

Needs torch and transformers (`pip install 'lex7[torch]'`), some 4 GB of memory and some minutes of
one core; the tests need neither. The weights are those of `lex7 model random --shape 130m --quant
f32 --seed 1`; the prompt is 300 tokens drawn from SHA-256. Kept are a few logits of every row, the
largest, and the logarithm of the sum of their exponentials, which all of the row goes into.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers

from lex7.ssm import Model, published
from lex7.ssm.convert import draw
from lex7.ssm.spec import tensor_shapes

FILE = Path(__file__).resolve().parents[1] / "vectors" / "ssm" / "published-130m.json"
LENGTH = 300
KEPT_IN_A_ROW = 12


def numbers(purpose: str, count: int, below: int) -> list[int]:
    """Numbers that depend on nothing but their purpose."""
    digests = (hashlib.sha256(f"{purpose}:{place}".encode()).digest() for place in range(count))
    return [int.from_bytes(digest[:8], "little") % below for digest in digests]


def transformers_model(model: Model) -> transformers.Mamba2ForCausalLM:
    """The same weights in transformers, in float64."""
    spec = model.spec
    settings = transformers.Mamba2Config(
        hidden_size=spec.model_size,
        num_heads=spec.head_count,
        head_dim=spec.head_size,
        state_size=spec.state_size,
        n_groups=spec.group_count,
        num_hidden_layers=spec.layer_count,
        conv_kernel=spec.conv_size,
        vocab_size=spec.vocab_size,
        layer_norm_epsilon=spec.norm_eps,
        tie_word_embeddings=True,
        residual_in_fp32=False,
        pad_token_id=None,
        bos_token_id=None,
        eos_token_id=None,
    )
    made = transformers.Mamba2ForCausalLM(settings).double().eval()
    own = made.state_dict()
    for name, shape in tensor_shapes(spec).items():
        spelled = name.replace("backbone.embedding.", "backbone.embeddings.")
        own[spelled].copy_(torch.from_numpy(model.tensor(name)).reshape(shape))
    return made


def main() -> None:
    """Compute, compare and write."""
    torch.set_num_threads(1)
    spec = published("130m")
    tokens = numbers("token", LENGTH, spec.token_count)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "130m.lex7"
        model_hash = draw(file, spec, quant="f32", seed=1)
        model = Model.load(file)
        with torch.no_grad():
            made = transformers_model(model)
            theirs = made(torch.tensor([tokens]), use_cache=False).logits[0].numpy()
        theirs = theirs[:, : spec.token_count]
        ours = model.session().feed_all(tokens).astype(np.float64)
    largest = float(np.abs(theirs).max())
    worst = float(np.abs(ours - theirs).max()) / largest
    print(f"largest difference over all {theirs.size:,} logits: {worst:.2e} of the largest logit")
    columns = numbers("column", KEPT_IN_A_ROW, spec.token_count)
    rows = [
        {
            "logits": theirs[row, columns].tolist(),
            "largest": int(theirs[row].argmax()),
            "log_sum": float(np.logaddexp.reduce(theirs[row])),
        }
        for row in range(LENGTH)
    ]
    about = {
        "made_by": f"torch {torch.__version__}, transformers {transformers.__version__}, float64",
        "model": model_hash.hex(),
        "seed": 1,
        "tokens": tokens,
        "columns": columns,
        "largest_magnitude": largest,
        "worst_when_made": worst,
    }
    body = ",\n".join(json.dumps(row) for row in rows)
    FILE.write_text(json.dumps(about)[:-1] + ', "rows": [\n' + body + "\n]}\n")


if __name__ == "__main__":
    main()
