"""OFX and QFX statements: bank, credit card and investment accounts.

Reads what banks write rather than what the specification says (OFX 1.0.2 to 2.2): one missing tag,
one bad amount or one unknown aggregate costs that line and a finding, never the file. Amounts are
read exactly; decimals past the currency's own are rounded half to even with a finding. A day is the
calendar day that the bank wrote, whatever zone stands behind it. Of investment accounts the cash is
read: bank transactions, totals of purchases, sales and income, and the available cash.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from html import unescape
from pathlib import Path

from lex7.base.civil import DAY_MAX, DAY_MIN, Day, day_from_date
from lex7.base.errors import Finding
from lex7.base.limits import FINDINGS_KEPT_MAX, STATEMENT_BYTES_MAX, TEXT_CHARACTERS_MAX
from lex7.base.money import MoneyError, is_currency, minor_digits
from lex7.base.record import Account, Balance, Record, Transaction
from lex7.ingest.account import TAIL_SIGNS, longer_name, name_account, plain_number
from lex7.ingest.amount import read_amount
from lex7.ingest.ofx_sgml import CASH_MOVES, NO_CASH_MOVES, Group, read_groups
from lex7.ingest.ofx_text import Trouble, read_body
from lex7.ingest.result import FileTooLargeError, ImportResult, cap_findings
from lex7.ingest.source import open_source

FORMAT = "ofx"

_TWO_DECIMALS = re.compile(r"[+-]?[0-9]{1,13}\.[0-9]{2}\Z")
_DIGITS = re.compile(r"[0-9]{8}")
_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MESSAGE_SET = re.compile(r"<([A-Z0-9]+MSGSRSV[0-9])>")
_READ_SETS = ("SIGNON", "SIGNUP", "PROF", "BANK", "CREDITCARD", "INVSTMT", "SECLIST")
_KIND_OF_TYPE = {
    "CHECKING": "checking",
    "SAVINGS": "savings",
    "MONEYMRKT": "savings",
    "CREDITLINE": "credit-line",
    "CD": "deposit",
}


class UnreadableFieldError(Exception):
    """One field cannot be read; caught where the line becomes a finding."""

    def __init__(self, code: str, sentence: str, text: str = "") -> None:
        self.code = code
        self.sentence = sentence
        self.text = text
        super().__init__(sentence)


@dataclass(slots=True)
class _Statement:
    """The reader's place: which account and currency the next lines belong to."""

    currency_default: str
    kind: str = "bank"
    account: str = ""
    currency: str = ""
    as_of: str = ""
    accounts: list[Account] = field(default_factory=list)
    days: dict[str, Day] = field(default_factory=dict)
    decimals: dict[str, int] = field(default_factory=dict)
    troubles: list[Trouble] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)
    seen_count: int = 0


def read_ofx(path: Path, *, currency: str = "") -> ImportResult:
    """Read an OFX file.

    Args:
        path: the file.
        currency: what amounts are in where the file names no currency; empty to leave them out.

    Raises:
        IngestError: the file cannot be opened, is empty, too large, or holds no `<OFX>`.
    """
    with open_source(path) as stream:
        data = stream.read(STATEMENT_BYTES_MAX + 1)
    return read_ofx_bytes(data, path.name, currency=currency)


def read_ofx_bytes(data: bytes, name: str, *, currency: str = "") -> ImportResult:
    """Read the bytes of an OFX file; `name` stands in findings."""
    if len(data) > STATEMENT_BYTES_MAX:
        reason = f"it is larger than {STATEMENT_BYTES_MAX >> 20} MiB"
        raise FileTooLargeError(name, reason)
    body = read_body(data, name)
    at = _Statement(currency)
    records: list[Record] = []
    for group in read_groups(body.text):
        try:
            records.extend(_read_group(group, at))
        except UnreadableFieldError as wrong:
            at.troubles.append(Trouble(wrong.code, group.offset, wrong.sentence, wrong.text))
    troubles = [*body.troubles, *at.troubles, *_summary(at, body.text)]
    if not at.seen_count and not at.troubles:
        sentence = "the file is OFX and holds no transaction and no balance"
        troubles.append(Trouble("ofx.no_statement", 0, sentence))
    findings = _place(troubles, body.text, body.lines_before, name)
    return ImportResult(
        FORMAT,
        tuple(records),
        cap_findings(findings, name),
        seen_count=at.seen_count,
        kept_count=len(records),
        passed_over_count=sum(at.left_out.values()),
        accounts=tuple(at.accounts),
    )


