"""The compiled rule: a frozen value of linear tests on grids of days, in exact rationals.

A plan has no names to look up and no units to convert. Its days are relative to the day of
evaluation, so a plan does not change from one day to the next. `canonical` spells it as one line
of JSON; equal rules have equal lines.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from enum import Enum, StrEnum
from fractions import Fraction

from lex7.base.ids import QuantityName
from lex7.directive.quantity import Linear, Window
from lex7.directive.syntax import Offset


class Over(StrEnum):
    """Whether the confidence holds day by day or for the whole window at once."""

    JOINTLY = "jointly"
    POINTWISE = "pointwise"


class Severity(StrEnum):
    """Whether a correction may give way at a price."""

    HARD = "hard"
    SOFT = "soft"


class Quantifier(StrEnum):
    """Whether a body must hold on every day of a reach, or on one of them."""

    EVERY = "every"
    SOME = "some"


@dataclass(frozen=True, slots=True)
class Test:
    """linear >= 0 (or > 0), on one day.

    Attributes:
        linear: the margin, in `unit`.
        unit: the unit of the margin.
        node: the node kind that answers.
        is_strict: True for `<` and `>`.
        direction: +1 where the rule asks for at least, -1 where it asks for at most; the rule's own
            left side is direction × (linear - constant).
        runway_months: for a rule about runway the number of months, else None; then linear is cash
            minus that many months of burn, and scenarios decide where the node offers them.
        on_months: True where the value is the same on all days of a calendar month.
    """

    linear: Linear
    unit: str
    node: str
    is_strict: bool
    direction: int
    runway_months: Fraction | None = None
    on_months: bool = False

    # pytest would otherwise take the class for a collection of tests.
    __test__ = False


@dataclass(frozen=True, slots=True)
class Band:
    """|linear| <= half_width (or <), on one day; the attributes are those of a test."""

    linear: Linear
    half_width: Fraction
    unit: str
    node: str
    is_strict: bool = False
    on_months: bool = False


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts hold."""

    parts: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one part holds."""

    parts: tuple[Plan, ...]


@dataclass(frozen=True, slots=True)
class Ahead:
    """The days from `start` to `end` after the day of the surrounding form, both included."""

    start: Offset
    end: Offset


@dataclass(frozen=True, slots=True)
class Span:
    """A body on every or on some day of a reach (ahead, or a window back)."""

    quantifier: Quantifier
    reach: Ahead | Window
    body: Plan


Leaf = Test | Band
Plan = Test | Band | AllOf | AnyOf | Span


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A directive's rule, ready to be judged against a forecast.

    Attributes:
        id: the directive's id.
        plan: what must hold.
        confidence: the probability asked for, in [0.5, 0.9999].
        over: whether that probability is per day or for all days together.
        severity: hard or soft.
        priority: 0 is the strongest.
        weight: for a soft rule the cost of one unit of margin; None for a hard one.
    """

    id: str
    plan: Plan
    confidence: Fraction
    over: Over
    severity: Severity
    priority: int
    weight: Fraction | None


def leaves(plan: Plan) -> Iterator[Leaf]:
    """Yield the tests and bands of a plan, from left to right."""
    match plan:
        case Test() | Band():
            yield plan
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part)
        case Span(body=body):
            yield from leaves(body)


def quantities(plan: Plan) -> tuple[QuantityName, ...]:
    """List the quantities a plan asks nodes for, sorted."""
    found = {atom.quantity for leaf in leaves(plan) for _, atom in leaf.linear.terms}
    return tuple(sorted(found))


def canonical(rule: CompiledRule) -> str:
    """Spell a rule as one line of JSON, sorted keys, rationals as `numerator/denominator`."""
    return json.dumps(_plain(rule), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        named = {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
        return {"is": type(value).__name__.lower(), **named}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
