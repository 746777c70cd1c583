"""A compiled rule read back in plain words, so that the owner sees what the machine understood."""

from __future__ import annotations

from fractions import Fraction

from lex7.directive.catalogue import words_of
from lex7.directive.document import Directive
from lex7.directive.plan import (
    Ahead,
    AllOf,
    AnyOf,
    Band,
    Over,
    Plan,
    Quantifier,
    Span,
    Test,
)
from lex7.directive.quantity import Aggregate, Atom, Linear, Window
from lex7.directive.reason import percent
from lex7.directive.syntax import Offset


def describe(directive: Directive) -> str:
    """Read a directive's rule back in one plain sentence."""
    rule = directive.rule
    asked = percent(float(rule.confidence))
    each = "for each day by itself" if rule.over is Over.POINTWISE else "for all days together"
    strength = "it never gives way" if rule.weight is None else "it may give way at a price"
    return f"{_plan(rule.plan)}, with {asked} confidence {each}; {strength}"


def _plan(plan: Plan) -> str:
    match plan:
        case Test():
            return _test(plan)
        case Band(linear, half_width, unit):
            inner = _sum(linear, include_constant=True, unit=unit)
            return f"{inner} lies within {number(half_width)} {unit} of zero"
        case AllOf(parts):
            return ", and ".join(_plan(part) for part in parts)
        case AnyOf(parts):
            return "either " + ", or ".join(_plan(part) for part in parts)
        case Span(quantifier, reach, body):
            return f"{_reach(quantifier, reach)} {_plan(body)}"


def _test(test: Test) -> str:
    words = {
        (1, False): "is at least",
        (1, True): "is more than",
        (-1, False): "is at most",
        (-1, True): "is less than",
    }[test.direction, test.is_strict]
    if test.runway_months is not None:
        return f"your runway {words} {number(test.runway_months)} months"
    linear = test.linear
    if test.direction < 0:
        linear = Linear(tuple((-weight, atom) for weight, atom in linear.terms), -linear.constant)
    left = _sum(linear, include_constant=False, unit=test.unit)
    return f"{left} {words} {number(-linear.constant)} {test.unit}"


def _sum(linear: Linear, *, include_constant: bool, unit: str) -> str:
    found = ""
    for weight, atom in linear.terms:
        sign = ("minus " if weight < 0 else "plus ") if found else ("minus " if weight < 0 else "")
        times = "" if abs(weight) == 1 else f"{number(abs(weight))} times "
        found += f"{' ' if found else ''}{sign}{times}{_atom(atom)}"
    if include_constant and linear.constant:
        sign = "minus" if linear.constant < 0 else "plus"
        found += f" {sign} {number(abs(linear.constant))} {unit}"
    return found


def _atom(atom: Atom) -> str:
    name = words_of(atom.quantity)
    if atom.window is None:
        return f"the day's {name}"
    if atom.aggregate is Aggregate.BASELINE:
        return f"the usual {name} of the last {atom.window.days} days"
    what = {Aggregate.MEAN: "mean", Aggregate.SUM: "total"}[atom.aggregate]
    span = "the calendar month" if atom.window.is_month else f"the last {atom.window.days} days"
    return f"the {what} {name} of {span}"


def _reach(quantifier: Quantifier, reach: Ahead | Window) -> str:
    word = "on each day" if quantifier is Quantifier.EVERY else "on at least one day"
    if isinstance(reach, Window):
        span = "the calendar month" if reach.is_month else f"the last {reach.days} days"
        return f"{word} of {span}"
    if reach.start.count == 0:
        if reach.end.count == 0:
            return "today"
        return f"{word} from now to {_offset(reach.end)} ahead"
    return f"{word} from {_offset(reach.start)} to {_offset(reach.end)} ahead"


def _offset(offset: Offset) -> str:
    unit = "month" if offset.is_months else "day"
    return f"{offset.count} {unit}{'' if abs(offset.count) == 1 else 's'}"


def number(value: Fraction) -> str:
    """Spell an exact number: as a decimal where it ends within four digits, else as a fraction."""
    for digits in range(5):
        scaled = value * 10**digits
        if scaled.denominator == 1:
            whole, part = divmod(abs(int(scaled)), 10**digits)
            sign = "-" if value < 0 else ""
            return f"{sign}{whole:,}.{part:0{digits}d}" if digits else f"{sign}{whole:,}"
    return f"{value.numerator}/{value.denominator}"
