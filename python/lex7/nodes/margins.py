"""How a node's margins cross to the council: questions and answers as canonical values.

    open    (as_of, test)                       -> (days, gradient, is sampled)
    bounds  (as_of, ((test digest, query), …))  -> (bounds, …)
    room    (as_of, test digest, demand, at)    -> margins left

A test is spelled once, when it is opened; afterwards its SHA-256 names it. Bounds are pairs of
integers of 2^-30, -1 twice where no day has a value; gradients are integers of 2^-30, margins of
2^-20 of the test's unit, all as 64-bit little-endian. `docs/spec/payloads.md` lists the fields.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.fields import Fields, PayloadError
from lex7.base.civil import Day
from lex7.directive.branch import Demand
from lex7.directive.chance import BOUND_SCALE, Chance
from lex7.directive.heard import Mode, Query, Reals, TestQuestion
from lex7.directive.plan import Band, Leaf, Test
from lex7.directive.telling import GRADIENT_BITS, MARGIN_BITS
from lex7.nodes.answer import read_days, read_question, read_ratio, spell_question, spell_ratio

QUERIES_MAX = 256
"""Bounds that one message asks for."""

NEVER = -(1 << 63)
NO_VALUE = -1
Shift = tuple[tuple[int, Fraction], ...]


def spell_test(question: TestQuestion) -> tuple[Value, ...]:
    """Spell which test is asked about."""
    leaf = question.leaf
    if isinstance(leaf, Band):
        kind: tuple[Value, ...] = ("band", spell_ratio(leaf.half_width))
    elif leaf.runway_months is not None:
        kind = ("runway", spell_ratio(leaf.runway_months))
    else:
        kind = ("test", "0/1")
    direction = leaf.direction if isinstance(leaf, Test) else 0
    days = np.array(question.days, dtype=np.int64)
    return (
        *kind,
        leaf.unit,
        leaf.node,
        leaf.is_strict,
        leaf.on_months,
        direction,
        spell_question(leaf.linear, days, question.moves),
        tuple(spell_ratio(reach) for reach in question.reach),
        spell_ratio(question.confidence),
    )


def read_test(fields: Fields) -> TestQuestion:
    """Read which test is asked about.

    Raises:
        PayloadError: another layout.
    """
    linear, days, moves = read_question(Fields(fields.kind, fields.items(8)))
    kind, size = fields.text(1), read_ratio(fields, 2)
    unit, node, is_strict, on_months = (
        fields.text(3),
        fields.text(4),
        fields.flag(5),
        fields.flag(6),
    )
    leaf: Leaf
    if kind == "band":
        leaf = Band(linear, size, unit, node, is_strict, on_months)
    elif kind in ("test", "runway"):
        months = size if kind == "runway" else None
        leaf = Test(linear, unit, node, is_strict, fields.integer(7), months, on_months)
    else:
        raise PayloadError(fields.kind, f"{kind!r} is no kind of test")
    reach = Fields(fields.kind, fields.items(9))
    reaches = tuple(read_ratio(reach, number) for number in range(1, len(reach.values) + 1))
    if len(reaches) != len(moves):
        raise PayloadError(fields.kind, "every move has a reach")
    grid = tuple(Day(int(day)) for day in days)
    return TestQuestion(leaf, grid, moves, reaches, read_ratio(fields, 10))


def digest_of(spelled: tuple[Value, ...]) -> bytes:
    """Name an opened test."""
    return hashlib.sha256(canon.encode(spelled)).digest()


def spell_query(query: Query) -> Value:
    """Spell one question about an opened test."""
    asked = "" if query.asked is None else spell_ratio(Fraction(query.asked))
    return (query.mode.value, _spell_days(query.days), asked, _spell_shift(query.shift))


def read_query(fields: Fields) -> Query:
    """Read one question about an opened test.

    Raises:
        PayloadError: another layout.
    """
    if fields.text(1) not in set(Mode):
        raise PayloadError(fields.kind, f"{fields.text(1)!r} is no question")
    asked = float(read_ratio(fields, 3)) if fields.text(3) else None
    days = tuple(Day(int(day)) for day in read_days(fields, 2))
    return Query(Mode(fields.text(1)), days, asked, _read_shift(fields, 4))


def spell_bounds(bounds: tuple[Chance | None, ...]) -> bytes:
    """Spell bounds; they lie on the grid."""
    pairs = [
        (NO_VALUE, NO_VALUE)
        if one is None
        else (int(one.low * BOUND_SCALE), int(one.high * BOUND_SCALE))
        for one in bounds
    ]
    return np.array(pairs, dtype="<i8").tobytes()


def read_bounds(answer: Value) -> tuple[Chance | None, ...]:
    """Read bounds.

    Raises:
        PayloadError: another layout.
    """
    pairs = _integers(answer, "bounds").reshape(-1, 2).tolist()
    return tuple(
        None if low == NO_VALUE else Chance(low / BOUND_SCALE, high / BOUND_SCALE)
        for low, high in pairs
    )


def spell_gradient(gradient: Reals) -> bytes:
    """Spell a rounded gradient."""
    return np.ldexp(gradient, GRADIENT_BITS).astype("<i8").tobytes()


def read_gradient(answer: Value, shape: tuple[int, int]) -> Reals:
    """Read a rounded gradient.

    Raises:
        PayloadError: another layout.
    """
    found = _integers(answer, "gradient")
    if found.size != shape[0] * shape[1]:
        raise PayloadError("gradient", f"it is not of shape {shape}")
    return np.ldexp(found.astype(np.float64), -GRADIENT_BITS).reshape(shape)


def spell_demand(demand: Demand, shift: Shift | None) -> tuple[Value, ...]:
    """Spell the rows that are asked for, and where z is allocated anew."""
    at: Value = () if shift is None else (_spell_shift(shift),)
    return (_spell_days(demand.days), spell_ratio(demand.confidence), demand.is_joint, at)


def read_demand(fields: Fields, leaf: Leaf) -> tuple[Demand, Shift | None]:
    """Read the rows that are asked for.

    Raises:
        PayloadError: another layout.
    """
    days = tuple(Day(int(day)) for day in read_days(fields, 1))
    demand = Demand(leaf, days, read_ratio(fields, 2), is_joint=fields.flag(3))
    at = Fields(fields.kind, fields.items(4))
    return demand, _read_shift(at, 1) if at.values else None


def spell_room(room: Reals) -> bytes:
    """Spell rounded margins."""
    scaled = np.ldexp(room, MARGIN_BITS)
    never = np.isneginf(room)
    whole = np.where(never, 0.0, scaled).astype("<i8")
    return np.where(never, np.int64(NEVER), whole).astype("<i8").tobytes()


def read_room(answer: Value) -> Reals:
    """Read rounded margins.

    Raises:
        PayloadError: another layout.
    """
    found = _integers(answer, "room")
    return np.where(found == NEVER, -np.inf, np.ldexp(found.astype(np.float64), -MARGIN_BITS))


def _integers(answer: Value, kind: str) -> NDArray[np.int64]:
    if not isinstance(answer, bytes) or len(answer) % 8:
        raise PayloadError(kind, "it is no list of 64-bit integers")
    return np.frombuffer(answer, dtype="<i8").astype(np.int64)


def _spell_days(days: tuple[Day, ...]) -> bytes:
    return np.array(days, dtype="<i8").tobytes()


def _spell_shift(shift: Shift) -> Value:
    return tuple((move, spell_ratio(units)) for move, units in shift)


def _read_shift(fields: Fields, number: int) -> Shift:
    return tuple((row.integer(1), read_ratio(row, 2)) for row in fields.rows(number, 2))
