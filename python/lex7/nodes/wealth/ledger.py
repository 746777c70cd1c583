"""The ledger: daily series in exact minor units, made from booked movements and stated balances.

For every civil day from `first` to `last`: the evening balance of each account, what was spent per
category, what came in, and what moved to or from places outside the ledger. Cash is anchored on the
newest stated balance of an account and walked through the movements; the other stated balances are
checked against it. Movements between own accounts are neither spending nor income.

    cash of a day = cash of the day before + income - spending + moved

Everything is int64 minor units of one currency. Records in other currencies are left out with a
finding: they are never added. A card account counts with its (negative) balance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day, iso
from lex7.base.errors import Finding
from lex7.base.money import format_money
from lex7.base.record import Balance, Transaction
from lex7.ingest.payee import payee_key
from lex7.nodes.wealth.category import Classified, Role

DailyMinor = NDArray[np.int64]
"""(n_day,), minor units per day of the ledger"""

ACTIVE_DAYS = 60
"""An account without a record for longer than this behind the newest one no longer holds the ledger
back."""

QUIET_DAYS_MIN = 7
"""An account is taken to be complete for at least this long after its last record."""


class Flow(StrEnum):
    """What a movement changes."""

    SPEND = "spend"
    INCOME = "income"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Movement:
    """One counted movement.

    Attributes:
        day: the booking day.
        minor: minor units, positive when money comes in.
        flow: what it changes.
        category: the spending category; empty for other flows.
        payee: one spelling for all spellings of the payee.
        account: the account it is booked on.
        is_refund: whether it lowers the spending of its category.
        is_inside: whether both halves are in the ledger, so that total cash does not change.
    """

    day: Day
    minor: int
    flow: Flow
    category: str
    payee: str
    account: str
    is_refund: bool = False
    is_inside: bool = False


@dataclass(frozen=True, slots=True)
class Ledger:
    """Daily series of one owner's money, from the day `first` to the day `last`.

    Attributes:
        currency: the one currency of everything here.
        first: the first day.
        last: the last day on which every active account is complete.
        cash: account → balance in the evening of each day.
        spend: category → spent on each day; refunds are negative.
        income: what came in on each day.
        moved: net movements to and from own accounts that are booked on this day.
        movements: what the series are made of, in order of (day, account, payee, amount).
    """

    currency: str
    first: Day
    last: Day
    cash: Mapping[str, DailyMinor]
    spend: Mapping[str, DailyMinor]
    income: DailyMinor
    moved: DailyMinor
    movements: tuple[Movement, ...]

    @property
    def day_count(self) -> int:
        """The number of days."""
        return self.last - self.first + 1

    def cash_total(self) -> DailyMinor:
        """Return the sum over all accounts, per day."""
        return _total(self.cash.values(), self.day_count)

    def spend_total(self) -> DailyMinor:
        """Return the sum over all categories, per day."""
        return _total(self.spend.values(), self.day_count)


def build_ledger(
    classified: Iterable[Classified],
    balances: Iterable[Balance],
    *,
    currency: str,
    as_of: Day,
) -> tuple[Ledger, tuple[Finding, ...]]:
    """Make the ledger of everything booked up to `as_of`.

    Returns:
        The ledger, empty (one day, no account) where nothing is known, and what was left out or
        does not agree.
    """
    findings: list[Finding] = []
    rows, stated = _of_currency(classified, balances, currency, as_of, findings)
    seen: dict[str, list[Day]] = {}
    for account, day in _places(rows, stated):
        seen.setdefault(account, []).append(day)
    if not seen:
        nothing = np.zeros(1, dtype=np.int64)
        return Ledger(currency, as_of, as_of, {}, {}, nothing, nothing, ()), tuple(findings)
    first, newest = min(map(min, seen.values())), max(map(max, seen.values()))
    cash = {
        account: _balance_series(account, rows, stated, (first, newest), findings)
        for account in sorted(seen)
    }
    last = min(_complete_until(days, newest) for days in seen.values())
    last = Day(max(last, first))
    movements = tuple(sorted((_movement(row) for row in rows), key=_movement_order))
    return _series(currency, (first, last), cash, movements), tuple(findings)


def _series(
    currency: str,
    span: tuple[Day, Day],
    cash: Mapping[str, DailyMinor],
    movements: Sequence[Movement],
) -> Ledger:
    first, last = span
    count = last - first + 1
    kept = tuple(movement for movement in movements if movement.day <= last)
    spend = {
        name: _daily((m for m in kept if m.flow is Flow.SPEND and m.category == name), first, count)
        for name in sorted({m.category for m in kept if m.flow is Flow.SPEND})
    }
    return Ledger(
        currency,
        first,
        last,
        {account: series[:count] for account, series in cash.items()},
        {name: -series for name, series in spend.items()},
        _daily((m for m in kept if m.flow is Flow.INCOME), first, count),
        _daily((m for m in kept if m.flow is Flow.MOVED), first, count),
        kept,
    )


def _daily(movements: Iterable[Movement], first: Day, count: int) -> DailyMinor:
    series = np.zeros(count, dtype=np.int64)
    for movement in movements:
        series[movement.day - first] += movement.minor
    return series


def _total(columns: Iterable[DailyMinor], count: int) -> DailyMinor:
    total = np.zeros(count, dtype=np.int64)
    for column in columns:
        total = total + column
    return total


def _of_currency(
    classified: Iterable[Classified],
    balances: Iterable[Balance],
    currency: str,
    as_of: Day,
    findings: list[Finding],
) -> tuple[list[Classified], list[Balance]]:
    """Keep what is in the owner's currency and not later than `as_of`; tell what is left out."""
    rows = [row for row in classified if row.transaction.day <= as_of]
    stated = [balance for balance in balances if balance.day <= as_of]
    foreign: dict[tuple[str, str], int] = {}
    every: list[Transaction | Balance] = [*(row.transaction for row in rows), *stated]
    for what in every:
        if what.currency != currency:
            key = (what.account, what.currency)
            foreign[key] = foreign.get(key, 0) + 1
    for (account, other), count in sorted(foreign.items()):
        sentence = (
            f"{count} records of account {account} are in {other} and not in {currency}; they are "
            "left out of cash, spending and income"
        )
        findings.append(Finding("ledger.currency", f"account {account}", sentence))
    return (
        [row for row in rows if row.transaction.currency == currency],
        sorted(
            (balance for balance in stated if balance.currency == currency),
            key=lambda balance: (balance.day, balance.account, balance.amount_minor),
        ),
    )


