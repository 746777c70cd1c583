"""The laws of re-import: nothing twice, nothing lost, whatever way a history is cut."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lex7.base.civil import Day
from lex7.base.record import Transaction
from lex7.ingest.match import Outcome, match_transactions, novel_transactions

History = tuple[Transaction, ...]

DAY_COUNT = 30


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A true history of one or two accounts: few amounts and payees, so that equals are common."""
    has_ids = draw(st.booleans())
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, DAY_COUNT - 1),
                st.sampled_from([-350, -350, -1_290, 4_000]),
                st.sampled_from(["Coffee Corner", "Transit", "Acme Payroll", ""]),
                st.sampled_from(["checking-1", "card-2"]),
            ),
            max_size=40,
        )
    )
    rows.sort(key=lambda row: row[0])
    return tuple(
        Transaction(account, Day(20_000 + day), amount, "EUR", payee, "", f"id{n}" * has_ids)
        for n, (day, amount, payee, account) in enumerate(rows)
    )


def cut(history: History, first: int, last: int) -> History:
    return tuple(what for what in history if first <= what.day - 20_000 <= last)


def imported(known: History, new: History) -> History:
    return known + novel_transactions(new, known)[0]


@given(histories())
def test_importing_twice_is_importing_once(history: History) -> None:
    assert imported(imported((), history), history) == history


days = st.integers(0, DAY_COUNT - 1)


@given(histories(), st.lists(st.tuples(days, days), max_size=5))
def test_overlapping_statements_add_up_to_their_union(
    history: History, spans: list[tuple[int, int]]
) -> None:
    known: History = ()
    covered: set[int] = set()
    for first, last in spans:
        known = imported(known, cut(history, first, last))
        covered |= set(range(first, last + 1))
    union = [what for what in history if what.day - 20_000 in covered]
    assert Counter(known) == Counter(union)


@given(st.integers(1, 12), st.integers(1, 12))
def test_equal_purchases_stay_as_many_as_the_fullest_file_has(first: int, second: int) -> None:
    coffee = Transaction("card-2", Day(20_000), -350, "EUR", "Coffee Corner")
    assert len(imported((coffee,) * first, (coffee,) * second)) == max(first, second)


@given(histories().flatmap(lambda h: st.tuples(st.just(h), st.permutations(h))), days, days)
def test_the_order_of_either_list_decides_nothing(
    both: tuple[History, list[Transaction]], one: int, other: int
) -> None:
    history, shuffled = both
    known = cut(history, one, one + 9)
    new = tuple(replace(what, external_id="") for what in cut(history, other, other + 9))
    turned = tuple(replace(w, external_id="") for w in cut(tuple(shuffled), other, other + 9))
    known_turned = cut(tuple(shuffled), one, one + 9)

    def summary(answer: tuple[History, object]) -> tuple[Counter[Transaction], object]:
        return Counter(answer[0]), answer[1]

    assert summary(novel_transactions(new, known)) == summary(
        novel_transactions(turned, known_turned)
    )


@given(histories(), st.integers(0, 2), st.data())
def test_a_pending_payment_that_was_booked_is_not_doubled(
    history: History, days_later: int, data: st.DataObject
) -> None:
    # every other amount differs from the pending one, so the pair is the only candidate
    pending = Transaction("card-2", Day(20_010), -7_777, "EUR", "PENDING Bookshop", "", "p-1")
    booked = replace(
        pending,
        day=Day(pending.day + days_later),
        payee="BOOKSHOP BERLIN",
        external_id="b-9",
    )
    edge = Transaction("card-2", Day(20_000 - 1), -1, "EUR", "Edge", "", "e-0")
    end = Transaction("card-2", Day(20_000 + DAY_COUNT), -1, "EUR", "Edge", "", "e-1")
    first = data.draw(st.permutations((edge, *history, pending)))
    second = (edge, *history, booked, end)
    matches, _ = match_transactions(second, tuple(first))
    outcomes = {one.transaction.external_id: one.outcome for one in matches}
    assert outcomes["b-9"] is Outcome.SAME
