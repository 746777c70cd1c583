"""One correction for each failing directive, accepted by the directive itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lex7.correct.answer import Situation
from lex7.correct.certificate import Certificate, encode, verify
from lex7.correct.status import smallest_corrections
from lex7.directive.margin import assess
from lex7.directive.quantity import Move

Make = Callable[..., Situation]
Text = dict[str, str]


def test_a_failing_budget_gets_the_smallest_lever_change(
    purse: Any, situation: Make, text: Text
) -> None:
    spent = purse()
    spent.monthly["spend.restaurants"] = 420.0
    where = situation(spent, text["cushion"], text["restaurants"], text["levers"])
    (found,) = smallest_corrections(where)
    assert (found.directive, [one.lever.id for one in found.changes]) == (
        "restaurants",
        ["eat-out"],
    )
    assert found.parts
    assert verify(encode(Certificate("CORRECT", found.parts))) == ()
    rule = where.directives[1].rule
    (change,) = found.changes
    lever = change.lever
    move = Move(lever.moves, lever.per, spent.as_of + 1, spent.as_of + 400)

    def fails(amount: float) -> bool:
        return assess(rule, spent, moves=(move,), shift=np.array([amount])).is_failing

    assert not fails(float(change.change))
    assert fails(float(change.change + lever.step))


def test_no_lever_is_said_where_none_reaches(purse: Any, situation: Make, text: Text) -> None:
    where = situation(purse(level=-50_000.0), text["cushion"], text["levers"])
    (found,) = smallest_corrections(where)
    assert (found.changes, found.sentence) == ((), "no lever reaches it")
    assert found.conflict == ("cushion",)
    assert found.parts
    assert verify(encode(Certificate("REJECT", found.parts))) == ()


def test_nothing_failing_needs_no_correction(purse: Any, situation: Make, text: Text) -> None:
    assert smallest_corrections(situation(purse(), text["cushion"], text["levers"])) == ()
