"""The truth agrees with itself: balances, spending, schedules and the future."""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import date, timedelta
from typing import Any

OWN = ("transfer", "card-payment")


def test_balances_change_by_the_transactions_alone(truth: dict[str, Any]) -> None:
    for account, balance in truth["history"]["balance_minor"].items():
        moved = defaultdict(int)
        for item in truth["transactions"]:
            if item["account"] == account:
                moved[item["day"]] += item["amount_minor"]
        days = truth["history"]["day"]
        steps = [after - before for before, after in itertools.pairwise(balance)]
        assert steps == [moved[day] for day in days[1:]]


def test_cash_is_income_less_spending(truth: dict[str, Any]) -> None:
    for part in ("history", "future"):
        table = truth[part]
        total = [sum(values) for values in zip(*table["balance_minor"].values(), strict=True)]
        spent = [sum(values) for values in zip(*table["spend_minor"].values(), strict=True)]
        net = [come - gone for come, gone in zip(table["income_minor"], spent, strict=True)]
        transit = sum(net[1:]) - (total[-1] - total[0])
        # A transfer may leave on one day and arrive on the next; nothing else can differ.
        assert abs(transit) < 60_000


def test_transfers_between_own_accounts_cancel(truth: dict[str, Any]) -> None:
    total = defaultdict(int)
    for item in truth["transactions"]:
        if item["origin"] in OWN:
            total[item["origin"]] += item["amount_minor"]
    assert total["card-payment"] == 0
    assert abs(total["transfer"]) < 60_000


def test_yearly_policies_are_a_year_apart(truth: dict[str, Any]) -> None:
    yearly = [item for item in truth["schedules"] if item["name"].startswith("policy")]
    assert len(yearly) == 3
    for item in yearly:
        days = [date.fromisoformat(day) for day in item["days"]]
        gaps = [after - before for before, after in itertools.pairwise(days)]
        assert all(timedelta(360) < gap < timedelta(370) for gap in gaps)


def test_one_subscription_changes_its_price_once(truth: dict[str, Any]) -> None:
    video = next(item for item in truth["schedules"] if item["name"] == "video")
    assert sorted(set(video["amounts_minor"])) == [-1499, -1299]


def test_the_future_is_a_year_after_the_files(truth: dict[str, Any]) -> None:
    future = truth["future"]["day"]
    assert date.fromisoformat(future[0]) - date.fromisoformat(truth["as_of"]) == timedelta(1)
    assert future[-1] == truth["last_day"]
    assert len(future) == len(truth["future"]["sleep_h"]) == 365


def test_the_history_shows_an_illness_with_a_raised_resting_heart(truth: dict[str, Any]) -> None:
    table = truth["history"]
    ill = [
        true - level
        for true, level, is_ill in zip(
            table["resting_bpm"], table["resting_level_bpm"], table["is_ill"], strict=True
        )
        if is_ill
    ]
    assert len(ill) >= 5
    assert sum(ill) / len(ill) > 2.0
