"""CSV profiles: what a bank's table means, written down by name and never guessed.

A profile is a TOML file: the packaged ones stand in `profiles/`, the owner's own in a folder of the
home. It says the delimiter, the encoding, the spelling of days and amounts, which column is which,
and the exact column names by which its files are known. A profile of the owner takes the place of a
packaged one of the same name and may start from another with `extends`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib import resources
from pathlib import Path

from lex7.base.errors import IngestError
from lex7.base.limits import PROFILE_BYTES_MAX, PROFILES_MAX
from lex7.base.money import is_currency
from lex7.ingest.csv_cell import is_day_spelling
from lex7.ingest.profile_field import Field, read_fields

FORMAT = "lex7-profile/1"
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")


class ProfileError(IngestError):
    """A profile cannot be read."""

    code = "csv.profile"

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"the CSV profile {name!r} cannot be used: {reason}")


class Sign(StrEnum):
    """How the table says which way money moved."""

    SIGNED = "signed"  # one column; money leaving the account is negative
    INVERTED = "inverted"  # one column; money leaving the account is positive (many cards)
    COLUMNS = "columns"  # one column for money out, one for money in
    INDICATOR = "indicator"  # one column without sign, another says which way


class Order(StrEnum):
    """Which row is the newest."""

    NEWEST_FIRST = "newest-first"
    OLDEST_FIRST = "oldest-first"


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of table.

    Attributes:
        name: how the owner calls it.
        header: the exact column names, or empty for a table without them (then columns are
            numbers and the profile must be named).
        is_named_only: the column names alone do not say what the table is (Date, Amount, ...).
        delimiter: one sign.
        encoding: as Python spells it.
        decimal: the sign before the decimals.
        thousands: the sign between groups of three digits, or empty.
        date: `YYYY-MM-DD`, `DD.MM.YY`, `MM/DD/YYYY`, `D MMM YYYY`, ...
        skip_lines: lines to leave out before the column names are looked for.
        sign: how amounts carry their direction.
        out_words: with INDICATOR: the words for money that left.
        in_words: with INDICATOR: the words for money that came.
        order: which row is the newest; needed for a balance column.
        currency: ISO 4217, or empty where a column says it.
        account: the account's name; `{currency}` and `{last4}` are filled from columns.
        kept: column and the values whose rows count; the others are not booked.
        footer: rows whose first cell starts with one of these end nothing and mean nothing.
        columns: role → column names or 1-based numbers: day, amount, out, in, indicator, payee,
            memo, id, kind, currency, account, balance, fee (taken off the amount).
        opening: the balance before the first row and its day, as the profile writes them, or None.
    """

    name: str
    header: tuple[str, ...]
    is_named_only: bool
    delimiter: str
    encoding: str
    decimal: str
    thousands: str
    date: str
    skip_lines: int
    sign: Sign
    out_words: tuple[str, ...]
    in_words: tuple[str, ...]
    order: Order | None
    currency: str
    account: str
    kept: tuple[str, tuple[str, ...]] | None
    footer: tuple[str, ...]
    columns: Mapping[str, tuple[str | int, ...]]
    opening: tuple[str, str] | None


