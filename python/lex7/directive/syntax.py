"""The parsed shape of a rule, before names and units mean anything.

    form := always[a,b] form | eventually[a,b] form | within[a,b] form
          | if pred then form | form and form | form or form | ( form ) | pred
    pred := expr (<= | >= | < | >) expr
    expr := term ((+ | -) term)*
    term := - term | number * term | number unit | name | ( expr )
          | abs(expr) | mean(expr, window) | sum | min | max | baseline

Every node carries `at`, the characters before it in the rule, for messages.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lex7.directive.quantity import Window


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number; `unit` is None only inside a product."""

    value: Fraction
    unit: str | None
    at: int
    unit_at: int


@dataclass(frozen=True, slots=True)
class Name:
    """A quantity, by name."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Total:
    """A sum of signed terms."""

    terms: tuple[tuple[int, Expr], ...]
    at: int


@dataclass(frozen=True, slots=True)
class Product:
    """A plain number times an expression."""

    factor: Number
    body: Expr
    at: int


@dataclass(frozen=True, slots=True)
class Magnitude:
    """abs(expr)."""

    body: Expr
    at: int


@dataclass(frozen=True, slots=True)
class Gathered:
    """mean, sum, min, max or baseline of an expression over a window."""

    function: str
    body: Expr
    window: Window
    at: int


Expr = Number | Name | Total | Product | Magnitude | Gathered


@dataclass(frozen=True, slots=True)
class Comparison:
    """left (<= | >= | < | >) right."""

    left: Expr
    sign: str
    right: Expr
    at: int


@dataclass(frozen=True, slots=True)
class Every:
    """All of several forms."""

    parts: tuple[Form, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Either:
    """At least one of several forms."""

    parts: tuple[Form, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Offset:
    """A distance from the day of evaluation: whole days or calendar months."""

    count: int
    is_months: bool


@dataclass(frozen=True, slots=True)
class Temporal:
    """always or eventually over the days from `start` to `end`, both included."""

    is_always: bool
    start: Offset
    end: Offset
    body: Form
    at: int


@dataclass(frozen=True, slots=True)
class Response:
    """if condition then body."""

    condition: Comparison
    body: Form
    at: int


Form = Comparison | Every | Either | Temporal | Response
