"""Which rule says what a transaction was for."""

from __future__ import annotations

import fnmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lex7.base.civil import Day
from lex7.base.record import Transaction
from lex7.nodes.wealth.category import (
    CategoryRule,
    CategoryRuleError,
    Flow,
    Looks,
    categorise,
    check_rule,
    has_glob,
    suggest_rule,
)
from lex7.nodes.wealth.starter import STARTER_RULES


def paid(payee: str, amount_minor: int = -1000, memo: str = "", kind: str = "") -> Transaction:
    return Transaction("checking-1", Day(20_000), amount_minor, "EUR", payee, memo, "", kind)


@pytest.mark.parametrize(
    ("payee", "amount_minor", "category"),
    [
        ("REWE SAGT DANKE 48711", -2350, "groceries"),
        ("WHOLEFDS WHOLE FOODS 10234", -5120, "groceries"),
        ("SQ *BLUE BOTTLE COFFEE", -650, "restaurants"),
        ("Café Krönung", -900, "restaurants"),
        ("UBER EATS 8005928996", -2500, "restaurants"),
        ("UBER TRIP HELP.UBER.COM", -1500, "transport"),
        ("ACME CORP PAYROLL", 310_000, "salary"),
        ("Hausverwaltung Müller Miete März", -120_000, "rent"),
        ("Quantum Widget Emporium", -100, "other"),
    ],
)
def test_starter_rules_know_common_payees(payee: str, amount_minor: int, category: str) -> None:
    assert categorise(paid(payee, amount_minor), STARTER_RULES)[0] == category


def test_every_starter_rule_can_mean_something_and_has_its_own_id() -> None:
    assert len({check_rule(rule).id for rule in STARTER_RULES}) == len(STARTER_RULES)


def test_the_first_rule_that_fits_decides() -> None:
    own = CategoryRule("own-1", "gifts", Looks.TEXT, ("whole foods",))
    assert categorise(paid("Whole Foods"), (own, *STARTER_RULES)) == ("gifts", "own-1")


def test_a_merchant_code_in_the_memo_decides_before_words() -> None:
    found = categorise(paid("AMAZON FRESH", memo="MCC 5411"), STARTER_RULES)
    assert found == ("groceries", "starter-groceries-mcc")


def test_words_match_whole_words_only() -> None:
    rule = CategoryRule("own-1", "x", Looks.WORDS, ("rent",))
    assert categorise(paid("Current affairs"), (rule,))[1] == "none"


def test_flow_and_account_narrow_a_rule() -> None:
    rule = CategoryRule("own-1", "x", Looks.TEXT, ("shop",), Flow.IN, "savings-2")
    assert categorise(paid("shop", 100), (rule,))[1] == "none"
    assert categorise(paid("shop", -100), (rule,))[1] == "none"


def test_a_kind_rule_reads_the_bank_code() -> None:
    assert categorise(paid("", 12, kind="int"), STARTER_RULES)[0] == "interest"


@given(
    st.text("ab*?", max_size=8),
    st.text("ab", max_size=12),
)
def test_globs_agree_with_fnmatch(pattern: str, text: str) -> None:
    assert has_glob(pattern, text) == fnmatch.fnmatchcase(text, pattern)


def test_a_hostile_glob_ends_soon() -> None:
    assert not has_glob("*a" * 100 + "b", "a" * 400)


@pytest.mark.parametrize(
    "rule",
    [
        CategoryRule("r", "Bad Name", Looks.TEXT, ("x",)),
        CategoryRule("r", "ok", Looks.TEXT, ()),
        CategoryRule("r", "ok", Looks.WORDS, ("***",)),
        CategoryRule("r", "ok", Looks.MCC, ("54x1",)),
        CategoryRule("", "ok", Looks.TEXT, ("x",)),
        CategoryRule("r", "ok", Looks.TEXT, (" ",)),
    ],
)
def test_a_rule_that_cannot_mean_anything_is_refused(rule: CategoryRule) -> None:
    with pytest.raises(CategoryRuleError):
        check_rule(rule)


def test_the_suggested_rule_fits_the_transaction_it_came_from() -> None:
    transaction = paid("SQ *BLUE BOTTLE COFFEE 0412")
    rule = suggest_rule(transaction, "treats", number=3)
    assert categorise(transaction, (rule,)) == ("treats", "own-3")
