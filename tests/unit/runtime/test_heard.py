"""Plans, prices and corrections found on margins alone are those found on whole forecasts."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from lex7.base.civil import Day, iso
from lex7.correct.answer import Situation
from lex7.correct.certificate import encode, verify
from lex7.correct.plan import plan_wishes
from lex7.correct.proposal import parse_proposal
from lex7.correct.question import ask
from lex7.correct.status import smallest_corrections
from lex7.correct.supposition import suppose
from lex7.correct.verdict import decide
from lex7.correct.whatif import ROOM_MAX, compare
from lex7.correct.wish import parse_wishes
from lex7.directive.telling import Teller
from lex7.directive.together import Together
from lex7.runtime.border import RefusedError
from lex7.runtime.countersign import DisagreementError, check_answer
from lex7.runtime.hearing import Heard, read_transcript
from lex7.runtime.talk import SEARCH
from lex7.runtime.verdict import spell_verdict


def heard_by(nodes: Any, today: Day, *, in_place: bool = False) -> Heard:
    here = {kind: Teller(one) for kind, one in nodes.forecasts.items()} if in_place else None
    return Heard(nodes.asks(), today, here)


WISHES = (
    "amount=2500 USD category=home latest=2027-01",
    "amount=4600 USD category=travel worth=2 latest=2027-02",
)


@pytest.mark.parametrize("paths", [0, 2_000])
@pytest.mark.parametrize("over", ["jointly", "pointwise"])
def test_wishes_are_planned_alike(
    nodes: Callable[..., Any], today: Day, simple_rules: str, paths: int, over: str
) -> None:
    rules = simple_rules.replace('over = "jointly"', f'over = "{over}"')
    lattice = nodes(rules=rules, paths=paths)
    wishes = parse_wishes(WISHES, currency="USD", as_of=today)
    plans = [
        plan_wishes(one.situation(lattice.current, "USD", Fraction(7_100)), wishes)
        for one in (heard_by(lattice, today), heard_by(lattice, today, in_place=True))
    ]
    assert encode(plans[0].certificate) == encode(plans[1].certificate)
    assert plans[0].planned == plans[1].planned
    assert [method for _, method, _ in lattice.messages].count(SEARCH) == 1


@pytest.mark.parametrize("paths", [0, 2_000])
@pytest.mark.parametrize(
    "change",
    [
        "cushion.bound=3300 USD",
        "cushion.confidence=0.99",
        "lever.eat-out=-60 USD",
        "spend.home=-50 USD per month",
        "sleep=0.5 h per day",
    ],
)
def test_a_change_is_priced_on_margins_as_on_forecasts(
    nodes: Callable[..., Any], today: Day, simple_rules: str, change: str, paths: int
) -> None:
    lattice = nodes(rules=simple_rules, paths=paths, cash=(9_000.5, 10.0 / 3.0, 10.0))
    current = lattice.current
    seen = Situation(current.directives, current.levers, Together(lattice.forecasts), "USD")
    heard = heard_by(lattice, today).situation(current, "USD", Fraction(ROOM_MAX))
    shown = (seen, suppose(seen, (change,), Day(today + 120)).situation)
    told = (heard, suppose(heard, (change,), Day(today + 120)).situation)
    far, near = compare(shown, told), compare(shown, shown)
    assert far.before is not None
    assert near.before is not None
    assert 0 <= near.before.amount.minor - far.before.amount.minor <= 1
    assert far.after is not None
    assert near.after is not None
    assert 0 <= near.after.amount.minor - far.after.amount.minor <= 1
    assert far.after.binding == near.after.binding
    assert [one.correction is None for one in far.rules] == [
        one.correction is None for one in near.rules
    ]


def test_corrections_of_status_are_the_same_on_margins(
    nodes: Callable[..., Any], today: Day, simple_rules: str
) -> None:
    lattice = nodes(rules=simple_rules, cash=(7_000.0, -40.0, 10.0), sleep=(6.0, 0.0, 0.4))
    current = lattice.current
    seen = Situation(current.directives, current.levers, Together(lattice.forecasts), "USD")
    heard = heard_by(lattice, today).situation(current, "USD", Fraction(0))
    near, far = smallest_corrections(seen), smallest_corrections(heard)
    assert len(near) >= 2
    assert [(one.directive, one.sentence) for one in near] == [
        (one.directive, one.sentence) for one in far
    ]


def test_ten_wishes_take_a_few_hundred_messages(
    nodes: Callable[..., Any], today: Day, simple_rules: str
) -> None:
    lattice = nodes(rules=simple_rules, paths=2_000)
    texts = tuple(f"name=w{n} amount={700 + 90 * n} USD category=home" for n in range(10))
    wishes = parse_wishes(texts, currency="USD", as_of=today)
    plan = plan_wishes(
        heard_by(lattice, today).situation(lattice.current, "USD", Fraction(9_999)), wishes
    )
    assert plan.kind == "CORRECT"
    assert verify(encode(plan.certificate)) == ()
    assert len(lattice.messages) < 300


@pytest.mark.parametrize("spoilt", ["tests", "rows", "events", "wishes"])
def test_a_search_that_asks_for_what_is_not_there_is_refused(
    nodes: Callable[..., Any], today: Day, simple_rules: str, spoilt: str
) -> None:
    lattice = nodes(rules=simple_rules)
    asks = lattice.asks()

    def spoil(method: str, arguments: tuple[Any, ...]) -> Any:
        if method == SEARCH:
            day, digests, search = arguments
            if spoilt == "tests":
                arguments = (day, digests[1:], search)
            if spoilt == "rows":
                watches = tuple((b"\x7f" + one[0][1:], *one[1:]) for one in search[6])
                arguments = (day, digests, (*search[:6], watches))
            if spoilt == "events":
                arguments = (day, digests, (search[0][8:], *search[1:]))
            if spoilt == "wishes":
                arguments = (day, digests, (search[0], b"", *search[2:]))
        return asks["wth"](method, arguments)

    heard = Heard({**asks, "wth": spoil}, today)
    wishes = parse_wishes(WISHES, currency="USD", as_of=today)
    with pytest.raises(RefusedError) as refusal:
        plan_wishes(heard.situation(lattice.current, "USD", Fraction(7_100)), wishes)
    assert refusal.value.refusal_code == "bark.payload"


def test_a_node_signs_no_smaller_amount_and_no_later_date_than_its_rules_ask_for(
    nodes: Callable[..., Any], today: Day, simple_rules: str
) -> None:
    lattice = nodes(rules=simple_rules, cash=(9_000.0, 20.0, 10.0))
    text = "amount=6500 USD category=home move=amount,date"
    heard = heard_by(lattice, today)
    taken = heard.situation(lattice.current, "USD", Fraction(6_500))
    verdict = decide(taken, parse_proposal(text, currency="USD", as_of=today))
    answer: Any = {
        "as_of": iso(today),
        "proposal": text,
        **spell_verdict(verdict),
        "certificate": json.loads(encode(verdict.certificate)),
    }
    told: Any = heard.transcript()
    kinds = {one["kind"]: at for at, one in enumerate(answer["alternatives"])}
    assert set(kinds) == {"amount", "date"}

    def check(stated: Any) -> None:
        here = Teller(lattice.forecasts["wth"])
        check_answer("wth", here, lattice.current, stated, read_transcript(told))

    check(answer)
    days = [iso(day) for day in ask(taken, verdict.proposal).later]
    for kind in kinds:
        copy = json.loads(json.dumps(answer))
        one = copy["alternatives"][kinds[kind]]
        if kind == "amount":
            minor = int(one["amount"].split()[0].replace(",", "").replace(".", "")) - 1
            one["amount"] = f"{minor // 100:,}.{minor % 100:02} USD"
        else:
            one["date"] = days[days.index(one["date"]) + 1]
        with pytest.raises(DisagreementError):
            check(copy)
