"""A council that hears only rounded margins decides, byte for byte, as one that holds all tests."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lex7.bark import canon
from lex7.bark.fields import Fields
from lex7.base.civil import Day, iso
from lex7.correct.answer import Situation, Verdict
from lex7.correct.case import build_cases
from lex7.correct.certificate import encode, verify
from lex7.correct.proposal import parse_proposal
from lex7.correct.question import ask
from lex7.correct.verdict import decide
from lex7.directive.council import reach_within
from lex7.directive.evidence import gather
from lex7.directive.margin import assess
from lex7.directive.rows import rows_of
from lex7.directive.telling import Teller
from lex7.directive.together import Together
from lex7.runtime.border import RefusedError
from lex7.runtime.countersign import DisagreementError, check_answer, most_of
from lex7.runtime.hearing import Heard, TranscriptError, read_transcript
from lex7.runtime.remote import QUANTITIES
from lex7.runtime.talk import BOUNDS, OPEN, ROOM
from lex7.runtime.verdict import spell_verdict

PROPOSALS = (
    "amount=500 USD category=home",
    "amount=6500 USD category=home move=amount,date,levers",
    "amount=6400 USD category=home date=2027-02 move=amount,levers",
    "amount=90000 USD category=home move=amount,levers",
)


def heard_by(nodes: Any, today: Day, *, in_place: bool = False) -> Heard:
    here = {kind: Teller(one) for kind, one in nodes.forecasts.items()} if in_place else None
    return Heard(nodes.asks(), today, here)


def judged(nodes: Any, heard: Heard, text: str, today: Day) -> Verdict:
    taken = heard.situation(nodes.current, "USD", most_of(text, "USD", today))
    return decide(taken, parse_proposal(text, currency="USD", as_of=today, levers=taken.levers))


def spelled(verdict: Verdict, text: str, today: Day) -> dict[str, Any]:
    return {
        "as_of": iso(today),
        "proposal": text,
        **spell_verdict(verdict),
        "certificate": json.loads(encode(verdict.certificate)),
    }


@pytest.mark.parametrize("text", PROPOSALS)
@pytest.mark.parametrize("paths", [0, 2_000])
def test_heard_and_central_verdicts_are_the_same_bytes(
    nodes: Callable[..., Any], today: Day, text: str, paths: int
) -> None:
    lattice = nodes(paths=paths)
    far = judged(lattice, heard_by(lattice, today), text, today)
    near = judged(lattice, heard_by(lattice, today, in_place=True), text, today)
    assert json.dumps(spelled(far, text, today)) == json.dumps(spelled(near, text, today))
    assert verify(encode(far.certificate)) == ()


@pytest.mark.parametrize("text", PROPOSALS)
def test_rounding_costs_at_most_a_cent(nodes: Callable[..., Any], today: Day, text: str) -> None:
    lattice = nodes()
    heard = judged(lattice, heard_by(lattice, today), text, today)
    seen = decide(
        Situation(
            lattice.current.directives, lattice.current.levers, Together(lattice.forecasts), "USD"
        ),
        parse_proposal(text, currency="USD", as_of=today, levers=lattice.current.levers),
    )
    assert heard.kind == seen.kind
    for one, other in zip(heard.alternatives, seen.alternatives, strict=True):
        assert (one.way, one.day) == (other.way, other.day)
        assert 0 <= other.amount.minor - one.amount.minor <= 1


def test_rounded_rows_never_promise_more_than_the_true_ones(
    nodes: Callable[..., Any], today: Day
) -> None:
    lattice = nodes(cash=(9_000.123456789, -5.0 / 3.0, 41.7))
    heard = heard_by(lattice, today)
    taken = heard.situation(lattice.current, "USD", Fraction(5_000))

    proposal = parse_proposal(
        PROPOSALS[1], currency="USD", as_of=today, levers=lattice.current.levers
    )
    question = ask(taken, proposal)
    within = reach_within(lattice.current.levers, Fraction(5_000))
    reach = np.array([float(within(move)) for move in question.moves])
    for case in question.cases:
        assert case.evidence is not None
        true = rows_of(gather(case.directive.rule, Together(lattice.forecasts), question.moves))
        told = rows_of(case.evidence)
        for way, told_way in zip(true.ways, told.ways, strict=True):
            for block, told_block in zip(way, told_way, strict=True):
                slip = np.abs(block.loss - told_block.loss) @ reach
                assert (told_block.room <= block.room - slip + 1e-9).all()
                assert (told_block.room >= block.room - slip - 2**-18).all()


def test_what_a_node_says_is_days_and_rounded_integers(
    nodes: Callable[..., Any], today: Day
) -> None:
    lattice = nodes(paths=2_000)
    judged(lattice, heard_by(lattice, today), PROPOSALS[1], today)
    said = {method for _, method, _ in lattice.messages}
    assert said == {OPEN, BOUNDS, ROOM, QUANTITIES}
    for _, method, message in lattice.messages:
        answer = canon.decode(message)
        if method == OPEN:
            fields = Fields(method, answer if isinstance(answer, tuple) else ())
            days = len(fields.data(1)) // 8
            assert len(fields.data(2)) % (8 * days) == 0
            assert isinstance(fields.flag(3), bool)
            assert len(fields.values) == 3
        elif method == BOUNDS:
            assert isinstance(answer, tuple)
            assert all(isinstance(one, bytes) and len(one) % 16 == 0 for one in answer)
        elif method == ROOM:
            assert isinstance(answer, bytes)


def test_a_level_cannot_be_told_from_a_bound(nodes: Callable[..., Any], today: Day) -> None:
    """Two purses whose margins round alike send the same messages."""
    one, other = nodes(cash=(9_000.0, 0.0, 40.0)), nodes(cash=(9_000.0 + 2**-44, 0.0, 40.0))
    for lattice in (one, other):
        judged(lattice, heard_by(lattice, today), PROPOSALS[0], today)
    assert one.messages == other.messages


def test_a_test_of_no_rule_is_refused(nodes: Callable[..., Any], today: Day) -> None:
    lattice = nodes()
    narrowed = lattice.current.file
    kept = tuple(one for one in narrowed.directives if one.id == "sleep-week")
    heard = heard_by(lattice, today)
    taken = heard.situation(lattice.current, "USD", Fraction(1))
    lattice.current = replace(lattice.current, file=replace(narrowed, directives=kept))
    proposal = parse_proposal(PROPOSALS[0], currency="USD", as_of=today)
    with pytest.raises(RefusedError) as refusal:
        decide(taken, proposal)
    assert refusal.value.refusal_code == "state.foreign_test"


def test_a_node_that_forgot_is_told_again(nodes: Callable[..., Any], today: Day) -> None:
    lattice = nodes()
    heard = heard_by(lattice, today)
    first = judged(lattice, heard, PROPOSALS[0], today)
    lattice.margins = {kind: lattice.fresh(kind) for kind in lattice.forecasts}
    again = judged(lattice, heard, PROPOSALS[1], today)
    assert first.kind == "ACCEPT"
    fresh = judged(lattice, heard_by(lattice, today), PROPOSALS[1], today)
    assert encode(again.certificate) == encode(fresh.certificate)


def checked_by(lattice: Any, answer: dict[str, Any], heard: Heard, nodes: tuple[str, ...]) -> None:
    transcript = heard.transcript()
    assert isinstance(transcript, tuple)
    told = read_transcript(transcript)
    for kind in nodes:
        check_answer(kind, Teller(lattice.forecasts[kind]), lattice.current, answer, told)


@pytest.mark.parametrize("text", PROPOSALS)
def test_every_node_finds_what_the_council_says(
    nodes: Callable[..., Any], today: Day, text: str
) -> None:
    lattice = nodes()
    heard = heard_by(lattice, today)
    answer = spelled(judged(lattice, heard, text, today), text, today)
    checked_by(lattice, answer, heard, ("wth", "vit"))


def test_no_node_signs_what_it_does_not_find(nodes: Callable[..., Any], today: Day) -> None:
    lattice = nodes(cash=(9_000.0, 0.0, 10.0))
    text = "amount=6100 USD category=home date=2027-02 move=amount,levers"
    heard = heard_by(lattice, today)
    answer = spelled(judged(lattice, heard, text, today), text, today)
    kinds = {one["kind"]: index for index, one in enumerate(answer["alternatives"])}
    assert set(kinds) == {"amount", "levers"}
    checked_by(lattice, answer, heard, ("wth", "vit"))

    def altered(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        copy: dict[str, Any] = json.loads(json.dumps(answer))
        change(copy)
        return copy

    def more(copy: dict[str, Any]) -> None:
        copy["alternatives"][kinds["amount"]]["amount"] = "7,400.00 USD"

    def fewer_steps(copy: dict[str, Any]) -> None:
        part = next(one for one in copy["certificate"]["parts"] if one["name"] == "levers")
        part["proof"]["steps"] = [0 for _ in part["proof"]["steps"]]

    def other_steps(copy: dict[str, Any]) -> None:
        steps = copy["alternatives"][kinds["levers"]]["steps"]
        copy["alternatives"][kinds["levers"]]["steps"] = {name: n // 2 for name, n in steps.items()}

    def other_words(copy: dict[str, Any]) -> None:
        copy["alternatives"][kinds["levers"]]["levers"] = {"eat-out": "-1 USD"}

    def better(copy: dict[str, Any]) -> None:
        copy["rules"][0]["after"] = 0.999

    def silent(copy: dict[str, Any]) -> None:
        copy["rules"] = []

    def accept(copy: dict[str, Any]) -> None:
        copy["verdict"], copy["alternatives"] = "ACCEPT", []

    for change in (more, fewer_steps, other_steps, other_words, better, silent, accept):
        with pytest.raises(DisagreementError):
            checked_by(lattice, altered(change), heard, ("wth",))


def test_a_transcript_without_the_other_node_is_not_signed(
    nodes: Callable[..., Any], today: Day
) -> None:
    lattice = nodes()
    heard = heard_by(lattice, today)
    answer = spelled(judged(lattice, heard, PROPOSALS[0], today), PROPOSALS[0], today)
    teller = Teller(lattice.forecasts["wth"])
    with pytest.raises(TranscriptError):
        check_answer("wth", teller, lattice.current, answer, {"wth": {}, "vit": {}})


RANDOM_RULES = """format = "lex7-directives/1"
currency = "USD"
time_zone = "UTC"

