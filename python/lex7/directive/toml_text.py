"""A TOML text as pieces that can be put together again: comments, headers and keys.

`tomllib` says what a file means and forgets how it was written. Here a file becomes tables of
pairs, every pair with its own source text and the comments that stand above and beside it. What
the scan does not understand it refuses, so that nothing is lost on the way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lex7.base.errors import DirectiveError

_PART = r"(?:[\w\-]+|\"[^\"\n]*\"|'[^'\n]*')"
_KEY = re.compile(rf"[ \t]*({_PART}(?:[ \t]*\.[ \t]*{_PART})*)[ \t]*=[ \t]*")
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_PART}(?:[ \t]*\.[ \t]*{_PART})*)[ \t]*(\]\]?)[ \t]*")
_QUOTES = ('"""', "'''", '"', "'")
_DEEPER = {"[": 1, "{": 1, "]": -1, "}": -1}


class UnreadableTomlError(DirectiveError):
    """A line is neither a header, nor a key, nor a comment.

    Attributes:
        line: from 1.
    """

    code = "directive.toml"

    def __init__(self, line: int) -> None:
        self.line = line
        super().__init__(f"line {line}: expected a header, a key or a comment")


@dataclass(slots=True)
class Pair:
    """A key with the source text of its value and its comments."""

    key: str
    source: str
    above: tuple[str, ...]
    beside: str


@dataclass(slots=True)
class TableText:
    """A table: its header (empty for the top of the file), what stands above it, its pairs.

    Attributes:
        header: as written, spaces inside the brackets removed.
        above: comments and empty lines before the header.
        beside: the comment on the header's line.
        pairs: in order of the file.
        below: comments after the last pair that belong to this table.
    """

    header: str
    above: tuple[str, ...]
    beside: str
    pairs: list[Pair] = field(default_factory=list)
    below: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the header without its brackets."""
        return self.header.strip("[]")


def split(text: str) -> list[TableText]:
    """Split a TOML text into tables.

    Raises:
        UnreadableTomlError: a line is none of the known kinds.
    """
    found = [TableText("", (), "")]
    above: list[str] = []
    at = 0
    while at < len(text):
        end = _line_end(text, at)
        line = text[at:end].strip()
        if not line or line.startswith("#"):
            above.append(line)
            at = end + 1
        elif (header := _HEADER.match(text, at)) is not None:
            beside, at = _rest_of_line(text, header.end())
            own = _settle(found[-1], above)
            name = header[2].replace(" ", "").replace("\t", "")
            spelled = f"{header[1]}{name}{header[3]}"
            found.append(TableText(spelled, own, beside))
            above = []
        elif (key := _KEY.match(text, at)) is not None:
            stop = value_end(text, key.end())
            beside, after = _rest_of_line(text, stop)
            source = text[key.end() : stop].rstrip()
            found[-1].pairs.append(Pair(key[1], source, _introduce(found[-1], above), beside))
            above, at = [], after
        else:
            raise UnreadableTomlError(text.count("\n", 0, at) + 1)
    found[-1].below = _tidy(above)
    return found


def value_end(text: str, at: int) -> int:
    """Return where a value that starts at `at` ends: before its comment or the end of its line."""
    depth = 0
    while at < len(text):
        quote = next((mark for mark in _QUOTES if text.startswith(mark, at)), "")
        if quote:
            at = _string_end(text, at, quote)
            continue
        sign = text[at]
        if depth == 0 and sign in "#\n":
            return at
        if sign == "#":
            at = _line_end(text, at)
            continue
        depth += _DEEPER.get(sign, 0)
        at += 1
    return at


def _string_end(text: str, at: int, quote: str) -> int:
    at += len(quote)
    while at < len(text) and not text.startswith(quote, at):
        at += 2 if text[at] == "\\" and quote[0] == '"' else 1
    at += len(quote)
    # A multi-line string may end in quotes of its own.
    while len(quote) == 3 and text[at : at + 1] == quote[0]:
        at += 1
    return at


def _rest_of_line(text: str, at: int) -> tuple[str, int]:
    end = _line_end(text, at)
    rest = text[at:end].strip()
    if rest and not rest.startswith("#"):
        raise UnreadableTomlError(text.count("\n", 0, at) + 1)
    return rest, end + 1


def _line_end(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _settle(table: TableText, lines: list[str]) -> tuple[str, ...]:
    """Give comments right below a table to it, and return those above the next one."""
    gap = lines.index("") if "" in lines else 0
    table.below = _tidy(lines[:gap])
    return _tidy(lines[gap:])


def _introduce(table: TableText, lines: list[str]) -> tuple[str, ...]:
    """Return the comments above a key; what opens the file stays at its top."""
    if table.header or table.pairs or "" not in lines:
        return _tidy(lines)
    gap = len(lines) - lines[::-1].index("")
    table.above = _tidy(lines[:gap])
    return _tidy(lines[gap:])


def _tidy(lines: list[str]) -> tuple[str, ...]:
    """Drop empty lines at the start, keep at most one elsewhere; nothing if all are empty."""
    kept: list[str] = []
    for line in lines:
        if line or (kept and kept[-1]):
            kept.append(line)
    return tuple(kept) if any(kept) else ()
