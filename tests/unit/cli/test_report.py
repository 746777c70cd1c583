"""The report says what the objects say, within its width, with or without colour."""

from __future__ import annotations

import re

import pytest

from lex7.cli.page import Ink, Page
from lex7.cli.report import Json, render_models, render_report, render_status

SGR = re.compile(r"\x1b\[[0-9;]*m")

RUNWAY: Json = {
    "id": "runway", "say": "I always keep six months of runway.",
    "rule": "always[0mo,12mo] runway >= 6 mo", "unit": "mo", "value": 7.81, "sd": 0.62,
    "probability": 0.981, "confidence": 0.95, "verdict": "SATISFIED", "days_to_breach": None,
    "correction": None,
}  # fmt: skip
SLEEP: Json = {
    "id": "sleep-week", "say": "I sleep seven hours a night, averaged over a week.",
    "rule": "always[0d,28d] mean(sleep, 7d) >= 7 h", "unit": "h", "value": 6.83, "sd": 0.38,
    "probability": 0.31, "confidence": 0.8, "verdict": "VIOLATED", "days_to_breach": 3,
    "band": [5.9, 7.4], "reason": "The mean of seven nights is likely to be short.",
    "correction": {"sentence": "sleep 26 min longer a night"}, "trace": [7.2, None, 6.5, 6.9],
}  # fmt: skip
WEIGHT: Json = {
    "id": "weight", "rule": "always[0d,90d] weight <= 80 kg", "unit": "kg", "value": None,
    "sd": None, "probability": None, "verdict": "NOT_ENOUGH_DATA", "days_to_breach": None,
    "correction": None, "valid_days": 5, "required_days": 14,
}  # fmt: skip
STATUS: Json = {
    "as_of": "2026-11-20",
    "directives": [RUNWAY, SLEEP, WEIGHT],
    "models": [
        {"quantity": "sleep", "model": "level, week and memory", "points": 531,
         "last_day": "2026-11-20", "inside": 27, "forecasts": 30},
    ],
}  # fmt: skip
COUCH: Json = {
    "id": "v-91e0", "proposal": "amount=5000 USD category=home date=2027-03",
    "verdict": "CORRECT", "reason": "Your rule says 0.95; this would leave 0.905.",
    "alternatives": ["pay at most 3,412.00 USD", {"sentence": "pay in August 2027"}],
    "certificate": {"kind": "kkt", "verified": True},
}  # fmt: skip
VERIFIED: Json = {
    "nodes": [
        {"node": "vit@laptop", "entries": 4120, "seals": 66, "state_hash": "ab" * 32, "ok": True},
        {"node": "wth@laptop", "entries": 12, "seals": 1, "state_hash": "cd" * 32, "ok": False,
         "sentence": "entry 7 does not hash to what entry 8 names"},
    ],
    "lattice_hash": "ef" * 32,
    "entries_per_second": 88_123.4,
}  # fmt: skip
READ: Json = {
    "imports": [
        {"file": "checking.ofx", "kept": 611, "new": {"transactions": 610, "balances": 1},
         "first": "2025-05-21", "last": "2026-11-20"},
        {"file": "checking-2025.ofx", "kept": 241, "new": {}},
    ],
}  # fmt: skip
FINDING: Json = {"code": "ofx.date", "where": "card.qfx, line 12", "sentence": "a date is missing"}


def whole(page: Page) -> str:
    return render_report(STATUS, [COUCH], VERIFIED, [FINDING], READ, page)


@pytest.mark.parametrize("width", [80, 88, 96])
def test_no_line_is_wider_than_the_page(width: int) -> None:
    text = whole(Page(width))
    assert max(len(line) for line in text.splitlines()) <= width


def test_colour_adds_nothing_but_colour() -> None:
    coloured = whole(Page(88, has_colour=True))
    assert "\x1b[" in coloured
    assert SGR.sub("", coloured) == whole(Page(88))


def test_each_directive_has_one_line_with_value_band_rule_and_probability() -> None:
    line = next(line for line in render_status(STATUS).splitlines() if line.startswith(" ✓ runway"))
    for part in ("7.81 ± 0.62 mo", "≥ 6 mo", "0.981 0.95", "holds"):
        assert part in line


def test_a_failing_directive_says_when_and_what_corrects_it() -> None:
    text = render_status(STATUS)
    assert "fails in 3 days" in text
    assert "The mean of seven nights is likely to be short." in text
    assert "now: 5.90 to 7.40 h" in text
    assert "smallest correction: sleep 26 min longer a night" in text