[[directive]]
id = "council-reads"
say = "The council reads margins."
only = {{ node = "mon", action = "read", kind = "margin" }}

[[directive]]
id = "mine"
say = "I keep to it."
rule = "{rule}"
confidence = {confidence}
over = "{over}"
severity = "{severity}"
{weight}
priority = 1
"""


@settings(max_examples=25, deadline=None)
@given(
    st.floats(min_value=900.0, max_value=1_400.0),
    st.floats(min_value=0.0, max_value=30.0),
    st.sampled_from(["0.5", "0.8", "0.95", "0.9999"]),
    st.sampled_from(["jointly", "pointwise"]),
    st.sampled_from(["hard", "soft"]),
    st.sampled_from(["always[0d,20d] cash >= 1000 USD", "eventually[0d,9d] cash >= 1100 USD"]),
    st.sampled_from([0, 200]),
)
def test_status_and_propose_count_every_rule_alike(
    nodes: Callable[..., Any],
    today: Day,
    level: float,
    sd: float,
    confidence: str,
    over: str,
    severity: str,
    rule: str,
    paths: int,
) -> None:
    weight = 'weight = "1 / 50 USD"' if severity == "soft" else ""
    text = RANDOM_RULES.format(
        rule=rule, confidence=confidence, over=over, severity=severity, weight=weight
    )
    lattice = nodes(cash=(level, 0.0, sd), paths=paths, rules=text)
    heard = heard_by(lattice, today).situation(lattice.current, "USD", Fraction(1))
    (case,) = build_cases(lattice.current.directives, heard.forecast, ())
    shown = assess(lattice.current.directives[0].rule, Together(lattice.forecasts))
    assert case.before is not None
    assert (case.before.low, case.before.high) == (shown.p_low, shown.p_high)
    assert case.is_standing == shown.is_failing
