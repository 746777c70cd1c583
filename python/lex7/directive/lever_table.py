"""One `[[lever]]` table: what may move, within finite bounds, in whole steps."""

from __future__ import annotations

from fractions import Fraction

from lex7.base.ids import QuantityName
from lex7.base.units import Unit, find_unit
from lex7.directive.catalogue import Catalogue, nearest
from lex7.directive.document import Lever
from lex7.directive.quantity import Per
from lex7.directive.table import Table

LEVER_KEYS = ("id", "say", "moves", "per", "by", "step", "reluctance", "group", "ramp")
STEPS_MAX = 1 << 20
FORBIDDEN_LEVERS = ("insulin", "dose", "drug", "medication", "carb", "calorie", "glucose")


def read_lever(row: Table, name: str, catalogue: Catalogue) -> Lever:
    """Read a lever whose id is known.

    Raises:
        FieldError: a key is missing or says nothing.
    """
    moves = row.name("moves")
    spec = catalogue.find(moves)
    if any(word in moves.lower() for word in FORBIDDEN_LEVERS):
        sentence = "no lever may be a drug, a dose or a food amount"
        row.fail("directive.lever", "moves", sentence, moves)
    if spec is None or spec.unit == "mo":
        sentence = f"no lever moves {moves!r}; {nearest(moves, catalogue.names())}"
        row.fail("directive.unknown_quantity", "moves", sentence, moves)
    unit = find_unit(spec.unit)
    assert unit is not None, "catalogue units are in the table"
    low, high = _bounds(row, unit)
    step = row.amount("step", unit)
    if step <= 0 or (high - low) / step > STEPS_MAX:
        sentence = "step is positive and not smaller than a millionth of the span of by"
        row.fail("directive.lever", "step", sentence)
    return Lever(
        name,
        row.text_or("say", ""),
        QuantityName(moves),
        Per(row.choice("per", [per.value for per in Per])),
        low,
        high,
        step,
        row.rate("reluctance", unit),
        unit.name,
        row.text_or("group", ""),
        row.line,
        _ramp(row, unit, step),
    )


def _ramp(row: Table, unit: Unit, step: Fraction) -> Fraction | None:
    if not row.has("ramp"):
        return None
    ramp = row.amount("ramp", unit)
    if ramp < step or row.choice("per", [per.value for per in Per]) == Per.ONCE:
        sentence = "ramp is at least one step, and per is then day or month"
        row.fail("directive.lever", "ramp", sentence)
    return ramp


def _bounds(row: Table, unit: Unit) -> tuple[Fraction, Fraction]:
    by = row.amounts("by", unit)
    if len(by) != 2:
        sentence = f"by holds the least and the largest change, such as ['-300 {unit.name}', …]"
        row.fail("directive.lever", "by", sentence)
    low, high = by
    if low > high:
        row.fail("directive.lever", "by", "by starts with the lower bound")
    if not low <= 0 <= high:
        row.fail("directive.lever", "by", "by contains 0: leaving things as they are is allowed")
    return low, high