def test_too_few_nights_is_a_state_of_its_own() -> None:
    text = render_status(STATUS)
    assert "5 of 14 days" in text
    assert "too few data" in text
    assert "1 without enough or fresh data" in text


def test_when_all_hold_the_answer_is_one_short_sentence() -> None:
    text = render_status({"as_of": "2026-11-20", "directives": [RUNWAY]})
    assert "All 1 directives hold." not in text
    assert "The one directive holds." in text


@pytest.mark.parametrize(
    ("probability", "shown"), [(1.0, ">.999"), (0.99951, ">.999"), (0.0, "<.001"), (0.5, "0.500")]
)
def test_certainty_is_never_claimed(probability: float, shown: str) -> None:
    row = {**RUNWAY, "probability": probability}
    assert shown in render_status({"directives": [row]})


def test_a_verdict_shows_reason_and_alternatives() -> None:
    text = whole(Page())
    assert re.search(r"date=2027-03 +CORRECT\n", text)
    assert "· pay in August 2027" in text
    assert "certificate kkt: checked without a solver, verdict v-91e0" in text


def test_a_log_that_differs_is_named() -> None:
    text = whole(Page())
    assert re.search(r"✗ wth@laptop.*DIFFERS\n +entry 7 does not hash", text)


def test_imports_and_findings_are_listed() -> None:
    text = whole(Page())
    assert re.search(r"checking-2025.ofx +0 new, 241 already known", text)
    assert "! card.qfx, line 12: a date is missing" in text


def test_notes_are_not_remarks() -> None:
    note: Json = {"code": "info.apple.passed_over", "where": "export.zip", "sentence": "7 others"}
    text = render_report(STATUS, [], {}, [note], READ)
    assert "7 others" not in text
    assert "nothing in these files needed a remark" in text


def test_many_findings_are_counted() -> None:
    text = render_report(STATUS, [], {}, [FINDING] * 1_200, READ)
    assert "and 1,194 more findings" in text


def test_past_coverage_is_told_with_each_model() -> None:
    assert re.search(
        r"sleep +531 days to 2026-11-20 .* 27 of 30 past forecasts held", whole(Page())
    )


def test_a_quantity_without_past_forecasts_says_so() -> None:
    row = {"quantity": "hrv", "model": "level", "points": 20, "inside": 0, "forecasts": 0}
    assert "no past forecast yet" in render_models({"models": [row]})


def test_an_empty_home_gives_a_report_without_failing() -> None:
    text = render_report({"as_of": "2026-11-20", "directives": []}, [], {}, [], {})
    assert "no directives are in force" in text


def test_ink_codes_are_distinct() -> None:
    assert len({ink.value for ink in Ink}) == len(Ink)


FAILING: Json = {
    "id": "eating-out",
    "rule": "sum(spend.restaurants, month) <= 290 USD",
    "verdict": "VIOLATED",
    "unit": "USD",
    "days_to_breach": 41,
    "breach": {"earliest": 10, "latest": None},
    "settled": {"verdict": "VIOLATED", "since": "2026-10-01"},
}


def test_a_failing_rule_says_when_it_breaks_and_since_when_it_is_counted_so() -> None:
    text = render_status({"directives": [FAILING]})
    assert "first fails after 41 days (10 to not at all, nine times in ten)" in text
    assert "so counted since 2026-10-01" in text


def test_a_verdict_that_is_not_settled_yet_is_told_apart() -> None:
    settled = {"verdict": "VIOLATED", "since": "2026-10-01"}
    text = render_status({"directives": [{**FAILING, "verdict": "SATISFIED", "settled": settled}]})
    assert "holds today; counted as 'fails' since 2026-10-01" in text


def test_drawn_courses_show_their_own_error() -> None:
    sampling = {"paths": 4096, "standard_error": 0.0034}
    text = render_status({"directives": [{**FAILING, "sampling": sampling}]})
    assert "4,096 drawn courses" in text
    assert "±\u00a00.3\u00a0%" in text


def test_too_few_nights_are_counted() -> None:
    row = {"id": "sleep", "verdict": "NOT_ENOUGH_DATA", "valid_days": 5, "required_days": 14}
    assert "5 of 14 days" in render_status({"directives": [row]})
