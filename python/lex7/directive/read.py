"""`directives.toml` into a `DirectiveFile` and findings.

A broken directive, access rule or lever becomes a finding with line and column, and the good ones
beside it are kept: that is for `check`, which shows everything that is wrong at once. Signing and
judging take a file only without findings. What makes the file as a whole unreadable is an error.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from functools import partial
from typing import TypeVar

from lex7.base import civil
from lex7.base.errors import DirectiveError, Finding
from lex7.base.limits import DIRECTIVE_FILE_BYTES_MAX, DIRECTIVES_MAX, LEVERS_MAX
from lex7.base.money import is_currency
from lex7.base.units import Unit, find_unit
from lex7.directive.access_table import ACCESS_KEYS, read_access
from lex7.directive.catalogue import Catalogue
from lex7.directive.compile import compile_text
from lex7.directive.contradiction import Demands
from lex7.directive.document import (
    FORMAT,
    AccessRule,
    Directive,
    DirectiveFile,
    Lever,
)
from lex7.directive.example import Example
from lex7.directive.example_table import read_example
from lex7.directive.lever_table import LEVER_KEYS, read_lever
from lex7.directive.plan import CompiledRule, Over, Plan, Severity, leaves
from lex7.directive.positions import TablePlace, tables
from lex7.directive.problem import RuleError
from lex7.directive.table import FieldError, Table

FILE_NAME = "directives.toml"
CONFIDENCE_MIN = Fraction(1, 2)
CONFIDENCE_MAX = Fraction(9999, 10_000)
PRIORITY_MAX = 99
VERSION_MAX = 1 << 31

_TOP = ("format", "version", "supersedes", "effective", "owner", "currency", "time_zone")
_LISTS = ("directive", "lever")
_STATE_KEYS = (
    "id",
    "say",
    "rule",
    "confidence",
    "over",
    "severity",
    "priority",
    "weight",
    "example",
)

_Read = TypeVar("_Read")


class DirectivesFileError(DirectiveError):
    """The file as a whole cannot be read.

    Attributes:
        code: stable and public.
        where: file, line and column where known.
        sentence: what was expected, what came.
    """

    def __init__(self, code: str, where: str, sentence: str) -> None:
        self.code = code
        self.where = where
        self.sentence = sentence
        super().__init__(f"{where}: {sentence}")


def read(
    text: str,
    *,
    accounts: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    name: str = FILE_NAME,
) -> tuple[DirectiveFile, tuple[Finding, ...]]:
    """Read a directives file.

    Args:
        text: the whole file.
        accounts: known account names; none means that any is accepted.
        categories: known spending categories; none means that any is accepted.
        name: how findings call the file.

    Returns:
        What the file says without its broken parts, and one finding per broken part.

    Raises:
        DirectivesFileError: not TOML, too long, another format, or without a proper currency, time
            zone or version.
    """
    values, places = parse_toml(text, name)
    top = Table({key: value for key, value in values.items() if key not in _LISTS}, places[0])
    try:
        frame = _frame(top, Catalogue(_currency(top), accounts, categories))
        lists = {key: _list(values, key, top) for key in _LISTS}
    except FieldError as error:
        where = f"{name}, line {error.line}, column {error.column}"
        raise DirectivesFileError(error.code, where, error.sentence) from error
    reader = _Reader(frame, name)
    rows = _tables(lists["directive"], "directive", places)
    levers = _tables(lists["lever"], "lever", places)
    if len(rows) > DIRECTIVES_MAX or len(levers) > LEVERS_MAX:
        got = f"got {len(rows):,} and {len(levers):,}"
        sentence = (
            f"a file has at most {DIRECTIVES_MAX:,} directives and {LEVERS_MAX:,} levers, {got}"
        )
        raise DirectivesFileError("directive.too_many", name, sentence)
    directives, access = [], []
    for row in rows:
        read_row = reader.kept(row, reader.rule)
        if isinstance(read_row, Directive):
            directives.append(read_row)
        elif read_row is not None:
            access.append(read_row)
    read_levers = [lever for row in levers if (lever := reader.kept(row, reader.lever))]
    file = DirectiveFile(
        frame.version,
        top.text_or("supersedes", ""),
        top.day("effective"),
        top.text_or("owner", ""),
        frame.catalogue.currency,
        frame.time_zone,
        tuple(directives),
        tuple(access),
        tuple(read_levers),
    )
    return file, tuple(reader.findings)


def parse_toml(
    text: str, name: str = FILE_NAME
) -> tuple[dict[str, object], tuple[TablePlace, ...]]:
    """Parse TOML with exact decimals, and find where its tables stand.

    Raises:
        DirectivesFileError: not TOML, or too long.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > DIRECTIVE_FILE_BYTES_MAX:
        sentence = (
            f"the file has {size:,} bytes; at most {DIRECTIVE_FILE_BYTES_MAX:,} can be signed"
        )
        raise DirectivesFileError("directive.too_long", name, sentence)
    try:
        return tomllib.loads(text, parse_float=Decimal), tables(text)
    except (tomllib.TOMLDecodeError, InvalidOperation, ValueError) as error:
        sentence = f"this is not TOML: {error}"
        raise DirectivesFileError("directive.toml", name, sentence) from error
    except RecursionError as error:
        sentence = "lists and tables nest too deep"
        raise DirectivesFileError("directive.too_deep", name, sentence) from error


@dataclass(frozen=True, slots=True)
class _FileFrame:
    """What the top of the file says for all tables below."""

    catalogue: Catalogue
    time_zone: str
    version: int


