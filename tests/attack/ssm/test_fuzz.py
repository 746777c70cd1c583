"""A few thousand damaged inputs for every reader; `fuzz/models.py` runs millions."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "fuzz" / "models.py"
COUNT = int(os.environ.get("LEX7_FUZZ_EXAMPLES", "400"))
spec = importlib.util.spec_from_file_location("fuzz_models", SCRIPT)
assert spec is not None
assert spec.loader is not None
fuzz_models = importlib.util.module_from_spec(spec)
spec.loader.exec_module(fuzz_models)


@pytest.mark.parametrize(
    "name", ["head", "snapshot", "pickle", "archive", "safetensors", "tokenizer"]
)
def test_a_damaged_input_is_read_or_refused_in_one_line(name: str, tmp_path: Path) -> None:
    if name == "tokenizer":
        pytest.importorskip("tokenizers", reason="the tokenizers extra is not installed")
    fuzzer = fuzz_models.Fuzzer(tmp_path)
    accepted = fuzz_models.fuzz(name, fuzzer.targets()[name], COUNT, seed=7)
    # Neither everything nor nothing gets through: the inputs are near good ones.
    assert 0 < accepted < COUNT
