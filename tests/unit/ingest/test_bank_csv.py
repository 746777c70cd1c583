"""Bank tables by named profile: what is read, what is refused, and that nothing is guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lex7.base.civil import iso
from lex7.base.record import Balance, Transaction
from lex7.ingest.bank_csv import HeaderMissingError, read_csv, read_csv_bytes
from lex7.ingest.profile import ProfileError, load_profiles
from lex7.ingest.profile_choice import ProfileNeededError
from lex7.ingest.result import ImportResult

EU = "Date;Payee;Purpose;Amount;Currency;Balance\r\n"


def read(text: str | bytes, profile: str = "", folder: Path | None = None) -> ImportResult:
    raw = text if isinstance(text, bytes) else text.encode()
    return read_csv_bytes(raw, "bank.csv", profile=profile, profiles_dir=folder)


def lines(result: ImportResult) -> list[Transaction]:
    return [record for record in result.records if isinstance(record, Transaction)]


def codes(result: ImportResult) -> list[str]:
    return [finding.code for finding in result.findings]


def eu(*rows: str) -> str:
    return EU + "".join(f"{row}\r\n" for row in rows)


def own(folder: Path, text: str, name: str = "mine") -> Path:
    (folder / f"{name}.toml").write_text('format = "lex7-profile/1"\n' + text)
    return folder


def test_exact_column_names_find_the_profile_and_name_it() -> None:
    result = read(eu("04.03.2026;Rewe;Einkauf;-1.234,56;EUR;100,00"))
    (line,) = lines(result)
    assert result.format == "csv:generic-eu"
    assert (iso(line.day), line.amount_minor, line.payee) == ("2026-03-04", -123_456, "Rewe")
    assert (line.memo, line.currency, line.account) == ("Einkauf", "EUR", "generic-eu")


# One row of each packaged layout: (rows, profile, day, minor units, account)
LAYOUTS = [
    ("Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #\n"
     "DEBIT,03/04/2026,REWE,-12.34,ACH_DEBIT,100.00,,\n", "chase", -1234, "checking-chase"),
    ("Transaction Date,Post Date,Description,Category,Type,Amount,Memo\n"
     "03/03/2026,03/04/2026,REWE,Food,Sale,-12.34,\n", "chase-card", -1234, "card-chase"),
    ('"Booking Date","Value Date","Partner Name","Partner Iban",Type,"Payment Reference",'
     '"Account Name","Amount (EUR)","Original Amount","Original Currency","Exchange Rate"\n'
     '2026-03-04,2026-03-04,REWE,,Presentment,x,Main,-12.34,,,\n', "n26", -1234, "checking-n26"),
    ("Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance\n"
     "CARD_PAYMENT,Current,2026-03-03 10:00:00,2026-03-04 11:00:00,REWE,-12.00,0.34,EUR,COMPLETED,"
     "87.66\n", "revolut", -1234, "revolut-eur"),
    ("Umsatzanzeige;Datei\n\nKonto;DE12\n\nBuchung;Wertstellungsdatum;Auftraggeber/Empfänger;"
     "Buchungstext;Verwendungszweck;Saldo;Währung;Betrag;Währung\n"
     "04.03.2026;04.03.2026;REWE;Lastschrift;x;100,00;EUR;-12,34;EUR\n", "ing-de", -1234,
     "checking-ing"),
    ('"Girokonto";"DE12"\n""\n"Buchungsdatum";"Wertstellung";"Status";"Zahlungspflichtige*r";'
     '"Zahlungsempfänger*in";"Verwendungszweck";"Umsatztyp";"IBAN";"Betrag (€)";"Gläubiger-ID";'
     '"Mandatsreferenz";"Kundenreferenz"\n"04.03.26";"04.03.26";"Gebucht";"ICH";"REWE";"x";'
     '"Ausgang";"DE";"-12,34 €";"";"";""\n', "dkb", -1234, "checking-dkb"),
    ("Transaction ID,Date,Time,Type,Name,Emoji,Category,Amount,Currency,Local amount,"
     "Local currency,Notes and #tags,Address,Receipt,Description,Category split,Money Out,"
     "Money In\n"
     "tx1,04/03/2026,10:00:00,Card payment,REWE,,Food,-12.34,GBP,-12.34,GBP,,,,,,-12.34,\n",
     "monzo", -1234, "checking-monzo"),
    ("Date,Description,Card Member,Account #,Amount\n03/04/2026,REWE,ME,-1,12.34\n", "amex", -1234,
     "card-amex"),
    ("Transaction Date,Posted Date,Card No.,Description,Category,Debit,Credit\n"
     "2026-03-03,2026-03-04,1,REWE,Food,12.34,\n", "capital-one", -1234, "card-capital-one"),
    ("Datum;Naam / Omschrijving;Rekening;Tegenrekening;Code;Af Bij;Bedrag (EUR);Mutatiesoort;"
     "Mededelingen;Saldo na mutatie;Tag\n20260304;REWE;NL01INGB0001234567;;BA;Af;12,34;x;y;100,00;"
     "\n", "ing-nl", -1234, "checking-4567"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "name", "minor", "account"), LAYOUTS, ids=[row[1] for row in LAYOUTS]
)
def test_packaged_layouts_are_found_and_read(
    text: str, name: str, minor: int, account: str
) -> None:
    result = read(text.encode("iso-8859-1") if name == "ing-de" else text)
    (line,) = lines(result)
    assert result.format == f"csv:{name}"
    assert (iso(line.day), line.amount_minor, line.account) == ("2026-03-04", minor, account)
    assert line.payee == "REWE"
    assert result.findings == ()


def test_every_packaged_profile_is_whole_and_there_are_a_dozen() -> None:
    profiles = load_profiles(None)
    assert len(profiles) >= 12
    headers = [profile.header for profile in profiles if not profile.is_named_only]
    assert len(set(headers)) == len(headers)


def test_unknown_columns_are_refused_with_what_was_seen_and_what_is_near() -> None:
    with pytest.raises(ProfileNeededError) as refused:
        read("Date;Payee;Amount;Currency;Saldo\n04.03.2026;Rewe;-1,00;EUR;1\n")
    assert refused.value.header == ("Date", "Payee", "Amount", "Currency", "Saldo")
    assert "generic-eu" in refused.value.nearest


def test_columns_that_say_neither_order_nor_sign_need_a_name() -> None:
    text = "Date,Description,Amount\n03/04/2026,Rewe,-12.34\n"
    with pytest.raises(ProfileNeededError):
        read(text)
    (line,) = lines(read(text, "generic-us"))
    assert iso(line.day) == "2026-03-04"


def test_a_profile_whose_columns_are_not_there_is_refused() -> None:
    with pytest.raises(HeaderMissingError):
        read(EU, "chase")


def test_an_unknown_profile_is_refused_with_the_known_names() -> None:
    with pytest.raises(ProfileError, match="generic-eu"):
        read(EU, "nosuch")


def test_the_owners_profile_can_start_from_another(tmp_path: Path) -> None:
    own(tmp_path, 'extends = "generic-eu"\naccount = "savings-bank"\nnamed_only = true\n')
    (line, *_) = lines(read(eu("04.03.2026;A;;-1,00;EUR;1,00"), "mine", tmp_path))
    assert line.account == "savings-bank"


def test_two_profiles_with_equal_columns_must_be_told_apart(tmp_path: Path) -> None:
    own(tmp_path, 'extends = "generic-eu"\naccount = "savings-bank"\n')
    with pytest.raises(ProfileNeededError) as refused:
        read(eu(), "", tmp_path)
    assert refused.value.fitting == ("generic-eu", "mine")


def test_a_table_without_column_names_is_read_by_numbers(tmp_path: Path) -> None:
    own(
        tmp_path,
        'date = "D MMM YYYY"\ncurrency = "USD"\nskip_lines = 1\nsign = "columns"\n'
        'delimiter = "|"\n[columns]\nday = 1\npayee = 2\nout = 3\nin = 4\n',
    )
    found = lines(read("junk\n4 Mar 2026|Rewe|12.34|\n5 Mar 2026|Job||100\n", "mine", tmp_path))
    assert [(iso(line.day), line.amount_minor) for line in found] == [
        ("2026-03-04", -1234),
        ("2026-03-05", 10_000),
    ]


def test_an_opening_balance_of_the_profile_is_a_balance(tmp_path: Path) -> None:
    own(
        tmp_path,
        'date = "YYYY-MM-DD"\ncurrency = "EUR"\nheader = ["D", "A"]\ndecimal = ","\n'
        'opening_balance = "250,00"\nopening_day = "2026-01-01"\nfooter = ["Total"]\n'
        '[columns]\nday = "D"\namount = "A"\n',
    )
    result = read('D,A\n2026-03-04,"1,00"\nTotal,9\n', "mine", tmp_path)
    assert Balance("mine", result.records[-1].day, 25_000, "EUR") == result.records[-1]
    assert result.findings == ()


@pytest.mark.parametrize(
    "text",
    [
        "format = 1", 'colour = "red"', 'delimiter = ";;"', 'encoding = "zip"', 'date = "soon"',
        'sign = "maybe"', "skip_lines = -1", 'extends = "mine"', "[columns]\nday = true",
        '[columns]\nwhen = "x"', "not toml at all", 'header = "Date"', 'currency = "eur"',
    ],
)  # fmt: skip
def test_a_profile_that_is_wrong_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(ProfileError) as refused:
        load_profiles(tmp_path)
    assert refused.value.name == "mine"


GOOD = "05.03.2026;Good;;-1,00;EUR;"


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("04.03.2026;A;;12.34;EUR;", "csv.amount"),
        ("04.03.2026;A;;1.23,4;EUR;", "csv.amount"),
        ("04.03.2026;A;;NaN;EUR;", "csv.amount"),
        ("04.03.2026;A;;1,234;EUR;", "csv.amount"),
        (f"04.03.2026;A;;{'9' * 400};EUR;", "csv.amount"),
        ("04.03.2026;A;;;EUR;", "csv.amount"),
        ("30.02.2026;A;;1,00;EUR;", "csv.date"),
        ("04.03.1601;A;;1,00;EUR;", "csv.date"),
        ("04.03.9999;A;;1,00;EUR;", "csv.date"),
        ("03/04/2026;A;;1,00;EUR;", "csv.date"),
        ("04.03.2026;A;;1,00;euro;", "csv.currency"),
        ("04.03.2026;A", "csv.cells"),
        ("04.03.2026;A;B;C;1,00;EUR;1,00;x", "csv.cells"),
        ('04.03.2026;"A;;1,00;EUR;', "csv.quote"),
        ("04.03.2026;A\0;;1,00;EUR;", "csv.cells"),
    ],
)
def test_a_bad_row_is_named_by_its_line_and_the_next_is_kept(row: str, code: str) -> None:
    result = read(eu(row, GOOD))
    assert [line.payee for line in lines(result)] == ["Good"]
    assert [(one.code, one.where) for one in result.findings] == [(code, "bank.csv, line 2")]


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("-1,00", -100), ("1,00-", -100), ("(1,00)", -100), ("\u22121,00", -100), ("+1,00", 100),
        ("1.000", 100_000), ("€ 1,00", 100), ("1,00 EUR", 100), ("1\u00a0000,00", 100_000),
        (",50", 50),
    ],
)  # fmt: skip
def test_amounts_of_the_profiles_spelling_are_read(text: str, minor: int) -> None:
    (line,) = lines(read(eu(f"04.03.2026;A;;{text};EUR;")))
    assert line.amount_minor == minor


def test_quoted_cells_may_span_lines() -> None:
    result = read(eu('04.03.2026;A;"two\nlines; one ""cell""";-1,00;EUR;', GOOD))
    assert [line.memo for line in lines(result)] == ['two lines; one "cell"', ""]


