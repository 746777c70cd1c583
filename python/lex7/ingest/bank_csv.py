"""Bank tables in CSV, read by a named profile and never by guessing.

Without a name the column names must be exactly those of one profile, which is then named in the
result. A row that cannot be read becomes a finding with its line; the rows around it are kept. A
running balance is checked row by row and gives the balance at the end of each day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from lex7.base.civil import Day
from lex7.base.errors import Finding, IngestError
from lex7.base.limits import STATEMENT_BYTES_MAX, TEXT_CHARACTERS_MAX
from lex7.base.money import MoneyError, is_currency
from lex7.base.record import Account, Balance, Record, Transaction
from lex7.ingest.account import TAIL_SIGNS, name_account, plain_number
from lex7.ingest.csv_cell import CellError, read_cell_amount, read_cell_day
from lex7.ingest.csv_text import Row, decode_lines, find_header, normal_names, split_row
from lex7.ingest.profile import Order, Profile, Sign, find_profile, load_profiles
from lex7.ingest.profile_choice import choose_profile
from lex7.ingest.result import FileTooLargeError, ImportResult, cap_findings
from lex7.ingest.source import open_source


class HeaderMissingError(IngestError):
    """The profile was named, and its column names do not stand in the file."""

    code = "csv.header"

    def __init__(self, name: str, profile: str, header: tuple[str, ...]) -> None:
        self.name = name
        self.profile = profile
        self.header = header
        wanted = ", ".join(header)
        super().__init__(f"expected the columns of profile {profile!r} in {name}: {wanted}")


@dataclass(frozen=True, slots=True)
class _Stated:
    """A row's running balance, and the movement that led to it."""

    line: int
    day: Day
    amount_minor: int
    balance_minor: int
    currency: str


@dataclass(slots=True)
class _Table:
    """The reader's place in one table."""

    name: str
    profile: Profile
    column_at: dict[str | int, int]
    width: int
    records: list[Record] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    stated: dict[str, list[_Stated]] = field(default_factory=dict)
    accounts: list[Account] = field(default_factory=list)
    named: dict[tuple[str, str], str] = field(default_factory=dict)
    seen_count: int = 0
    passed_over_count: int = 0

    def cell(self, row: Row, role: str) -> str:
        """Return the first filled cell of a role, empty if none."""
        for column in self.profile.columns.get(role, ()):
            index = self.column_at[column]
            if index < len(row.cells) and row.cells[index]:
                return row.cells[index]
        return ""

    def cells(self, row: Row, role: str) -> str:
        """Return all filled cells of a role, parted by blanks."""
        columns = (self.column_at[column] for column in self.profile.columns.get(role, ()))
        return " ".join(row.cells[i] for i in columns if i < len(row.cells) and row.cells[i])


def read_csv(path: Path, *, profile: str = "", profiles_dir: Path | None = None) -> ImportResult:
    """Read a bank's table.

    Args:
        path: the file.
        profile: the profile's name; empty to find it by the exact column names.
        profiles_dir: the owner's own profiles.

    Raises:
        IngestError: the file cannot be opened, no profile or more than one fits, or the named
            profile's columns are not there.
    """
    with open_source(path) as stream:
        data = stream.read(STATEMENT_BYTES_MAX + 1)
    return read_csv_bytes(data, path.name, profile=profile, profiles_dir=profiles_dir)


def read_csv_bytes(
    data: bytes, name: str, *, profile: str = "", profiles_dir: Path | None = None
) -> ImportResult:
    """Read the bytes of a bank's table; `name` stands in findings."""
    if len(data) > STATEMENT_BYTES_MAX:
        raise FileTooLargeError(name, f"it is larger than {STATEMENT_BYTES_MAX >> 20} MiB")
    known = load_profiles(profiles_dir)
    chosen = find_profile(profile, known) if profile else choose_profile(data, name, known)
    return read_table(data, name, chosen)


