"""Every example of the guide is read, and reads back as the guide says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lex7.directive.describe import describe
from lex7.directive.format import formatted
from lex7.directive.read import read
from lex7.directive.trial import try_examples

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


@pytest.mark.parametrize("block", [block for block, _ in BLOCKS], ids=range(len(BLOCKS)))
def test_the_examples_beside_a_rule_say_what_its_owner_expects(head: str, block: str) -> None:
    trials = try_examples(read(head + block)[0])
    assert [(one.id, one.example.say, one.got) for one in trials if not one.is_passed] == []


@pytest.mark.parametrize("block", [block for block, _ in BLOCKS], ids=range(len(BLOCKS)))
def test_the_guide_is_written_in_the_one_layout(head: str, block: str) -> None:
    assert formatted(head + "\n" + block) == head + "\n" + block


def test_each_of_ten_rules_has_an_example() -> None:
    files = [
        read('format = "lex7-directives/1"\ncurrency = "USD"\ntime_zone = "UTC"\n' + block)[0]
        for block, _ in BLOCKS
    ]
    rules = [one for file in files for one in file.directives]
    assert sum(bool(one.examples) for one in rules) >= 10
    assert sum(bool(one.examples) for file in files for one in file.access) >= 1


def test_the_messages_of_the_guide_are_those_of_the_reader(head: str, sleep: str) -> None:
    found = [
        read(head + sleep.replace(old, new))[1][0]
        for old, new in (("sleep, 7d", "slep, 7d"), ("0.80", "1.0"))
    ]
    for finding in found:
        assert f"{finding.where}: {finding.sentence}" in GUIDE