def test_a_running_balance_gives_the_end_of_each_day() -> None:
    result = read(
        eu(
            "04.03.2026;A;;-1,00;EUR;99,00",
            "04.03.2026;B;;-2,00;EUR;97,00",
            "05.03.2026;C;;-3,00;EUR;94,00",
        )
    )
    stated = [(iso(r.day), r.amount_minor) for r in result.records if isinstance(r, Balance)]
    assert stated == [("2026-03-04", 9_700), ("2026-03-05", 9_400)]
    assert result.findings == ()


def test_a_gap_in_the_running_balance_is_said() -> None:
    result = read(eu("04.03.2026;A;;-1,00;EUR;99,00", "05.03.2026;B;;-2,00;EUR;90,00"))
    assert codes(result) == ["csv.balance"]


def test_rows_against_the_profiles_order_are_said() -> None:
    result = read(eu("05.03.2026;A;;-1,00;EUR;99,00", "04.03.2026;B;;-2,00;EUR;97,00"))
    assert codes(result) == ["csv.order"]


def test_rows_that_are_not_booked_are_passed_over() -> None:
    text = (
        "Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance\n"
        "CARD,Current,2026-03-03 10:00:00,,REWE,-12.00,0,EUR,PENDING,\n"
    )
    result = read(text)
    assert (lines(result), result.passed_over_count) == ([], 1)


