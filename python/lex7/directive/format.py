"""`directives.toml` in one layout: the same file for everybody, every comment kept.

Tables stay in order; keys stand in the order of the reference, one blank line before a table,
comments beside a line aligned, rules and amounts spelled canonically. Formatting twice is
formatting once, and a formatted file says what it said before: both are checked on every call's
result, before anything is written.
"""

from __future__ import annotations

import json
import re
import tomllib
from datetime import date, datetime, time
from decimal import Decimal

from lex7.base.errors import Lex7Error
from lex7.directive.parser import parse
from lex7.directive.problem import RuleError
from lex7.directive.read import FILE_NAME, DirectivesFileError, parse_toml
from lex7.directive.rule_text import respell, respell_lines
from lex7.directive.toml_text import Pair, TableText, UnreadableTomlError, split

COLUMNS = 100
_AMOUNTS = ("by", "step", "weight", "reluctance")
_ORDER = {
    "": ("format", "version", "supersedes", "effective", "owner", "currency", "time_zone"),
    "directive": (
        *("id", "say", "rule", "deny", "only", "confidence", "over", "severity"),
        *("priority", "weight"),
    ),
    "directive.example": ("say", "on", "given", "expect"),
    "lever": ("id", "say", "moves", "per", "by", "step", "reluctance", "group", "ramp"),
}
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")


class FormatError(Lex7Error):
    """The layout of a file cannot be changed without changing what it says."""

    code = "directive.format"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name}: expected a file that means the same in another layout, got another meaning; "
            "the file was left as it is"
        )


def formatted(text: str, name: str = FILE_NAME) -> str:
    """Return a directives file in its one layout.

    Raises:
        DirectivesFileError: not TOML.
        FormatError: the result would say something else.
    """
    before, _ = parse_toml(text, name)
    try:
        found = _put_together(split(text.replace("\r\n", "\n")))
    except UnreadableTomlError as error:
        raise FormatError(name) from error
    try:
        after, _ = parse_toml(found, name)
    except DirectivesFileError as error:
        raise FormatError(name) from error
    if normal(after) != normal(before):
        raise FormatError(name)
    return found


def say_the_same(left: str, right: str) -> bool:
    """Answer whether two files differ in nothing but layout and spelling.

    Raises:
        DirectivesFileError: one of them is not TOML.
    """
    return normal(parse_toml(left)[0]) == normal(parse_toml(right)[0])


def normal(value: object, key: str = "") -> object:
    """Return parsed TOML with its rules and amounts spelled canonically."""
    if isinstance(value, dict):
        return {one: normal(inner, one) for one, inner in value.items()}
    if isinstance(value, list):
        return [normal(inner, key) for inner in value]
    if isinstance(value, Decimal) and not value.is_finite():
        return str(value)  # one NaN is not equal to another
    return _respelled(key, value) if isinstance(value, str) else value


def _respelled_all(key: str, value: object) -> object:
    if isinstance(value, dict):
        return {one: _respelled_all(one, inner) for one, inner in value.items()}
    if isinstance(value, list):
        return [_respelled_all(key, inner) for inner in value]
    return _respelled(key, value) if isinstance(value, str) else value


def _put_together(tables: list[TableText]) -> str:
    blocks = [block for table in tables if (block := _block(table))]
    return "\n\n".join("\n".join(lines) for lines in blocks) + "\n"


def _block(table: TableText) -> list[str]:
    lines = [(line, "") for line in table.above]
    if table.header:
        lines.append((f"{table.header}  {table.beside}".rstrip(), ""))
    order = _ORDER.get(table.name, ())
    ranks = {key: rank for rank, key in enumerate(order)}
    for pair in sorted(table.pairs, key=lambda pair: ranks.get(pair.key, len(order))):
        lines += [(line, "") for line in pair.above]
        lines.append((f"{pair.key} = {_value(pair)}", pair.beside))
    return _aligned([*lines, *((line, "") for line in table.below)])


def _aligned(lines: list[tuple[str, str]]) -> list[str]:
    """Put comments behind their lines, those of neighbouring lines in one column."""
    found: list[str] = []
    run: list[tuple[str, str]] = []
    for line, beside in [*lines, ("", "")]:
        if beside:
            run.append((line, beside))
            continue
        width = max((_last_line(one) for one, _ in run), default=0)
        for one, comment in run:
            found.append(f"{one}{' ' * (width - _last_line(one))}  {comment}")
        run = []
        found.append(line)
    return found[:-1]


def _last_line(text: str) -> int:
    return len(text.rpartition("\n")[2])


def _value(pair: Pair) -> str:
    key = pair.key.rpartition(".")[2].strip("\"' ")
    # The whole file was parsed before, so each value of it is TOML.
    value: object = tomllib.loads(f"value = {pair.source}\n", parse_float=Decimal)["value"]
    if isinstance(value, str):
        return _string(key, value, pair.source)
    if not isinstance(value, list | dict):
        return pair.source
    if "\n" in pair.source and "#" in pair.source:
        return pair.source
    line = _spell(_respelled_all(key, value))
    if isinstance(value, list) and value and len(pair.key) + 3 + len(line) > COLUMNS:
        items = "".join(f"    {_spell(item)},\n" for item in value)
        return f"[\n{items}]"
    return line


def _string(key: str, value: str, source: str) -> str:
    if key == "rule" and _is_rule(value):
        lines = respell_lines(value, COLUMNS - len('rule = ""'))
        if len(lines) > 1:
            joined = "\n".join(lines)
            return f'"""\n{joined}"""'
        return _quoted(lines[0])
    if key != "rule" and source.startswith(('"""', "'''")):
        return source
    return _quoted(_respelled(key, value))


def _respelled(key: str, value: str) -> str:
    try:
        if (key == "rule" and _is_rule(value)) or key in _AMOUNTS:
            return respell(value)
    except RuleError:
        return value
    return value


def _is_rule(text: str) -> bool:
    try:
        parse(text)
    except RuleError:
        return False
    return True


def _spell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_spell(value[key])}" for key in value)
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(_spell(item) for item in value) + "]"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, date | datetime | time):
        return value.isoformat()
    if isinstance(value, Decimal) and not value.is_finite():
        return str(value).lower().replace("infinity", "inf")
    return str(value)


def _key(key: str) -> str:
    return key if _BARE.match(key) else _quoted(key)


def _quoted(value: str) -> str:
    # JSON escapes what TOML must have escaped, but for the delete sign.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
