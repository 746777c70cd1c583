"""One sample, written once for the folder, and what it says of itself."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from lex7.sample import write_sample


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sample") / "robin"
    write_sample(directory, 7)
    return directory


@pytest.fixture(scope="session")
def truth(sample: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((sample / "truth.json").read_bytes())
    return document


@pytest.fixture(scope="session")
def export(sample: Path) -> bytes:
    with zipfile.ZipFile(sample / "apple_health" / "export.zip") as archive:
        return archive.read("apple_health_export/export.xml")
