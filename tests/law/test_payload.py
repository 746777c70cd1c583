"""Payloads: what is spelled is read back, and one value has one spelling."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lex7.bark import canon
from lex7.base.civil import Day
from lex7.base.ids import ImportId
from lex7.base.record import Balance, ObservationBlock, Transaction
from lex7.nodes import payload

IMPORT = ImportId("0123456789ab")
numbers = st.integers(-(1 << 62), 1 << 62)
texts = st.text(max_size=20)


@given(
    st.lists(st.tuples(numbers, st.integers(0, 10**12), numbers, st.integers(0, 3)), max_size=50)
)
def test_a_block_of_observations_is_read_back(rows: list[tuple[int, int, int, int]]) -> None:
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4)
    block = ObservationBlock(
        stream="heart.rate",
        day=Day(20_000),
        sources=("a", "b", "c", "d"),
        start_ns=columns[:, 0],
        end_ns=columns[:, 0] + columns[:, 1],
        value=columns[:, 2],
        source=columns[:, 3].astype(np.uint16),
    )
    spelled = payload.encode_observations(IMPORT, block)
    again = payload.decode_observations(spelled)
    assert (again.start_ns == block.start_ns).all()
    assert (again.end_ns == block.end_ns).all()
    assert (again.value == block.value).all()
    assert (again.source == block.source).all()
    assert payload.encode_observations(IMPORT, again) == spelled
    assert payload.address(spelled) == (IMPORT, "heart.rate", 20_000)


@given(st.lists(st.tuples(numbers, texts, texts), min_size=1, max_size=10))
def test_transactions_are_read_back(rows: list[tuple[int, str, str]]) -> None:
    given_items = tuple(
        Transaction("checking", Day(3), amount, "USD", payee, memo) for amount, payee, memo in rows
    )
    spelled = payload.encode_transactions(IMPORT, given_items)
    assert payload.decode_transactions(spelled) == given_items
    assert payload.address(spelled) == (IMPORT, "tx.checking", 3)


@given(numbers)
def test_a_balance_is_read_back(amount: int) -> None:
    balance = Balance("savings", Day(-5), amount, "JPY")
    assert payload.decode_balance(payload.encode_balance(IMPORT, balance)) == balance


def test_another_layout_is_refused() -> None:
    with pytest.raises(payload.PayloadError):
        payload.decode_balance(canon.encode({1: "x"}))