@lru_cache(maxsize=1)
def packaged_tables() -> Mapping[str, Mapping[str, object]]:
    """Return the packaged profiles as TOML tables, by name."""
    folder = resources.files("lex7.ingest").joinpath("profiles")
    tables = {}
    for entry in sorted(folder.iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            name = entry.name.removesuffix(".toml")
            tables[name] = _parse(entry.read_bytes(), name)
    return tables


def load_profiles(folder: Path | None) -> tuple[Profile, ...]:
    """Return every profile: the packaged ones and those of a folder, by name.

    Raises:
        ProfileError: a file of the folder is not a profile.
    """
    tables = dict(packaged_tables())
    if folder is not None and folder.is_dir():
        paths = sorted(folder.glob("*.toml"))
        if len(paths) > PROFILES_MAX:
            raise ProfileError(str(folder.name), f"more than {PROFILES_MAX} files")
        for path in paths:
            tables[path.stem] = _parse(_read(path), path.stem)
    return tuple(_profile(name, tables) for name in sorted(tables))


def find_profile(name: str, profiles: tuple[Profile, ...]) -> Profile:
    """Return the profile of that name.

    Raises:
        ProfileError: there is none; the sentence lists the known names.
    """
    for profile in profiles:
        if profile.name == name:
            return profile
    known = ", ".join(profile.name for profile in profiles)
    raise ProfileError(name, f"no such profile; known are {known}")


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(PROFILE_BYTES_MAX + 1)
    except OSError as exc:
        raise ProfileError(path.stem, f"it cannot be opened ({exc.strerror})") from exc
    if len(data) > PROFILE_BYTES_MAX:
        raise ProfileError(path.stem, f"it is larger than {PROFILE_BYTES_MAX >> 10} KiB")
    return data


def _parse(data: bytes, name: str) -> Mapping[str, object]:
    if not NAME.match(name):
        raise ProfileError(name[:40], "a name is lower-case letters, digits and hyphens")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as exc:
        raise ProfileError(name, f"it is not TOML ({exc})") from exc


def _profile(name: str, tables: Mapping[str, Mapping[str, object]]) -> Profile:
    table = dict(tables[name])
    base = table.pop("extends", None)
    if base is not None:
        if not isinstance(base, str) or base not in tables or base == name:
            raise ProfileError(name, f"it extends {base!r}, which is not another profile")
        if "extends" in tables[base]:
            raise ProfileError(name, f"it extends {base!r}, which itself extends another")
        table = {**tables[base], **table}
    fields, wrong = read_fields(table)
    if wrong:
        raise ProfileError(name, wrong)
    if fields.text("format") != FORMAT:
        raise ProfileError(name, f"expected format = {FORMAT!r}")
    profile = _build(name, fields)
    reason = _complaint(profile)
    if reason:
        raise ProfileError(name, reason)
    return profile


def _build(name: str, fields: Field) -> Profile:
    opening = (fields.text("opening_balance"), fields.text("opening_day"))
    order = fields.text("order")
    return Profile(
        name=name,
        header=fields.texts("header"),
        is_named_only=fields.flag("named_only") or not fields.texts("header"),
        delimiter=fields.text("delimiter"),
        encoding=fields.text("encoding"),
        decimal=fields.text("decimal"),
        thousands=fields.text("thousands"),
        date=fields.text("date"),
        skip_lines=fields.count("skip_lines"),
        sign=Sign(fields.text("sign")),
        out_words=fields.texts("out_words"),
        in_words=fields.texts("in_words"),
        order=Order(order) if order else None,
        currency=fields.text("currency"),
        account=fields.text("account") or name,
        kept=fields.kept(),
        footer=fields.texts("footer"),
        columns=fields.columns(),
        opening=opening if any(opening) else None,
    )


def _complaint(profile: Profile) -> str:
    """Return why a profile cannot be used, or nothing."""
    columns = profile.columns
    needed = {
        Sign.SIGNED: ("day", "amount"),
        Sign.INVERTED: ("day", "amount"),
        Sign.COLUMNS: ("day", "out", "in"),
        Sign.INDICATOR: ("day", "amount", "indicator"),
    }[profile.sign]
    checks = (
        (len(profile.delimiter) == 1 and profile.delimiter not in '"\r\n', "delimiter: one sign"),
        (profile.decimal in (".", ","), "decimal: a period or a comma"),
        (profile.thousands != profile.decimal, "thousands and decimal are the same sign"),
        (all(role in columns for role in needed), f"columns: {', '.join(needed)} are needed"),
        (bool(profile.currency) != ("currency" in columns), "currency: a code or a column"),
        (not profile.currency or is_currency(profile.currency), "currency: three capitals"),
        ("balance" not in columns or profile.order is not None, "a balance column needs an order"),
        (
            profile.sign is not Sign.INDICATOR or bool(profile.out_words and profile.in_words),
            "an indicator column needs out_words and in_words",
        ),
        (profile.opening is None or all(profile.opening), "opening_balance needs opening_day"),
        (is_day_spelling(profile.date), "date: such as YYYY-MM-DD, DD.MM.YY, M/D/YYYY, D MMM YYYY"),
        (_knows_columns(profile), "columns: a name that the header does not hold"),
    )
    return next((reason for holds, reason in checks if not holds), "")


def _knows_columns(profile: Profile) -> bool:
    for wanted in profile.columns.values():
        for column in wanted:
            if isinstance(column, str) and column not in profile.header:
                return False
            if isinstance(column, int) and not 1 <= column <= 200:
                return False
    return profile.kept is None or profile.kept[0] in profile.header
