"""Directives files, good and broken."""

from __future__ import annotations

from fractions import Fraction

import pytest

from lex7.directive import DirectivesFileError, Over, Severity, canonical, read
from lex7.directive.document import AccessShape, Action
from lex7.directive.quantity import Per

ACCESS = """
[[directive]]
id = "raw-heart"
say = "Raw heart data never leaves node vit."
deny = { action = ["read", "publish", "export"], kind = "heart", raw = true, except_node = "vit" }
"""

LEVER = """
[[lever]]
id = "eat-out"
moves = "spend.restaurants"
per = "month"
by = ["-300 USD", "0 USD"]
step = "1 USD"
reluctance = "1 / 100 USD"
"""


def test_a_whole_file_is_read_exactly(head: str, sleep: str) -> None:
    file, findings = read(head + sleep + ACCESS + LEVER)
    assert findings == ()
    (directive,) = file.directives
    assert directive.rule.confidence == Fraction(4, 5)
    assert (directive.rule.over, directive.rule.severity) == (Over.POINTWISE, Severity.SOFT)
    assert (directive.rule.weight, directive.rule.priority, directive.line) == (2, 4, 5)
    (access,) = file.access
    assert (access.shape, access.raw, access.nodes) == (AccessShape.DENY, True, ("vit",))
    assert access.actions == tuple(Action)
    (lever,) = file.levers
    assert (lever.low, lever.high, lever.step) == (-300, 0, 1)
    assert (lever.reluctance, lever.per, lever.unit) == (Fraction(1, 100), Per.MONTH, "USD")


# what to replace in the sleep directive, by what, code, line, column
CHANGES = [
    ("7 h", "7 hh", "directive.unknown_unit", 8, 45),
    ("sleep, 7d", "slep, 7d", "directive.unknown_quantity", 8, 29),
    ("0.80", "1.0", "directive.confidence", 9, 14),
    ("0.80", "0.3", "directive.confidence", 9, 14),
    ("0.80", "nan", "directive.value", 9, 14),
    ("0.80", '"0.8"', "directive.value", 9, 15),
    ("0.80", "1e999999999", "directive.value", 9, 14),
    ('over = "pointwise"', "", "directive.missing", 5, 1),
    ('"pointwise"', '"sometimes"', "directive.value", 10, 9),
    ('"soft"', '"hard"', "directive.weight", 13, 11),
    ('weight = "1 / 0.5 h"', "", "directive.missing", 5, 1),
    ('"1 / 0.5 h"', '"1 / 0.5 USD"', "directive.unit", 13, 11),
    ('"1 / 0.5 h"', '"1 / 0 h"', "directive.value", 13, 11),
    ('"1 / 0.5 h"', '"0.5 h"', "directive.value", 13, 11),
    ("priority = 4", "priority = -1", "directive.value", 12, 12),
    ("priority = 4", "priority = true", "directive.value", 12, 12),
    ("priority = 4", "prioritty = 4", "directive.key", 12, 13),
    ('id = "sleep-week"', "", "directive.missing", 5, 1),
    ('"sleep-week"', '"sleep week"', "directive.value", 6, 7),
    ('"sleep-week"', "7", "directive.value", 6, 6),
    ("rule =", "deny =", "directive.value", 8, 9),
]


@pytest.mark.parametrize(("old", "new", "code", "line", "column"), CHANGES)
def test_a_broken_directive_is_a_finding_and_the_others_stay(
    head: str, sleep: str, old: str, new: str, code: str, line: int, column: int
) -> None:
    file, findings = read(head + sleep.replace(old, new) + ACCESS + LEVER)
    (finding,) = findings
    place = f"directives.toml, line {line}, column {column}"
    if code != "directive.value" or "deny" not in new:
        assert (finding.code, finding.where) == (code, place)
    assert (len(file.directives), len(file.access), len(file.levers)) == (0, 1, 1)


LEVER_CHANGES = [
    ('["-300 USD", "0 USD"]', '["-300 USD"]', "directive.lever"),
    ('["-300 USD", "0 USD"]', '["0 USD", "-300 USD"]', "directive.lever"),
    ('["-300 USD", "0 USD"]', '["-300 USD", "-1 USD"]', "directive.lever"),
    ('["-300 USD", "0 USD"]', '["-inf USD", "0 USD"]', "directive.value"),
    ('["-300 USD", "0 USD"]', '["-300 h", "0 h"]', "directive.unit"),
    ('"1 USD"', '"0 USD"', "directive.lever"),
    ('"1 USD"', '"0.000001 USD"', "directive.lever"),
    ("spend.restaurants", "spend", ""),
    ("spend.restaurants", "runway", "directive.unknown_quantity"),
    ("spend.restaurants", "insulin", "directive.lever"),
    ("per =", "pre =", "directive.key"),
    ('"month"', '"year"', "directive.value"),
]


