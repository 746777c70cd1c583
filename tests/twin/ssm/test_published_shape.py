"""The runtime on the published 130m shape against transformers in float64, over 300 tokens.

`scripts/ssm_published_shape.py` froze what transformers gives; the weights are drawn again here.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from lex7.ssm import Model, published
from lex7.ssm.convert import draw

FROZEN = Path(__file__).resolve().parents[3] / "vectors" / "ssm" / "published-130m.json"


def test_logits_are_those_of_transformers_in_float64(tmp_path: Path) -> None:
    frozen = json.loads(FROZEN.read_text())
    file = tmp_path / "130m.lex7"
    assert draw(file, published("130m"), quant="f32", seed=frozen["seed"]).hex() == frozen["model"]
    session = Model.load(file, threads=2).session()
    rows = session.feed_all(frozen["tokens"]).astype(np.float64)
    theirs = np.array([row["logits"] for row in frozen["rows"]])
    tolerance = 1e-4 * frozen["largest_magnitude"]
    assert rows.shape == (300, 50_277)
    assert np.abs(rows[:, frozen["columns"]] - theirs).max() < tolerance
    sums = np.array([row["log_sum"] for row in frozen["rows"]])
    assert np.abs(np.logaddexp.reduce(rows, axis=1) - sums).max() < tolerance
    # The largest logit may change places with one within the tolerance, and with no other.
    best = [rows[place, row["largest"]] for place, row in enumerate(frozen["rows"])]
    assert np.abs(rows.max(axis=1) - best).max() < 2 * tolerance
    assert frozen["worst_when_made"] < 1e-4
