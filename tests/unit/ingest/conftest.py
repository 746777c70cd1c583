"""The corpus of real files, where the machine has one, and small exports."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lex7.base import civil
from lex7.base.civil import Zone


@pytest.fixture
def corpus() -> Path:
    folder = os.environ.get("LEX7_CORPUS")
    if not folder:
        pytest.skip("LEX7_CORPUS does not name a folder of real files")
    return Path(folder)


@pytest.fixture
def berlin() -> Zone:
    return civil.zone("Europe/Berlin")


@pytest.fixture
def export(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write the inside of a HealthData element as an export and return its path."""

    def write(inside: str | bytes) -> Path:
        raw = inside.encode() if isinstance(inside, str) else inside
        path = tmp_path / "export.xml"
        head = b'<?xml version="1.0" encoding="UTF-8"?>\n<HealthData locale="en_US">\n'
        path.write_bytes(head + raw + b"\n</HealthData>\n")
        return path

    return write
