"""What would change: a text such as `runway.bound=7 mo` against the rules and levers in force.

RULE.bound=7 mo             the number that a rule of one comparison compares with
RULE.confidence=0.99        RULE.over=jointly
lever.NAME=-120 USD         a lever moved, within its bounds and in whole steps
QUANTITY=-100 USD per month     or per day, or once: what no lever names
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from lex7.base.civil import Day
from lex7.base.errors import DirectiveError
from lex7.base.ids import QuantityName
from lex7.base.units import Unit, find_unit
from lex7.correct.answer import Situation
from lex7.correct.levers import move_of
from lex7.directive.amount_text import read_amount
from lex7.directive.catalogue import BURN, Catalogue, nearest
from lex7.directive.document import Directive
from lex7.directive.plan import (
    AllOf,
    AnyOf,
    Band,
    CompiledRule,
    Over,
    Plan,
    Span,
    Test,
    leaves,
)
from lex7.directive.problem import RuleError
from lex7.directive.quantity import Linear, Move, Per
from lex7.directive.read import CONFIDENCE_MAX, CONFIDENCE_MIN
from lex7.directive.supposed import Shift, supposed

CHANGES_MAX = 32
_FIELDS = ("bound", "confidence", "over")
_LEVER = "lever."


class SuppositionError(DirectiveError):
    """A change cannot be read, or speaks of nothing that is there."""

    def __init__(self, code: str, text: str, sentence: str) -> None:
        self.code = code
        self.text = text[:80]
        super().__init__(f"{text[:80]!r}: {sentence}")


@dataclass(frozen=True, slots=True)
class Supposition:
    """A situation with changes made to it.

    Attributes:
        situation: the rules and the forecast as they would be.
        changed: ids of the rules that were changed.
    """

    situation: Situation
    changed: tuple[str, ...]


def suppose(situation: Situation, texts: tuple[str, ...], last: Day) -> Supposition:
    """Make every change.

    Args:
        situation: as things are.
        texts: the changes.
        last: the last day that levers and quantities are moved.

    Raises:
        SuppositionError: one sentence about the first change that cannot be made.
    """
    if not texts or len(texts) > CHANGES_MAX:
        sentence = f"give 1 to {CHANGES_MAX} changes such as 'runway.bound=7 mo'"
        raise SuppositionError("whatif.count", " ".join(texts), sentence)
    directives, shifts, changed = list(situation.directives), [], []
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not value:
            raise SuppositionError("whatif.syntax", text, "write NAME=VALUE")
        head, _, field = name.rpartition(".")
        at = next((at for at, one in enumerate(directives) if one.id == head), None)
        if field in _FIELDS and not name.startswith(_LEVER):
            if at is None:
                known = tuple(one.id for one in directives)
                sentence = f"no rule {head!r} is in force; {nearest(head, known)}"
                raise SuppositionError("whatif.rule", text, sentence)
            directives[at] = _changed(directives[at], field, value, text)
            changed.append(head)
        else:
            shifts.append(_shift(situation, name, value, (text, last)))
    forecast = supposed(situation.forecast, tuple(shifts))
    then = replace(situation, directives=tuple(directives), forecast=forecast)
    return Supposition(then, tuple(changed))


def _changed(directive: Directive, field: str, value: str, text: str) -> Directive:
    rule = directive.rule
    if field == "confidence":
        return replace(directive, rule=replace(rule, confidence=_confidence(value, text)))
    if field == "over":
        if value not in tuple(Over):
            raise SuppositionError("whatif.over", text, "over is jointly or pointwise")
        return replace(directive, rule=replace(rule, over=Over(value)))
    return replace(directive, rule=_with_bound(rule, value, text))


def _confidence(value: str, text: str) -> Fraction:
    try:
        found = Fraction(value[:12])
    except (ValueError, ZeroDivisionError):
        found = Fraction(0)
    if not CONFIDENCE_MIN <= found <= CONFIDENCE_MAX:
        sentence = "confidence is from 0.5 to 0.9999; nothing about the future is certain"
        raise SuppositionError("whatif.confidence", text, sentence)
    return found


def _with_bound(rule: CompiledRule, value: str, text: str) -> CompiledRule:
    tests = tuple(leaves(rule.plan))
    if len(tests) != 1:
        sentence = f"{rule.id} makes {len(tests)} comparisons; change its text and sign it instead"
        raise SuppositionError("whatif.bound", text, sentence)
    is_runway = isinstance(tests[0], Test) and tests[0].runway_months is not None
    bound = _amount(value, _unit("mo" if is_runway else tests[0].unit), text)
    if bound <= 0 and (is_runway or isinstance(tests[0], Band)):
        raise SuppositionError("whatif.bound", text, "this bound is a positive amount")
    return replace(rule, plan=_bounded(rule.plan, bound))


def _bounded(plan: Plan, bound: Fraction) -> Plan:
    match plan:
        case AllOf(parts):
            return AllOf(tuple(_bounded(part, bound) for part in parts))
        case AnyOf(parts):
            return AnyOf(tuple(_bounded(part, bound) for part in parts))
        case Span():
            return replace(plan, body=_bounded(plan.body, bound))
        case Band():
            return replace(plan, half_width=bound)
        case Test():
            return _bounded_test(plan, bound)


def _bounded_test(test: Test, bound: Fraction) -> Test:
    if test.runway_months is None:
        return replace(test, linear=replace(test.linear, constant=-test.direction * bound))
    # The months stand as the weight of the burn, the other term is the cash.
    ratio = bound / test.runway_months
    terms = tuple(
        (weight * ratio if atom.quantity == BURN else weight, atom)
        for weight, atom in test.linear.terms
    )
    return replace(test, linear=Linear(terms, test.linear.constant), runway_months=bound)


def _shift(situation: Situation, name: str, value: str, context: tuple[str, Day]) -> Shift:
    text, last = context
    first = Day(situation.forecast.as_of + 1)
    if name.startswith(_LEVER):
        return _lever_shift(situation, name.removeprefix(_LEVER), value, context)
    catalogue = Catalogue(situation.currency)
    spec = catalogue.find(name)
    head, _, field = name.rpartition(".")
    if any(one.id == head for one in situation.directives):
        sentence = f"of rule {head} you can change {', '.join(_FIELDS)}; {nearest(field, _FIELDS)}"
        raise SuppositionError("whatif.field", text, sentence)
    if spec is None or spec.unit == "mo":
        known = (*catalogue.names(), *(f"lever.{one.id}" for one in situation.levers))
        sentence = f"nothing that moves is called {name!r}; {nearest(name, known)}"
        raise SuppositionError("whatif.quantity", text, sentence)
    amount, _, ending = value.rpartition(" ")
    amount = amount.removesuffix(" per")
    if ending not in tuple(Per) or (ending != Per.ONCE and not value.endswith(f"per {ending}")):
        example = f"{value if value.split()[-1:] == [spec.unit] else f'1 {spec.unit}'} per day"
        sentence = f"end it with per month, per day or once, such as {name}='{example}'"
        raise SuppositionError("whatif.per", text, sentence)
    per = Per(ending)
    end = first if per is Per.ONCE else max(first, last)
    move = Move(QuantityName(name), per, first, end)
    return Shift(move, float(_amount(amount, _unit(spec.unit), text)))


def _lever_shift(situation: Situation, name: str, value: str, context: tuple[str, Day]) -> Shift:
    text, last = context
    lever = next((one for one in situation.levers if one.id == name), None)
    if lever is None:
        known = tuple(one.id for one in situation.levers)
        sentence = f"no lever {name!r} is in force; {nearest(name, known)}"
        raise SuppositionError("whatif.lever", text, sentence)
    amount = _amount(value, _unit(lever.unit), text)
    if not lever.low <= amount <= lever.high or (amount / lever.step).denominator != 1:
        sentence = (
            f"lever {name} moves from {float(lever.low):g} to {float(lever.high):g} {lever.unit} "
            f"in steps of {float(lever.step):g}"
        )
        raise SuppositionError("whatif.lever", text, sentence)
    first = Day(situation.forecast.as_of + 1)
    return Shift(move_of(lever, first, max(first, last)), float(amount))


def _amount(value: str, unit: Unit, text: str) -> Fraction:
    try:
        return read_amount(value, unit)
    except RuleError as error:
        raise SuppositionError(error.code, text, error.sentence) from error


def _unit(name: str) -> Unit:
    unit = find_unit(name)
    assert unit is not None, "units of the catalogue are in the table"
    return unit
