"""Model files in every format, converted once."""

from __future__ import annotations

from pathlib import Path

import pytest

from lex7.ssm import convert

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "ssm"


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("models")
    made = {quant: folder / f"{quant}.lex7" for quant in ("f32", "q8", "q4")}
    for quant, file in made.items():
        convert(VECTORS / "tiny", file, quant=quant)
    return made