def _read_group(group: Group, at: _Statement) -> Iterator[Record]:
    name = group.name
    if name == "STMTTRN":
        at.seen_count += 1
        _check_closed(group, at)
        yield _transaction(group, at)
    elif name in CASH_MOVES:
        at.seen_count += 1
        _check_closed(group, at)
        yield _investment(group, at)
    elif name in NO_CASH_MOVES:
        at.left_out[name] = at.left_out.get(name, 0) + 1
    elif name == "LEDGERBAL":
        yield from _balance(group, at, "BALAMT", group.fields.get("DTASOF", ""))
    elif name == "INVBAL":
        yield from _balance(group, at, "AVAILCASH", at.as_of)
    else:
        _place_reader(group, at)


def _place_reader(group: Group, at: _Statement) -> None:
    name = group.name
    if name.endswith("STMTRS"):
        at.kind = {"CCSTMTRS": "card", "INVSTMTRS": "investment"}.get(name, "bank")
        at.account = at.currency = at.as_of = ""
    elif name.endswith("ACCTFROM"):
        at.account = _account(group, at)
    elif name == "CURDEF":
        at.currency = group.fields[name].upper()
    elif name == "DTASOF":
        at.as_of = group.fields[name]
    elif name == "STATUS":
        code = group.fields.get("CODE", "").strip()
        if group.fields.get("SEVERITY", "").strip().upper() == "ERROR":
            said = _text(group.fields.get("MESSAGE", ""))
            sentence = f"the bank answered with error {code or 'without a code'} in place of data"
            at.troubles.append(Trouble("ofx.status", group.offset, sentence, said[:80]))


def _transaction(group: Group, at: _Statement) -> Transaction:
    fields = group.fields
    currency = _currency(fields, at)
    amount = _amount(fields.get("TRNAMT"), "TRNAMT", currency, group, at)
    posted = fields.get("DTPOSTED", "").strip()
    if not posted and fields.get("DTUSER", "").strip():
        posted = fields["DTUSER"].strip()
        sentence = "the booking day is missing; the day of the purchase was taken"
        at.troubles.append(Trouble("ofx.date_user", group.offset, sentence))
    payee = _text(fields.get("NAME", "")) or _text(fields.get("PAYEE/NAME", ""))
    memo = _text(fields.get("MEMO", ""))
    if "SIC" in fields and fields["SIC"].strip().isdigit():
        memo = f"{memo} MCC {fields['SIC'].strip()}".strip()
    return Transaction(
        at.account or f"{at.kind}-unnamed",
        _day(posted, at),
        amount,
        currency,
        payee,
        memo,
        _text(fields.get("FITID", "")),
        fields.get("TRNTYPE", "").strip().lower()[:40],
    )


def _investment(group: Group, at: _Statement) -> Transaction:
    fields = group.fields
    currency = _currency(fields, at)
    amount = _amount(fields.get("TOTAL"), "TOTAL", currency, group, at)
    return Transaction(
        at.account or "investment-unnamed",
        _day(fields.get("DTTRADE", "").strip(), at),
        amount,
        currency,
        _text(fields.get("MEMO", "")),
        _text(fields.get("SECID/UNIQUEID", "")),
        _text(fields.get("FITID", "")),
        "div" if group.name == "INCOME" else group.name.lower(),
    )


def _balance(group: Group, at: _Statement, tag: str, as_of: str) -> Iterator[Balance]:
    text = group.fields.get(tag, "").strip()
    if not text:
        return  # an empty balance says nothing; many banks write one
    at.seen_count += 1
    currency = _currency({}, at)
    amount = _amount(text, tag, currency, group, at)
    account = at.account or f"{at.kind}-unnamed"
    yield Balance(account, _day(as_of.strip(), at), amount, currency)


def _check_closed(group: Group, at: _Statement) -> None:
    if group.is_cut:
        sentence = f"the file ends inside {group.name}; that line was left out"
        raise UnreadableFieldError("ofx.truncated", sentence)
    if not group.is_closed:
        sentence = f"{group.name} has no closing tag; it was read up to the next tag of its kind"
        at.troubles.append(Trouble("ofx.unclosed", group.offset, sentence))


def _currency(fields: dict[str, str], at: _Statement) -> str:
    currency = fields.get("CURRENCY/CURSYM", "").strip().upper() or at.currency
    if not currency:
        currency = at.currency_default
    if currency not in at.decimals:
        at.decimals[currency] = minor_digits(currency) if is_currency(currency) else -1
    if at.decimals[currency] < 0:
        sentence = "no currency is named for this line; it was left out (a default can be given)"
        raise UnreadableFieldError("ofx.currency", sentence, currency[:80])
    return currency


