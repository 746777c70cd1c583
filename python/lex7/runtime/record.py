"""How past forecasts held: each node forecasts again from earlier days, and what came is counted.

From an origin every four weeks a node says what it would have said then, with models that have
seen nothing later; the values that followed either lie in its 90 % band or do not. Only counts
leave the node. A quantity that is spent by the day is counted as one sum over the four weeks.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lex7.base.civil import Day, iso
from lex7.base.ids import QuantityName
from lex7.base.shapes import DayGrid
from lex7.directive.quantity import Aggregate, Atom, Forecast, Linear, QuantityInfo, Window
from lex7.nodes.interface import NodeKind, NodeState
from lex7.runtime.compose import Lattice

FORMAT = "lex7-record/1"
ORIGINS = 6
STEP_DAYS = 28
SQUARE_90 = 2.705543454095415
"""The 90 % quantile of a squared standard normal (Abramowitz & Stegun, table 26.8)."""

CENT = 0.005
"""Half a cent: a band without width is met by what it says, as money is rounded."""

DERIVED = ("runway", "burn", "income")
"""Not counted: the first two are never measured, income comes by the calendar."""

WORDS = {
    "vit": "a wandering level, deviations that die away, the weekday; outliers weigh less",
    "wth": "bills and income by the calendar, everyday spending by the week, rare large payments",
}


@dataclass(frozen=True, slots=True)
class Held:
    """One quantity: what its forecast rests on, and how its past forecasts held."""

    quantity: QuantityName
    node: str
    points: int
    last_day: Day | None
    inside: int
    forecasts: int


def past_record(lattice: Lattice, as_of: Day) -> tuple[Held, ...]:
    """Let every node forecast again from earlier days and count what held."""
    rows: list[Held] = []
    for name, member in lattice.members.items():
        if name in WORDS:
            rows += _node_record(member.kind, member.state, as_of)
    return tuple(rows)


def record_json(rows: tuple[Held, ...], as_of: Day) -> dict[str, Any]:
    """Spell a record; the schema stands in docs/spec/record.schema.json."""
    return {
        "format": FORMAT,
        "as_of": iso(as_of),
        "models": [
            {
                "quantity": row.quantity,
                "model": WORDS[row.node],
                "points": row.points,
                "last_day": None if row.last_day is None else iso(row.last_day),
                "inside": row.inside,
                "forecasts": row.forecasts,
            }
            for row in rows
        ],
    }


def _node_record(kind: NodeKind, state: NodeState, as_of: Day) -> list[Held]:
    now = kind.forecast(state, as_of)
    infos = {
        name: info
        for name, info in now.quantities().items()
        if "." not in name and name not in DERIVED and info.last_day is not None
    }
    counts = {name: [0, 0] for name in infos}
    for step in range(1, ORIGINS + 1) if infos else ():
        origin = Day(as_of - step * STEP_DAYS)
        then = kind.forecast(state, origin)
        known = then.quantities()
        for name, info in infos.items():
            if name in known and known[name].valid_days >= known[name].required_days:
                inside, count = _count(now, then, info, (origin, known[name].last_day or origin))
                counts[name][0] += inside
                counts[name][1] += count
    return [
        Held(name, kind.name, info.valid_days, info.last_day, *counts[name])
        for name, info in infos.items()
    ]


def _count(
    now: Forecast, then: Forecast, info: QuantityInfo, seen: tuple[Day, Day]
) -> tuple[int, int]:
    """Count the values of the four weeks after an origin, and those that were in the band.

    Args:
        now: what is known today.
        then: what was said at the origin.
        info: the quantity.
        seen: the origin, and the last day whose value was known then.
    """
    origin, newest = seen
    last = min(origin + STEP_DAYS, info.last_day or origin)
    if info.per_month and info.unit not in ("h", "steps"):
        atom = Atom(info.name, Aggregate.SUM, Window(STEP_DAYS))
        days: DayGrid = np.array([origin + STEP_DAYS], dtype=np.int64)
        days = days[days <= last]
    else:
        atom = Atom(info.name, Aggregate.VALUE, None)
        days = np.arange(origin + 1, last + 1, dtype=np.int64)
    if len(days) == 0:
        return 0, 0
    linear = Linear(((Fraction(1), atom),), Fraction(0))
    came = now.moments(linear, days, ())
    said = then.moments(linear, came.days, ())
    gap = came.mean - said.mean - _level_gap(now, then, linear, newest)
    error = np.maximum(np.abs(gap) - CENT, 0.0)
    inside = error * error <= SQUARE_90 * np.diagonal(said.cov)
    return int(np.count_nonzero(inside)), len(came.days)


def _level_gap(now: Forecast, then: Forecast, linear: Linear, newest: Day) -> float:
    """Return how far a level without any doubt was off on the last day seen, else 0.

    Cash is counted from nothing until a bank states a balance. Where that balance came later, the
    movements are what the past forecast said, and they are what is judged.
    """
    days: DayGrid = np.array([newest], dtype=np.int64)
    said = then.moments(linear, days, ())
    if len(said.days) == 0 or said.cov[0, 0] > 0.0:
        return 0.0
    came = now.moments(linear, days, ())
    return float(came.mean[0] - said.mean[0]) if len(came.days) else 0.0
