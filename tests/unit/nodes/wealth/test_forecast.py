"""The forecast: laws between quantities, agreement with scenarios, moves, and known traps."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lex7.base.civil import Day, add_months, month_of, month_start
from lex7.base.ids import QuantityName
from lex7.base.record import Balance
from lex7.directive.quantity import Aggregate, Atom, Linear, Move, Per, Window
from lex7.nodes.wealth.category import Role
from lex7.nodes.wealth.forecast import HorizonError, WealthForecast, window_ends
from lex7.nodes.wealth.ledger import Ledger
from lex7.nodes.wealth.model import fit
from lex7.nodes.wealth.rows import UnansweredError

from .conftest import CURRENCY, Book, day, spent
from .test_model import START, shopping

LAST = Day(START + 400)
NEXT = Day(LAST + 1)


def value(name: str) -> Atom:
    return Atom(QuantityName(name), Aggregate.VALUE, None)


def over(name: str, aggregate: Aggregate, days: int) -> Atom:
    return Atom(QuantityName(name), aggregate, Window(days))


def linear(*terms: tuple[object, Atom], constant: int = 0) -> Linear:
    return Linear(tuple((Fraction(weight), atom) for weight, atom in terms), Fraction(constant))


def household(book: Book) -> Ledger:
    first = month_start(month_of(START))
    months = [add_months(first, count) for count in range(1, 14)]
    pay = [Day(one + 14) for one in months]
    rows = (
        *shopping(401, 11),
        *spent(months, [90_000] * 13, "Landlord", "rent"),
        *spent(pay, [-250_000] * 13, "Employer"),
        *spent([Day(START + 200)], [180_000], "Garage", "car"),
    )
    rows = tuple(
        replace(row, role=Role.INCOME) if row.transaction.amount_minor > 0 else row for row in rows
    )
    return book(rows, [Balance("giro", LAST, 2_000_000, CURRENCY)], "2026-02-10")


@pytest.fixture(scope="module")
def forecast(book: Book) -> WealthForecast:
    ledger = household(book)
    assert ledger.last == LAST
    return WealthForecast(fit(ledger, LAST), ledger, LAST)


def grid(*after: int) -> np.ndarray:
    return np.array([LAST + one for one in after], dtype=np.int64)


RUNWAY = linear((1, value("cash")), (-6, value("burn")))


def test_the_past_is_exact(forecast: WealthForecast) -> None:
    now = forecast.moments(linear((1, value("cash"))), grid(-30, 0), ())
    assert now.mean[1] == 20_000.0
    assert not now.cov.any()


def test_cash_tomorrow_is_cash_today_plus_income_minus_spending(forecast: WealthForecast) -> None:
    days = grid(0, 1, 15, 100)
    law = linear(
        (1, over("cash", Aggregate.MEAN, 1)),
        (-1, value("income")),
        (1, value("spend")),
    )
    before = forecast.moments(linear((1, value("cash"))), days - 1, ())
    after = forecast.moments(law, days, ())
    np.testing.assert_allclose(after.mean, before.mean, atol=1e-6)
    np.testing.assert_allclose(after.cov, before.cov, atol=1e-3)


def test_the_current_month_counts_what_was_spent_already(forecast: WealthForecast) -> None:
    row = linear((1, over("spend.food", Aggregate.SUM, 0)))
    start = month_start(month_of(LAST))
    spent_already = forecast.moments(
        linear((1, over("spend.food", Aggregate.SUM, LAST - start + 1))), grid(0), ()
    )
    ahead = forecast.moments(
        linear((1, over("spend.food", Aggregate.SUM, 28 - (LAST - start + 1)))),
        np.array([start + 27]),
        (),
    )
    month = forecast.moments(row, grid(0), ())
    assert spent_already.cov[0, 0] == 0.0
    assert month.mean[0] == pytest.approx(spent_already.mean[0] + ahead.mean[0])
    assert month.cov[0, 0] == pytest.approx(ahead.cov[0, 0])


def test_means_of_cash_are_means_of_its_days(forecast: WealthForecast) -> None:
    days = np.arange(LAST - 3, LAST + 41)
    daily = forecast.moments(linear((1, value("cash"))), days, ())
    mean = forecast.moments(linear((1, over("cash", Aggregate.MEAN, 7))), days[10:], ())
    weights = np.array(
        [[1 / 7 if 0 <= row + 10 - at < 7 else 0 for at in range(44)] for row in range(34)]
    )
    np.testing.assert_allclose(mean.mean, weights @ daily.mean, rtol=1e-10)
    np.testing.assert_allclose(mean.cov, weights @ daily.cov @ weights.T, rtol=1e-8, atol=1e-6)


def test_gaussian_rows_and_scenarios_have_the_same_moments(forecast: WealthForecast) -> None:
    days = grid(0, 40, 200, 360)
    rows = forecast.moments(RUNWAY, days, ())
    drawn = forecast.scenarios(RUNWAY, days, ())
    assert drawn is not None
    error = np.sqrt(np.diag(rows.cov) / drawn.paths.shape[0])
    assert (
        np.abs(drawn.paths.mean(axis=0) - rows.mean) < 5 * error + 0.01 * np.abs(rows.mean)
    ).all()
    np.testing.assert_allclose(np.cov(drawn.paths.T), rows.cov, rtol=0.12)


def test_scenarios_are_for_runway_alone(forecast: WealthForecast) -> None:
    assert forecast.scenarios(linear((1, value("cash"))), grid(1), ()) is None


def test_a_purchase_lowers_cash_from_its_day_on(forecast: WealthForecast) -> None:
    buy = Move(QuantityName("spend.home"), Per.ONCE, Day(LAST + 10), Day(LAST + 10))
    days = grid(9, 10, 200)
    cash = forecast.moments(linear((1, value("cash"))), days, (buy,))
    assert cash.gradient[:, 0].tolist() == [0, -1, -1]
    assert forecast.moments(RUNWAY, days, (buy,)).gradient[:, 0].tolist() == [0, -1, -1]
    assert forecast.moments(linear((1, value("spend"))), days, (buy,)).gradient[:, 0].tolist() == [
        0,
        1,
        0,
    ]
    assert not forecast.moments(linear((1, value("spend.food"))), days, (buy,)).gradient.any()


def test_a_monthly_lever_is_one_unit_in_each_whole_month(forecast: WealthForecast) -> None:
    first = add_months(month_start(month_of(LAST)), 1)
    less = Move(QuantityName("spend.food"), Per.MONTH, first, Day(first + 364))
    days = np.array([add_months(first, count) - 1 for count in range(1, 7)])
    food = forecast.moments(linear((1, over("spend.food", Aggregate.SUM, 0))), days, (less,))
    np.testing.assert_allclose(food.gradient[:, 0], 1.0)
    cash = forecast.moments(linear((1, value("cash"))), days, (less,))
    np.testing.assert_allclose(cash.gradient[:, 0], -np.arange(1.0, 7.0))
    runway = forecast.moments(RUNWAY, days, (less,))
    np.testing.assert_allclose(runway.gradient[:, 0], -np.arange(1.0, 7.0) - 6)
    drawn = forecast.scenarios(RUNWAY, days, (less,))
    assert drawn is not None
    np.testing.assert_allclose(drawn.gradient[0], runway.gradient)


def test_more_income_raises_cash_and_not_what_is_spent_without_it(forecast: WealthForecast) -> None:
    more = Move(QuantityName("income"), Per.DAY, NEXT, Day(LAST + 10))
    days = grid(5, 20)
    assert forecast.moments(RUNWAY, days, (more,)).gradient[:, 0].tolist() == [5, 10]
    assert not forecast.moments(linear((1, value("burn"))), days, (more,)).gradient.any()


def test_runway_is_cash_over_burn_and_its_paths_agree(forecast: WealthForecast) -> None:
    runway = forecast.moments(linear((1, value("runway"))), grid(0), ())
    burn = forecast.moments(linear((1, value("burn"))), grid(0), ())
    assert runway.mean[0] == pytest.approx(20_000 / burn.mean[0])
    paths = forecast.runway_paths(LAST, 24)
    assert np.median(paths) == pytest.approx(runway.mean[0], rel=0.06)


def test_one_tuition_bill_does_not_become_a_trend(book: Book) -> None:
    # Six months of about 900 a month and one bill of 20,000: a line through the cumulated spending
    # promised more than 50,000 a month (actual budget, issue 6134).
    rows = shopping(182, 8) + spent([Day(START + 175)], [2_000_000], "University", "education")
    ledger = book(rows, [Balance("giro", Day(START + 181), 5_000_000, CURRENCY)])
    answer = WealthForecast(fit(ledger, ledger.last), ledger, ledger.last)
    ahead = np.array([ledger.last + 30, ledger.last + 365])
    month = answer.moments(linear((1, over("spend", Aggregate.SUM, 30))), ahead, ())
    assert (month.mean < 3_000).all()
    assert (month.mean > 800).all()


def test_days_after_the_last_booking_are_forecast(book: Book) -> None:
    ledger = book(shopping(200, 9), [Balance("giro", Day(START + 199), 900_000, CURRENCY)])
    answer = WealthForecast(fit(ledger, ledger.last), ledger, Day(ledger.last + 10))
    now = answer.moments(linear((1, value("cash"))), np.array([ledger.last + 10]), ())
    assert now.cov[0, 0] > 0
    assert now.mean[0] < 9_000


def test_windows_before_the_first_day_are_left_out_of_sums_and_cut_in_means(
    forecast: WealthForecast,
) -> None:
    days = np.array([START, START + 3, START + 9])
    total = forecast.moments(linear((1, over("spend.food", Aggregate.SUM, 7))), days, ())
    mean = forecast.moments(linear((1, over("spend.food", Aggregate.MEAN, 7))), days, ())
    assert total.days.tolist() == [START + 9]
    assert mean.days.tolist() == days.tolist()


def test_a_baseline_is_frozen_at_the_last_day(forecast: WealthForecast) -> None:
    row = linear((1, over("spend.food", Aggregate.BASELINE, 60)))
    later = forecast.moments(row, grid(0, 50, 300), ())
    assert len(set(later.mean.tolist())) == 1
    assert not later.cov.any()


def test_quantities_name_units_and_days(forecast: WealthForecast) -> None:
    known = forecast.quantities()
    assert known[QuantityName("runway")].unit == "mo"
    assert known[QuantityName("spend.food")].per_month
    assert not known[QuantityName("cash.giro")].per_month
    assert known[QuantityName("cash")].last_day == LAST


def test_an_account_is_forecast_on_its_own(forecast: WealthForecast) -> None:
    one = forecast.moments(linear((1, value("cash.giro"))), grid(0, 90), ())
    every = forecast.moments(linear((1, value("cash"))), grid(0, 90), ())
    np.testing.assert_allclose(one.mean, every.mean, rtol=0.02)


@pytest.mark.parametrize("name", ["spend.boats", "cash.mars", "sleep"])
def test_unknown_quantities_are_refused_by_name(forecast: WealthForecast, name: str) -> None:
    with pytest.raises(UnansweredError, match=name):
        forecast.moments(linear((1, value(name))), grid(1), ())


def test_moves_of_what_nobody_moves_are_refused(forecast: WealthForecast) -> None:
    with pytest.raises(UnansweredError):
        forecast.moments(RUNWAY, grid(1), (Move(QuantityName("cash"), Per.ONCE, NEXT, NEXT),))


def test_far_days_are_refused(forecast: WealthForecast) -> None:
    with pytest.raises(HorizonError):
        forecast.moments(linear((1, value("cash"))), grid(5_000), ())


def test_windows_of_months_end_on_calendar_days() -> None:
    starts = np.array([day("2026-01-31"), day("2026-03-01")])
    ends = window_ends(starts, Fraction(13, 2))
    assert ends.tolist() == [day("2026-07-31") + 15, day("2026-09-01") + 15]
