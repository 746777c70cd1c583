"""From the bytes of a table to logical rows with line numbers.

Quoted cells may span lines; an unclosed quote costs its line and not the rest of the file. Lines
that are not in the profile's encoding are read as Windows-1252 and named. This module knows
delimiters and quotes and no meaning.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass

from lex7.base.errors import Finding
from lex7.base.limits import HEADER_LINES_MAX, QUOTED_LINES_MAX

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


@dataclass(frozen=True, slots=True)
class Row:
    """One logical row.

    Attributes:
        line: the line it starts on, from 1.
        cells: what stands between the delimiters, stripped.
        next_line: the line after it.
    """

    line: int
    cells: tuple[str, ...]
    next_line: int


def decode_lines(data: bytes, encoding: str, name: str) -> tuple[list[str], list[Finding]]:
    """Decode a table into lines, without their ends."""
    for mark, marked in _BOMS:
        if data.startswith(mark):
            data, encoding = data[len(mark) :], marked
    findings: list[Finding] = []
    if encoding not in ("utf-8", "utf-16", "utf-16-le", "utf-16-be") and not data.isascii():
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            pass
        else:
            sentence = f"the profile says {encoding}, the bytes are UTF-8 and were read as such"
            findings.append(Finding("csv.encoding", f"{name}, line 1", sentence))
            return _lines(text), findings
    try:
        return _lines(data.decode(encoding)), findings
    except UnicodeDecodeError:
        return _decode_each(data, encoding, name)


def split_row(lines: list[str], start: int, delimiter: str) -> Row | None:
    """Return the logical row that starts at a line (from 0); None where a quote never closes."""
    text = lines[start]
    stop = start + 1
    if text.count('"') % 2:
        parts = [text]
        is_open = True
        while is_open and stop < len(lines) and stop - start < QUOTED_LINES_MAX:
            parts.append(lines[stop])
            is_open = lines[stop].count('"') % 2 == 0
            stop += 1
        if is_open:
            return None
        text = "\n".join(parts)
    try:
        cells = next(csv.reader([text], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return None
    return Row(start + 1, tuple(cell.strip() for cell in cells), stop + 1)


def find_header(
    lines: list[str], wanted: tuple[str, ...], delimiter: str, skip_lines: int
) -> Row | None:
    """Return the row that holds exactly the wanted column names, near the top of the file."""
    expected = normal_names(wanted)
    for start in range(skip_lines, min(len(lines), skip_lines + HEADER_LINES_MAX)):
        row = split_row(lines, start, delimiter)
        if row is not None and normal_names(row.cells) == expected:
            return row
    return None


def seen_headers(lines: list[str]) -> Iterator[Row]:
    """Yield rows near the top that look like column names, for telling the owner what was seen."""
    for start in range(min(len(lines), HEADER_LINES_MAX)):
        delimiter = max(",;\t|", key=lines[start].count)
        row = split_row(lines, start, delimiter)
        if row is not None and sum(1 for cell in row.cells if cell) >= 2:
            yield row


def normal_names(cells: tuple[str, ...]) -> tuple[str, ...]:
    """Return column names without case, double blanks and empty ends."""
    names = [" ".join(cell.casefold().split()) for cell in cells]
    while names and not names[-1]:
        names.pop()
    return tuple(names)


def _lines(text: str) -> list[str]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return lines


def _decode_each(data: bytes, encoding: str, name: str) -> tuple[list[str], list[Finding]]:
    """Decode line by line; only for encodings in which a newline is one byte."""
    findings = []
    if encoding.startswith("utf-16"):
        sentence = "some bytes are not UTF-16; they were replaced by the sign U+FFFD"
        findings.append(Finding("csv.encoding", f"{name}, line 1", sentence))
        return _lines(data.decode(encoding, errors="replace")), findings
    raw = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    lines = []
    for number, line in enumerate(raw, 1):
        try:
            lines.append(line.decode(encoding))
        except UnicodeDecodeError:
            lines.append(line.decode("cp1252", errors="replace"))
            sentence = f"the line is not {encoding}; it was read as Windows-1252"
            findings.append(Finding("csv.encoding", f"{name}, line {number}", sentence))
    if lines and not lines[-1]:
        lines.pop()
    return lines, findings
