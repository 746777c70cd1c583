"""Which levers move, together, alone, or slowly; every answer is proven."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest

from lex7.correct.answer import Situation, Verdict
from lex7.correct.certificate import encode, first_broken_row, verify
from lex7.correct.proposal import Movable, ProposalError, parse_proposal
from lex7.correct.verdict import decide

Make = Callable[..., Situation]
Text = dict[str, str]

RAMPED = """
[[lever]]
id = "eat-out"
moves = "spend.restaurants"
per = "month"
by = ["-300 USD", "0 USD"]
step = "5 USD"
reluctance = "1 / 100 USD"
ramp = "40 USD"
"""

GROUPED = """
[[lever]]
id = "eat-out"
moves = "spend.restaurants"
per = "month"
by = ["-300 USD", "0 USD"]
step = "1 USD"
reluctance = "1 / 20 USD"
group = "going out"

[[lever]]
id = "trips"
moves = "spend.travel"
per = "month"
by = ["-200 USD", "0 USD"]
step = "1 USD"
reluctance = "1 / 20 USD"
group = "going out"

[[lever]]
id = "home"
moves = "spend.home"
per = "month"
by = ["-90 USD", "0 USD"]
step = "1 USD"
reluctance = "1 / 100 USD"
"""


def judged(where: Situation, over: int, extra: str) -> Verdict:
    """Ask for so much more than the largest amount that fits."""
    asked = parse_proposal(
        "amount=50000 USD category=home move=amount", currency="USD", as_of=where.forecast.as_of
    )
    most = decide(where, asked).alternatives[0].amount.minor // 100
    words = f"amount={most + over} USD category=home {extra}"
    proposal = parse_proposal(
        words, currency="USD", as_of=where.forecast.as_of, levers=where.levers
    )
    return decide(where, proposal)


def levers_of(verdict: Verdict) -> Any:
    way = next(one for one in verdict.alternatives if one.way is Movable.LEVERS)
    assert verify(encode(verdict.certificate)) == ()
    return way


def test_only_the_named_levers_move(purse: Any, situation: Make, text: Text) -> None:
    where = situation(purse(), text["cushion"], text["levers"])
    for name in ("eat-out", "travel"):
        way = levers_of(judged(where, 100, f"only={name}"))
        assert [one.lever.id for one in way.changes] == [name]


def test_a_group_is_named_like_a_lever(purse: Any, situation: Make, text: Text) -> None:
    where = situation(purse(), text["cushion"], GROUPED)
    way = levers_of(judged(where, 300, "only='going out'".replace("'", "")))
    assert {one.lever.id for one in way.changes} == {"eat-out", "trips"}


def test_levers_of_one_group_move_or_rest_together(purse: Any, situation: Make, text: Text) -> None:
    where = situation(purse(), text["cushion"], GROUPED)
    # Each of the group would cost more than `home` alone; together they are one change.
    few = levers_of(judged(where, 300, "move=levers"))
    assert [one.lever.id for one in few.changes] == ["home"]
    many = levers_of(judged(where, 1200, "move=levers"))
    moved = {one.lever.id for one in many.changes}
    assert {"eat-out", "trips"} <= moved


def test_an_unknown_lever_is_named(purse: Any, situation: Make, text: Text) -> None:
    where = situation(purse(), text["cushion"], text["levers"])
    with pytest.raises(ProposalError, match="did you mean 'eat-out'"):
        judged(where, 100, "only=eatout")


def test_a_ramp_limits_the_change_from_month_to_month(
    purse: Any, situation: Make, text: Text
) -> None:
    where = situation(purse(), text["cushion"], RAMPED)
    verdict = judged(where, 600, "move=levers")
    way = levers_of(verdict)
    part = next(part for part in verdict.certificate.parts if part.claim == "smallest")
    steps = part.proof["steps"]
    assert isinstance(steps, list)
    amounts = [Fraction(0), *(5 * n for n in steps)]
    differences = [abs(b - a) for a, b in pairwise(amounts)]
    assert max(differences) <= 40
    assert len(steps) >= 12
    assert "from 20" in way.sentence
    assert way.gives_up == "one lever moves"


def test_one_step_less_of_any_month_of_a_ramp_fails(
    purse: Any, situation: Make, text: Text
) -> None:
    where = situation(purse(), text["cushion"], RAMPED)
    verdict = judged(where, 600, "move=levers")
    part = next(part for part in verdict.certificate.parts if part.claim == "smallest")
    assert part.problem is not None
    steps = tuple(part.proof["steps"])  # type: ignore[arg-type]
    assert first_broken_row(part.problem, steps) is None
    for index, n in enumerate(steps):
        less = (*steps[:index], n + 1, *steps[index + 1 :])
        assert n == 0 or first_broken_row(part.problem, less) is not None


def test_a_ramp_that_is_too_slow_stands_in_the_conflict(
    purse: Any, situation: Make, text: Text
) -> None:
    slow = RAMPED.replace("40 USD", "5 USD")
    where = situation(purse(), text["cushion"], slow)
    verdict = judged(where, 1500, "move=levers")
    assert verdict.kind == "REJECT"
    conflict = next(part for part in verdict.certificate.parts if part.claim == "conflict")
    assert conflict.problem is not None
    names = {rule.directive for rule in conflict.problem.rules}
    assert "ramp of eat-out" in names
    assert verify(encode(verdict.certificate)) == ()