def _amount(text: str | None, tag: str, currency: str, group: Group, at: _Statement) -> int:
    if text is None:
        raise UnreadableFieldError("ofx.amount", f"{tag} is missing; the line was left out")
    text = text.strip()
    if _TWO_DECIMALS.match(text) and at.decimals[currency] == 2:
        return int(text.replace(".", ""))
    if text in ("null", "-null"):
        sentence = "the amount is null, as some banks mark a notice; it counts as zero"
        at.troubles.append(Trouble("ofx.amount_null", group.offset, sentence))
        return 0
    try:
        minor, is_rounded = read_amount(text, currency)
    except MoneyError as wrong:
        sentence = f"{tag} cannot be read ({wrong.reason}); the line was left out"
        raise UnreadableFieldError("ofx.amount", sentence, text[:80]) from wrong
    if is_rounded:
        sentence = f"{tag} has more decimals than {currency} and was rounded, half to even"
        at.troubles.append(Trouble("ofx.rounded", group.offset, sentence, text[:80]))
    return minor


def _day(text: str, at: _Statement) -> Day:
    known = at.days.get(text[:8])
    if known is not None and "-" not in text[:8]:
        return known
    digits = _DIGITS.match(text)
    iso = _ISO.match(text)
    if digits is not None:
        year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
    elif iso is not None:
        year, month, day = int(iso[1]), int(iso[2]), int(iso[3])
    else:
        raise UnreadableFieldError("ofx.date", "the day is not YYYYMMDD", text[:80])
    try:
        found = day_from_date(date(year, month, day))
    except ValueError as wrong:
        sentence = "the calendar has no such day; the line was left out"
        raise UnreadableFieldError("ofx.date", sentence, text[:80]) from wrong
    if not DAY_MIN <= found <= DAY_MAX:
        sentence = "the day is not between 1900 and 2199; the line was left out"
        raise UnreadableFieldError("ofx.date", sentence, text[:80])
    at.days[text[:8]] = found
    return found


def _account(group: Group, at: _Statement) -> str:
    """Name an account by its kind and last four signs, the same in every file of that account."""
    fields = group.fields
    number = plain_number(fields.get("ACCTID", ""))
    kind = {"CCACCTFROM": "card", "INVACCTFROM": "investment"}.get(group.name)
    if kind is None:
        kind = _KIND_OF_TYPE.get(fields.get("ACCTTYPE", "").strip().upper(), "checking")
    bank = plain_number(fields.get("BANKID", fields.get("BROKERID", "")))
    plain = f"{kind}-{number[-TAIL_SIGNS:] or 'unnamed'}"
    account = name_account(Account(plain, plain, number, bank), at.accounts)
    if account not in at.accounts:
        at.accounts.append(account)
        if account.name != plain:
            sentence = longer_name(account, "").sentence
            at.troubles.append(Trouble("ofx.account", group.offset, sentence))
    return account.name


def _text(value: str) -> str:
    """Return what stands in a field: entities read, control signs out, blanks single, cut."""
    value = value.strip()
    if "&" in value:
        value = unescape(value)
    if not value.isprintable() or "  " in value:
        value = " ".join("".join(s if s.isprintable() else " " for s in value).split())
    return value[:TEXT_CHARACTERS_MAX]


def _summary(at: _Statement, text: str) -> Iterator[Trouble]:
    if at.left_out:
        counts = ", ".join(f"{count} {name}" for name, count in sorted(at.left_out.items()))
        sentence = f"investment lines that move no cash were passed over: {counts}"
        yield Trouble("ofx.no_cash", 0, sentence)
    others = {name for name in _MESSAGE_SET.findall(text) if not name.startswith(_READ_SETS)}
    if others:
        sentence = f"parts that are not read were passed over: {', '.join(sorted(others)[:8])}"
        yield Trouble("ofx.not_read", 0, sentence)


def _place(troubles: list[Trouble], text: str, before: int, name: str) -> Iterator[Finding]:
    """Turn offsets into lines, counting newlines once; past the limit places are not looked up."""
    ordered = sorted(troubles, key=lambda trouble: trouble.offset)
    line, counted = before + 1, 0
    for index, trouble in enumerate(ordered):
        if index <= FINDINGS_KEPT_MAX:
            line += text.count("\n", counted, trouble.offset)
            counted = trouble.offset
        yield Finding(trouble.code, f"{name}, line {line}", trouble.sentence, trouble.text)
