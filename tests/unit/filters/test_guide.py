"""The worked examples print what the guide says they print."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import numpy as np
import polars
import pytest

GUIDE = Path(__file__).resolve().parents[3] / "docs/guide/worked-examples.md"
PAIRS = re.findall(r"```python\n(.*?)```\s*```text\n(.*?)```", GUIDE.read_text(), re.DOTALL)
NEEDS = (None, "sleepecg", "arch")


@pytest.mark.parametrize("place", range(3), ids=["nile", "heartbeats", "prices"])
def test_an_example_prints_what_the_guide_says(place: int) -> None:
    package = NEEDS[place]
    names: dict[str, object] = {}
    for code, _ in PAIRS[: place + 1]:
        if "sleepecg" in code and package == "arch":
            code = code.split("folder")[0]  # the imports alone
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, str(GUIDE), "exec"), names)
    assert printed.getvalue() == PAIRS[place][1]


def test_every_example_has_its_output() -> None:
    assert len(PAIRS) == len(NEEDS)
    assert GUIDE.read_text().count("```python") == len(NEEDS)


HOWTO = GUIDE.parents[1] / "howto/filters.md"


def test_every_block_of_the_howto_runs_in_its_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    day = 86_400 * 10**9
    names: dict[str, object] = {
        "training_times": np.arange(0, 100, 5) * day,
        "loads": np.full(20, 30.0),
        "frame": polars.DataFrame(
            {
                "when": np.arange(100).astype("datetime64[D]").astype("datetime64[us]"),
                "weight": np.linspace(70, 72, 100),
                "load": np.zeros(100),
            }
        ),
    }
    blocks = re.findall(r"```python\n(.*?)```", HOWTO.read_text(), re.DOTALL)
    assert len(blocks) >= 10
    for code in blocks:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(compile(code, str(HOWTO), "exec"), names)
        if "jacobian_gaps(model" in code:
            gaps = [float(one) for one in re.findall(r"[\d.e-]+", printed.getvalue())]
            assert max(gaps) < 1e-8
    assert (tmp_path / "nile.png").stat().st_size > 10_000
