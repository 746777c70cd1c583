"""What a binding rule costs, by solving again with the rule one unit stricter.

A multiplier is a price only while the same rows bind, so it is never shown. Instead the rule is
tightened by one unit that people think in and the largest amount is found again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from lex7.base.money import Money, is_currency
from lex7.correct.amount import largest_amount
from lex7.correct.case import along, build_cases
from lex7.directive.catalogue import BURN
from lex7.directive.document import Directive
from lex7.directive.plan import AllOf, AnyOf, Band, Leaf, Plan, Span, Test, leaves
from lex7.directive.quantity import Forecast, Linear, Move

UNITS_STRICTER = {
    "h": (Fraction(1, 4), "a quarter of an hour"),
    "bpm": (Fraction(1), "one beat"),
    "kg": (Fraction(1, 2), "half a kilogram"),
    "ms": (Fraction(1), "one millisecond"),
    "count": (Fraction(500), "500 steps"),
}
MONEY_STRICTER = Fraction(100)


@dataclass(frozen=True, slots=True)
class Price:
    """How much less of a purchase a stricter rule leaves.

    Attributes:
        directive: the rule.
        by: the unit by which it was made stricter: `one more month of runway`.
        cost: how much smaller the largest amount becomes.
    """

    directive: str
    by: str
    cost: Money

    @property
    def sentence(self) -> str:
        """Say the price."""
        return f"{self.by} in {self.directive} costs {self.cost}"


def price_of(
    directive: Directive, forecast: Forecast, purchase: Move, amount: Money
) -> Price | None:
    """Return the price of one rule at the largest amount, None where it leaves nothing to compare.

    Raises:
        StateError: a node cannot answer.
    """
    by = _words(next(leaves(directive.rule.plan)))
    stricter = replace(directive.rule, plan=_stricter(directive.rule.plan))
    cases = build_cases((replace(directive, rule=stricter),), forecast, (purchase,))
    if cases[0].evidence is None or cases[0].is_standing:
        return None
    narrow = tuple(along(case, np.ones(1)) for case in cases)
    left = largest_amount(narrow, amount, "price").amount
    if left.minor == amount.minor:
        return None
    return Price(directive.id, by, Money(amount.minor - left.minor, amount.currency))


def _words(leaf: Leaf) -> str:
    if isinstance(leaf, Test) and leaf.runway_months is not None:
        return "one more month"
    if is_currency(leaf.unit):
        return f"another {MONEY_STRICTER} {leaf.unit}"
    return UNITS_STRICTER.get(leaf.unit, (Fraction(1), f"one more {leaf.unit}"))[1]


def _stricter(plan: Plan) -> Plan:
    match plan:
        case AllOf(parts):
            return AllOf(tuple(_stricter(part) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_stricter(part) for part in parts))
        case Span():
            return replace(plan, body=_stricter(plan.body))
        case Band():
            return replace(plan, half_width=max(Fraction(0), plan.half_width - _size(plan.unit)))
        case Test():
            return _stricter_test(plan)


def _stricter_test(test: Test) -> Test:
    if test.runway_months is None:
        linear = replace(test.linear, constant=test.linear.constant - _size(test.unit))
        return replace(test, linear=linear)
    months = test.runway_months + test.direction
    # The months stand as the weight of the burn, the other term is the cash.
    ratio = months / test.runway_months
    scaled = tuple(
        (weight * ratio if atom.quantity == BURN else weight, atom)
        for weight, atom in test.linear.terms
    )
    return replace(test, linear=Linear(scaled, test.linear.constant), runway_months=months)


def _size(unit: str) -> Fraction:
    if is_currency(unit):
        return MONEY_STRICTER
    return UNITS_STRICTER.get(unit, (Fraction(1), ""))[0]
