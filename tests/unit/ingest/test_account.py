"""Two accounts never share a name, and one account never gets two."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lex7.base.civil import Day
from lex7.base.record import Account, Balance, Transaction
from lex7.ingest.account import name_account, name_apart, plain_number
from lex7.ingest.result import ImportResult

FIRST = Account("checking-6789", "checking-6789", "1000056789")


def _named(number: str, bank: str = "") -> str:
    plain = f"checking-{number[-4:]}"
    return name_account(Account(plain, plain, number, bank), [FIRST]).name


@pytest.mark.parametrize(
    "number", ["1000056789", "00001000056789", "de021203000001000056789", "6789"]
)
def test_a_number_that_may_be_the_same_keeps_the_name(number: str) -> None:
    assert _named(number) == "checking-6789"


def test_another_number_with_the_same_end_gets_a_longer_name() -> None:
    name = _named("2000056789")
    assert name.startswith("checking-6789-")
    assert name == _named("2000056789")


def test_the_same_number_at_another_bank_is_another_account() -> None:
    here = replace(FIRST, bank="12030000")
    there = name_account(replace(FIRST, bank="99"), [here])
    assert there.name != here.name
    assert name_account(replace(FIRST, bank=""), [here]).name == here.name


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("DE02 1203-0000", "de0212030000"),
        ("XXXXXXXXXXXX1234", "1234"),
        ("****1234", "1234"),
        ("", ""),
    ],
)
def test_a_number_is_its_letters_and_digits(text: str, number: str) -> None:
    assert plain_number(text) == number


def test_a_later_file_is_renamed_as_a_whole() -> None:
    other = replace(FIRST, number="2000056789")
    records = (
        Transaction(other.name, Day(20000), -100, "EUR", "Bakery"),
        Balance(other.name, Day(20000), 900, "EUR"),
    )
    result = ImportResult("ofx", records, (), 2, 2, accounts=(other,))
    renamed = name_apart(result, [FIRST], "later.ofx")
    name = renamed.accounts[0].name
    assert name != FIRST.name
    booked = [r.account for r in renamed.records if isinstance(r, Transaction | Balance)]
    assert booked == [name, name]
    assert [finding.code for finding in renamed.findings] == ["ingest.account"]
    assert name_apart(result, [FIRST, renamed.accounts[0]], "later.ofx").records == renamed.records


def test_a_file_of_known_accounts_is_left_as_it_is() -> None:
    result = ImportResult("ofx", (), (), 0, 0, accounts=(FIRST,))
    assert name_apart(result, [FIRST], "again.ofx") is result
    assert name_apart(result, [], "again.ofx") is result
