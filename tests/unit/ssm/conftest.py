"""The tiny trained model in three formats, converted once for a test run's process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lex7.ssm import Model, convert

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "ssm"
TINY = VECTORS / "tiny"


@pytest.fixture(scope="session")
def cases() -> dict[str, Any]:
    return json.loads((VECTORS / "logits.json").read_text())["cases"]


@pytest.fixture(scope="session")
def tiny_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tiny")
    files = {quant: folder / f"{quant}.lex7" for quant in ("f32", "q8", "q4")}
    for quant, file in files.items():
        convert(TINY, file, quant=quant)
    return files


@pytest.fixture(scope="session")
def tiny(tiny_files: dict[str, Path]) -> Model:
    return Model.load(tiny_files["q8"])
