"""Spending, income, transfers, card payments and refunds told apart."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lex7.base.civil import Day
from lex7.base.record import Transaction
from lex7.nodes.wealth.category import CategoryRule, Looks, Role
from lex7.nodes.wealth.classify import classify
from lex7.nodes.wealth.starter import STARTER_RULES

CHECKING, SAVINGS, CARD = "checking-6789", "savings-1111", "card-4242"


def book(account: str, day: int, amount_minor: int, payee: str, kind: str = "") -> Transaction:
    return Transaction(account, Day(20_000 + day), amount_minor, "USD", payee, "", "", kind)


def roles(*transactions: Transaction) -> list[Role]:
    return [answer.role for answer in classify(transactions, STARTER_RULES)]


def test_a_transfer_between_own_accounts_is_neither_spending_nor_income() -> None:
    out = book(CHECKING, 0, -50_000, "Online Transfer to SAV 1111")
    into = book(SAVINGS, 1, 50_000, "Online Transfer from CHK 6789")
    answer = classify((out, into), STARTER_RULES)
    assert [one.role for one in answer] == [Role.TRANSFER, Role.TRANSFER]
    assert [one.partner for one in answer] == [1, 0]


def test_unmarked_halves_pair_when_they_are_near() -> None:
    out = book(CHECKING, 0, -50_000, "Erika Mustermann")
    into = book(SAVINGS, 2, 50_000, "Erika Mustermann")
    assert roles(out, into) == [Role.TRANSFER, Role.TRANSFER]


def test_groceries_and_salary_of_one_amount_are_no_transfer() -> None:
    out = book(CHECKING, 0, -50_000, "REWE")
    into = book(SAVINGS, 0, 50_000, "ACME PAYROLL")
    assert roles(out, into) == [Role.SPEND, Role.INCOME]


def test_six_days_apart_is_no_transfer() -> None:
    out = book(CHECKING, 0, -50_000, "Erika")
    into = book(SAVINGS, 6, 50_000, "Erika")
    assert roles(out, into) == [Role.SPEND, Role.INCOME]


def test_a_card_payment_is_found_on_both_accounts() -> None:
    out = book(CHECKING, 3, -123_456, "CHASE CREDIT CRD AUTOPAY")
    into = book(CARD, 4, 123_456, "Payment Thank You-Mobile")
    assert roles(out, into) == [Role.CARD_PAYMENT, Role.CARD_PAYMENT]


def test_a_card_payment_without_its_other_half_is_found_by_words() -> None:
    purchase = book(CARD, 0, -999, "REWE")
    payment = book(CHECKING, 9, -123_456, "CREDIT CARD PAYMENT")
    assert roles(purchase, payment) == [Role.SPEND, Role.CARD_PAYMENT]


def test_a_payment_to_a_card_never_imported_is_spending() -> None:
    answer = classify((book(CHECKING, 9, -123_456, "CREDIT CARD PAYMENT"),), STARTER_RULES)
    assert (answer[0].role, answer[0].category) == (Role.SPEND, "card")


def test_a_single_transfer_is_found_by_words() -> None:
    assert roles(book(CHECKING, 0, -50_000, "Transfer to savings")) == [Role.TRANSFER]


def test_two_transfers_of_one_amount_pair_with_the_nearest() -> None:
    transactions = (
        book(CHECKING, 0, -100, "Transfer"),
        book(CHECKING, 4, -100, "Transfer"),
        book(SAVINGS, 1, 100, "Transfer"),
        book(SAVINGS, 5, 100, "Transfer"),
    )
    assert [one.partner for one in classify(transactions, STARTER_RULES)] == [2, 3, 0, 1]


def test_as_many_transfers_as_possible_are_paired() -> None:
    # nearest first would pair days 4 and 5 and leave day 0 without a partner
    transactions = (
        book(CHECKING, 4, -100, "Transfer"),
        book(CHECKING, 8, -100, "Transfer"),
        book(SAVINGS, 5, 100, "Transfer"),
        book(SAVINGS, 0, 100, "Transfer"),
    )
    assert [one.partner for one in classify(transactions, STARTER_RULES)] == [3, 2, 1, 0]


def test_money_back_from_a_shop_is_a_refund_of_its_category() -> None:
    bought = book(CHECKING, 0, -8_999, "ZALANDO SE")
    back = book(CHECKING, 12, 8_999, "ZALANDO SE")
    answer = classify((bought, back), STARTER_RULES)
    assert (answer[1].role, answer[1].category) == (Role.REFUND, "clothing")


def test_more_than_was_paid_is_no_refund() -> None:
    bought = book(CHECKING, 0, -100, "Acme")
    more = book(CHECKING, 12, 8_999, "Acme")
    assert roles(bought, more) == [Role.SPEND, Role.INCOME]


def test_money_onto_a_card_that_is_no_payment_is_a_refund() -> None:
    assert roles(book(CARD, 1, 2_000, "UNIQLO")) == [Role.REFUND]


def test_buying_shares_is_no_spending() -> None:
    assert roles(book("investment-1", 0, -9_999, "YOU BOUGHT", "buystock")) == [Role.TRANSFER]


def test_the_owners_rule_outweighs_words() -> None:
    own = CategoryRule("own-1", "rent", Looks.TEXT, ("transfer to savings",))
    answer = classify((book(CHECKING, 0, -100, "Transfer to savings"),), (own, *STARTER_RULES))
    assert (answer[0].role, answer[0].category) == (Role.SPEND, "rent")


def test_the_owners_rule_can_name_a_transfer() -> None:
    own = CategoryRule("own-1", "transfer", Looks.TEXT, ("grandma",))
    answer = classify((book(CHECKING, 0, -100, "Grandma"),), (own,))
    assert (answer[0].role, answer[0].rule) == (Role.TRANSFER, "own-1")


moves = st.lists(
    st.builds(
        book,
        st.sampled_from([CHECKING, SAVINGS, CARD]),
        st.integers(0, 12),
        st.sampled_from([-200, -100, 100, 200]),
        st.sampled_from(["Transfer", "Erika", "REWE", "Payment", ""]),
    ),
    max_size=14,
)


def summary(transactions: list[Transaction]) -> list[str]:
    answer = classify(tuple(transactions), STARTER_RULES)
    return sorted(f"{one.transaction} {one.role} {one.category}" for one in answer)


@given(moves.flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_transactions_decides_nothing(
    both: tuple[list[Transaction], list[Transaction]],
) -> None:
    assert summary(both[0]) == summary(both[1])


@given(moves)
def test_pairs_are_mutual_opposite_and_near(given_moves: list[Transaction]) -> None:
    answer = classify(tuple(given_moves), STARTER_RULES)
    for index, one in enumerate(answer):
        if one.partner is not None:
            other = answer[one.partner]
            assert other.partner == index
            assert other.transaction.amount_minor == -one.transaction.amount_minor
            assert other.transaction.account != one.transaction.account
            assert abs(other.transaction.day - one.transaction.day) <= 5
