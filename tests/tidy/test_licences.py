"""Nothing that is linked is GPL, AGPL or LGPL."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COPYLEFT = re.compile(r"\b(A?GPL|LGPL|GNU)\b", re.IGNORECASE)


def runtime_packages() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return [re.split(r"[<>=\[]", line)[0] for line in project["dependencies"]]


def test_no_crate_is_copyleft() -> None:
    listing = subprocess.run(
        ["cargo", "metadata", "--format-version", "1", "--offline", "--locked"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for package in json.loads(listing.stdout)["packages"]:
        licence = package["license"] or ""
        choices = re.split(r"\s+OR\s+|/", licence)
        assert any(not COPYLEFT.search(choice) for choice in choices if choice), package["name"]


def test_no_runtime_package_is_copyleft() -> None:
    for name in runtime_packages():
        about = metadata.metadata(name)
        licence = f"{about.get('License-Expression', '')} {about.get('License', '')[:80]}"
        assert not COPYLEFT.search(licence), name


def test_every_runtime_package_is_pinned_with_a_hash() -> None:
    lock = (ROOT / "requirements/dev.txt").read_text()
    for name in runtime_packages():
        assert re.search(
            rf"^{re.escape(name)}==\S+ (;.*)?\\\n    --hash=sha256:", lock, re.MULTILINE
        )
