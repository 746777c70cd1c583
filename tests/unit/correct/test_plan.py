"""Several wishes at once, against every plan there is."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable
from typing import Any

import pytest

from lex7.correct import check_certificate
from lex7.correct.answer import Situation
from lex7.correct.certificate import encode, verify
from lex7.correct.plan import Plan, plan_wishes
from lex7.correct.proposal import ProposalError
from lex7.correct.schedule import Event, Task, cheapest
from lex7.correct.wish import parse_wishes, read_wish_file, spell_wishes, split_wishes

Make = Callable[..., Situation]
Text = dict[str, str]


def planned(where: Situation, *texts: str) -> Plan:
    wishes = parse_wishes(texts, currency="USD", as_of=where.forecast.as_of)
    plan = plan_wishes(where, wishes)
    assert verify(encode(plan.certificate)) == ()
    return plan


def test_wishes_that_fit_together_are_accepted(purse: Any, situation: Make, text: Text) -> None:
    where = situation(purse(), text["cushion"])
    plan = planned(where, "amount=500 USD category=home", "amount=700 USD category=travel")
    assert (plan.kind, [one.months for one in plan.planned]) == ("ACCEPT", [0, 0])


def test_what_does_not_fit_now_waits_as_little_as_it_can(
    purse: Any, situation: Make, text: Text
) -> None:
    # Cash grows by 600 a month from 6,000; 3,000 stays. Both fit one after the other.
    where = situation(purse(level=6_000.0, drift=20.0, daily_sd=1.0), text["cushion"])
    couch = "name=couch amount=2500 USD category=home worth=2"
    plan = planned(where, "name=trip amount=2500 USD category=travel", couch)
    assert plan.kind == "CORRECT"
    assert plan.is_cheapest
    trip, bought = plan.planned
    assert bought.months == 0
    # 3,600 a half year: the first month with 5,000 above the cushion.
    assert trip.months == 4
    claims = [part.claim for part in plan.certificate.parts]
    assert {"best", "holds", "fails"} <= set(claims)


@pytest.mark.parametrize("rule", ["cushion", "cushion jointly"])
def test_the_plan_is_the_cheapest_of_all_plans(
    purse: Any, situation: Make, text: Text, rule: str
) -> None:
    where = situation(purse(level=6_000.0, drift=20.0, daily_sd=20.0), text[rule])
    texts = tuple(
        f"name=w{index} amount={amount} USD category={category} worth={worth} latest=2027-02"
        for index, (amount, category, worth) in enumerate(
            [(1900, "home", 1), (1100, "travel", 3), (900, "home", 1)]
        )
    )
    plan = planned(where, *texts)
    wishes = parse_wishes(texts, currency="USD", as_of=where.forecast.as_of)
    from lex7.correct.desk import lay_out

    desk = lay_out(where, wishes)
    months = range(len(wishes[0].days(where.forecast.as_of)))
    costs = {}
    for choice in itertools.product([*months, None], repeat=3):
        bought = tuple((w, m) for w, m in enumerate(choice) if m is not None)
        if not bought or desk.accepts(bought):
            dropped = sum(w.worth for w, m in zip(wishes, choice, strict=True) if m is None)
            waits = sum(w.worth * (m or 0) for w, m in zip(wishes, choice, strict=True))
            costs[choice] = (dropped, waits)
    found = tuple(one.months if one.day is not None else None for one in plan.planned)
    assert costs[found] == min(costs.values())


def test_what_never_fits_is_left_out_or_rejected(purse: Any, situation: Make, text: Text) -> None:
    where = situation(purse(), text["cushion"])
    house = "name=house amount=900000 USD category=home"
    assert planned(where, house).kind == "REJECT"
    plan = planned(where, house, "name=lamp amount=90 USD category=home")
    assert plan.kind == "CORRECT"
    assert [one.day is None for one in plan.planned] == [True, False]


def test_too_few_days_give_no_plan(purse: Any, situation: Make, text: Text) -> None:
    where = situation(purse(valid_days=5), text["cushion"])
    plan = planned(where, "amount=500 USD category=home")
    assert plan.kind == "UNDECIDED"
    assert "5 of 30" in plan.reason


def random_task(seed: int, wishes: int, months: int) -> tuple[Task, list[int]]:
    """Draw amounts, worths and a purse that fills up; sooner never allows more."""
    rng = random.Random(seed)
    amounts = tuple(rng.randint(1, 9) * 100 for _ in range(wishes))
    worths = [rng.randint(1, 3) for _ in range(wishes)]
    caps = list(itertools.accumulate(rng.randint(0, 400) for _ in range(months)))
    dropped = tuple(worth * 10_000 for worth in worths)
    events = tuple(
        Event(month, wish, worths[wish] * month, caps[month])
        for month in range(months)
        for wish in range(wishes)
    )
    return Task(events, amounts, dropped, (-1,) * wishes), caps


@pytest.mark.parametrize("seed", range(30))
def test_the_search_equals_trying_everything(seed: int) -> None:
    task, caps = random_task(seed, 3, 5)
    strict = [cap - 100 * (seed % 3) for cap in caps]

    def accepts(chosen: tuple[int, ...]) -> bool:
        # Stricter than the caps of the bound, as a joint rule is.
        spent = [0] * 5
        for index in chosen:
            event = task.events[index]
            for month in range(event.day, 5):
                spent[month] += task.amounts[event.wish]
        return all(total <= cap for total, cap in zip(spent, strict, strict=True) if total)

    best = sum(task.dropped)
    for choice in itertools.product([None, *range(5)], repeat=3):
        chosen = tuple(sorted(m * 3 + w for w, m in enumerate(choice) if m is not None))
        if accepts(chosen):
            cost = sum(task.events[index].cost for index in chosen)
            cost += sum(task.dropped[w] for w, m in enumerate(choice) if m is None)
            best = min(best, cost)
    found = cheapest(task, accepts)
    assert found.is_cheapest
    assert found.cost == best >= found.bound


def test_ten_wishes_over_two_years_take_less_than_two_seconds(
    purse: Any, situation: Make, text: Text
) -> None:
    where = situation(purse(level=6_000.0, drift=10.0, daily_sd=10.0), text["cushion"])
    texts = tuple(
        f"name=w{n} amount={300 + 170 * n} USD category=home worth={1 + n % 3}" for n in range(10)
    )
    wishes = parse_wishes(texts, currency="USD", as_of=where.forecast.as_of)
    start = time.process_time()
    plan = plan_wishes(where, wishes)
    # The purse of the tests answers slowly; the limit of 2 s is held in bench/directives.py.
    assert time.process_time() - start < 20
    assert plan.is_cheapest
    assert verify(encode(plan.certificate)) == ()


@pytest.mark.parametrize("key", ["bound", "cost", "chosen", "dropped", "events"])
def test_a_changed_claim_of_the_best_plan_is_not_proven(
    purse: Any, situation: Make, text: Text, key: str
) -> None:
    where = situation(purse(level=6_000.0, drift=20.0, daily_sd=1.0), text["cushion"])
    plan = planned(where, "amount=2500 USD category=home", "amount=2500 USD category=travel")
    body = json.loads(encode(plan.certificate))
    proof = next(part["proof"] for part in body["parts"] if part["claim"] == "best")
    if key == "events":
        proof["events"][0][2] += 1_000_000
        proof["events"][-1][3] = 10**9
    else:
        value = proof[key]
        proof[key] = value + 1 if isinstance(value, int) else value[1:]
    with pytest.raises((check_certificate.RefusedError, IndexError)):
        check_certificate.check_best(proof)


def test_a_file_of_wishes_is_toml_or_json() -> None:
    toml = '[[wish]]\nname = "couch"\namount = "5900 USD"\ncategory = "home"\nworth = 3\n'
    as_json = json.dumps(
        {"wish": [{"name": "couch", "amount": "5900 USD", "category": "home", "worth": 3}]}
    )
    assert read_wish_file(toml) == read_wish_file(as_json)
    assert split_wishes(spell_wishes(read_wish_file(toml))) == read_wish_file(toml)
    assert split_wishes("amount=5 USD category=home") is None


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ((), "proposal.wishes"),
        (("amount=1 USD category=home",) * 11, "proposal.wishes"),
        (
            ("name=a amount=1 USD category=home", "name=a amount=2 USD category=x"),
            "proposal.wishes",
        ),
        (("amount=1 EUR category=home",), "proposal.currency"),
        (("amount=-1 USD category=home",), "proposal.amount"),
        (("amount=0 USD category=home",), "proposal.amount"),
        (("amount=1 USD category=home date=2020-01",), "proposal.past"),
        (("amount=1 USD category=home date=2027-05 latest=2027-01",), "proposal.latest"),
        (("amount=1 USD category=home worth=0",), "proposal.worth"),
        (("amount=1 USD category=home move=date",), "proposal.key"),
    ],
)
def test_a_bad_wish_gets_one_sentence(purse: Any, texts: tuple[str, ...], code: str) -> None:
    with pytest.raises(ProposalError) as refusal:
        parse_wishes(texts, currency="USD", as_of=purse().as_of)
    assert refusal.value.code == code


@pytest.mark.parametrize("text", ["", "[", '{"wish": 3}', "wish = 1", "{", "x" * 200_000])
def test_a_bad_file_gets_one_sentence(text: str) -> None:
    with pytest.raises(ProposalError) as refusal:
        read_wish_file(text)
    assert refusal.value.code == "proposal.wishes"
