"""Syntax into plan: comparisons become linear tests, min, max and abs become logic.

    k·abs(L) on the small side   -> both signs hold (a band where only a number stands opposite)
    k·abs(L) on the large side   -> one of the signs holds
    min(L, w) >= c, max(L, w) <= c  -> every day of the window
    min(L, w) <= c, max(L, w) >= c  -> some day of the window
    runway >= k mo               -> cash - k·burn >= 0, decided by scenarios where there are any
    if a then b                  -> not a, or b

Windows stay relative; `lex7.directive.grid` chooses days when a forecast is at hand.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from lex7.base.ids import QuantityName
from lex7.base.units import find_unit
from lex7.directive.affine import (
    Absolute,
    Affine,
    Extreme,
    plus,
    resolve,
    scaled,
)
from lex7.directive.catalogue import BURN, CASH, RUNWAY, Catalogue
from lex7.directive.parser import parse
from lex7.directive.plan import Ahead, AllOf, AnyOf, Band, Plan, Quantifier, Span, Test
from lex7.directive.problem import RuleError
from lex7.directive.quantity import Aggregate, Atom, Linear
from lex7.directive.size import check_size
from lex7.directive.syntax import Comparison, Either, Every, Form, Response, Temporal

PIECES_MAX = 4
_TURNED = {"<=": ">", "<": ">=", ">=": "<", ">": "<="}


def compile_text(text: str, catalogue: Catalogue) -> Plan:
    """Read a rule and give it its meaning.

    Raises:
        RuleError: the rule cannot be read or means nothing; it carries code, offset and sentence.
    """
    plan = _form(parse(text), catalogue)
    check_size(plan)
    return plan


def _form(form: Form, catalogue: Catalogue) -> Plan:
    match form:
        case Comparison():
            return _comparison(form, catalogue)
        case Every(parts):
            return AllOf(tuple(_form(part, catalogue) for part in parts))
        case Either(parts):
            return AnyOf(tuple(_form(part, catalogue) for part in parts))
        case Temporal(is_always, start, end, body):
            quantifier = Quantifier.EVERY if is_always else Quantifier.SOME
            return Span(quantifier, Ahead(start, end), _form(body, catalogue))
        case Response(condition, body):
            turned = replace(condition, sign=_TURNED[condition.sign])
            return AnyOf((_comparison(turned, catalogue), _form(body, catalogue)))


def _comparison(comparison: Comparison, catalogue: Catalogue) -> Plan:
    left, right = resolve(comparison.left, catalogue), resolve(comparison.right, catalogue)
    sign = 1 if comparison.sign in (">", ">=") else -1
    difference = plus(left, scaled(right, Fraction(-1)), comparison.at)
    if not difference.terms and not difference.pieces:
        sentence = "the comparison speaks of no quantity, so it is always true or always false"
        raise RuleError("directive.no_quantity", comparison.at, sentence)
    nodes = sorted({spec.node for spec in difference.specs})
    if len(nodes) > 1:
        sentence = (
            f"one comparison speaks of one node's quantities, this one of {' and '.join(nodes)}; "
            "compare them apart and join with `and` or `or`"
        )
        raise RuleError("directive.nodes", comparison.at, sentence)
    if len(difference.pieces) > PIECES_MAX:
        sentence = f"a comparison holds at most {PIECES_MAX} of abs, min and max"
        raise RuleError("directive.pieces", comparison.at, sentence)
    frame = _Frame(comparison, difference, catalogue.currency)
    return frame.plan(scaled(difference, Fraction(sign)))


class _Frame:
    """What all tests of one comparison share: place, unit, node, strictness."""

    def __init__(self, comparison: Comparison, difference: Affine, currency: str) -> None:
        spec = difference.specs[0]
        unit = find_unit(spec.unit)
        assert unit is not None, "a resolved quantity has a known unit"
        self._at = comparison.at
        self._is_strict = comparison.sign in ("<", ">")
        self._unit = unit
        self._spec = spec
        self._currency = currency

    def plan(self, margin: Affine) -> Plan:
        """Fold margin >= 0 into tests."""
        if not margin.pieces:
            return self._runway(margin) if self._spec.name == RUNWAY else self._test(margin)
        weight, piece = margin.pieces[0]
        rest = replace(margin, pieces=margin.pieces[1:])
        if isinstance(piece, Extreme):
            return self._extreme(weight, piece, rest)
        return self._absolute(weight, piece, rest)

    def _absolute(self, weight: Fraction, piece: Absolute, rest: Affine) -> Plan:
        if weight < 0 and not rest.terms and not rest.pieces:
            linear, half_width = self._linear(piece.body), rest.constant / -weight
            if half_width < 0 or (half_width == 0 and self._is_strict):
                sentence = "abs is never negative, so this can never hold"
                raise RuleError("directive.impossible", self._at, sentence)
            return Band(
                linear,
                half_width / self._unit.factor,
                self._unit.name,
                self._spec.node,
                self._is_strict,
                _on_months(linear),
            )
        signs = tuple(
            self.plan(plus(rest, scaled(piece.body, sign * weight), self._at))
            for sign in (Fraction(1), Fraction(-1))
        )
        return AllOf(signs) if weight < 0 else AnyOf(signs)

    def _extreme(self, weight: Fraction, piece: Extreme, rest: Affine) -> Plan:
        if rest.terms or rest.pieces:
            sentence = "min and max over a window are compared with a number, nothing else"
            raise RuleError("directive.nested", self._at, sentence)
        body = self._test(plus(rest, scaled(piece.body, weight), self._at))
        is_every = piece.is_min == (weight > 0)
        quantifier = Quantifier.EVERY if is_every else Quantifier.SOME
        return Span(quantifier, piece.window, body)

    def _test(self, margin: Affine) -> Plan:
        linear = self._linear(margin)
        return Test(
            linear,
            self._unit.name,
            self._spec.node,
            self._is_strict,
            1 if linear.terms[0][0] > 0 else -1,
            on_months=_on_months(linear),
        )

    def _runway(self, margin: Affine) -> Plan:
        slope = sum((weight for weight, _ in margin.terms), Fraction(0))
        months = -margin.constant / slope if slope else Fraction(-1)
        if months <= 0:
            sentence = "runway is compared with a positive number of months, such as 6 mo"
            raise RuleError("directive.runway", self._at, sentence)
        sign = Fraction(1 if slope > 0 else -1)
        cash, burn = (Atom(QuantityName(name), Aggregate.VALUE, None) for name in (CASH, BURN))
        return Test(
            Linear(((sign, cash), (-sign * months, burn)), Fraction(0)),
            self._currency,
            self._spec.node,
            self._is_strict,
            int(sign),
            runway_months=months,
        )

    def _linear(self, value: Affine) -> Linear:
        if not value.terms:
            sentence = "the quantities cancel out, so the comparison says nothing"
            raise RuleError("directive.no_quantity", self._at, sentence)
        factor = self._unit.factor
        terms = tuple((weight / factor, atom) for weight, atom in value.terms)
        return Linear(terms, value.constant / factor)


def _on_months(linear: Linear) -> bool:
    return all(
        atom.window is not None and (atom.window.is_month or atom.aggregate is Aggregate.BASELINE)
        for _, atom in linear.terms
    ) and any(atom.window is not None and atom.window.is_month for _, atom in linear.terms)
