"""A page of text in a terminal: its width, its few colours, and how words break.

Colour is asked for once, by `page_for`: only on a terminal, never with NO_COLOR or a dumb terminal.
A page without colour says the same with the same characters, so that a pipe loses nothing.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TextIO

WIDTH_MIN, WIDTH_MAX = 80, 96
"""Narrower tables do not fit; wider lines are hard to read."""


class Ink(StrEnum):
    """What a colour means; the value is the SGR code."""

    GOOD = "32"
    BAD = "31"
    WARN = "33"
    FAINT = "90"
    STRONG = "1"
    TITLE = "1;36"


@dataclass(frozen=True, slots=True)
class Page:
    """Width in columns, and whether to colour."""

    width: int = 88
    has_colour: bool = False

    def paint(self, text: str, ink: Ink | None) -> str:
        """Return the text in a colour, or as it is."""
        if not self.has_colour or ink is None or not text:
            return text
        return f"\x1b[{ink.value}m{text}\x1b[0m"

    def heading(self, text: str) -> str:
        """Return a heading that runs over the width."""
        line = "─" * max(3, self.width - len(text) - 3)
        return f" {self.paint(text, Ink.TITLE)} {self.paint(line, Ink.FAINT)}"

    def wrap(self, text: str, *, indent: int, hang: int = 0) -> list[str]:
        """Break a sentence into lines; lines after the first hang further in."""
        return textwrap.wrap(
            text,
            self.width,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hang),
            break_long_words=True,
            break_on_hyphens=False,
        ) or [""]


def page_for(stream: TextIO, environment: Mapping[str, str]) -> Page:
    """Return the page that suits a stream."""
    is_terminal = stream.isatty()
    columns = shutil.get_terminal_size((88, 24)).columns if is_terminal else 88
    has_colour = (
        is_terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    )
    return Page(max(WIDTH_MIN, min(columns, WIDTH_MAX)), has_colour)
