"""By how much a rule holds when nothing is uncertain: the quantitative semantics of STL.

    test        the margin                        every day, all of    the least
    band        half width - |expression|         some day, any of     the largest

(Fainekos and Pappas, 2009; Donzé and Maler, 2010.) Positive means that the rule holds with that
much to spare in the unit of its margins, negative that it fails by that much. Numbers are exact
rationals; a day without a value says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction

from lex7.base.civil import Day
from lex7.directive.grid import days_of, row_day
from lex7.directive.plan import AllOf, AnyOf, Band, Plan, Quantifier, Span, Test
from lex7.directive.quantity import Linear

ValueOf = Callable[[Linear, Day], Fraction | None]
"""The exact value of an expression on a day, None where it has none."""


def robustness(plan: Plan, day: Day, value_of: ValueOf) -> Fraction | None:
    """Return by how much a plan holds on a day, None where it says nothing."""
    match plan:
        case Test(linear=linear):
            return value_of(linear, row_day(plan, day))
        case Band(linear=linear, half_width=half_width):
            value = value_of(linear, row_day(plan, day))
            return None if value is None else half_width - abs(value)
        case AllOf(parts):
            return _least(robustness(part, day, value_of) for part in parts)
        case AnyOf(parts):
            return _largest(robustness(part, day, value_of) for part in parts)
        case Span(quantifier, reach, body):
            choose = _least if quantifier is Quantifier.EVERY else _largest
            return choose(robustness(body, one, value_of) for one in days_of(reach, body, day))


def _least(found: Iterable[Fraction | None]) -> Fraction | None:
    return min((one for one in found if one is not None), default=None)


def _largest(found: Iterable[Fraction | None]) -> Fraction | None:
    return max((one for one in found if one is not None), default=None)
