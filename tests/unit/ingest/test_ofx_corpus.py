"""Real files: amounts, days and ids held against ofxparse."""

from __future__ import annotations

import re
import warnings
from collections import Counter
from decimal import ROUND_HALF_EVEN, Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from lex7.base.civil import iso
from lex7.base.record import Transaction
from lex7.ingest.ofx import read_ofx

Line = tuple[str, int]


def cents(amount: Decimal) -> int:
    return int((Decimal(amount) * 100).to_integral_value(ROUND_HALF_EVEN))


def theirs(raw: bytes) -> tuple[Counter[Line], Counter[str]] | None:
    """Return what ofxparse reads; None for a file it refuses.

    It moves days to UTC; without the zone they are the days the bank wrote, as ours are.
    """
    ofxparse: Any = pytest.importorskip("ofxparse")
    local = re.sub(rb"\[[-+0-9.]*:?[A-Za-z]*\]", b"", raw)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            parsed = ofxparse.OfxParser.parse(BytesIO(local), fail_fast=False)
        except Exception:  # noqa: BLE001 - the peer raises whatever it met
            return None
    lines: Counter[Line] = Counter()
    days: Counter[str] = Counter()
    for account in parsed.accounts:
        for what in getattr(account.statement, "transactions", []):
            if hasattr(what, "amount"):
                lines[what.id, cents(what.amount)] += 1
                days[str(what.date.date())] += 1
            elif type(what.total) is Decimal and what.type not in ("reinvest", "transfer"):
                lines[what.id, cents(what.total)] += 1
                days[str(what.tradeDate.date())] += 1
    return lines, days


def test_every_file_that_both_read_gives_equal_lines(corpus: Path) -> None:
    compared = 0
    for path in sorted(corpus.glob("ofx/*")):
        peer = theirs(path.read_bytes())
        ours = [r for r in read_ofx(path, currency="USD").records if isinstance(r, Transaction)]
        if peer is None or not peer[0]:
            continue
        compared += 1
        assert Counter((t.external_id, t.amount_minor) for t in ours) == peer[0], path.name
        assert Counter(iso(t.day) for t in ours) == peer[1], path.name
    assert compared >= 7


def test_every_file_of_the_corpus_is_read_without_a_crash(corpus: Path) -> None:
    for path in sorted(corpus.glob("ofx/*")):
        result = read_ofx(path, currency="USD")
        assert result.records or result.findings
