"""Hard rules that can never hold together: one asks for at least what another forbids.

Only what is certain is said: two tests of the same expression, both on every day of windows that
overlap, one asking for at least a and the other for at most b, with a above b. Rules that may give
way, or that hold on some day only, contradict nothing. What the forecast makes impossible is
another matter, and `status` names it as a conflict with a proof.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from lex7.directive.describe import number
from lex7.directive.plan import Ahead, AllOf, Plan, Quantifier, Severity, Span, Test
from lex7.directive.quantity import Atom
from lex7.directive.window import roughly_days

COMPARED_MAX = 64
"""Of many rules about one expression the first ones are compared with each other."""

_Key = tuple[tuple[Fraction, Atom], ...]


@dataclass(frozen=True, slots=True)
class Demand:
    """One test that must hold on every day of a window.

    Attributes:
        rule: the id of its rule.
        bound: what the expression is compared with, in its unit.
        is_floor: whether it must be at least that much.
        is_strict: whether the bound itself is outside.
        unit: of the bound.
        first: about how many days ahead the window starts.
        last: and ends.
    """

    rule: str
    bound: Fraction
    is_floor: bool
    is_strict: bool
    unit: str
    first: Fraction
    last: Fraction


class Demands:
    """The demands of hard rules so far, by expression."""

    def __init__(self) -> None:
        self._known: dict[_Key, list[Demand]] = {}

    def add(self, name: str, plan: Plan, severity: Severity) -> str | None:
        """Take a rule's demands; return a sentence if one contradicts another.

        A soft rule may give way to others, never to itself.
        """
        own: dict[_Key, list[Demand]] = {}
        for key, demand in _demands(name, plan, (Fraction(0), Fraction(0))):
            others = own.setdefault(key, [])
            if severity is Severity.HARD:
                others = self._known.setdefault(key, [])
            for other in others[:COMPARED_MAX]:
                if _contradict(demand, other):
                    return _sentence(demand, other)
            others.append(demand)
        return None


def _demands(
    name: str, plan: Plan, reach: tuple[Fraction, Fraction]
) -> Iterator[tuple[_Key, Demand]]:
    match plan:
        case Test(runway_months=None):
            yield _demand(name, plan, reach)
        case AllOf(parts):
            for part in parts:
                yield from _demands(name, part, reach)
        case Span(Quantifier.EVERY, Ahead(start, end), body):
            inner = (reach[0] + roughly_days(start), reach[1] + roughly_days(end))
            yield from _demands(name, body, inner)
        case _:
            return


def _demand(name: str, test: Test, reach: tuple[Fraction, Fraction]) -> tuple[_Key, Demand]:
    """Read weight × expression + constant >= 0 as a bound on the expression."""
    scale = test.linear.terms[0][0]
    key = tuple((weight / scale, atom) for weight, atom in test.linear.terms)
    bound = -test.linear.constant / scale
    return key, Demand(name, bound, scale > 0, test.is_strict, test.unit, *reach)


def _contradict(one: Demand, other: Demand) -> bool:
    if one.is_floor == other.is_floor or max(one.first, other.first) > min(one.last, other.last):
        return False
    floor, ceiling = (one, other) if one.is_floor else (other, one)
    is_edge = floor.bound == ceiling.bound and (floor.is_strict or ceiling.is_strict)
    return floor.bound > ceiling.bound or is_edge


def _sentence(one: Demand, other: Demand) -> str:
    if one.rule == other.rule:
        return f"this rule contradicts itself: {_asks(other)} and {_asks(one)}"
    return f"this can never hold while {other.rule!r} does: it asks for {_asks(one)}, " + (
        f"{other.rule!r} for {_asks(other)}"
    )


def _asks(demand: Demand) -> str:
    words = {
        (True, False): "at least",
        (True, True): "more than",
        (False, False): "at most",
        (False, True): "less than",
    }[demand.is_floor, demand.is_strict]
    return f"{words} {number(demand.bound)} {demand.unit}"
