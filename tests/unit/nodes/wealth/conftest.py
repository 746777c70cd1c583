"""A small language for books: one line per movement."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date

import pytest

from lex7.base.civil import Day, day_from_date
from lex7.base.money import parse_minor
from lex7.base.record import Balance, Transaction
from lex7.nodes.wealth.category import Classified, Role
from lex7.nodes.wealth.ledger import Ledger, build_ledger

CURRENCY = "EUR"
Book = Callable[..., Ledger]


def day(text: str) -> Day:
    return day_from_date(date.fromisoformat(text))


def read_rows(text: str) -> tuple[Classified, ...]:
    """Read lines of `day account amount role:category payee words`."""
    rows = []
    for line in text.strip().splitlines():
        when, account, amount, label, *payee = line.split()
        role, _, category = label.partition(":")
        minor = parse_minor(amount, CURRENCY)
        what = Transaction(account, day(when), minor, CURRENCY, " ".join(payee))
        rows.append(Classified(what, Role(role), category or "transfer", "test"))
    return tuple(rows)


def spent(
    days: Iterable[Day], amounts: Iterable[int], payee: str, category: str = "home"
) -> tuple[Classified, ...]:
    return tuple(
        Classified(Transaction("giro", when, -minor, CURRENCY, payee), Role.SPEND, category, "test")
        for when, minor in zip(days, amounts, strict=True)
    )


@pytest.fixture(scope="session")
def book() -> Book:
    def make(
        rows: Iterable[Classified], balances: Iterable[Balance] = (), as_of: str = "2026-12-31"
    ) -> Ledger:
        return build_ledger(rows, balances, currency=CURRENCY, as_of=day(as_of))[0]

    return make
