"""Answers on random homes: one cent more, one month earlier, one lever step less must fail.

Every answer is judged again by `assess`, the function that status uses, on a forecast asked anew.
`LEX7_HOMES` sets how many homes are drawn; `make proofs` draws a thousand.
"""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

import numpy as np
import pytest
from purse import CUSHION, HEAD, LEVERS, RESTAURANTS, RUNWAY, TODAY, Purse

from lex7.base.civil import Day, add_months
from lex7.correct.answer import Alternative, Situation, Verdict, VerdictKind
from lex7.correct.certificate import encode, verify
from lex7.correct.proposal import Movable, Proposal, parse_proposal
from lex7.correct.question import extended, last_day
from lex7.correct.verdict import decide
from lex7.directive.assessment import Standing
from lex7.directive.margin import assess
from lex7.directive.plan import CompiledRule, Severity
from lex7.directive.quantity import Move, Per
from lex7.directive.read import read

HOMES = int(os.environ.get("LEX7_HOMES", "24"))


@dataclass(frozen=True, slots=True)
class Case:
    where: Situation
    asked: Proposal
    verdict: Verdict


def drawn(seed: int) -> Case:
    """Draw a home, its rules and a purchase; the seed alone decides."""
    rng = random.Random(seed)
    purse = Purse(
        level=rng.uniform(4_000, 20_000),
        drift=rng.choice([0.0, 8.0, 20.0]),
        daily_sd=rng.choice([1.0, 20.0, 60.0]),
    )
    purse.monthly["spend.restaurants"] = rng.choice([200.0, 330.0, 380.0, 450.0])
    texts = [CUSHION.format(over=rng.choice(["pointwise", "jointly"])), LEVERS]
    texts += [RUNWAY] if rng.random() < 0.5 else []
    texts += [RESTAURANTS.format(severity="hard", weight="")] if rng.random() < 0.5 else []
    file, findings = read(HEAD + "".join(texts))
    assert findings == ()
    where = Situation(file.directives, file.levers, purse, "USD")
    amount = f"{rng.uniform(500, 1.1 * purse.level):.2f}"
    ways = rng.sample(["amount", "date", "levers"], 3)
    category = rng.choice(["home", "restaurants"])
    words = f"amount={amount} USD category={category} move={','.join(ways)}"
    words += f" date={rng.choice(['2026-11-25', '2027-01', '2027-04'])}"
    asked = parse_proposal(words, currency="USD", as_of=TODAY)
    return Case(where, asked, decide(where, asked))


def holds(case: Case, moves: tuple[Move, ...], shift: list[float], months: int = 0) -> bool:
    """Answer whether the rules themselves accept moves; far purchases are seen by longer rules."""
    for directive in case.where.directives:
        rule = directive.rule
        if rule.severity is not Severity.HARD:
            continue
        if months and last_day((directive,), TODAY) < moves[0].first:
            longer = extended(rule, months)
            assert longer is not None
            rule = longer
        if not accepts(rule, case, moves, np.array(shift)):
            return False
    return True


def accepts(rule: CompiledRule, case: Case, moves: tuple[Move, ...], shift: np.ndarray) -> bool:
    before = assess(rule, case.where.forecast)
    later = assess(rule, case.where.forecast, moves=moves, shift=shift)
    if before.standing is Standing.SATISFIED:
        return later.standing is Standing.SATISFIED
    # A rule that fails already must not get worse on any day.
    return all(
        bool((new.mean >= old.mean - 1e-6).all())
        for new, old in zip(later.rows, before.rows, strict=True)
    )


def bought(case: Case, day: Day) -> Move:
    return Move(f"spend.{case.asked.category}", Per.ONCE, day, day)


def way(verdict: Verdict, movable: Movable) -> Alternative | None:
    return next((one for one in verdict.alternatives if one.way is movable), None)


def major(minor: int) -> float:
    return minor / 100


@pytest.mark.parametrize("seed", range(HOMES))
def test_no_cent_more_no_month_earlier_no_step_less(seed: int) -> None:
    case = drawn(seed)
    assert verify(encode(case.verdict.certificate)) == ()
    purchase = bought(case, case.asked.day)
    as_asked = holds(case, (purchase,), [major(case.asked.amount.minor)])
    assert as_asked == (case.verdict.kind is VerdictKind.ACCEPT)
    if (amount := way(case.verdict, Movable.AMOUNT)) is not None:
        assert holds(case, (purchase,), [major(amount.amount.minor)])
        assert not holds(case, (purchase,), [major(amount.amount.minor + 1)])
    if (date := way(case.verdict, Movable.DATE)) is not None:
        check_date(case, date)
    if (levers := way(case.verdict, Movable.LEVERS)) is not None:
        check_levers(case, levers)


def check_date(case: Case, found: Alternative) -> None:
    price = major(case.asked.amount.minor)
    days = [add_months(case.asked.day, months) for months in range(25)]
    at = days.index(found.day)
    fits = [holds(case, (bought(case, days[n]),), [price], n) for n in range(at + 1)]
    assert fits == [False] * at + [True]


def check_levers(case: Case, found: Alternative) -> None:
    last = last_day(case.where.directives, TODAY)
    first = Day(TODAY + 1)
    levers = tuple(Move(one.lever.moves, Per.MONTH, first, last) for one in found.changes)
    moves = (bought(case, case.asked.day), *levers)
    shift = [major(case.asked.amount.minor), *(float(one.change) for one in found.changes)]
    assert holds(case, moves, shift)
    for index, one in enumerate(found.changes):
        less = list(shift)
        less[1 + index] += float(one.lever.step) * (1 if one.change < 0 else -1)
        assert not holds(case, moves, less), one.lever.id


def test_homes_give_every_kind_of_answer() -> None:
    kinds = {kind for seed in range(30) for kind in kinds_of(drawn(seed))}
    assert {"ACCEPT", "CORRECT", "amount", "date", "levers"} <= kinds


def kinds_of(case: Case) -> set[str]:
    """Name the verdict and the ways out of it."""
    return {case.verdict.kind.value} | {one.way.value for one in case.verdict.alternatives}
