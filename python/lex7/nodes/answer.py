"""How a forecast crosses from one node to another: questions and answers as canonical values.

No float stands in a packet. An array crosses as one power-of-two exponent and 64-bit integers:
each value is rounded once to a multiple of 2^-exponent, chosen so that the largest uses 62 bits.
A covariance crosses as its upper triangle. Rationals cross as text. What is read back is equal on
every member, bit for bit.
"""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lex7.bark.canon import Value
from lex7.bark.fields import Fields, PayloadError
from lex7.base.civil import Day
from lex7.base.errors import StateError
from lex7.base.ids import QuantityName
from lex7.directive.quantity import (
    Aggregate,
    Atom,
    Forecast,
    Linear,
    Moments,
    Move,
    Per,
    QuantityInfo,
    Scenarios,
    Window,
)

Reals = NDArray[np.float64]
MANTISSA_BITS = 62
NO_DAY = -(1 << 40)


class NotFiniteAnswerError(StateError):
    """A forecast holds a number that is not finite."""

    code = "state.answer"

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"expected finite numbers in the {what} of a forecast, got others")


def spell_question(linear: Linear, days: NDArray[np.int64], moves: tuple[Move, ...]) -> Value:
    """Spell what is asked: an expression, a grid of days, and moves."""
    terms = tuple(
        (spell_ratio(factor), atom.quantity, atom.aggregate.value, _window(atom.window))
        for factor, atom in linear.terms
    )
    columns = tuple((m.quantity, m.per.value, int(m.first), int(m.last)) for m in moves)
    return (terms, spell_ratio(linear.constant), days.astype("<i8").tobytes(), columns)


def read_question(fields: Fields) -> tuple[Linear, NDArray[np.int64], tuple[Move, ...]]:
    """Read what is asked.

    Raises:
        PayloadError: another layout.
    """
    terms = tuple(
        (read_ratio(row, 1), Atom(QuantityName(row.text(2)), _aggregate(row), _read_window(row, 4)))
        for row in fields.rows(1, 4)
    )
    moves = tuple(
        Move(QuantityName(row.text(1)), _per(row), Day(row.integer(3)), Day(row.integer(4)))
        for row in fields.rows(4, 4)
    )
    return Linear(terms, read_ratio(fields, 2)), read_days(fields, 3), moves


def spell_moments(moments: Moments) -> Value:
    """Spell the moments of an expression."""
    upper = moments.cov[np.triu_indices(len(moments.days))]
    return (
        moments.days.astype("<i8").tobytes(),
        _spell_array(moments.mean, "mean"),
        _spell_array(upper, "covariance"),
        _spell_array(moments.gradient, "gradient"),
    )


def read_moments(fields: Fields, move_count: int) -> Moments:
    """Read the moments of an expression.

    Raises:
        PayloadError: another layout.
    """
    days = read_days(fields, 1)
    count = len(days)
    cov = np.zeros((count, count))
    rows, columns = np.triu_indices(count)
    cov[rows, columns] = _read_array(fields, 3, (len(rows),))
    cov[columns, rows] = cov[rows, columns]
    gradient = _read_array(fields, 4, (count, move_count))
    return Moments(days, _read_array(fields, 2, (count,)), cov, gradient)


def spell_scenarios(scenarios: Scenarios | None) -> Value:
    """Spell sampled paths, or that there are none."""
    if scenarios is None:
        return ()
    return (
        scenarios.days.astype("<i8").tobytes(),
        len(scenarios.paths),
        _spell_array(scenarios.paths, "paths"),
        len(scenarios.gradient),
        _spell_array(scenarios.gradient, "gradient of the paths"),
    )


def read_scenarios(fields: Fields, move_count: int) -> Scenarios | None:
    """Read sampled paths.

    Raises:
        PayloadError: another layout.
    """
    if not fields.values:
        return None
    days = read_days(fields, 1)
    paths = _read_array(fields, 3, (fields.integer(2), len(days)))
    gradient = _read_array(fields, 5, (fields.integer(4), len(days), move_count))
    return Scenarios(days, paths, gradient)


def spell_infos(infos: dict[QuantityName, QuantityInfo]) -> Value:
    """Spell what is known about quantities."""
    return tuple(
        (
            info.name,
            info.node,
            info.unit,
            info.per_month,
            info.valid_days,
            info.required_days,
            NO_DAY if info.last_day is None else int(info.last_day),
            info.stale_after_days,
        )
        for _, info in sorted(infos.items())
    )