def test_bytes_of_another_encoding_are_said_and_read() -> None:
    raw = eu("04.03.2026;Café;;-1,00;EUR;", GOOD).encode("cp1252")
    result = read(raw)
    assert [line.payee for line in lines(result)] == ["Café", "Good"]
    assert [(one.code, one.where) for one in result.findings] == [
        ("csv.encoding", "bank.csv, line 2")
    ]


def test_marks_of_byte_order_are_met() -> None:
    text = eu("04.03.2026;Café;;-1,00;EUR;")
    assert lines(read(text.encode("utf-8-sig")))[0].payee == "Café"
    assert lines(read(b"\xff\xfe" + text.encode("utf-16-le")))[0].payee == "Café"


def test_a_repeated_header_and_blank_lines_mean_nothing() -> None:
    result = read(EU + GOOD + "\r\n\r\n" + EU + GOOD + "\r\n;;;;;\r\n")
    assert (len(lines(result)), result.findings) == (2, ())


def test_a_table_without_rows_is_said() -> None:
    assert codes(read(EU)) == ["csv.no_rows"]


def test_money_in_both_columns_is_refused() -> None:
    head = "Transaction Date,Posted Date,Card No.,Description,Category,Debit,Credit\n"
    result = read(head + "2026-03-03,2026-03-04,1,A,F,1.00,2.00\n2026-03-03,2026-03-04,1,A,F,,\n")
    assert codes(result) == ["csv.amount", "csv.amount"]


def test_a_file_on_disk_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bank.csv"
    path.write_text(eu(GOOD))
    assert len(lines(read_csv(path))) == 1


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "noise", ['"\n' * 20_002, ";" * 1_000_000, '"' * 1_000_001, "x\n" * 20_000]
)
def test_hostile_text_is_read_soon(noise: str) -> None:
    result = read(EU + noise + "\r\n" + GOOD + "\r\n")
    assert [line.payee for line in lines(result)] == ["Good"]
