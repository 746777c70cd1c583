"""Rules that can never hold together are named when they are written."""

from __future__ import annotations

import pytest

from lex7.directive import read

SECOND = """
[[directive]]
id = "other"
say = "Another rule."
rule = "{rule}"
confidence = 0.80
over = "pointwise"
severity = "hard"
priority = 4
"""


def codes(text: str) -> list[str]:
    return [one.code for one in read(text)[1]]


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("always[0d,7d] sleep >= 8 h and sleep <= 7 h", "at least 8 h and at most 7 h"),
        ("always[0d,7d] (sleep > 7 h and sleep <= 7 h)", "more than 7 h and at most 7 h"),
        ("(always[0d,7d] sleep >= 8 h) and (always[5d,9d] sleep <= 7 h)", "at most 7 h"),
        ("always[0d,7d] 2 * sleep >= 16 h and -sleep >= -7 h", "at most 7 h"),
    ],
)
def test_a_rule_that_contradicts_itself_is_refused(head: str, rule: str, sentence: str) -> None:
    _, (finding,) = read(head + SECOND.format(rule=rule))
    assert finding.code == "directive.contradiction"
    assert finding.where == "directives.toml, line 8, column 9"
    assert "this rule contradicts itself" in finding.sentence
    assert sentence in finding.sentence


@pytest.mark.parametrize(
    "rule",
    [
        "always[0d,7d] sleep >= 7 h and sleep <= 7 h",
        "always[0d,7d] sleep >= 8 h or sleep <= 7 h",
        "(always[0d,3d] sleep >= 8 h) and (always[4d,9d] sleep <= 7 h)",
        "(always[0d,7d] sleep >= 6 h) and (eventually[0d,7d] sleep <= 5 h)",
        "always[0d,7d] mean(sleep, 7d) >= 8 h and sleep <= 7 h",
    ],
)
def test_what_can_hold_is_no_contradiction(head: str, rule: str) -> None:
    assert codes(head + SECOND.format(rule=rule)) == []


def test_two_hard_rules_that_contradict_each_other_are_named(head: str, sleep: str) -> None:
    hard = sleep.replace('"soft"', '"hard"').replace('weight = "1 / 0.5 h"\n', "")
    rule = "always[7d,14d] mean(sleep, 7d) <= 6 h"
    file, (finding,) = read(head + hard + SECOND.format(rule=rule))
    assert finding.code == "directive.contradiction"
    assert "'sleep-week' for at least 7 h" in finding.sentence
    assert [one.id for one in file.directives] == ["sleep-week"]


def test_a_soft_rule_may_give_way_to_a_hard_one(head: str, sleep: str) -> None:
    rule = "always[7d,14d] mean(sleep, 7d) <= 6 h"
    assert codes(head + sleep + SECOND.format(rule=rule)) == []
