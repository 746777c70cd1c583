"""Expressions with units: a linear part in base units, and the few pieces that are not linear.

An expression is a sum of coefficient × atom, a constant, and coefficient × piece, where a piece
is abs(…) or min/max(…, window). All numbers are exact rationals in the base unit of one dimension
(`lex7.base.units`). Adding hours to dollars, or a bare number to anything, is refused with the
place.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lex7.base.ids import QuantityName
from lex7.base.units import UNITS, Unit, find_unit
from lex7.directive.catalogue import Catalogue, QuantitySpec, nearest
from lex7.directive.problem import RuleError
from lex7.directive.quantity import Aggregate, Atom, Window
from lex7.directive.syntax import Expr, Gathered, Magnitude, Name, Number, Product, Total
from lex7.directive.unit_words import unit_hint

PLAIN = "number"
_AGGREGATES = {"mean": Aggregate.MEAN, "sum": Aggregate.SUM, "baseline": Aggregate.BASELINE}


@dataclass(frozen=True, slots=True)
class Absolute:
    """The size of an affine expression."""

    body: Affine


@dataclass(frozen=True, slots=True)
class Extreme:
    """The least or the largest daily value of an affine expression in a window."""

    is_min: bool
    body: Affine
    window: Window


Piece = Absolute | Extreme


@dataclass(frozen=True, slots=True)
class Affine:
    """terms + constant + pieces, all in the base unit of one dimension.

    Attributes:
        dimension: of `lex7.base.units`, or PLAIN for a bare number.
        terms: coefficient and atom, in the order first written, one entry per atom.
        constant: the number part.
        pieces: coefficient and piece.
        specs: the quantities in it, in the order first written.
    """

    dimension: str
    terms: tuple[tuple[Fraction, Atom], ...]
    constant: Fraction
    pieces: tuple[tuple[Fraction, Piece], ...]
    specs: tuple[QuantitySpec, ...]


def resolve(expr: Expr, catalogue: Catalogue) -> Affine:
    """Give an expression its meaning: look up names and units, check dimensions.

    Raises:
        RuleError: an unknown name or unit, mixed dimensions, or a function that does not apply.
    """
    match expr:
        case Number():
            return _number(expr)
        case Name():
            return _quantity(expr, catalogue)
        case Total(terms):
            return _total(terms, catalogue)
        case Product(factor, body):
            return scaled(resolve(body, catalogue), _plain_value(factor))
        case Magnitude(body, at):
            inner = _linear_only(resolve(body, catalogue), at, "abs")
            return Affine(
                inner.dimension, (), Fraction(0), ((Fraction(1), Absolute(inner)),), inner.specs
            )
        case Gathered():
            return _gathered(expr, catalogue)


def scaled(value: Affine, factor: Fraction) -> Affine:
    """Multiply an expression by an exact number."""
    terms = tuple((factor * weight, atom) for weight, atom in value.terms if factor)
    pieces = tuple((factor * weight, piece) for weight, piece in value.pieces if factor)
    return Affine(value.dimension, terms, factor * value.constant, pieces, value.specs)


def plus(left: Affine, right: Affine, at: int) -> Affine:
    """Add two expressions of one dimension.

    Raises:
        RuleError: their dimensions differ.
    """
    if left.dimension != right.dimension:
        sentence = f"units differ: {_shown(left)} against {_shown(right)}"
        if PLAIN in (left.dimension, right.dimension):
            other = right if left.dimension == PLAIN else left
            sentence = f"a bare number stands beside {_shown(other)}; give it a unit"
        raise RuleError("directive.unit", at, sentence)
    merged: dict[Atom, Fraction] = {}
    for weight, atom in (*left.terms, *right.terms):
        merged[atom] = merged.get(atom, Fraction(0)) + weight
    return Affine(
        left.dimension,
        tuple((weight, atom) for atom, weight in merged.items() if weight),
        left.constant + right.constant,
        (*left.pieces, *right.pieces),
        tuple(dict.fromkeys((*left.specs, *right.specs))),
    )


def unit_of(name: str, at: int) -> Unit:
    """Look up a unit.

    Raises:
        RuleError: there is no such unit; the sentence offers the nearest.
    """
    unit = find_unit(name)
    if unit is None:
        known = (*UNITS, "USD", "EUR", "GBP", "CHF")
        sentence = f"unknown unit {name!r}; {unit_hint(name, known)}"
        raise RuleError("directive.unknown_unit", at, sentence, name)
    return unit


def _number(number: Number) -> Affine:
    if number.unit is None:
        return Affine(PLAIN, (), number.value, (), ())
    unit = unit_of(number.unit, number.unit_at)
    return Affine(unit.dimension, (), number.value * unit.factor, (), ())


def _plain_value(factor: Number) -> Fraction:
    if factor.unit is None:
        return factor.value
    unit = unit_of(factor.unit, factor.unit_at)
    if unit.dimension != "ratio":
        sentence = f"only a plain number or a percentage may multiply, not one in {unit.name}"
        raise RuleError("directive.product", factor.at, sentence, unit.name)
    return factor.value * unit.factor


def _quantity(name: Name, catalogue: Catalogue) -> Affine:
    spec = catalogue.find(name.name)
    if spec is None:
        sentence = f"unknown quantity {name.name!r}; {nearest(name.name, catalogue.names())}"
        raise RuleError("directive.unknown_quantity", name.at, sentence, name.name)
    unit = unit_of(spec.unit, name.at)
    atom = Atom(QuantityName(spec.name), Aggregate.VALUE, None)
    return Affine(unit.dimension, ((unit.factor, atom),), Fraction(0), (), (spec,))


def _total(terms: tuple[tuple[int, Expr], ...], catalogue: Catalogue) -> Affine:
    total: Affine | None = None
    for sign, term in terms:
        value = scaled(resolve(term, catalogue), Fraction(sign))
        total = value if total is None else plus(total, value, term.at)
    assert total is not None, "the parser never makes an empty sum"
    return total


def _gathered(call: Gathered, catalogue: Catalogue) -> Affine:
    inner = _linear_only(resolve(call.body, catalogue), call.at, call.function)
    if not inner.terms:
        sentence = f"{call.function} needs a quantity inside"
        raise RuleError("directive.no_quantity", call.at, sentence)
    if any(atom.aggregate is not Aggregate.VALUE for _, atom in inner.terms):
        sentence = f"{call.function} cannot gather what is already gathered over a window"
        raise RuleError("directive.window", call.at, sentence)
    if call.function in ("min", "max"):
        extreme = Extreme(call.function == "min", inner, call.window)
        return Affine(inner.dimension, (), Fraction(0), ((Fraction(1), extreme),), inner.specs)
    _check_gathering(call, inner)
    aggregate = _AGGREGATES[call.function]
    terms = tuple(
        (weight, Atom(atom.quantity, aggregate, call.window)) for weight, atom in inner.terms
    )
    times = call.window.days if aggregate is Aggregate.SUM else 1
    return Affine(inner.dimension, terms, inner.constant * times, (), inner.specs)


def _check_gathering(call: Gathered, inner: Affine) -> None:
    if call.function == "baseline" and call.window.is_month:
        sentence = "a baseline needs days, for example baseline(resting_heart, 60d)"
        raise RuleError("directive.window", call.at, sentence)
    if call.function != "sum":
        return
    levels = [spec.name for spec in inner.specs if not spec.is_flow]
    if levels:
        sentence = f"{levels[0]} is a level and does not add up over days; use mean, min or max"
        raise RuleError("directive.sum", call.at, sentence, levels[0])
    if inner.constant and call.window.is_month:
        sentence = "months differ in length; take the number out of the sum"
        raise RuleError("directive.sum", call.at, sentence)


def _linear_only(value: Affine, at: int, function: str) -> Affine:
    if value.pieces:
        sentence = f"{function} cannot hold abs, min or max; write them outside"
        raise RuleError("directive.nested", at, sentence, function)
    if any(spec.unit == "mo" for spec in value.specs):
        sentence = f"runway is compared with a number of months as it is, without {function}"
        raise RuleError("directive.runway", at, sentence, function)
    return value


def _shown(value: Affine) -> str:
    dimension = value.dimension.removeprefix("money:")
    if value.specs:
        return f"{value.specs[0].name} ({dimension})"
    return dimension
