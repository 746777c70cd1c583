"""Writes vectors/ssm/shapes.json: hashes of models, logits and states of the published shapes.

`ssm_shapes.py --shapes 370m,2.7b` adds or replaces the shapes that are named. The weights are those
of `lex7 model random --seed 1`, the prompt is 160 tokens. The largest file needs 3 GB of disk; all
of them together take some minutes of one core. `make shapes` checks every shape that is pinned.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from pathlib import Path

from lex7.ssm import Model, published
from lex7.ssm.convert import draw
from lex7.ssm.spec import SHAPES

FILE = Path(__file__).resolve().parents[1] / "vectors" / "ssm" / "shapes.json"
LENGTH = 160


def prompt(count: int) -> list[int]:
    """160 tokens from all over the vocabulary."""
    return [(index * index * 7_919 + 104_729 * index + 5) % count for index in range(LENGTH)]


def hashes(file: Path, shape: str, quant: str) -> dict[str, str]:
    """Draw a model, feed the prompt, and hash what comes of it."""
    model_hash = draw(file, published(shape), quant=quant, seed=1)
    session = Model.load(file).session()
    tokens = prompt(session.model.spec.token_count)
    session.feed(tokens[:16])
    early = session.hash().hex()
    last = session.feed(tokens[16:])
    return {
        "model": model_hash.hex(),
        "state_after_16": early,
        "last_logits": hashlib.sha256(last.astype("<f4").tobytes()).hexdigest(),
        "state": session.hash().hex(),
    }


def main() -> None:
    """Compute and write."""
    parser = argparse.ArgumentParser(description="Pins hashes of the published shapes.")
    parser.add_argument("--shapes", default=",".join(SHAPES))
    parser.add_argument("--folder", default=None, help="where model files are made")
    options = parser.parse_args()
    pinned = json.loads(FILE.read_text()) if FILE.exists() else {}
    for shape in options.shapes.split(","):
        # Files of f32 weights are four times as large: one shape of them is enough.
        for quant in ("f32", "q8", "q4") if shape == "130m" else ("q8", "q4"):
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                found = hashes(Path(folder) / "model.lex7", shape, quant)
            pinned.setdefault(shape, {})[quant] = found
            print(shape, quant, found["state"], flush=True)
            FILE.write_text(json.dumps(pinned, indent=1) + "\n")


if __name__ == "__main__":
    main()