def _places(rows: Sequence[Classified], stated: Sequence[Balance]) -> list[tuple[str, Day]]:
    booked = [(row.transaction.account, row.transaction.day) for row in rows]
    return booked + [(balance.account, balance.day) for balance in stated]


def _balance_series(
    account: str,
    rows: Sequence[Classified],
    stated: Sequence[Balance],
    span: tuple[Day, Day],
    findings: list[Finding],
) -> DailyMinor:
    first, last = span
    change = np.zeros(last - first + 1, dtype=np.int64)
    for row in rows:
        if row.transaction.account == account:
            change[row.transaction.day - first] += row.transaction.amount_minor
    walked = np.cumsum(change)
    own = [balance for balance in stated if balance.account == account]
    if not own:
        sentence = (
            f"account {account} has no stated balance; its cash is counted from 0 on {iso(first)}"
        )
        findings.append(Finding("ledger.no_balance", f"account {account}", sentence))
        return walked
    anchor = own[-1]
    series = walked + (anchor.amount_minor - int(walked[anchor.day - first]))
    findings.extend(_disagreements(own, series, first))
    return series


def _disagreements(own: Sequence[Balance], series: DailyMinor, first: Day) -> list[Finding]:
    """Tell each stated balance that the movements do not lead to, once per size of the gap."""
    found = []
    known = {0}
    for balance in reversed(own):
        gap = balance.amount_minor - int(series[balance.day - first])
        if gap in known:
            continue
        known.add(gap)
        sentence = (
            f"the stated balance and the movements up to the newest balance differ by "
            f"{format_money(gap, balance.currency)}; movements are missing or counted twice after "
            f"this day"
        )
        where = f"account {balance.account}, {iso(balance.day)}"
        findings_text = format_money(balance.amount_minor, balance.currency)
        found.append(Finding("ledger.balance", where, sentence, findings_text))
    return found


def _complete_until(days: Sequence[Day], newest: Day) -> Day:
    """Return the day up to which an account is taken to be complete.

    An account is often silent for some days; for as long as its longest silence of the last half
    year nothing is missing. An account silent for very long is closed and holds nothing back.
    """
    ordered = sorted(set(days))
    last = ordered[-1]
    if newest - last > ACTIVE_DAYS:
        return newest
    recent = [day for day in ordered if day >= last - 180]
    gaps = [after - before for before, after in pairwise(recent)]
    return Day(min(newest, last + max(gaps, default=0) + QUIET_DAYS_MIN))


def _movement(row: Classified) -> Movement:
    what = row.transaction
    flow = {Role.SPEND: Flow.SPEND, Role.REFUND: Flow.SPEND, Role.INCOME: Flow.INCOME}.get(
        row.role, Flow.MOVED
    )
    return Movement(
        what.day,
        what.amount_minor,
        flow,
        row.category if flow is Flow.SPEND else "",
        payee_key(what.payee or what.memo),
        what.account,
        is_refund=row.role is Role.REFUND,
        is_inside=flow is Flow.MOVED and row.partner is not None,
    )


def _movement_order(movement: Movement) -> tuple[int, str, str, int, str]:
    return (movement.day, movement.account, movement.payee, movement.minor, movement.category)
