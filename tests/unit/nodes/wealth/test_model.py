"""The model: fitted levels, its payload, and the traps of short histories."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lex7.bark import canon
from lex7.base.civil import Day
from lex7.base.errors import BarkError
from lex7.nodes.wealth import core_native
from lex7.nodes.wealth.belief import belief_bytes, believe
from lex7.nodes.wealth.everyday import split, usual_large
from lex7.nodes.wealth.model import (
    FlowModel,
    TooLittleHistoryError,
    WealthModel,
    fit,
    from_payload,
    to_payload,
    weeks,
)
from lex7.nodes.wealth.recurring import find_schedules

from .conftest import Book, day, read_rows, spent

START = day("2025-01-06")


def shopping(days: int, seed: int, mean: float = 3_000) -> tuple:
    draws = np.random.default_rng(seed)
    amounts = draws.gamma(2.0, mean / 2.0, days).astype(int) + 1
    payees = [f"Shop {chr(97 + int(pick))}" for pick in draws.integers(0, 20, days)]
    return tuple(
        row
        for at in range(days)
        for row in spent([Day(START + at)], [int(amounts[at])], payees[at], "food")
    )


def test_a_payload_reads_back_what_was_written(book: Book) -> None:
    model = fit(book(shopping(200, 1)), Day(START + 200))
    assert from_payload(to_payload(model)) == model


@given(
    st.dictionaries(
        st.text(max_size=5),
        st.tuples(st.integers(0, 10**9), st.integers(0, 10**6), st.integers(-(10**9), 10**9)),
    )
)
def test_any_model_survives_its_payload(flows: dict[str, tuple[int, int, int]]) -> None:
    made = {name: FlowModel(a, b, (c,) * 7) for name, (a, b, c) in flows.items()}
    model = WealthModel("EUR", Day(20_000), 60, 500, made)
    assert from_payload(to_payload(model)) == model


@pytest.mark.parametrize(
    "body",
    [
        {1: "EUR"},
        {1: 5, 2: 1, 3: 60, 4: 5, 5: []},
        {1: "EUR", 2: 1, 3: 61, 4: 5, 5: []},
        {1: "EUR", 2: 1, 3: 60, 4: 5, 5: [["a", 1, 2, [1, 2]]]},
        {1: "EUR", 2: 1, 3: 60, 4: 5, 5: [["a", -1, 2, [0] * 7]]},
    ],
)
def test_another_layout_is_refused(body: dict[int, object]) -> None:
    with pytest.raises(BarkError):
        from_payload(canon.encode(body))


def test_fewer_than_eight_weeks_are_refused_with_the_numbers(book: Book) -> None:
    with pytest.raises(TooLittleHistoryError) as caught:
        fit(book(shopping(40, 1)), Day(START + 40))
    assert (caught.value.have, caught.value.need) == (40, 56)


def test_the_level_is_known_as_well_as_a_mean_is(book: Book) -> None:
    ledger = book(shopping(364, 3))
    level = believe(fit(ledger, ledger.last), ledger).levels["spend.food"]
    truth = 3_000.0
    sd = np.sqrt(level.cov[0] + 2 * level.cov[1] + level.cov[2])
    assert abs(level.mean[0] + level.mean[1] - truth) < 3 * sd
    # Independent days of sd 2,121: the mean of a year has sd 111; a wandering level knows less.
    assert 100 < np.sqrt(level.cov[0]) < 400
    assert np.sqrt(level.noise) == pytest.approx(3_000 / np.sqrt(2), rel=0.15)


def test_a_filter_agrees_with_the_dense_normal_equations() -> None:
    draws = np.random.default_rng(4)
    y, phi, ratio = draws.normal(5, 2, 40), 0.8, 0.6
    k = np.arange(40)
    cov = np.eye(40) + ratio * phi ** np.abs(k[:, None] - k)
    precision = np.linalg.inv(cov)
    one = np.ones(40)
    mm = 1.0 / (one @ precision @ one)
    m = mm * (one @ precision @ y)
    along = ratio * phi ** (39 - k)
    l_mean = along @ precision @ (y - m)
    ll = ratio - along @ precision @ along + (along @ precision @ one) ** 2 * mm
    belief = core_native.filter_level(y, phi, ratio)
    np.testing.assert_allclose(belief.mean, [m, l_mean], rtol=1e-10)
    np.testing.assert_allclose(belief.cov, [mm, -(along @ precision @ one) * mm, ll], rtol=1e-10)
    assert belief.squares == pytest.approx((y - m) @ precision @ (y - m), rel=1e-10)


def test_weeks_count_back_from_the_last_day() -> None:
    assert weeks(np.arange(16)).tolist() == [5.0, 12.0]


def test_weekday_offsets_follow_the_calendar(book: Book) -> None:
    rows = tuple(
        row
        for at in range(364)
        for row in spent(
            [Day(START + at)],
            [(9_000 if at % 7 == 5 else 1_000) + at * 1_171 % 4_000],
            f"Shop {at % 13}",
            "food",
        )
    )
    ledger = book(rows)
    offsets = fit(ledger, ledger.last).flows["spend.food"].weekdays
    # The first day is a Monday, so Saturday is index 5.
    assert max(range(7), key=lambda at: offsets[at]) == 5
    assert abs(sum(offsets)) <= 7


def test_large_payments_are_not_everyday_flow_and_refunds_take_them_back(book: Book) -> None:
    lines = "\n".join(
        [
            "2025-06-01 card -2000 spend:home Kitchen house",
            "2025-07-01 card -1800 spend:home Sofa house",
            "2025-07-20 card 1800 refund:home Sofa house",
        ]
    )
    ledger = book(shopping(300, 5) + read_rows(lines))
    schedules = find_schedules(ledger)
    everyday = split(ledger, schedules, usual_large(ledger, schedules))
    assert [payment.minor for payment in everyday.large] == [200_000]
    assert not everyday.flows["spend.home"].any()


def test_beliefs_are_the_same_bytes_every_time(book: Book) -> None:
    ledger = book(shopping(120, 6))
    model = fit(ledger, ledger.last)
    assert belief_bytes(model, ledger) == belief_bytes(from_payload(to_payload(model)), ledger)


def test_a_category_that_the_model_has_not_seen_has_a_level_and_no_noise(book: Book) -> None:
    model = fit(book(shopping(120, 7)), Day(START + 120))
    later = book(shopping(120, 7) + spent([Day(START + 90)], [500], "Vet", "pets"))
    level = believe(model, later).levels["spend.pets"]
    assert level.mean[0] > 0
    assert level.noise == 0
