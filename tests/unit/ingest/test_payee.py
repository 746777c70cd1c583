"""Payees as words."""

from __future__ import annotations

import pytest

from lex7.ingest.payee import fold_text, payee_key, payee_similarity, payee_tokens


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("SQ *BLUE BOTTLE 0412", ("blue", "bottle")),
        ("Blue Bottle #12", ("blue", "bottle")),
        ("AMZN Mktp US*2K3X", ("amzn", "us")),
        ("Bäckerei Weiß & Söhne", ("backerei", "weiss", "sohne")),
        ("12345", ("12345",)),
        ("POS", ("pos",)),
        ("", ()),
    ],
)
def test_tokens_are_what_names_the_payee(text: str, tokens: tuple[str, ...]) -> None:
    assert payee_tokens(text) == tokens


def test_spellings_of_one_payee_share_a_key() -> None:
    assert payee_key("NETFLIX.COM 0412") == payee_key("Netflix")


def test_folding_drops_accents_and_signs() -> None:
    assert fold_text("  L'Été—n°5 ") == "lete n 5"


def test_similarity_is_the_overlap_of_the_shorter() -> None:
    assert payee_similarity("PENDING AMAZON", "Amazon Marketplace") == 1000
    assert payee_similarity("Rewe City", "Rewe Markt") == 500
    assert payee_similarity("Rewe", "Edeka") == 0
    assert payee_similarity("", "Edeka") == 500
    assert payee_similarity("", "") == 1000
