"""OFX as banks write it, and the sentences for what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from lex7.base.civil import iso
from lex7.base.record import Balance, Transaction
from lex7.ingest.ofx import read_ofx, read_ofx_bytes
from lex7.ingest.result import ImportResult, WrongFormatError

HEADER = (
    "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nSECURITY:NONE\nENCODING:USASCII\nCHARSET:1252\n"
    "COMPRESSION:NONE\nOLDFILEUID:NONE\nNEWFILEUID:NONE\n\n"
)
ACCOUNT = "<BANKACCTFROM><BANKID>12<ACCTID>000123456789<ACCTTYPE>CHECKING</BANKACCTFROM>"
LINE = "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20260304<TRNAMT>-12.34<FITID>7<NAME>Rewe</STMTTRN>"


def statement(lines: str, account: str = ACCOUNT, currency: str = "EUR") -> str:
    return (
        f"<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>{currency}{account}<BANKTRANLIST>"
        f"{lines}</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )


def read(text: str | bytes, currency: str = "") -> ImportResult:
    raw = text if isinstance(text, bytes) else text.encode("utf-8")
    return read_ofx_bytes(raw, "bank.ofx", currency=currency)


def only(result: ImportResult) -> Transaction:
    (record,) = result.records
    assert isinstance(record, Transaction)
    return record


def codes(result: ImportResult) -> list[str]:
    return [finding.code for finding in result.findings]


def line(amount: str = "-1.00", day: str = "20260304", name: str = "Rewe", more: str = "") -> str:
    return (
        f"<STMTTRN><TRNTYPE>POS<DTPOSTED>{day}<TRNAMT>{amount}<FITID>1<NAME>{name}{more}</STMTTRN>"
    )


def test_a_line_holds_what_the_bank_wrote() -> None:
    found = only(read(HEADER + statement(LINE)))
    assert found.account == "checking-6789"
    assert iso(found.day) == "2026-03-04"
    assert (found.amount_minor, found.currency) == (-1234, "EUR")
    assert (found.payee, found.external_id, found.kind) == ("Rewe", "7", "debit")


@pytest.mark.parametrize(
    "text",
    [
        HEADER + statement(LINE),
        statement(LINE),
        "\n\n\n" + HEADER + statement(LINE),
        HEADER + statement(LINE).replace("><", ">\r\n  <"),
        '<?xml version="1.0"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n'
        + statement(
            "<STMTTRN><TRNTYPE>DEBIT</TRNTYPE><DTPOSTED>20260304</DTPOSTED><TRNAMT>-12.34</TRNAMT>"
            "<FITID>7</FITID><NAME>Rewe</NAME></STMTTRN>",
            ACCOUNT,
            "EUR</CURDEF>",
        ),
        HEADER + statement(LINE).lower(),
        HEADER + statement(LINE).replace("<STMTTRN>", '<STMTTRN class="x">'),
        HEADER + statement(LINE).replace("<NAME>Rewe", "<NAME><![CDATA[Rewe]]>"),
        HEADER + statement(LINE).replace("<NAME>", "<!-- a > b --><NAME>"),
        HEADER + statement(LINE).replace("<NAME>Rewe", "<PAYEE><NAME>Rewe</PAYEE>"),
        HEADER + statement(LINE).replace("<FITID>", "<MEMO/><CHECKNUM></CHECKNUM><FITID>"),
    ],
)
def test_every_dialect_gives_the_same_line(text: str) -> None:
    found = only(read(text))
    assert (found.amount_minor, found.payee.lower(), found.external_id) == (-1234, "rewe", "7")
    assert iso(found.day) == "2026-03-04"


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("+5.00", 500),
        ("-5", -500),
        (".5", 50),
        ("12,34", 1234),
        ("1.234,56", 123_456),
        ("1,234.56", 123_456),
        ("-0001234.5000", -123_450),
        (" 7.10 ", 710),
    ],
)
def test_amounts_are_read_exactly(text: str, minor: int) -> None:
    assert only(read(statement(line(text)))).amount_minor == minor


@pytest.mark.parametrize(
    "text", ["1,234", "abc", "", "1.2.3", "NaN", "inf", "9" * 400, "1e5", "$5"]
)
def test_an_amount_that_cannot_be_read_costs_its_line(text: str) -> None:
    result = read(statement(line(text) + LINE))
    assert only(result).external_id == "7"
    assert codes(result) == ["ofx.amount"]


def test_more_decimals_than_the_currency_are_rounded_and_said() -> None:
    result = read(statement(line("115.8350")))
    assert only(result).amount_minor == 11_584  # half to even
    assert codes(result) == ["ofx.rounded"]


def test_a_currency_without_decimals_is_read_whole() -> None:
    assert only(read(statement(line("-1500"), currency="JPY"))).amount_minor == -1500


@pytest.mark.parametrize(
    "day",
    ["20260304", "20260304190849.317[-4:EDT]", "20260304[-:EST]", "20260304093914:014",
     "20260304235959[+13:NZDT]", "2026-03-04"],
)  # fmt: skip
def test_the_day_is_the_one_the_bank_wrote(day: str) -> None:
    assert iso(only(read(statement(line(day=day)))).day) == "2026-03-04"


@pytest.mark.parametrize("day", ["16010101", "99990101", "20260230", "0000", "", "tomorrow"])
def test_a_day_that_cannot_be_costs_its_line(day: str) -> None:
    result = read(statement(line(day=day) + LINE))
    assert only(result).external_id == "7"
    assert codes(result) == ["ofx.date"]


def test_a_missing_booking_day_is_taken_from_the_purchase() -> None:
    result = read(statement(line(day="", more="<DTUSER>20260301")))
    assert iso(only(result).day) == "2026-03-01"
    assert codes(result) == ["ofx.date_user"]


def test_entities_are_read_and_a_stray_sign_is_kept() -> None:
    assert only(read(statement(line(name="A &amp; B &#233;")))).payee == "A & B é"
    assert only(read(statement(line(name="3 < 4 Store\n")))).payee == "3 < 4 Store"


def test_a_file_cut_off_inside_a_line_keeps_the_lines_before() -> None:
    whole = statement(LINE + line("-12.34"))
    result = read(whole[: whole.rindex("-12.34") + 4])
    assert only(result).external_id == "7"
    assert codes(result) == ["ofx.truncated"]


def test_a_missing_closing_tag_is_said() -> None:
    result = read(statement(LINE.removesuffix("</STMTTRN>") + line("-2.00")))
    assert [getattr(record, "amount_minor", 0) for record in result.records] == [-1234, -200]
    assert codes(result) == ["ofx.unclosed"]


def test_findings_name_file_and_line() -> None:
    result = read(HEADER + statement(f"\n{LINE}\n{line('x')}\n"))
    assert result.findings[0].where == "bank.ofx, line 13"


@pytest.mark.parametrize(
    ("raw", "payee", "expected_codes"),
    [
        ((HEADER + statement(line(name="Café"))).encode("cp1252"), "Café", []),
        ((HEADER + statement(line(name="Café"))).encode("utf-8"), "Café", ["ofx.encoding"]),
        (
            (HEADER.replace("USASCII", "UTF-8") + statement(line(name="Café"))).encode("cp1252"),
            "Café",
            ["ofx.encoding"],
        ),
        (("\ufeff" + statement(line(name="Café"))).encode("utf-16-le"), "Café", []),
        (("\ufeff" + statement(line(name="Café"))).encode("utf-8"), "Café", []),
        (
            HEADER.replace("1252", "zip_codec").encode() + statement(line(name="Café")).encode(),
            "Café",
            ["ofx.encoding"],
        ),
        (statement(line(name="A\0B")).encode(), "AB", ["ofx.nul"]),
    ],
)
def test_encodings_are_met(raw: bytes, payee: str, expected_codes: list[str]) -> None:
    result = read(raw)
    assert only(result).payee == payee
    assert codes(result) == expected_codes


def test_declared_entities_are_never_expanded() -> None:
    bomb = (
        '<?xml version="1.0"?><!DOCTYPE OFX [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">'
        '<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    )
    result = read(bomb + statement(line(name="&b;&x;")))
    assert only(result).payee == "&b;&x;"
    assert "ofx.declaration" in codes(result)


def test_a_line_in_another_currency_keeps_it() -> None:
    more = "<CURRENCY><CURRATE>1.06<CURSYM>USD</CURRENCY>"
    assert only(read(statement(line(more=more)))).currency == "USD"
    converted = "<ORIGCURRENCY><CURRATE>1.06<CURSYM>USD</ORIGCURRENCY>"
    assert only(read(statement(line(more=converted)))).currency == "EUR"


def test_without_a_currency_the_default_stands_or_the_line_is_left_out() -> None:
    text = statement(LINE, currency="")
    assert only(read(text, currency="CHF")).currency == "CHF"
    assert codes(read(text)) == ["ofx.currency"]


def test_a_merchant_code_reaches_the_memo() -> None:
    assert only(read(statement(line(more="<SIC>5411<MEMO>card 1")))).memo == "card 1 MCC 5411"


def test_two_accounts_with_equal_ends_have_two_names() -> None:
    other = ACCOUNT.replace("<BANKID>12", "<BANKID>99")
    result = read(statement(LINE) + statement(LINE, other))
    names = {record.account for record in result.records if isinstance(record, Transaction)}
    assert len(names) == 2
    assert "checking-6789" in names
    assert codes(result) == ["ofx.account"]


def test_card_and_balance_are_read() -> None:
    text = (
        "<OFX><CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS><CURDEF>AUD<CCACCTFROM><ACCTID>1234-99"
        f"</CCACCTFROM><BANKTRANLIST>{LINE}</BANKTRANLIST><LEDGERBAL><BALAMT>-123.45<DTASOF>"
        "20260310</LEDGERBAL><AVAILBAL><BALAMT>9<DTASOF>20260310</AVAILBAL></CCSTMTRS></OFX>"
    )
    transaction, balance = read(text).records
    assert isinstance(transaction, Transaction)
    assert isinstance(balance, Balance)
    assert transaction.account == balance.account == "card-3499"
    assert (balance.amount_minor, iso(balance.day)) == (-12_345, "2026-03-10")


def test_an_investment_account_gives_its_cash() -> None:
    text = (
        "<OFX><INVSTMTMSGSRSV1><INVSTMTTRNRS><INVSTMTRS><DTASOF>20260310<CURDEF>USD<INVACCTFROM>"
        "<BROKERID>b<ACCTID>77</INVACCTFROM><INVTRANLIST>"
        "<BUYSTOCK><INVBUY><INVTRAN><FITID>1<DTTRADE>20260301<MEMO>YOU BOUGHT</INVTRAN>"
        "<SECID><UNIQUEID>X1</SECID><UNITS>2<UNITPRICE>5<TOTAL>-10.00</INVBUY></BUYSTOCK>"
        "<INCOME><INVTRAN><FITID>2<DTTRADE>20260302</INVTRAN><TOTAL>1.50</INCOME>"
        "<REINVEST><INVTRAN><FITID>3<DTTRADE>20260302</INVTRAN><TOTAL>-1.50</REINVEST>"
        f"<INVBANKTRAN>{LINE}<SUBACCTFUND>CASH</INVBANKTRAN></INVTRANLIST>"
        "<INVBAL><AVAILCASH>100.00<MARGINBALANCE>0</INVBAL></INVSTMTRS></OFX>"
    )
    result = read(text)
    found = [(type(r).__name__, getattr(r, "amount_minor", 0)) for r in result.records]
    assert found == [
        ("Transaction", -1000), ("Transaction", 150), ("Transaction", -1234), ("Balance", 10_000),
    ]  # fmt: skip
    assert codes(result) == ["ofx.no_cash"]
    assert result.passed_over_count == 1


def test_an_error_of_the_bank_is_said() -> None:
    text = "<OFX><SONRS><STATUS><CODE>15500<SEVERITY>ERROR<MESSAGE>No</STATUS></SONRS></OFX>"
    assert codes(read(text)) == ["ofx.status"]


def test_a_statement_without_lines_is_said() -> None:
    assert codes(read("<OFX></OFX>")) == ["ofx.no_statement"]


def test_parts_of_other_kinds_are_said() -> None:
    text = statement(LINE).replace("</OFX>", "<BILLPAYMSGSRSV1></BILLPAYMSGSRSV1></OFX>")
    assert codes(read(text)) == ["ofx.not_read"]


def test_what_is_no_ofx_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bank.ofx"
    path.write_text("hello")
    with pytest.raises(WrongFormatError):
        read_ofx(path)


@pytest.mark.parametrize(
    "noise",
    ["<STMTTRN>" * 20_000, "<![CDATA[" * 200_000, "<!--" * 200_000, "<A" + " " * 1_000_000,
     "<" * 1_000_000, "<" + "A" * 1_000_000, "<BUYMF><SELLMF>" * 10_000, "<X>" * 300_000],
    ids=["lines", "cdata", "comments", "blanks", "signs", "letters", "trades", "depth"],
)  # fmt: skip
@pytest.mark.timeout(60)
def test_hostile_text_is_read_in_linear_time(noise: str) -> None:
    result = read(statement(LINE + noise))
    assert result.records or result.findings
