"""Every kind of bad input at the command line: one clear sentence with its place, and a code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lex7.cli.main import main

HEAD = 'format = "lex7-directives/1"\ncurrency = "USD"\ntime_zone = "Europe/Berlin"\n'
RULE = """
[[directive]]
id = "{id}"
say = "I keep to it."
rule = "{rule}"
confidence = {confidence}
over = "pointwise"
severity = "hard"
priority = 1
"""
LEVER = """
[[lever]]
id = "eat-out"
moves = "spend.restaurants"
per = "month"
{by}
step = "1 USD"
reluctance = "1 / 100 USD"
"""
GOOD = "always[0mo,6mo] cash >= 3000 USD"


def rule(text: str, confidence: str = "0.9", name: str = "mine") -> str:
    return RULE.format(id=name, rule=text, confidence=confidence)


NESTED = "(" * 1_000 + "cash >= 1 USD" + ")" * 1_000
MANY = "".join(rule(GOOD, name=f"r{at}") for at in range(1_000))
CONTRADICTING = rule(GOOD, name="more") + rule("always[0mo,6mo] cash <= 2000 USD", name="less")

BAD = {
    "a rule against itself": (
        rule("cash >= 5 USD and cash <= 4 USD"),
        r"never hold|both|contradict",
    ),
    "two rules against each other": (CONTRADICTING, r"can never hold while 'more' does"),
    "an unknown quantity": (rule("always[0d,7d] slep >= 7 h"), r"did you mean 'sleep'\?"),
    "an unknown category": (rule("sum(spend.restaurant, month) <= 4 USD"), r""),
    "mixed units": (rule("cash >= 7 h"), r"units differ"),
    "a bare number": (rule("cash >= 7"), r"bare number"),
    "division": (rule("cash / 2 >= 7 USD"), r"divid|division|multipl"),
    "a thousand levels": (rule(NESTED), r"nest|deep|characters"),
    "a thousand rules": (MANY, r"^1000 directives, .* 0 mistakes"),
    "certainty": (rule(GOOD, "1.0"), r"0\.9999"),
    "a lever without bounds": (LEVER.format(by=""), r"by is missing"),
    "a lever turned round": (
        LEVER.format(by='by = ["300 USD", "0 USD"]'),
        r"low|above|bound|order",
    ),
    "an endless lever": (LEVER.format(by='by = ["-inf USD", "0 USD"]'), r"amount|by"),
}
HARMLESS = {"an unknown category", "a thousand rules"}
"""Without data any category may come to be; a thousand rules are read and judged like ten."""


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_rules_are_refused_in_one_sentence(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, said = BAD[name]
    path = tmp_path / "directives.toml"
    path.write_text(HEAD + text)
    with pytest.raises(SystemExit) as ended:
        main(["directives", "check", str(path)])
    shown = capsys.readouterr()
    lines = [line for line in (shown.out + shown.err).splitlines() if "line " in line]
    assert "Traceback" not in shown.out + shown.err
    if name in HARMLESS:
        assert ended.value.code == 0
        return
    assert ended.value.code == 1
    assert re.search(said, shown.out + shown.err), shown.out + shown.err
    assert any(re.search(r"line \d+, column \d+", line) for line in lines), shown
    assert len(lines) <= 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MANY + MANY.replace('"r', '"q'), r"at most 1,000 directives and 1,000 levers, got 2,000"),
        (MANY * 10, r"the file has 1,\d+,\d+ bytes; at most 500,000 can be signed"),
    ],
)
def test_more_rules_than_can_be_judged_or_signed_are_refused_by_number_or_size(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "directives.toml"
    path.write_text(HEAD + text)
    with pytest.raises(SystemExit) as ended:
        main(["directives", "check", str(path)])
    assert ended.value.code
    assert re.search(said, capsys.readouterr().err)
