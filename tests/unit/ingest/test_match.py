"""Single cases of matching a file against what is on record."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lex7.base.civil import Day
from lex7.base.record import Balance, Transaction
from lex7.ingest.match import (
    Outcome,
    Thresholds,
    match_transactions,
    novel_balances,
    score_pair,
)


def coffee(day: int, external_id: str = "", payee: str = "Coffee Corner") -> Transaction:
    return Transaction("card-2", Day(day), -350, "EUR", payee, "", external_id)


def outcome(new: tuple[Transaction, ...], known: tuple[Transaction, ...]) -> list[Outcome]:
    return [one.outcome for one in match_transactions(new, known)[0]]


def test_the_next_days_coffee_after_the_last_statement_is_new_and_said() -> None:
    matches, findings = match_transactions((coffee(11), coffee(20)), (coffee(10),))
    assert [one.outcome for one in matches] == [Outcome.UNSURE, Outcome.NEW]
    assert [finding.code for finding in findings] == ["match.unsure"]


def test_an_id_that_banks_give_to_everything_is_not_trusted() -> None:
    known = (coffee(10, "0"), coffee(12, "0"))
    new = (coffee(13, "0"), coffee(16, "0"))
    assert outcome(new, known) != [Outcome.SAME, Outcome.SAME]


def test_an_equal_id_outweighs_another_payee() -> None:
    new = (coffee(12, "a", "BOOKED CC 0412"), coffee(30, "b"))
    assert outcome(new, (coffee(10, "a"),))[0] is Outcome.SAME


def test_new_ids_for_an_old_download_add_nothing() -> None:
    known = tuple(coffee(day, f"first-{day}") for day in range(10, 15))
    new = tuple(coffee(day, f"second-{day}") for day in range(10, 15))
    assert outcome(new, known) == [Outcome.SAME] * 5


def test_another_payee_on_the_same_day_is_another_purchase() -> None:
    new = (coffee(9), coffee(10, payee="Bakery"), coffee(11))
    assert outcome(new, (coffee(10, payee="Kiosk"),))[1] is Outcome.NEW


def test_other_accounts_currencies_and_amounts_are_never_the_same() -> None:
    known = (
        replace(coffee(10), account="card-3"),
        replace(coffee(10), currency="USD"),
        replace(coffee(10), amount_minor=-351),
    )
    assert outcome((coffee(10),), known) == [Outcome.NEW]


def test_a_corrected_amount_under_one_id_is_said() -> None:
    _, findings = match_transactions(
        (replace(coffee(10, "a"), amount_minor=-400),), (coffee(10, "a"),)
    )
    assert [finding.code for finding in findings] == ["match.id_changed"]


def test_thresholds_decide() -> None:
    known = (coffee(10, "a"),)
    new = (coffee(8, "x"), coffee(11, "b"), coffee(14, "y"))
    matches, _ = match_transactions(new, known, Thresholds(same=200, unsure=190, window_days=1))
    assert all(one.outcome is Outcome.NEW for one in matches)


@pytest.mark.parametrize(
    ("day", "external_id", "is_missing", "score"),
    [
        (10, "a", False, 30 + 30 + 60),
        (10, "b", False, 30 + 30 - 10),
        (11, "", True, 30 + 20 + 20),
        (14, "b", True, 30 + 5 - 10 + 20),
    ],
)
def test_the_score_is_the_documented_sum(
    day: int, external_id: str, is_missing: bool, score: int
) -> None:
    found = score_pair(
        coffee(day, external_id), coffee(10, "a"), is_missing=is_missing, is_trusted=True
    )
    assert found == score


def test_balances_are_kept_once() -> None:
    one, two = Balance("a", Day(1), 100, "EUR"), Balance("a", Day(2), 100, "EUR")
    assert novel_balances((one, two, two), (one,)) == (two,)


def test_thousands_of_equal_amounts_end_soon() -> None:
    known = tuple(coffee(10, f"k{n}", f"A{n}") for n in range(3_000))
    new = tuple(coffee(10, f"n{n}", f"B{n}") for n in range(3_000))
    assert len(match_transactions(new, known)[0]) == 3_000
