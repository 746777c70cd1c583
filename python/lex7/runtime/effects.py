"""What a purchase does to some rules, as one node sees it."""

from __future__ import annotations

import numpy as np

from lex7.base.ids import QuantityName
from lex7.base.money import minor_digits
from lex7.correct.case import after, along, build_cases, is_touched
from lex7.correct.proposal import Proposal
from lex7.correct.wish import Wish
from lex7.directive.document import Directive
from lex7.directive.quantity import Forecast, Move, Per

Effect = tuple[float, float]
"""The lower bound of a rule's probability before and after."""


Purchase = Proposal | Wish


def purchase_effects(
    directives: tuple[Directive, ...], forecast: Forecast, purchases: tuple[Purchase, ...]
) -> dict[str, Effect]:
    """Return the effect of purchases as asked, all together, on every rule that they touch.

    Raises:
        StateError: the forecast cannot answer.
    """
    moves = tuple(
        Move(QuantityName(f"spend.{one.category}"), Per.ONCE, one.day, one.day) for one in purchases
    )
    shift = np.array(
        [one.amount.minor / 10 ** minor_digits(one.amount.currency) for one in purchases]
    )
    effects: dict[str, Effect] = {}
    for case in build_cases(directives, forecast, moves):
        if case.before is not None and is_touched(case, shift):
            effects[case.directive.id] = (case.before.low, after(along(case, shift), 1.0).low)
    return effects
