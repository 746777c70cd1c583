"""Typed reading of canonical values: a payload has the fields its kind promises, or not.

Canonical CBOR says that bytes have one spelling; it does not say what they mean. `Fields` is
where untyped values become typed ones, once, with an error that names the kind and the field.
"""

from __future__ import annotations

from dataclasses import dataclass

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.base.errors import BarkError


class PayloadError(BarkError):
    """A payload does not have the layout its kind promises."""

    code = "bark.payload"

    def __init__(self, kind: str, reason: str) -> None:
        self.kind = kind
        self.reason = reason
        super().__init__(f"expected the payload of a {kind} entry, got one where {reason}")


@dataclass(frozen=True, slots=True)
class Fields:
    """A sequence of values that belong to one payload of one kind; fields count from 1."""

    kind: str
    values: tuple[Value, ...]

    def integer(self, number: int) -> int:
        """Return a field that is an integer."""
        value = self._field(number)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise self._wrong(number, "an integer")

    def flag(self, number: int) -> bool:
        """Return a field that is true or false."""
        value = self._field(number)
        if isinstance(value, bool):
            return value
        raise self._wrong(number, "true or false")

    def text(self, number: int) -> str:
        """Return a field that is text."""
        value = self._field(number)
        if isinstance(value, str):
            return value
        raise self._wrong(number, "text")

    def data(self, number: int) -> bytes:
        """Return a field that is a byte string."""
        value = self._field(number)
        if isinstance(value, bytes):
            return value
        raise self._wrong(number, "a byte string")

    def items(self, number: int) -> tuple[Value, ...]:
        """Return a field that is a list."""
        value = self._field(number)
        if isinstance(value, tuple):
            return value
        raise self._wrong(number, "a list")

    def rows(self, number: int, width: int) -> tuple[Fields, ...]:
        """Return a field that is a list of lists of one width."""
        rows = []
        for value in self.items(number):
            if not isinstance(value, tuple) or len(value) != width:
                raise self._wrong(number, f"a list of lists of {width}")
            rows.append(Fields(self.kind, value))
        return tuple(rows)

    def texts(self, number: int) -> tuple[str, ...]:
        """Return a field that is a list of texts."""
        inner = Fields(self.kind, self.items(number))
        return tuple(inner.text(index) for index in range(1, len(inner.values) + 1))

    def _field(self, number: int) -> Value:
        if number > len(self.values):
            raise self._wrong(number, "present")
        return self.values[number - 1]

    def _wrong(self, number: int, expected: str) -> PayloadError:
        return PayloadError(self.kind, f"field {number} is not {expected}")


def read_fields(payload: bytes, kind: str, count: int, *, optional: int = 0) -> Fields:
    """Read a payload whose outermost value is a map with the keys 1 to `count`.

    Args:
        payload: canonical bytes.
        kind: what it is, for the error's sentence.
        count: fields that must be there.
        optional: how many more may follow, in order.

    Raises:
        PayloadError: the keys are others.
        BarkError: the bytes are not canonical.
    """
    body = canon.decode(payload)
    keys = list(body) if isinstance(body, dict) else []
    if not isinstance(body, dict) or keys != list(range(1, len(keys) + 1)):
        raise PayloadError(kind, f"the keys are not 1 to {count}")
    if not count <= len(keys) <= count + optional:
        raise PayloadError(kind, f"the keys are not 1 to {count}")
    return Fields(kind, tuple(body.values()))
