"""The fields a CSV profile may have: their types and what stands when one is not written.

Unknown fields are refused, because a misspelt one would be a silent guess.
"""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from dataclasses import dataclass

TEXTS = {
    "format": "",
    "title": "",
    "source": "",
    "delimiter": ",",
    "encoding": "utf-8",
    "decimal": ".",
    "thousands": "",
    "date": "",
    "sign": "signed",
    "order": "",
    "currency": "",
    "account": "",
    "opening_balance": "",
    "opening_day": "",
}
LISTS = ("header", "out_words", "in_words", "footer")
ROLES = (
    "day", "amount", "out", "in", "indicator", "payee", "memo", "id", "kind", "currency", "account",
    "balance", "fee",
)  # fmt: skip
_CHOICES = {
    "sign": ("signed", "inverted", "columns", "indicator"),
    "order": ("", "newest-first", "oldest-first"),
}
_ENCODINGS = ("utf-8", "utf-16", "cp1252", "cp1250", "cp1251", "iso-8859-1", "iso-8859-15", "cp437")


@dataclass(frozen=True, slots=True)
class Field:
    """A profile's table whose fields have the right types."""

    table: Mapping[str, object]

    def text(self, name: str) -> str:
        """Return a text field."""
        return str(self.table.get(name, TEXTS[name]))

    def texts(self, name: str) -> tuple[str, ...]:
        """Return a list of texts."""
        value = self.table.get(name, ())
        return tuple(str(item) for item in value) if isinstance(value, list) else ()

    def flag(self, name: str) -> bool:
        """Return whether a flag is set."""
        return self.table.get(name, False) is True

    def count(self, name: str) -> int:
        """Return a whole number."""
        value = self.table.get(name, 0)
        return value if isinstance(value, int) else 0

    def kept(self) -> tuple[str, tuple[str, ...]] | None:
        """Return the column and values of the rows that count."""
        value = self.table.get("kept")
        if not isinstance(value, dict):
            return None
        return str(value["column"]), tuple(str(item).casefold() for item in value["values"])

    def columns(self) -> dict[str, tuple[str | int, ...]]:
        """Return role → columns."""
        value = self.table.get("columns")
        if not isinstance(value, dict):
            return {}
        return {
            role: tuple(names) if isinstance(names, list) else (names,)
            for role, names in value.items()
        }


def read_fields(table: Mapping[str, object]) -> tuple[Field, str]:
    """Return the fields, and what is wrong with them (empty if nothing)."""
    for name, value in table.items():
        reason = _wrong(name, value)
        if reason:
            return Field({}), reason
    for name, choices in _CHOICES.items():
        if str(table.get(name, TEXTS[name])) not in choices:
            return Field({}), f"{name}: one of {', '.join(filter(None, choices))}"
    encoding = str(table.get("encoding", "utf-8"))
    try:
        is_known = codecs.lookup(encoding).name in {codecs.lookup(e).name for e in _ENCODINGS}
    except LookupError:
        is_known = False
    return Field(table), "" if is_known else f"encoding: one of {', '.join(_ENCODINGS)}"


def _wrong(name: str, value: object) -> str:
    if name in TEXTS:
        return "" if isinstance(value, str) else f"{name}: a text in quotes"
    if name in LISTS:
        is_list = isinstance(value, list) and all(isinstance(item, str) for item in value)
        return "" if is_list else f"{name}: a list of texts"
    if name == "named_only":
        return "" if isinstance(value, bool) else "named_only: true or false"
    if name == "skip_lines":
        is_count = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 64
        return "" if is_count else "skip_lines: a number from 0 to 64"
    if name == "kept":
        is_kept = (
            isinstance(value, dict)
            and isinstance(value.get("column"), str)
            and isinstance(value.get("values"), list)
            and set(value) == {"column", "values"}
        )
        return "" if is_kept else "kept: a table of column and values"
    if name == "columns":
        return _wrong_columns(value)
    return f"unknown field {name!r}"


def _wrong_columns(value: object) -> str:
    if not isinstance(value, dict):
        return "columns: a table of roles"
    for role, names in value.items():
        if role not in ROLES:
            return f"columns: unknown role {role!r}; known are {', '.join(ROLES)}"
        listed = names if isinstance(names, list) else [names]
        if not listed or not all(
            isinstance(item, str | int) and not isinstance(item, bool) for item in listed
        ):
            return f"columns: {role} is a column name, a number, or a list of them"
    return ""
