"""A short coverage-guided run of the Python targets; `make fuzz` runs long ones, and Rust ones."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
INPUTS = int(os.environ.get("LEX7_FUZZ_INPUTS", "400"))
CORPORA = {"twin": "decoder", "pairing": "pairing", "range": "range"}


@pytest.mark.parametrize("target", CORPORA)
def test_nothing_but_typed_refusals_comes_out(target: str, tmp_path: Path) -> None:
    pytest.importorskip("atheris", reason="atheris has no wheel for this platform")
    shutil.copytree(ROOT / "fuzz/corpus" / CORPORA[target], tmp_path / "corpus")
    limits = [f"-runs={INPUTS}", "-max_len=512", "-timeout=60", "-rss_limit_mb=1024", "-seed=7"]
    done = subprocess.run(
        [sys.executable, str(ROOT / "fuzz/handlers.py"), target, *limits, str(tmp_path / "corpus")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4_000:]
    # The corpus itself counts as runs, so there may be some more.
    counted = re.search(r"Done (\d+) runs", done.stderr)
    assert counted is not None
    assert int(counted[1]) >= INPUTS
