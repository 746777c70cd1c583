"""The bank's files, read by readers that are not ours, add up to the truth to the cent."""

from __future__ import annotations

import csv
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

Line = tuple[str, int, str]


def sgml_lines(path: Path) -> list[Line]:
    """Read day, minor units and payee with plain patterns, knowing nothing of our writer."""
    text = path.read_bytes().decode("cp1252")
    result = []
    for block in re.findall(r"<STMTTRN>(.*?)</STMTTRN>", text, re.DOTALL):
        fields = dict(re.findall(r"<(\w+)>([^<\r\n]*)", block))
        result.append((fields["DTPOSTED"], minor(fields["TRNAMT"]), fields["NAME"]))
    return result


def minor(text: str) -> int:
    return int(Decimal(text) * 100)


def closing(truth: dict[str, Any], account: str) -> int:
    return int(truth["history"]["balance_minor"][account][-1])


def of_account(truth: dict[str, Any], account: str) -> list[dict[str, Any]]:
    return [item for item in truth["transactions"] if item["account"] == account]


def test_the_checking_statement_holds_every_true_transaction(
    sample: Path, truth: dict[str, Any]
) -> None:
    read = Counter(sgml_lines(sample / "checking.ofx"))
    expected = Counter(
        (
            item["day"].replace("-", ""),
            item["amount_minor"],
            item["payee"][:32].replace("&", "&amp;"),
        )
        for item in of_account(truth, "checking")
    )
    assert read == expected


def test_the_checking_balance_is_the_true_one(sample: Path, truth: dict[str, Any]) -> None:
    text = (sample / "checking.ofx").read_bytes().decode("cp1252")
    stated = re.search(r"<LEDGERBAL>\s*<BALAMT>([^\r\n<]+)", text)
    assert stated is not None
    assert minor(stated[1]) == closing(truth, "checking")


def test_ofxparse_reads_the_same_total(sample: Path, truth: dict[str, Any]) -> None:
    ofxparse = pytest.importorskip("ofxparse", reason="the bench group is not installed")
    with (sample / "checking.ofx").open("rb") as stream:
        account = ofxparse.OfxParser.parse(stream).account
    total = sum(int(item.amount * 100) for item in account.statement.transactions)
    assert total == sum(item["amount_minor"] for item in of_account(truth, "checking"))


def test_the_card_statement_is_well_formed_and_adds_up(sample: Path, truth: dict[str, Any]) -> None:
    root = ElementTree.fromstring((sample / "card.qfx").read_bytes())
    amounts = [minor(item.text or "") for item in root.iter("TRNAMT")]
    balance = root.find(".//LEDGERBAL/BALAMT")
    assert balance is not None
    assert sum(amounts) == sum(item["amount_minor"] for item in of_account(truth, "card"))
    assert minor(balance.text or "") == closing(truth, "card")


def test_the_savings_table_runs_to_the_true_balance(sample: Path, truth: dict[str, Any]) -> None:
    with (sample / "savings.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter=";"))
    last = list(rows[-1].values())
    assert minor(last[-1].replace(".", "").replace(",", ".")) == closing(truth, "savings")
    assert "-".join(reversed(last[0].split("."))) <= truth["as_of"]


def test_the_older_statement_is_a_subset_but_for_the_pending_payment(
    sample: Path, truth: dict[str, Any]
) -> None:
    newer = Counter(sgml_lines(sample / "checking.ofx"))
    older = Counter(sgml_lines(sample / "checking-2025.ofx"))
    ((day, amount, payee),) = (older - newer).elements()
    assert len(truth["pending"]) == 1
    assert any(
        line[1:] == (amount, payee) and 0 < int(line[0]) - int(day) <= 100 for line in newer - older
    )


def test_equal_purchases_on_one_day_stand_twice(truth: dict[str, Any]) -> None:
    seen = Counter(
        (item["account"], item["day"], item["amount_minor"], item["payee"])
        for item in truth["transactions"]
        if item["origin"] == "everyday"
    )
    assert max(seen.values()) == 2
