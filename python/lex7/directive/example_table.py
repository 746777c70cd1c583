"""One `[[directive.example]]` table into an `Example`."""

from __future__ import annotations

import re
from fractions import Fraction

from lex7.base.ids import QuantityName
from lex7.base.units import Unit, find_unit
from lex7.directive.catalogue import Catalogue, nearest
from lex7.directive.example import (
    ALLOWED,
    DAY_OF_EXAMPLES,
    DENIED,
    STANDINGS,
    Example,
    Given,
    Wish,
)
from lex7.directive.syntax import Offset
from lex7.directive.table import Table
from lex7.directive.window import DAYS_OF, MONTHS_OF

MISSING = "missing"
_KEYS = ("say", "on", "given", "expect")
_WISH_KEYS = ("node", "action", "kind", "raw", "holder")
_REACH = re.compile(r"(-?[0-9]{1,4})(d|w|mo|y)(?:\.\.(-?[0-9]{1,4})(d|w|mo|y))?\Z", re.ASCII)
_PER_MONTH = " per month"


def read_example(row: Table, *, catalogue: Catalogue | None) -> Example:
    """Read an example.

    Args:
        row: its table.
        catalogue: the names a state rule may use; None beside an access rule.

    Raises:
        FieldError: a key is missing or says nothing.
    """
    row.refuse_unknown(_KEYS)
    given = row.table("given")
    on = row.day("on") or DAY_OF_EXAMPLES
    say = row.text_or("say", "")
    if catalogue is None:
        expect = row.choice("expect", (ALLOWED, DENIED))
        return Example(say, (), _wish(given), on, expect, row.line)
    expect = row.choice("expect", STANDINGS)
    if not given.names():
        sentence = "given says what the quantities are, such as { sleep = '7 h' }"
        row.fail("directive.missing", "given", sentence)
    values = tuple(_given(given, key, catalogue) for key in given.names())
    return Example(say, values, None, on, expect, row.line)


def _wish(given: Table) -> Wish:
    given.refuse_unknown(_WISH_KEYS)
    return Wish(
        given.choice("action", ("read", "publish", "export")),
        given.text("kind"),
        given.flag("raw") or False,
        given.text("holder"),
        given.text("node"),
    )


def _given(given: Table, key: str, catalogue: Catalogue) -> Given:
    name, at, days = key.partition("@")
    spec = catalogue.find(name)
    if spec is None:
        sentence = f"unknown quantity {name!r}; {nearest(name, catalogue.names())}"
        given.fail("directive.unknown_quantity", key, sentence, name)
    unit = find_unit(spec.unit)
    assert unit is not None, "catalogue units are in the table"
    reach = _reach(given, key, days) if at else None
    text = given.text(key).replace("+-", "±")
    if text.strip() == MISSING:
        return Given(QuantityName(name), reach, None, Fraction(0), is_per_month=False)
    is_per_month = text.rstrip().endswith(_PER_MONTH)
    if is_per_month and not spec.is_flow:
        sentence = f"{name} is a level and has no amount per month"
        given.fail("directive.unit", key, sentence, text)
    value, sd = _value(given, key, text.rstrip().removesuffix(_PER_MONTH), unit)
    return Given(QuantityName(name), reach, value, sd, is_per_month=is_per_month)


def _value(given: Table, key: str, text: str, unit: Unit) -> tuple[Fraction, Fraction]:
    mean, sign, spread = text.partition("±")
    value = given.amount_in(key, mean, unit)
    sd = given.amount_in(key, spread, unit) if sign else Fraction(0)
    if sd < 0:
        given.fail("directive.value", key, "a standard deviation is not negative", text)
    return value, sd


def _reach(given: Table, key: str, text: str) -> tuple[Offset, Offset]:
    match = _REACH.match(text.replace(" ", ""))
    if match is None:
        sentence = "days stand after @ as in sleep@2d or sleep@-6d..-1d"
        given.fail("directive.window", key, sentence, text)
    first = _offset(match[1], match[2])
    last = first if match[3] is None else _offset(match[3], match[4])
    return first, last


def _offset(count: str, unit: str) -> Offset:
    if unit in MONTHS_OF:
        return Offset(int(count) * MONTHS_OF[unit], is_months=True)
    return Offset(int(count) * DAYS_OF[unit], is_months=False)
