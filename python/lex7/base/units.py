"""The fixed table of units, with exact rational factors.

Every unit belongs to one dimension and is an exact multiple of that dimension's base unit. The
calendar
month `mo` is a dimension of its own: a month is not a number of days. Money has one dimension per
currency.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from lex7.base.money import is_currency


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit: its name, its dimension, and how many base units it is."""

    name: str
    dimension: str
    factor: Fraction


def _table() -> dict[str, Unit]:
    rows = (
        # name, dimension, factor to the base unit of the dimension
        ("s", "time", Fraction(1, 3600)),
        ("min", "time", Fraction(1, 60)),
        ("h", "time", Fraction(1)),
        ("d", "time", Fraction(24)),
        ("w", "time", Fraction(168)),
        ("ms", "interval", Fraction(1)),
        ("mo", "calendar", Fraction(1)),
        ("y", "calendar", Fraction(12)),
        ("kg", "mass", Fraction(1)),
        ("g", "mass", Fraction(1, 1000)),
        ("lb", "mass", Fraction(45_359_237, 100_000_000)),
        ("bpm", "rate", Fraction(1)),
        ("count", "count", Fraction(1)),
        ("steps", "count", Fraction(1)),
        ("kcal", "energy", Fraction(1)),
        ("kJ", "energy", Fraction(1000, 4184)),
        ("%", "ratio", Fraction(1, 100)),
    )
    return {name: Unit(name, dimension, factor) for name, dimension, factor in rows}


UNITS = _table()


def find_unit(name: str) -> Unit | None:
    """Return the unit of that name; an ISO 4217 code is the unit of its own dimension."""
    if is_currency(name):
        return Unit(name, f"money:{name}", Fraction(1))
    return UNITS.get(name)
