"""Where the tables and keys of a TOML text stand, so that a message can name line and column.

`tomllib` parses but keeps no positions. This scan finds only headers and keys at the start of
lines, and skips multi-line strings and arrays; it decides nothing about values. A key it does not
find is reported at its table's header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_HEADER = re.compile(r"\s*\[\[?\s*([\w.\-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w\-]+)\s*=\s*")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"' + r"|'[^']*'")


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where a value starts.

    Attributes:
        line: from 1.
        column: from 1; for a plain one-line string the column of its first character.
        is_exact: whether characters of the value stand one to one after that column.
    """

    line: int
    column: int
    is_exact: bool


@dataclass(frozen=True, slots=True)
class TablePlace:
    """Where a table starts, and its keys."""

    name: str
    line: int
    keys: dict[str, KeyPlace]

    def of(self, key: str) -> KeyPlace:
        """Return where a key's value starts, or where the table does."""
        return self.keys.get(key, KeyPlace(self.line, 1, is_exact=False))


def tables(text: str) -> tuple[TablePlace, ...]:
    """Find the tables of a TOML text; the first is the nameless one at the top."""
    found = [TablePlace("", 1, {})]
    skip = _Skip()
    for number, line in enumerate(text.split("\n"), start=1):
        if skip.is_inside:
            skip.feed(line)
            continue
        header = _HEADER.match(line)
        key = _KEY.match(line)
        if header is not None:
            found.append(TablePlace(header[1], number, {}))
        elif key is not None:
            rest = line[key.end() :]
            found[-1].keys.setdefault(key[1], _place(number, key.end(), rest))
            skip.feed(rest)
    return tuple(found)


def _place(line: int, start: int, rest: str) -> KeyPlace:
    if rest.startswith(('"""', "'''")):
        return KeyPlace(line, start + 4, is_exact=False)
    if rest.startswith(("'", '"')):
        is_exact = rest[0] == "'" or "\\" not in rest
        return KeyPlace(line, start + 2, is_exact=is_exact)
    return KeyPlace(line, start + 1, is_exact=False)


class _Skip:
    """Follows brackets and triple quotes over lines."""

    def __init__(self) -> None:
        self._quote = ""
        self._depth = 0

    @property
    def is_inside(self) -> bool:
        return bool(self._quote) or self._depth > 0

    def feed(self, line: str) -> None:
        while line:
            if self._quote:
                _, found, line = line.partition(self._quote)
                self._quote = "" if found else self._quote
                continue
            if line.startswith(('"""', "'''")):
                self._quote, line = line[:3], line[3:]
                continue
            string = _STRING.match(line)
            if string is not None:
                line = line[string.end() :]
                continue
            if line[0] == "#":
                return
            self._depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(line[0], 0)
            line = line[1:]
