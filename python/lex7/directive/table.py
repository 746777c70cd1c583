"""One TOML table with its place: typed keys, and every refusal with line and column."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import NoReturn

from lex7.base.errors import DirectiveError, Finding
from lex7.base.units import Unit
from lex7.directive.affine import unit_of
from lex7.directive.catalogue import nearest
from lex7.directive.lexer import TokenKind, exact, tokens
from lex7.directive.positions import TablePlace
from lex7.directive.problem import RuleError, place_of

TEXT_MAX = 400
ID_MAX = 64
NUMBER_DIGITS_MAX = 30


class FieldError(DirectiveError):
    """One key of one table is wrong.

    Attributes:
        code: stable and public.
        line: from 1.
        column: from 1.
        sentence: what was expected, what came.
        text: the offending text.
    """

    def __init__(self, code: str, place: tuple[int, int], sentence: str, text: str) -> None:
        self.code = code
        self.line, self.column = place
        self.sentence = sentence
        self.text = text[:80]
        super().__init__(sentence)

    def finding(self, file_name: str) -> Finding:
        """Return the error as a finding about a file."""
        where = f"{file_name}, line {self.line}, column {self.column}"
        return Finding(self.code, where, self.sentence, self.text)


class Table:
    """Keys and values of one table; what is asked for is checked, what is left over is refused."""

    def __init__(
        self, values: dict[str, object], place: TablePlace, inner: tuple[TablePlace, ...] = ()
    ) -> None:
        """Take a table with its place, and the places of tables with headers inside it."""
        self._values = values
        self._place = place
        self._inner = inner

    @property
    def line(self) -> int:
        """Return the line of the table's header, from 1."""
        return self._place.line

    def has(self, key: str) -> bool:
        """Answer whether the table has a key."""
        return key in self._values

    def refuse_unknown(self, known: tuple[str, ...]) -> None:
        """Refuse keys that mean nothing.

        Raises:
            FieldError: the first unknown key.
        """
        for key in self._values:
            if key not in known:
                self.fail("directive.key", key, f"unknown key {key!r}; {nearest(key, known)}")

    def text(self, key: str, *, longest: int = TEXT_MAX) -> str:
        """Return a text that must be there and not be empty.

        Raises:
            FieldError: missing, not a text, empty or too long.
        """
        value = self._require(key)
        if not isinstance(value, str) or not value.strip():
            self.fail("directive.value", key, f"{key} is a text in quotes")
        if len(value) > longest:
            self.fail("directive.value", key, f"{key} has at most {longest} characters")
        return value

    def text_or(self, key: str, default: str) -> str:
        """Return a text, or the default where the key is absent.

        Raises:
            FieldError: there, but not a proper text.
        """
        return self.text(key) if self.has(key) else default

    def name(self, key: str) -> str:
        """Return a text of lower-case letters, digits and `-_.`.

        Raises:
            FieldError: anything else.
        """
        value = self.text(key, longest=ID_MAX)
        if not all(sign.isalnum() or sign in "-_." for sign in value):
            self.fail("directive.value", key, f"{key} is made of letters, digits, - and _")
        return value

    def choice(self, key: str, known: Iterable[str]) -> str:
        """Return one of some words.

        Raises:
            FieldError: missing or another word.
        """
        options = tuple(known)
        value = self._require(key)
        if not isinstance(value, str) or value not in options:
            self.fail("directive.value", key, f"{key} is one of {', '.join(options)}", str(value))
        return value

    def count(self, key: str, low: int, high: int) -> int:
        """Return a whole number between two bounds.

        Raises:
            FieldError: missing, not whole, or outside.
        """
        value = self._require(key)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            sentence = f"{key} is a whole number from {low} to {high}"
            self.fail("directive.value", key, sentence, str(value))
        return value

    def number(self, key: str) -> Fraction:
        """Return an exact decimal number.

        Raises:
            FieldError: missing or not a number.
        """
        value = self._require(key)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            self.fail("directive.value", key, f"{key} is a number such as 0.95", str(value))
        if isinstance(value, Decimal) and not value.is_finite():
            self.fail("directive.value", key, f"{key} is a finite number", str(value))
        return _fraction(value, self, key)

    def words(self, key: str) -> tuple[str, ...]:
        """Return one text or a list of texts.

        Raises:
            FieldError: missing, empty, or not texts.
        """
        value = self._require(key)
        items = value if isinstance(value, list) else [value]
        if not items or not all(isinstance(item, str) and item for item in items):
            self.fail("directive.value", key, f"{key} is a text or a list of texts")
        return tuple(items)

    def flag(self, key: str) -> bool | None:
        """Return true or false, or None where the key is absent.

        Raises:
            FieldError: there, but neither true nor false.
        """
        value = self._values.get(key)
        if value is not None and not isinstance(value, bool):
            self.fail("directive.value", key, f"{key} is true or false", str(value))
        return value

    def day(self, key: str) -> date | None:
        """Return a calendar date, or None where the key is absent.

        Raises:
            FieldError: there, but not a date.
        """
        value = self._values.get(key)
        if value is not None and (not isinstance(value, date) or hasattr(value, "hour")):
            self.fail("directive.value", key, f"{key} is a date such as 2027-01-31", str(value))
        return value

    def amount(self, key: str, unit: Unit) -> Fraction:
        """Return an amount such as `-300 USD`, exactly, in `unit`.

        Raises:
            FieldError: missing, not an amount, or in another dimension.
        """
        return self.amount_in(key, self.text(key), unit)

    def amounts(self, key: str, unit: Unit) -> tuple[Fraction, ...]:
        """Return a list of amounts, exactly, in `unit`.

        Raises:
            FieldError: as for `amount`.
        """
        return tuple(self.amount_in(key, item, unit) for item in self.words(key))

    def rate(self, key: str, unit: Unit) -> Fraction:
        """Return what `1 / 0.5 h` says: a cost per one `unit`.

        Raises:
            FieldError: not of that shape, or not positive.
        """
        text = self.text(key)
        cost, slash, amount = text.partition("/")
        try:
            value = Fraction(cost.strip()) if slash and len(cost) <= ID_MAX else Fraction(0)
        except (ValueError, ZeroDivisionError):
            value = Fraction(0)
        per = self.amount_in(key, amount, unit) if value > 0 else Fraction(0)
        if per <= 0:
            sentence = f"{key} is a cost per amount, such as '1 / 100 {unit.name}'"
            self.fail("directive.value", key, sentence, text)
        return value / per

    def table(self, key: str) -> Table:
        """Return an inner table.

        Raises:
            FieldError: not a table.
        """
        value = self._require(key)
        if not isinstance(value, dict):
            sentence = f'{key} is a table such as {{ action = "read", kind = "heart" }}'
            self.fail("directive.value", key, sentence, str(value))
        return Table(value, self._place_of_table(key, value))

    def tables(self, key: str) -> tuple[Table, ...]:
        """Return a list of inner tables, empty where the key is absent.

        Raises:
            FieldError: there, but not a list of tables.
        """
        found = self._values.get(key, [])
        if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
            sentence = f"write [[{self._place.name}.{key}]] above each {key}"
            self.fail("directive.shape", key, sentence)
        name = f"{self._place.name}.{key}"
        places = [place for place in self._inner if place.name == name]
        return tuple(
            Table(item, places[at] if at < len(places) else self._place_of_table(key, item))
            for at, item in enumerate(found)
        )

    def names(self) -> tuple[str, ...]:
        """List the keys in order of the file."""
        return tuple(self._values)

    def _place_of_table(self, key: str, value: dict[str, object]) -> TablePlace:
        outer = self._place.of(key)
        places = {inner: outer.inner.get(inner, outer) for inner in value}
        return TablePlace(key, outer.line, places)

    def fail(self, code: str, key: str, sentence: str, text: str = "") -> NoReturn:
        """Refuse one key.

        Raises:
            FieldError: always.
        """
        place = self._place.of(key)
        raise FieldError(code, (place.line, place.column), sentence, text)

    def fail_at(self, key: str, text: str, error: RuleError) -> NoReturn:
        """Refuse a place inside the text of one key.

        Raises:
            FieldError: always.
        """
        place = self._place.of(key)
        line, column = place.line, place.column
        if place.is_exact:
            down, right = place_of(text, error.offset)
            line, column = line + down - 1, right if down > 1 else column + right - 1
        raise FieldError(error.code, (line, column), error.sentence, error.text) from error

    def _require(self, key: str) -> object:
        value = self._values.get(key)
        if value is None:
            self.fail("directive.missing", key, f"{key} is missing")
        return value

    def amount_in(self, key: str, text: str, unit: Unit) -> Fraction:
        """Return the amount that a text under a key says, exactly, in `unit`.

        Raises:
            FieldError: not an amount, or in another dimension.
        """
        example = f"write an amount such as '100 {unit.name}'"
        try:
            found = [token for token in tokens(text) if token.kind is not TokenKind.END]
            sign = -1 if found and found[0].text == "-" else 1
            if found and found[0].text in ("-", "+"):
                found = found[1:]
            kinds = [token.kind for token in found]
            if kinds != [TokenKind.NUMBER, TokenKind.WORD]:
                self.fail("directive.value", key, f"{key}: {example}", text)
            given = unit_of(found[1].text, found[1].offset)
        except RuleError as error:
            raise self._field_error(key, error) from error
        if given.dimension != unit.dimension:
            sentence = f"{key} is an amount in {unit.name}, not in {given.name}"
            self.fail("directive.unit", key, sentence, text)
        return sign * exact(found[0]) * given.factor / unit.factor

    def _field_error(self, key: str, error: RuleError) -> FieldError:
        place = self._place.of(key)
        return FieldError(error.code, (place.line, place.column), error.sentence, error.text)


def _fraction(value: int | Decimal, table: Table, key: str) -> Fraction:
    # 1e999999 would be a million digits as a fraction.
    if isinstance(value, Decimal) and abs(value.adjusted()) > NUMBER_DIGITS_MAX:
        table.fail("directive.value", key, f"{key} is out of any range", str(value))
    return Fraction(value)