class _Reader:
    """Reads tables one by one, keeps findings, and refuses a second use of an id."""

    def __init__(self, frame: _FileFrame, name: str) -> None:
        self._frame = frame
        self._name = name
        self._ids: set[tuple[bool, str]] = set()
        self._demands = Demands()
        self.findings: list[Finding] = []

    def kept(self, row: Table, read_one: Callable[[Table], _Read]) -> _Read | None:
        """Read one table, or keep a finding."""
        try:
            return read_one(row)
        except FieldError as error:
            self.findings.append(error.finding(self._name))
            return None

    def rule(self, row: Table) -> Directive | AccessRule:
        shapes = [key for key in ("rule", "deny", "only") if row.has(key)]
        if len(shapes) != 1:
            sentence = "a directive has exactly one of rule, deny and only"
            row.fail("directive.shape", "id", sentence)
        if shapes[0] == "rule":
            return self._directive(row)
        row.refuse_unknown(ACCESS_KEYS)
        return read_access(row, self._id(row, is_lever=False), shapes[0], self._examples(row))

    def lever(self, row: Table) -> Lever:
        row.refuse_unknown(LEVER_KEYS)
        return read_lever(row, self._id(row, is_lever=True), self._frame.catalogue)

    def _directive(self, row: Table) -> Directive:
        row.refuse_unknown(_STATE_KEYS)
        name = self._id(row, is_lever=False)
        text = row.text("rule", longest=1 << 20)
        confidence = row.number("confidence")
        if not CONFIDENCE_MIN <= confidence <= CONFIDENCE_MAX:
            sentence = "confidence is from 0.5 to 0.9999; nothing about the future is certain"
            row.fail("directive.confidence", "confidence", sentence, str(float(confidence)))
        if not row.has("over"):
            sentence = (
                "say over = 'pointwise' (each day by itself) or over = 'jointly' (all days at "
                "once); jointly asks for more"
            )
            row.fail("directive.missing", "over", sentence)
        over = Over(row.choice("over", [over.value for over in Over]))
        severity = Severity(row.choice("severity", [severity.value for severity in Severity]))
        priority = row.count("priority", 0, PRIORITY_MAX)
        try:
            plan = compile_text(text, self._frame.catalogue)
        except RuleError as error:
            row.fail_at("rule", text, error)
        weight = self._weight(row, plan, severity)
        contradiction = self._demands.add(name, plan, severity)
        if contradiction is not None:
            row.fail("directive.contradiction", "rule", contradiction, text)
        rule = CompiledRule(name, plan, confidence, over, severity, priority, weight)
        return Directive(name, row.text("say"), text, rule, row.line, self._examples(row))

    def _weight(self, row: Table, plan: Plan, severity: Severity) -> Fraction | None:
        units = tuple(dict.fromkeys(leaf.unit for leaf in leaves(plan)))
        if severity is Severity.HARD:
            if row.has("weight"):
                row.fail(
                    "directive.weight", "weight", "a hard rule has no weight; it never gives way"
                )
            return None
        if len(units) > 1:
            sentence = f"a soft rule speaks in one unit, this one in {' and '.join(units)}"
            row.fail("directive.weight", "severity", sentence)
        if not row.has("weight"):
            sentence = f"a soft rule says what it costs to miss it: weight = '1 / 10 {units[0]}'"
            row.fail("directive.missing", "weight", sentence)
        return row.rate("weight", _unit(units[0]))

    def _examples(self, row: Table) -> tuple[Example, ...]:
        """Read the examples beside a rule; a broken one leaves the rule and the others."""
        found = []
        for inner in row.tables("example"):
            catalogue = None if not row.has("rule") else self._frame.catalogue
            example = self.kept(inner, partial(read_example, catalogue=catalogue))
            found += [] if example is None else [example]
        return tuple(found)

    def _id(self, row: Table, *, is_lever: bool) -> str:
        name = row.name("id")
        if (is_lever, name) in self._ids:
            row.fail("directive.twice", "id", f"the id {name!r} is used twice", name)
        self._ids.add((is_lever, name))
        return name


def _frame(top: Table, catalogue: Catalogue) -> _FileFrame:
    top.refuse_unknown(_TOP)
    zone_name = top.text("time_zone")
    try:
        civil.zone(zone_name)
    except civil.UnknownZoneError as error:
        top.fail("directive.time_zone", "time_zone", str(error), zone_name)
    version = top.count("version", 1, VERSION_MAX) if top.has("version") else 1
    top.text_or("supersedes", "")
    top.text_or("owner", "")
    top.day("effective")
    return _FileFrame(catalogue, zone_name, version)


def _currency(top: Table) -> str:
    found = top.text("format")
    if found != FORMAT:
        top.fail("directive.format", "format", f"format is {FORMAT!r}, got {found!r}", found)
    currency = top.text("currency")
    if not is_currency(currency):
        top.fail(
            "directive.currency", "currency", "currency is an ISO 4217 code such as USD", currency
        )
    return currency


def _list(values: dict[str, object], key: str, top: Table) -> list[dict[str, object]]:
    found = values.get(key, [])
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        top.fail("directive.shape", key, f"write [[{key}]] above each {key}")
    return found


def _tables(rows: list[dict[str, object]], key: str, places: tuple[TablePlace, ...]) -> list[Table]:
    found = [(at, place) for at, place in enumerate(places) if place.name == key]
    nowhere = (len(places), TablePlace(key, 1, {}))
    tables = []
    for index, row in enumerate(rows):
        at, place = found[index] if index < len(found) else nowhere
        end = found[index + 1][0] if index + 1 < len(found) else len(places)
        tables.append(Table(row, place, places[at + 1 : end]))
    return tables


def _unit(name: str) -> Unit:
    unit = find_unit(name)
    assert unit is not None, "catalogue units are in the table"
    return unit
