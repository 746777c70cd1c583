"""Examples beside a rule are read, judged, and answered in exact words."""

from __future__ import annotations

import pytest

from lex7.directive import read
from lex7.directive.trial import Trial, try_examples

RUNWAY = """
[[directive]]
id = "runway"
say = "I always keep six months of runway."
rule = "always[0mo,12mo] runway >= 6 mo"
confidence = 0.95
over = "jointly"
severity = "hard"
priority = 1
"""

FOOD = """
[[directive]]
id = "food"
say = "Food stays under 400 a month."
rule = "always[0mo,6mo] sum(spend.food, month) <= 400 USD"
confidence = 0.95
over = "pointwise"
severity = "hard"
priority = 1
"""

ACCESS = """
[[directive]]
id = "raw-heart"
say = "Raw heart data never leaves node vit."
deny = { action = "read", kind = "heart", raw = true, except_node = "vit" }
"""


def example(given: str, expect: str, more: str = "") -> str:
    header = "\n[[directive.example]]\n"
    return f'{header}say = "why"\ngiven = {{ {given} }}\nexpect = "{expect}"\n{more}'


def tried(text: str) -> Trial:
    file, findings = read(text)
    assert findings == ()
    (trial,) = try_examples(file)
    return trial


SLEEP_EXAMPLES = [
    ('sleep = "7 h"', "SATISFIED", "the rule is met exactly"),
    ('sleep = "7.5 h"', "SATISFIED", "the rule holds with 0.5 h to spare"),
    ('sleep = "450 min"', "SATISFIED", "the rule holds with 0.5 h to spare"),
    # Two nights of seven at 5.25 h instead of 7 h: 2 × 1.75 / 7 = 0.5 h short.
    ('sleep = "7 h", "sleep@3d..4d" = "5.25 h"', "VIOLATED", "the rule fails by 0.5 h"),
    # A missing night is missing, not zero.
    ('sleep = "7 h", "sleep@3d" = "missing"', "SATISFIED", "the rule is met exactly"),
    # mean of 7 independent nights: 1 h / √7 = 0.378 h; 0.8 needs z = 0.842, so 0.318 h to spare.
    ('sleep = "7.33 h +- 1 h"', "SATISFIED", ""),
    ('sleep = "7.31 h ± 1 h"', "VIOLATED", ""),
    (
        'sleep = "7 h", "sleep@-366d..-5d" = "missing"',
        "NOT_ENOUGH_DATA",
        "not enough nights of sleep yet (5 of 14)",
    ),
    ('sleep = "7 h", "sleep@-8d..0d" = "missing"', "STALE", ""),
]


@pytest.mark.parametrize(("given", "expect", "reason"), SLEEP_EXAMPLES)
def test_an_example_is_judged(head: str, sleep: str, given: str, expect: str, reason: str) -> None:
    trial = tried(head + sleep + example(given, expect))
    assert (trial.got, trial.is_passed, trial.example.line) == (expect, True, 15)
    assert reason in trial.sentence


def test_a_failing_example_says_what_came_and_by_how_much(head: str, sleep: str) -> None:
    trial = tried(head + sleep + example('sleep = "6.5 h"', "SATISFIED"))
    assert (trial.got, trial.is_passed) == ("VIOLATED", False)
    assert trial.sentence == "the rule fails by 0.5 h"


@pytest.mark.parametrize(
    ("rule", "given", "expect"),
    [
        (RUNWAY, 'runway = "6.1 mo"', "SATISFIED"),
        (RUNWAY, 'runway = "6.1 mo", "runway@3mo..4mo" = "5.9 mo"', "VIOLATED"),
        (RUNWAY, 'cash = "24000 USD", burn = "3999 USD"', "SATISFIED"),
        (RUNWAY, 'cash = "24000 USD", burn = "4001 USD"', "VIOLATED"),
        (FOOD, '"spend.food" = "400 USD per month"', "SATISFIED"),
        (FOOD, '"spend.food" = "13 USD"', "VIOLATED"),
    ],
)
def test_money_is_given_as_people_count_it(head: str, rule: str, given: str, expect: str) -> None:
    assert tried(head + rule + example(given, expect)).is_passed


def test_an_example_says_on_which_day_it_is_judged(head: str) -> None:
    text = FOOD.replace("6mo", "0mo") + example('"spend.food" = "14 USD"', "SATISFIED")
    assert not tried(head + text).is_passed
    assert tried(head + text + "on = 2027-02-10\n").is_passed


def test_an_access_example_asks_the_one_function(head: str) -> None:
    wish = 'node = "mon", action = "read", kind = "heart.rate", raw = true, holder = "vit"'
    trial = tried(head + ACCESS + example(wish, "DENIED"))
    assert trial.is_passed
    assert "raw-heart" in trial.sentence


def test_an_example_that_leaves_a_quantity_out_cannot_be_judged(head: str) -> None:
    trial = tried(head + RUNWAY + example('cash = "1 USD"', "VIOLATED"))
    assert (trial.got, trial.is_passed) == ("", False)
    assert "burn" in trial.sentence


BROKEN = [
    ('slep = "7 h"', "VIOLATED", "directive.unknown_quantity"),
    ('sleep = "7 kg"', "VIOLATED", "directive.unit"),
    ('sleep = "7"', "VIOLATED", "directive.value"),
    ('sleep = "7 h ± -1 h"', "VIOLATED", "directive.value"),
    ('"sleep@soon" = "7 h"', "VIOLATED", "directive.window"),
    ('sleep = "7 h"', "MAYBE", "directive.value"),
    ('weight = "7 kg per month"', "VIOLATED", "directive.unit"),
    ("", "VIOLATED", "directive.missing"),
]


@pytest.mark.parametrize(("given", "expect", "code"), BROKEN)
def test_a_broken_example_is_a_finding_at_its_line(
    head: str, sleep: str, given: str, expect: str, code: str
) -> None:
    file, (finding,) = read(head + sleep + example(given, expect))
    assert finding.code == code
    line = 18 if expect == "MAYBE" else 17
    assert finding.where.startswith(f"directives.toml, line {line}, column ")
    assert len(file.directives) == 1
