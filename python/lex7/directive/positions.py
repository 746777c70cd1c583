"""Where the tables and keys of a TOML text stand, so that a message can name line and column.

`tomllib` parses but keeps no positions. This scan finds headers, keys at the start of lines and
keys inside inline tables, and skips multi-line strings and arrays; it decides nothing about values.
A key it does not find is reported at its table's header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

_HEADER = re.compile(r"\s*\[\[?\s*([\w.\-]+)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w\-]+)\s*=\s*")
_INNER_KEY = re.compile(r"""(?:([\w\-]+)|"([^"\\]*)")\s*=\s*""")
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"' + r"|'[^']*'")


@dataclass(frozen=True, slots=True)
class KeyPlace:
    """Where a value starts.

    Attributes:
        line: from 1.
        column: from 1; for a plain one-line string the column of its first character.
        is_exact: whether characters of the value stand one to one after that column.
        inner: for an inline table, where its keys' values start.
    """

    line: int
    column: int
    is_exact: bool
    inner: dict[str, KeyPlace] = field(default_factory=dict)


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
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if skip.is_inside:
            skip.feed(line)
            continue
        header = _HEADER.match(line)
        key = _KEY.match(line)
        if header is not None:
            found.append(TablePlace(header[1], number, {}))
        elif key is not None:
            rest = line[key.end() :]
            place = _place(number, key.end(), rest)
            if rest.startswith("{"):
                place = replace(place, inner=_Inline(lines, number, key.end()).table())
            found[-1].keys.setdefault(key[1], place)
            skip.feed(rest)
    return tuple(found)


def _place(line: int, start: int, rest: str) -> KeyPlace:
    if rest.startswith(('"""', "'''")):
        return KeyPlace(line, start + 4, is_exact=False)
    if rest.startswith(("'", '"')):
        is_exact = rest[0] == "'" or "\\" not in rest
        return KeyPlace(line, start + 2, is_exact=is_exact)
    return KeyPlace(line, start + 1, is_exact=False)


class _Inline:
    """Walks an inline table, which may hold arrays and texts that run over lines."""

    def __init__(self, lines: list[str], line: int, column: int) -> None:
        self._lines = lines
        self._line = line
        self._column = column

    def table(self) -> dict[str, KeyPlace]:
        """Return where the values of its keys start; what is no table gives what was found."""
        found: dict[str, KeyPlace] = {}
        self._column += 1
        while (char := self._char()) and char != "}":
            key = _INNER_KEY.match(self._rest)
            if key is None:
                self._step()
                continue
            self._column += key.end()
            place = _place(self._line, self._column, self._rest)
            if self._rest.startswith("{"):
                place = replace(place, inner=self.table())
            else:
                self._skip_value()
            found.setdefault(key[1] or key[2], place)
        self._column += 1
        return found

    @property
    def _rest(self) -> str:
        return self._lines[self._line - 1][self._column :]

    def _char(self) -> str:
        while self._line <= len(self._lines):
            rest = self._rest
            if rest.strip() and not rest.lstrip().startswith("#"):
                self._column += len(rest) - len(rest.lstrip())
                return self._rest[0]
            self._line, self._column = self._line + 1, 0
        return ""

    def _skip_value(self) -> None:
        depth = 0
        while char := self._char():
            if depth == 0 and char in ",}":
                return
            depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(char, 0)
            self._step()

    def _step(self) -> None:
        """Go past one character, or past one text."""
        rest = self._rest
        if rest.startswith(('"""', "'''")):
            quote, self._column = rest[:3], self._column + 3
            while self._line <= len(self._lines) and quote not in self._rest:
                self._line, self._column = self._line + 1, 0
            if self._line <= len(self._lines):
                self._column += self._rest.index(quote) + 3
            return
        string = _STRING.match(rest)
        self._column += string.end() if string is not None else 1


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
