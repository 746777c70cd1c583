"""Proposals are read exactly, or refused with one sentence that names what is wrong."""

from __future__ import annotations

from datetime import date

import pytest

from lex7.base.civil import day_from_date
from lex7.base.money import Money
from lex7.correct.proposal import Movable, ProposalError, parse_proposal

TODAY = day_from_date(date(2026, 11, 22))


def test_the_example_of_the_manual_is_read() -> None:
    found = parse_proposal(
        "amount=5000 USD category=home date=2027-03 move=amount,date,levers",
        currency="USD",
        as_of=TODAY,
        categories=("home", "travel"),
    )
    assert found.amount == Money(500_000, "USD")
    assert (found.category, found.day) == ("home", day_from_date(date(2027, 3, 1)))
    assert found.is_whole_month
    assert found.move == (Movable.AMOUNT, Movable.DATE, Movable.LEVERS)


@pytest.mark.parametrize(
    ("text", "minor", "day"),
    [
        ("amount=1,234.50 USD category=home", 123_450, date(2026, 11, 22)),
        ("category=spend.home; amount=1 USD; date=2027-02-28", 100, date(2027, 2, 28)),
        ("amount=1 USD, category=home, date=2026-11", 100, date(2026, 11, 22)),
        ("AMOUNT=0.01 USD category=home date=2026-11-22", 1, date(2026, 11, 22)),
    ],
)
def test_other_spellings_mean_what_they_say(text: str, minor: int, day: date) -> None:
    found = parse_proposal(text, currency="USD", as_of=TODAY)
    assert (found.amount.minor, found.day, found.move) == (minor, day_from_date(day), ())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "proposal.amount"),
        ("amount=5000 USD", "proposal.category"),
        ("amount=5000 category=home", "proposal.amount"),
        ("amount=5000 EUR category=home", "proposal.currency"),
        ("amount=-5 USD category=home", "proposal.amount"),
        ("amount=0 USD category=home", "proposal.amount"),
        ("amount=1.005 USD category=home", "proposal.amount"),
        ("amount=1e400 USD category=home", "proposal.amount"),
        (f"amount={'9' * 99} USD category=home", "proposal.amount"),
        ("amount=NaN USD category=home", "proposal.amount"),
        ("amount=1 USD category=garden", "proposal.category"),
        ("amount=1 USD category=../etc", "proposal.category"),
        ("amount=1 USD category=home date=2026-10", "proposal.past"),
        ("amount=1 USD category=home date=2026-11-21", "proposal.past"),
        ("amount=1 USD category=home date=1601-01-01", "proposal.past"),
        ("amount=1 USD category=home date=9999-12", "proposal.horizon"),
        ("amount=1 USD category=home date=2027-13", "proposal.date"),
        ("amount=1 USD category=home date=2027-02-30", "proposal.date"),
        ("amount=1 USD category=home date=soon", "proposal.date"),
        ("amount=1 USD category=home move=price", "proposal.move"),
        ("amount=1 USD category=home colour=red", "proposal.key"),
        ("amount=1 USD amount=2 USD category=home", "proposal.twice"),
        ("a couch please", "proposal.syntax"),
        ("please amount=1 USD category=home", "proposal.syntax"),
        ("x" * 5_000, "proposal.length"),
        ("\x00\xff", "proposal.syntax"),
    ],
)
def test_a_bad_proposal_is_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(ProposalError) as caught:
        parse_proposal(text, currency="USD", as_of=TODAY, categories=("home", "travel"))
    assert caught.value.code == code
    assert "\n" not in str(caught.value)


def test_a_misspelt_word_is_answered_with_the_nearest_one() -> None:
    with pytest.raises(ProposalError, match="did you mean 'travel'"):
        parse_proposal(
            "amount=1 USD category=travle",
            currency="USD",
            as_of=TODAY,
            categories=("home", "travel"),
        )
