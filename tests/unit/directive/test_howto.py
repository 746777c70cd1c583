"""Every example of the guide is read, and reads back as the guide says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lex7.directive.describe import describe
from lex7.directive.read import read

GUIDE = (Path(__file__).resolve().parents[3] / "docs/howto/directives.md").read_text()
BLOCKS = re.findall(r"```toml\n(.*?)```\n(?:\n((?:> [^\n]*\n)+))?", GUIDE, flags=re.DOTALL)


def test_the_guide_has_ten_worked_rules() -> None:
    assert sum(bool(quoted) for _, quoted in BLOCKS) >= 10


@pytest.mark.parametrize(("block", "quoted"), BLOCKS, ids=range(len(BLOCKS)))
def test_an_example_is_read_as_the_guide_says(head: str, block: str, quoted: str) -> None:
    file, findings = read(head + block)
    assert findings == ()
    expected = " ".join(line.removeprefix("> ") for line in quoted.splitlines())
    assert [describe(one) for one in file.directives] == ([expected] if expected else [])


def test_the_messages_of_the_guide_are_those_of_the_reader(head: str, sleep: str) -> None:
    found = [
        read(head + sleep.replace(old, new))[1][0]
        for old, new in (("sleep, 7d", "slep, 7d"), ("0.80", "1.0"))
    ]
    for finding in found:
        assert f"{finding.where}: {finding.sentence}" in GUIDE
