"""Verdicts on a purse whose every number is known in closed form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np
import pytest

from lex7.base.civil import add_months
from lex7.base.money import Money
from lex7.correct.answer import Situation, Verdict, VerdictKind
from lex7.correct.certificate import encode, verify
from lex7.correct.proposal import Movable, Proposal, parse_proposal
from lex7.correct.verdict import decide
from lex7.directive.margin import assess
from lex7.directive.quantity import Move, Per

Make = Callable[..., Situation]
Text = dict[str, str]
ALL = "amount,date,levers"


def ask(situation: Situation, amount: str, move: str = "", date: str = "") -> Proposal:
    words = f"amount={amount} USD category=home"
    words += f" move={move}" if move else ""
    words += f" date={date}" if date else ""
    return parse_proposal(words, currency="USD", as_of=situation.forecast.as_of)


def way(verdict: Verdict, movable: Movable) -> Any:
    return next((one for one in verdict.alternatives if one.way is movable), None)


def assert_proven(verdict: Verdict) -> None:
    assert verdict.certificate.parts
    assert verify(encode(verdict.certificate)) == ()


def test_a_purchase_that_breaks_nothing_is_accepted(
    purse: Any, situation: Make, text: Text
) -> None:
    where = situation(purse(), text["cushion"])
    verdict = decide(where, ask(where, "500"))
    assert verdict.kind is VerdictKind.ACCEPT
    assert verdict.broken == ()
    assert_proven(verdict)


def test_the_largest_amount_is_the_closed_form_to_the_cent(
    purse: Any, situation: Make, text: Text
) -> None:
    where = situation(purse(), text["cushion"])
    verdict = decide(where, ask(where, "50000", "amount"))
    # Cash at the end of the window is 20,000 ± 50 √365; the rule keeps 3,000 with 95 %.
    worst = 20_000 - 3_000 - NormalDist().inv_cdf(0.95) * 50 * np.sqrt(365)
    found = way(verdict, Movable.AMOUNT)
    assert verdict.kind is VerdictKind.CORRECT
    assert found.amount.minor == pytest.approx(np.floor(worst * 100), abs=2)
    assert "cushion" in verdict.reason
    assert_proven(verdict)


@pytest.mark.parametrize("rule", ["cushion", "cushion jointly", "runway"])
def test_one_cent_more_is_not_accepted(purse: Any, situation: Make, text: Text, rule: str) -> None:
    where = situation(purse(), text[rule])
    asked = ask(where, "50000", "amount")
    most = way(decide(where, asked), Movable.AMOUNT).amount
    at_most = decide(where, replace(asked, amount=most))
    above = decide(where, replace(asked, amount=Money(most.minor + 1, "USD")))
    assert at_most.kind is VerdictKind.ACCEPT
    assert above.kind is VerdictKind.CORRECT
    assert way(above, Movable.AMOUNT).amount == most
    assert_proven(at_most)
    assert_proven(above)


@pytest.mark.parametrize("rule", ["cushion", "cushion jointly"])
def test_the_earliest_month_is_the_first_that_fits(
    purse: Any, situation: Make, text: Text, rule: str
) -> None:
    where = situation(purse(level=6_000.0, drift=20.0, daily_sd=20.0), text[rule])
    asked = ask(where, "5000", "date")
    verdict = decide(where, asked)
    found = way(verdict, Movable.DATE)
    assert found.amount == asked.amount
    assert found.day > asked.day
    earlier = replace(asked, day=add_months(found.day, -1), move=())
    assert decide(where, replace(asked, day=found.day)).kind is VerdictKind.ACCEPT
    assert decide(where, earlier).kind is VerdictKind.REJECT
    assert_proven(verdict)


def test_a_date_past_the_rules_own_window_is_no_way_out(
    purse: Any, situation: Make, text: Text
) -> None:
    where = situation(purse(), text["cushion"])
    verdict = decide(where, ask(where, "50000", "date"))
    assert verdict.kind is VerdictKind.REJECT


@pytest.mark.parametrize("rule", ["cushion", "cushion jointly"])
def test_lever_changes_make_the_purchase_fit_and_no_step_less_does(
    purse: Any, situation: Make, text: Text, rule: str
) -> None:
    where = situation(purse(), text[rule], text["restaurants"], text["levers"])
    most = way(decide(where, ask(where, "50000", "amount")), Movable.AMOUNT).amount
    asked = ask(where, f"{most.minor // 100 + 300}", ALL)
    verdict = decide(where, asked)
    found = way(verdict, Movable.LEVERS)
    assert found.changes
    assert all(one.change == one.steps * one.lever.step for one in found.changes)
    assert_proven(verdict)
    first, last = where.forecast.as_of + 1, where.forecast.as_of + 365
    moves = tuple(Move(one.lever.moves, Per.MONTH, first, last) for one in found.changes)
    buy = Move("spend.home", Per.ONCE, asked.day, asked.day)
    shift = np.array([asked.amount.minor / 100, *(float(one.change) for one in found.changes)])
    for directive in where.directives:
        after = assess(directive.rule, where.forecast, moves=(buy, *moves), shift=shift)
        assert not after.is_failing, directive.id


def test_few_levers_move_rather_than_many(purse: Any, situation: Make, text: Text) -> None:
    where = situation(purse(), text["cushion"], text["levers"])
    most = way(decide(where, ask(where, "50000", "amount")), Movable.AMOUNT).amount
    verdict = decide(where, ask(where, f"{most.minor // 100 + 100}", "levers"))
    # Eating out costs half as much reluctance: alone it is within a quarter of the cheapest cost.
    changed = [one.lever.id for one in way(verdict, Movable.LEVERS).changes]
    assert changed == ["eat-out"]


def test_what_no_lever_reaches_is_rejected_with_the_conflict(
    purse: Any, situation: Make, text: Text
) -> None:
    where = situation(purse(), text["cushion"], text["restaurants"], text["levers"])
    verdict = decide(where, ask(where, "90000", "levers"))
    assert verdict.kind is VerdictKind.REJECT
    claims = [part.claim for part in verdict.certificate.parts]
    assert "conflict" in claims
    assert_proven(verdict)


def test_nothing_moves_unless_the_proposal_says_so(purse: Any, situation: Make, text: Text) -> None:
    where = situation(purse(), text["cushion"], text["levers"])
    verdict = decide(where, ask(where, "50000"))
    assert (verdict.kind, verdict.alternatives) == (VerdictKind.REJECT, ())
    assert_proven(verdict)


def test_a_standing_failure_is_reported_and_blocks_only_what_worsens_it(
    purse: Any, situation: Make, text: Text
) -> None:
    poor = purse(level=2_000.0)
    where = situation(poor, text["cushion"], text["restaurants"])
    blocked = decide(where, ask(where, "10", "amount"))
    assert blocked.kind is VerdictKind.REJECT
    assert [one.directive for one in blocked.broken] == ["cushion"]
    rich = purse()
    rich.monthly["spend.restaurants"] = 900.0
    where = situation(rich, text["cushion"], text["restaurants"])
    accepted = decide(where, ask(where, "500"))
    assert accepted.kind is VerdictKind.ACCEPT
    assert [one.directive for one in accepted.standing] == ["restaurants"]


def test_a_broken_soft_rule_is_named_and_does_not_block(
    purse: Any, situation: Make, text: Text
) -> None:
    where = situation(purse(), text["cushion"], text["restaurants soft"])
    words = "amount=200 USD category=restaurants"
    verdict = decide(where, parse_proposal(words, currency="USD", as_of=where.forecast.as_of))
    assert verdict.kind is VerdictKind.ACCEPT
    assert [one.directive for one in verdict.soft] == ["restaurants"]


def test_too_few_days_give_no_verdict(purse: Any, situation: Make, text: Text) -> None:
    where = situation(purse(valid_days=5), text["cushion"])
    verdict = decide(where, ask(where, "500", ALL))
    assert verdict.kind is VerdictKind.UNDECIDED
    assert "5 of 30" in verdict.reason


def test_within_the_error_of_the_scenarios_nothing_is_claimed(
    purse: Any, situation: Make, text: Text
) -> None:
    where = situation(purse(path_count=4_000), text["cushion"])
    gaussian = situation(purse(), text["cushion"])
    # On the edge of the closed form no number of paths can decide; well inside they do.
    most = way(decide(gaussian, ask(gaussian, "50000", "amount")), Movable.AMOUNT).amount
    assert decide(where, ask(where, f"{most.minor // 100}")).kind is VerdictKind.UNDECIDED
    assert decide(where, ask(where, "15000")).kind is VerdictKind.ACCEPT
    assert decide(where, ask(where, "17000")).kind is VerdictKind.REJECT


def test_a_month_of_runway_is_priced_by_solving_again(
    purse: Any, situation: Make, text: Text
) -> None:
    where = situation(purse(), text["runway"])
    verdict = decide(where, ask(where, "50000", "amount"))
    # Two months of a burn of 2,000 are kept; a third keeps 2,000 more from the purchase.
    assert [price.cost.minor for price in verdict.prices] == [pytest.approx(200_000, abs=2)]
    assert "one more month" in verdict.prices[0].sentence


def test_the_same_question_has_the_same_certificate(
    purse: Any, situation: Make, text: Text
) -> None:
    where = situation(purse(), text["cushion jointly"], text["restaurants"], text["levers"])
    asked = ask(where, "17000", ALL)
    texts = {encode(decide(where, asked).certificate) for _ in range(3)}
    assert len(texts) == 1