@pytest.mark.parametrize(("old", "new", "code"), LEVER_CHANGES)
def test_a_lever_has_finite_bounds_and_a_step(head: str, old: str, new: str, code: str) -> None:
    file, findings = read(head + LEVER.replace(old, new))
    assert [finding.code for finding in findings] == ([code] if code else [])
    assert len(file.levers) == (0 if code else 1)


ACCESS_CHANGES = [
    ('"heart"', '"hart"', "directive.kind"),
    ('"read"', '"raed"', "directive.action"),
    ('"vit"', '"vti"', "directive.node"),
    ("raw = true", 'raw = "yes"', "directive.value"),
    ("raw =", "rwa =", "directive.key"),
    ("except_node", "node", "directive.key"),
    ("deny =", "only =", "directive.key"),
]


@pytest.mark.parametrize(("old", "new", "code"), ACCESS_CHANGES)
def test_a_misspelt_access_rule_is_refused(head: str, old: str, new: str, code: str) -> None:
    file, findings = read(head + ACCESS.replace(old, new))
    assert [finding.code for finding in findings] == [code]
    assert file.access == ()


FILES = [
    ("", "directive.missing"),
    ("a = = 1", "directive.toml"),
    ('format = "lex7-directives/2"', "directive.format"),
    ("a = " + "[" * 5000, "directive.too_deep"),
]


@pytest.mark.parametrize(("text", "code"), FILES, ids=["empty", "broken", "newer", "deep"])
def test_an_unreadable_file_is_refused_as_a_whole(text: str, code: str) -> None:
    with pytest.raises(DirectivesFileError) as caught:
        read(text)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('"USD"', '"usd"', "directive.currency"),
        ("Europe/Berlin", "Europe/Belrin", "directive.time_zone"),
        ("currency", "curency", "directive.missing"),
        ('time_zone = "Europe/Berlin"', "", "directive.missing"),
        ('"Europe/Berlin"', '"Europe/Berlin"\nversion = 0', "directive.value"),
        ('"Europe/Berlin"', '"Europe/Berlin"\neffective = "soon"', "directive.value"),
        ('"Europe/Berlin"', '"Europe/Berlin"\nlever = 3', "directive.shape"),
    ],
)
def test_the_top_of_the_file_must_be_right(head: str, old: str, new: str, code: str) -> None:
    with pytest.raises(DirectivesFileError) as caught:
        read(head.replace(old, new))
    assert caught.value.code == code


def test_an_id_is_used_once(head: str, sleep: str) -> None:
    file, findings = read(head + sleep + sleep)
    assert [finding.code for finding in findings] == ["directive.twice"]
    assert len(file.directives) == 1


def test_multi_line_values_do_not_move_later_places(head: str, sleep: str) -> None:
    long = sleep.replace('"I sleep', '"""I\n[[directive]]\nid = 1\nsleep').replace(
        'week."', 'week."""'
    )
    _, findings = read(head + long.replace("7 h", "7 hh"))
    assert findings[0].where == "directives.toml, line 11, column 45"


def test_equal_rules_have_equal_canonical_lines(head: str, sleep: str) -> None:
    one, _ = read(head + sleep)
    two, _ = read(head + sleep.replace("7 h", "420 min").replace("0.80", "0.8"))
    assert canonical(one.directives[0].rule) == canonical(two.directives[0].rule)


SUGGESTED = [
    ("alway[0d,1d] sleep >= 7 h", 9, "did you mean 'always'?"),
    ("means(sleep, 7d) >= 7 h", 9, "did you mean 'mean'?"),
    ("mean(slep, 7d) >= 7 h", 14, "did you mean 'sleep'?"),
    ("sleep >= 7 hrs", 20, "did you mean 'h'?"),
    ("sleep >= 420 minutes", 22, "did you mean 'min'?"),
    ("cash >= 5 dollars", 19, "did you mean 'USD'?"),
    ("mean(sleep, 7 days) >= 7 h", 23, "did you mean 'd'?"),
    ("always[0d,1m] sleep >= 7 h", 20, "did you mean 'mo'?"),
    ("sleep => 7 h", 15, "write <= or >="),
    ("cash >= 1,000 USD", 18, "no thousands separator"),
    ("sleep / 2 >= 7 h", 15, "multiply by a number"),
    ("sleep + steps >= 7 h", 17, "units differ"),
    ("sleep >= 7", 15, "give it a unit"),
    ("(" * 1000 + "sleep >= 7 h" + ")" * 1000, 73, "split it into several rules"),
    ("-" * 1000 + "sleep >= 7 h", 72, "split it into several rules"),
]


@pytest.mark.parametrize(("rule", "column", "hint"), SUGGESTED, ids=range(len(SUGGESTED)))
def test_a_wrong_rule_gets_its_place_in_the_file_and_a_suggestion(
    head: str, sleep: str, rule: str, column: int, hint: str
) -> None:
    _, (finding,) = read(head + sleep.replace("always[0d,28d] mean(sleep, 7d) >= 7 h", rule))
    assert finding.where == f"directives.toml, line 8, column {column}"
    assert hint in finding.sentence
    assert "\n" not in finding.sentence
