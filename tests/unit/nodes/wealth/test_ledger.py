"""The ledger: exact daily series, anchored on stated balances."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lex7.base.civil import Day, day_from_date
from lex7.base.errors import Finding
from lex7.base.record import Balance, Transaction
from lex7.nodes.wealth.category import Classified, Role
from lex7.nodes.wealth.ledger import Ledger, build_ledger

FIRST = day_from_date(date(2026, 3, 1))


def row(
    after: int, minor: int, role: Role, category: str = "food", account: str = "giro"
) -> Classified:
    what = Transaction(account, Day(FIRST + after), minor, "EUR", "Someone")
    return Classified(what, role, category, "test")


def stated(after: int, minor: int, account: str = "giro", currency: str = "EUR") -> Balance:
    return Balance(account, Day(FIRST + after), minor, currency)


def build(
    rows: Iterable[Classified], balances: Iterable[Balance] = (), after: int = 400
) -> tuple[Ledger, tuple[Finding, ...]]:
    return build_ledger(rows, balances, currency="EUR", as_of=Day(FIRST + after))


def test_cash_is_walked_from_the_stated_balance() -> None:
    ledger, findings = build(
        [row(1, -300, Role.SPEND), row(3, 1_000, Role.INCOME)], [stated(2, 5_000)]
    )
    assert ledger.first == FIRST + 1
    assert ledger.cash["giro"].tolist() == [5_000, 5_000, 6_000]
    assert findings == ()


def test_a_balance_that_movements_do_not_lead_to_is_a_finding() -> None:
    _, findings = build([row(1, -300, Role.SPEND)], [stated(0, 5_000), stated(1, 4_650)])
    assert [finding.code for finding in findings] == ["ledger.balance"]
    assert "0.50 EUR" in findings[0].sentence


def test_an_account_without_a_balance_is_counted_from_zero_and_told() -> None:
    ledger, findings = build([row(0, 700, Role.INCOME)])
    assert ledger.cash["giro"].tolist() == [700]
    assert [finding.code for finding in findings] == ["ledger.no_balance"]


def test_a_refund_reduces_the_spending_of_its_category() -> None:
    ledger, _ = build([row(0, -900, Role.SPEND), row(1, 400, Role.REFUND)])
    assert ledger.spend["food"].tolist() == [900, -400]
    assert ledger.income.tolist() == [0, 0]


def test_transfers_and_card_payments_are_not_counted() -> None:
    pair = [
        replace(row(0, -900, Role.CARD_PAYMENT, "transfer"), partner=1),
        replace(row(0, 900, Role.CARD_PAYMENT, "transfer", "card"), partner=0),
    ]
    ledger, _ = build(pair, [stated(0, 2_000), stated(0, -100, "card")])
    assert dict(ledger.spend) == {}
    assert ledger.income.tolist() == [0]
    assert ledger.moved.tolist() == [0]
    assert all(movement.is_inside for movement in ledger.movements)
    assert ledger.cash_total().tolist() == [1_900]


def test_other_currencies_are_left_out_with_one_finding() -> None:
    foreign = row(1, -500, Role.SPEND)
    foreign = replace(foreign, transaction=replace(foreign.transaction, currency="USD"))
    ledger, findings = build(
        [row(0, -100, Role.SPEND), foreign, foreign], [stated(0, 50), stated(1, 9, currency="USD")]
    )
    assert ledger.spend["food"].tolist() == [100]
    assert [finding.code for finding in findings] == ["ledger.currency"]
    assert "3 records" in findings[0].sentence


def test_nothing_known_is_an_empty_ledger() -> None:
    ledger, findings = build([])
    assert (ledger.day_count, dict(ledger.cash), findings) == (1, {}, ())


def test_later_records_wait() -> None:
    ledger, _ = build([row(0, -1, Role.SPEND), row(9, -1, Role.SPEND)], after=5)
    assert ledger.last == FIRST


def test_an_account_that_stopped_reporting_holds_the_ledger_back_and_a_closed_one_does_not() -> (
    None
):
    daily = [row(after, -1, Role.SPEND) for after in range(200)]
    stale = [row(after, -1, Role.SPEND, account="card") for after in range(0, 170, 2)]
    closed = [row(after, -1, Role.SPEND, account="old") for after in range(0, 60, 2)]
    assert build(daily + stale)[0].last == FIRST + 168 + 2 + 7
    assert build(daily + closed)[0].last == FIRST + 199


@given(
    st.lists(
        st.tuples(
            st.integers(0, 90),
            st.integers(-(10**9), 10**9),
            st.sampled_from(list(Role)),
            st.sampled_from(["food", "rent"]),
            st.sampled_from(["giro", "card"]),
        ),
        min_size=1,
    ),
    st.integers(-(10**9), 10**9),
)
def test_cash_tomorrow_is_cash_today_plus_income_minus_spending_plus_moved(
    lines: list[tuple[int, int, Role, str, str]], opening: int
) -> None:
    rows = [row(*line) for line in lines]
    ledger, _ = build(rows, [stated(0, opening)])
    change = ledger.income - ledger.spend_total() + ledger.moved
    assert np.array_equal(np.diff(ledger.cash_total()), change[1:])