def read_table(data: bytes, name: str, profile: Profile) -> ImportResult:
    """Read a table by one profile."""
    lines, findings = decode_lines(data, profile.encoding, name)
    table, start = _open_table(lines, name, profile)
    table.findings.extend(findings)
    while start < len(lines):
        start = _read_line(lines, start, table)
    row_count = table.seen_count
    balances = (*_balances(table), *_opening(table))
    table.records.extend(balances)
    where = f"{name}, line 1"
    if not row_count:
        sentence = "the table has column names and no rows"
        table.findings.append(Finding("csv.no_rows", where, sentence))
    return ImportResult(
        f"csv:{profile.name}",
        tuple(table.records),
        cap_findings(table.findings, name),
        seen_count=row_count + len(balances),
        kept_count=len(table.records),
        passed_over_count=table.passed_over_count,
        accounts=tuple(table.accounts),
    )


def _open_table(lines: list[str], name: str, profile: Profile) -> tuple[_Table, int]:
    column_at: dict[str | int, int] = {}
    for wanted in profile.columns.values():
        for column in wanted:
            if isinstance(column, int):
                column_at[column] = column - 1
            else:
                column_at[column] = profile.header.index(column)
    if not profile.header:
        return _Table(name, profile, column_at, 0), profile.skip_lines
    header = find_header(lines, profile.header, profile.delimiter, profile.skip_lines)
    if header is None:
        raise HeaderMissingError(name, profile.name, profile.header)
    return _Table(name, profile, column_at, len(profile.header)), header.next_line - 1


def _read_line(lines: list[str], start: int, table: _Table) -> int:
    """Read the row that starts at a line and return the line where the next one starts."""
    if not lines[start].strip():
        return start + 1
    row = split_row(lines, start, table.profile.delimiter)
    if row is None:
        table.seen_count += 1
        reason = "a quote is opened and not closed; the line was left out"
        _find(table, "csv.quote", start + 1, reason, lines[start])
        return start + 1
    if not any(row.cells) or _is_footer(row, table):
        return row.next_line - 1
    table.seen_count += 1
    reason = _misshapen(row, table)
    if reason:
        _find(table, "csv.cells", row.line, reason, lines[start])
        return start + 1
    try:
        _read_row(row, table)
    except CellError as wrong:
        _find(table, wrong.code, row.line, f"{wrong.reason}; the row was left out", lines[start])
    except MoneyError as wrong:
        reason = f"the amount cannot be read ({wrong.reason}); the row was left out"
        _find(table, "csv.amount", row.line, reason, lines[start])
    return row.next_line - 1


def _is_footer(row: Row, table: _Table) -> bool:
    if table.profile.footer and row.cells[0].startswith(table.profile.footer):
        return True
    return bool(table.width) and normal_names(row.cells) == normal_names(table.profile.header)


def _misshapen(row: Row, table: _Table) -> str:
    if any("\0" in cell for cell in row.cells):
        return "the row holds NUL bytes; it was left out"
    filled = len(row.cells)
    while filled and not row.cells[filled - 1]:
        filled -= 1
    if table.width and filled > table.width:
        return f"expected {table.width} cells, got {filled}; the row was left out"
    needed = max((table.column_at[c] for c in _needed(table.profile)), default=0) + 1
    if len(row.cells) < needed:
        return f"expected at least {needed} cells, got {len(row.cells)}; the row was left out"
    return ""


def _needed(profile: Profile) -> Iterator[str | int]:
    for role in ("day", "amount", "out", "indicator", "currency"):
        yield from profile.columns.get(role, ())


def _read_row(row: Row, table: _Table) -> None:
    profile = table.profile
    if profile.kept is not None:
        value = row.cells[profile.header.index(profile.kept[0])]
        if value.casefold() not in profile.kept[1]:
            table.passed_over_count += 1
            return
    day = read_cell_day(table.cell(row, "day"), profile.date)
    currency = profile.currency or table.cell(row, "currency").upper()
    if not is_currency(currency):
        raise CellError("csv.currency", "expected a currency of three capitals")
    amount = _amount(row, table, currency)
    account = _account(table.cell(row, "account"), currency, table)
    table.records.append(
        Transaction(
            account,
            day,
            amount,
            currency,
            _text(table.cell(row, "payee")),
            _text(table.cells(row, "memo")),
            _text(table.cell(row, "id")),
            _text(table.cell(row, "kind")).lower()[:40],
        )
    )
    balance = table.cell(row, "balance")
    if balance:
        stated = _money(balance, profile, currency)
        rows = table.stated.setdefault(account, [])
        rows.append(_Stated(row.line, day, amount, stated, currency))


