"""The reference against transformers itself, where the `torch` extra is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

REASON = "torch and transformers are not installed; vectors/ssm holds their logits"
torch = pytest.importorskip("torch", reason=REASON)
pytest.importorskip("transformers", reason=REASON)

from lex7.ssm import reference  # noqa: E402
from lex7.ssm.checkpoint import open_checkpoint  # noqa: E402

SCRIPT = Path(__file__).resolve().parents[3] / "scripts" / "ssm_vectors.py"
spec = importlib.util.spec_from_file_location("ssm_vectors", SCRIPT)
assert spec is not None
assert spec.loader is not None
oracle = importlib.util.module_from_spec(spec)
spec.loader.exec_module(oracle)


@pytest.mark.parametrize("groups", [1, 2, 3])
@pytest.mark.parametrize("tied", [True, False])
def test_a_saved_model_gives_the_logits_of_transformers(
    groups: int, tied: bool, tmp_path: Path
) -> None:
    made = oracle.model(oracle.config(groups, tied=tied, limit=(0.0, float("inf"))), 11)
    made.save_pretrained(tmp_path)
    checkpoint = open_checkpoint(tmp_path)
    given = oracle.tokens(5)
    theirs = np.array(oracle.logits(made, given))
    own = {name: values.astype(np.float64) for name, values in checkpoint.read_all()}
    state = reference.start(checkpoint.spec)
    ours, _ = reference.feed(checkpoint.spec, own, state, given)
    assert np.abs(ours - theirs).max() < 2e-6 * np.abs(theirs).max()
