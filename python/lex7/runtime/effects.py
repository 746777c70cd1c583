"""What a purchase does to some rules, as one node sees it."""

from __future__ import annotations

import numpy as np

from lex7.base.ids import QuantityName
from lex7.base.money import minor_digits
from lex7.correct.case import after, along, build_cases, is_touched
from lex7.correct.proposal import Proposal
from lex7.directive.document import Directive
from lex7.directive.quantity import Forecast, Move, Per

Effect = tuple[float, float]
"""The lower bound of a rule's probability before and after."""


def purchase_effects(
    directives: tuple[Directive, ...], forecast: Forecast, proposal: Proposal
) -> dict[str, Effect]:
    """Return the effect of a purchase on every rule that it touches.

    Raises:
        StateError: the forecast cannot answer.
    """
    name = QuantityName(f"spend.{proposal.category}")
    purchase = Move(name, Per.ONCE, proposal.day, proposal.day)
    units = proposal.amount.minor / 10 ** minor_digits(proposal.amount.currency)
    unit = np.ones(1)
    effects: dict[str, Effect] = {}
    for case in build_cases(directives, forecast, (purchase,)):
        if case.before is not None and is_touched(case, unit):
            effects[case.directive.id] = (case.before.low, after(along(case, unit), units).low)
    return effects