def _amount(row: Row, table: _Table, currency: str) -> int:
    profile = table.profile
    if profile.sign is Sign.COLUMNS:
        out = _unsigned(table.cell(row, "out"), profile, currency)
        into = _unsigned(table.cell(row, "in"), profile, currency)
        if out and into:
            raise CellError("csv.amount", "money stands in both columns, out and in")
        if not table.cell(row, "out") and not table.cell(row, "in"):
            raise CellError("csv.amount", "money stands in neither column, out nor in")
        return into - out
    amount = _money(table.cell(row, "amount"), profile, currency)
    if profile.sign is Sign.INVERTED:
        amount = -amount
    elif profile.sign is Sign.INDICATOR:
        word = table.cell(row, "indicator")
        if word not in (*profile.out_words, *profile.in_words):
            raise CellError("csv.indicator", "the indicator is none that the profile knows")
        amount = -amount if word in profile.out_words else amount
    fee = table.cell(row, "fee")
    return amount - _money(fee, profile, currency) if fee else amount


def _unsigned(text: str, profile: Profile, currency: str) -> int:
    amount = _money(text, profile, currency) if text else 0
    if amount < 0:
        raise CellError("csv.amount", "a minus stands in a column that already says which way")
    return amount


def _money(text: str, profile: Profile, currency: str) -> int:
    return read_cell_amount(text, profile.decimal, profile.thousands, currency)


def _account(number: str, currency: str, table: _Table) -> str:
    known = table.named.get((number, currency))
    if known is not None:
        return known
    signs = plain_number(number)
    named = table.profile.account.replace("{currency}", currency.lower())
    plain = named.replace("{last4}", signs[-TAIL_SIGNS:] or "unnamed")
    account = Account(plain, plain, signs)
    if signs and plain != named:
        account = name_account(account, table.accounts)
        if account not in table.accounts:
            table.accounts.append(account)
    table.named[number, currency] = account.name
    return account.name


def _balances(table: _Table) -> Iterator[Balance]:
    """Yield the balance at the end of each day, and find gaps in the running balance."""
    for account, rows in sorted(table.stated.items()):
        if table.profile.order is Order.NEWEST_FIRST:
            rows = rows[::-1]
        for before, after in pairwise(rows):
            if before.balance_minor + after.amount_minor != after.balance_minor:
                reason = "the running balance does not follow from the row before"
                _find(table, "csv.balance", after.line, reason, "")
            if after.day < before.day:
                reason = f"the rows are not {table.profile.order}, as the profile says"
                _find(table, "csv.order", after.line, reason, "")
        last = {row.day: row for row in rows}
        for day in sorted(last):
            yield Balance(account, day, last[day].balance_minor, last[day].currency)


def _opening(table: _Table) -> Iterator[Balance]:
    profile = table.profile
    if profile.opening is None:
        return
    text, day = profile.opening
    try:
        currency = profile.currency
        account = _account("", currency, table)
        opened = read_cell_day(day, "YYYY-MM-DD")
        yield Balance(account, opened, _money(text, profile, currency), currency)
    except (CellError, MoneyError):
        reason = "the profile's opening_balance or opening_day (YYYY-MM-DD) cannot be read"
        _find(table, "csv.opening", 1, reason, "")


def _text(value: str) -> str:
    if not value.isprintable() or "  " in value:
        value = " ".join("".join(s if s.isprintable() else " " for s in value).split())
    return value[:TEXT_CHARACTERS_MAX]


def _find(table: _Table, code: str, line: int, reason: str, text: str) -> None:
    table.findings.append(Finding(code, f"{table.name}, line {line}", reason, text[:80]))