def read_infos(answer: Value) -> dict[QuantityName, QuantityInfo]:
    """Read what is known about quantities.

    Raises:
        PayloadError: another layout.
    """
    found = {}
    for row in Fields("quantities", (answer,)).rows(1, 8):
        last = row.integer(7)
        name = QuantityName(row.text(1))
        found[name] = QuantityInfo(
            name=name,
            node=row.text(2),
            unit=row.text(3),
            per_month=row.flag(4),
            valid_days=row.integer(5),
            required_days=row.integer(6),
            last_day=None if last == NO_DAY else Day(last),
            stale_after_days=row.integer(8),
        )
    return found


def _spell_array(values: Reals, what: str) -> Value:
    if not np.isfinite(values).all():
        raise NotFiniteAnswerError(what)
    largest = float(np.abs(values).max()) if values.size else 0.0
    exponent = MANTISSA_BITS - math.frexp(largest)[1] if largest else 0
    # ldexp is exact: only the rounding to integers loses anything, and it is the same everywhere.
    scaled = np.rint(np.ldexp(np.ascontiguousarray(values), exponent)).astype("<i8")
    return (exponent, scaled.tobytes())


def _read_array(fields: Fields, number: int, shape: tuple[int, ...]) -> Reals:
    spelled = Fields(fields.kind, fields.items(number))
    exponent, data = spelled.integer(1), spelled.data(2)
    if len(data) != 8 * math.prod(shape) or abs(exponent) > 2_000:
        raise PayloadError(fields.kind, f"field {number} is no array of shape {shape}")
    values = np.frombuffer(data, dtype="<i8").astype(np.float64)
    return np.asarray(np.ldexp(values, -exponent).reshape(shape), dtype=np.float64)


def read_days(fields: Fields, number: int) -> NDArray[np.int64]:
    """Read a grid of days.

    Raises:
        PayloadError: another layout.
    """
    data = fields.data(number)
    if len(data) % 8:
        raise PayloadError(fields.kind, f"field {number} is no list of days")
    return np.frombuffer(data, dtype="<i8").astype(np.int64)


def spell_ratio(value: Fraction) -> str:
    """Spell an exact rational as `numerator/denominator`."""
    return f"{value.numerator}/{value.denominator}"


def read_ratio(fields: Fields, number: int) -> Fraction:
    """Read an exact rational.

    Raises:
        PayloadError: another layout.
    """
    text = fields.text(number)
    head, _, tail = text.partition("/")
    digits = head.removeprefix("-") + tail
    if not digits.isascii() or not digits.isdigit() or not tail or not int(tail):
        raise PayloadError(fields.kind, f"field {number} is no rational")
    return Fraction(int(head), int(tail))


def _window(window: Window | None) -> int:
    return -1 if window is None else window.days


def _read_window(fields: Fields, number: int) -> Window | None:
    days = fields.integer(number)
    return None if days < 0 else Window(days)


def _aggregate(row: Fields) -> Aggregate:
    if row.text(3) not in set(Aggregate):
        raise PayloadError(row.kind, f"{row.text(3)!r} is no aggregate")
    return Aggregate(row.text(3))


def _per(row: Fields) -> Per:
    if row.text(2) not in set(Per):
        raise PayloadError(row.kind, f"{row.text(2)!r} is no period")
    return Per(row.text(2))


class RoundedForecast:
    """A node's forecast as it crosses to others, so that every node judges by the same bits."""

    def __init__(self, inner: Forecast) -> None:
        self._inner = inner
        self.as_of = inner.as_of

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        """List the quantities the node answers for."""
        return self._inner.quantities()

    def moments(self, linear: Linear, days: NDArray[np.int64], moves: tuple[Move, ...]) -> Moments:
        """Return the moments of an expression, rounded once."""
        spelled = spell_moments(self._inner.moments(linear, days, moves))
        return read_moments(_as_fields("moments", spelled), len(moves))

    def scenarios(
        self, linear: Linear, days: NDArray[np.int64], moves: tuple[Move, ...]
    ) -> Scenarios | None:
        """Return sampled paths, rounded once."""
        spelled = spell_scenarios(self._inner.scenarios(linear, days, moves))
        return read_scenarios(_as_fields("scenarios", spelled), len(moves))


def _as_fields(kind: str, spelled: Value) -> Fields:
    assert isinstance(spelled, tuple), "answers are lists"
    return Fields(kind, spelled)
