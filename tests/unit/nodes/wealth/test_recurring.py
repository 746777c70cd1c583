"""Recurring payments: what is a schedule, what only looks like one, and when it comes next."""

from __future__ import annotations

from itertools import islice

import pytest

from lex7.base.civil import Day, add_months, iso, weekday
from lex7.nodes.wealth.cadence import Shift, Step, day_in_month, find_cadence
from lex7.nodes.wealth.ledger import Flow
from lex7.nodes.wealth.recurring import Schedule, find_schedules

from .conftest import Book, day, read_rows, spent


def monthly(first: str, count: int) -> list[Day]:
    return [add_months(day(first), month) for month in range(count)]


def business(days: list[Day]) -> list[Day]:
    return [Day(one + max(0, 7 - weekday(one)) * (weekday(one) >= 5)) for one in days]


def next_days(schedule: Schedule, after: Day, count: int) -> list[str]:
    return [iso(one) for one in islice(schedule.due_days(after, Day(after + 800)), count)]


def test_a_rent_is_found_with_its_next_dates(book: Book) -> None:
    ledger = book(spent(monthly("2026-01-01", 6), [90_000] * 6, "Landlord"))
    (rent,) = find_schedules(ledger)
    assert (rent.flow, rent.category, rent.amount_minor, rent.sd_minor) == (
        Flow.SPEND,
        "home",
        -90_000,
        0,
    )
    assert next_days(rent, ledger.last, 2) == ["2026-07-01", "2026-08-01"]


def test_the_31st_is_clipped_to_shorter_months(book: Book) -> None:
    days = [day(text) for text in ("2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30")]
    (schedule,) = find_schedules(book(spent(days, [1_000] * 4, "Gym")))
    assert next_days(schedule, days[-1], 2) == ["2026-05-31", "2026-06-30"]


def test_weekends_shift_the_way_they_always_did(book: Book) -> None:
    nominal = monthly("2026-01-15", 10)
    ledger = book(spent(business(nominal), [5_000] * 10, "Power"))
    (schedule,) = find_schedules(ledger)
    assert schedule.cadence.shift is Shift.AFTER
    # 15 November 2026 is a Sunday.
    assert next_days(schedule, ledger.last, 2) == ["2026-11-16", "2026-12-15"]


@pytest.mark.parametrize(
    ("gap", "step"),
    [(7, Step.WEEKLY), (14, Step.TWO_WEEKLY), (91, Step.QUARTERLY), (365, Step.YEARLY)],
)
def test_each_band_is_recognised(gap: int, step: Step) -> None:
    found = find_cadence([Day(20_000 + gap * index) for index in range(4)])
    assert found is not None
    assert found[0].step is step


def test_one_lasting_price_step_is_allowed(book: Book) -> None:
    amounts = [1_299] * 5 + [1_499] * 3
    ledger = book(spent(monthly("2026-01-11", 8), amounts, "Films", "subscriptions"))
    (schedule,) = find_schedules(ledger)
    assert (schedule.amount_minor, schedule.sd_minor, schedule.hits) == (-1_499, 0, 8)


def test_a_thirteenth_salary_seen_once_is_expected_again_with_even_odds(book: Book) -> None:
    lines = [
        f"2026-{month:02d}-25 giro {'6000' if month == 6 else '3200'} income Employer"
        for month in range(1, 11)
    ]
    salary, extra = find_schedules(book(read_rows("\n".join(lines))))
    assert salary.amount_minor == 320_000
    assert sum(part for _, part in salary.regular) == 3_200_000
    assert (extra.amount_minor, extra.sd_minor) == (140_000, 140_000)
    assert next_days(extra, day("2026-10-25"), 1) == ["2027-06-25"]


def test_two_raises_in_a_history_do_not_end_a_salary(book: Book) -> None:
    pay = ["3624.59"] * 5 + ["3740.58"] * 12 + ["3860.28"]
    lines = [
        f"{2025 + at // 12}-{at % 12 + 1:02d}-25 giro {amount} income Employer"
        for at, amount in enumerate(pay)
    ]
    lines.append("2025-07-25 giro 3179.49 income Employer")
    salary, extra = find_schedules(book(read_rows("\n".join(lines))))
    assert (salary.amount_minor, salary.sd_minor, salary.is_ended) == (386_028, 0, False)
    assert (extra.amount_minor, extra.hits) == (317_949 // 2, 1)


def test_an_extra_that_did_not_come_again_is_not_expected(book: Book) -> None:
    lines = [
        f"{2025 + at // 12}-{at % 12 + 1:02d}-25 giro {'6000' if at == 2 else '3200'} income Firm"
        for at in range(18)
    ]
    (salary,) = find_schedules(book(read_rows("\n".join(lines))))
    assert salary.hits == 18


def test_a_meter_that_climbs_is_known_to(book: Book) -> None:
    days = monthly("2026-01-31", 8)
    (schedule,) = find_schedules(book(spent(days, range(5_000, 9_000, 500), "Meter", "utilities")))
    assert schedule.amount_minor == -7_750
    assert 900 < schedule.sd_minor < 1_300


def test_three_yearly_policies_are_not_one_quarterly_bill(book: Book) -> None:
    days = [
        day(text) for text in ("2025-03-02", "2025-07-02", "2025-11-02", "2026-03-02", "2026-07-02")
    ]
    amounts = [41_260, 9_635, 26_810, 41_260, 9_635]
    found = find_schedules(book(spent(days, amounts, "Insurer", "insurance")))
    # Two of them came twice; the third has come once and is no schedule yet.
    assert [schedule.amount_minor for schedule in found] == [-9_635, -41_260]
    assert all(schedule.cadence.step is Step.YEARLY for schedule in found)
    assert [next_days(schedule, days[-1], 1) for schedule in found] == [
        ["2027-07-02"],
        ["2027-03-02"],
    ]


def test_two_equal_purchases_a_year_apart_at_a_shop_are_chance(book: Book) -> None:
    days = [Day(day("2025-02-01") + 31 * at + at * at % 9) for at in range(13)]
    amounts = [2_000 + 977 * at % 5_003 for at in range(13)]
    amounts[0] = amounts[12] = 44_400
    assert find_schedules(book(spent(days, amounts, "Store", "home"))) == ()


def test_the_thirteenth_salary_of_two_years_is_expected_again(book: Book) -> None:
    lines = [
        f"{2025 + at // 12}-{at % 12 + 1:02d}-25 giro "
        f"{'6000' if at % 12 == 5 else '3200'} income Employer"
        for at in range(18)
    ]
    found = find_schedules(book(read_rows("\n".join(lines))))
    assert [(one.amount_minor, one.hits) for one in found] == [(320_000, 18), (280_000, 2)]
    assert next_days(found[1], day("2026-06-25"), 1) == ["2027-06-25"]


def test_grocery_runs_are_not_a_schedule(book: Book) -> None:
    days = [Day(day("2026-01-03") + offset) for offset in (0, 5, 13, 20, 29, 33, 41, 49, 55, 60)]
    amounts = [4_310, 6_125, 2_980, 5_525, 8_940, 3_005, 4_470, 6_690, 5_210, 3_940]
    assert find_schedules(book(spent(days, amounts, "Market", "groceries"))) == ()


def test_two_contracts_with_one_payee_are_told_apart(book: Book) -> None:
    first = spent(monthly("2026-01-05", 5), [299] * 5, "Apps", "subscriptions")
    second = spent(monthly("2026-01-19", 5), [1_099] * 5, "Apps", "subscriptions")
    found = find_schedules(book(first + second))
    assert [schedule.amount_minor for schedule in found] == [-299, -1_099]


def test_references_in_the_payee_do_not_hide_a_schedule(book: Book) -> None:
    rows = tuple(
        row
        for index, when in enumerate(monthly("2026-02-03", 4))
        for row in spent([when], [5_900], f"URBAN SPORTS 00{index}71-{index}", "fitness")
    )
    assert len(find_schedules(book(rows))) == 1


def test_a_metered_bill_on_time_is_a_schedule_with_a_spread(book: Book) -> None:
    amounts = [18_200, 16_100, 19_500, 17_000]
    days = [day(text) for text in ("2025-10-16", "2026-01-16", "2026-04-16", "2026-07-16")]
    (schedule,) = find_schedules(book(spent(days, amounts, "District heating", "utilities")))
    assert schedule.amount_minor == -17_700
    # The first three means missed by 2,100, 2,350 and 933 minor units.
    assert schedule.sd_minor == pytest.approx(1_900, abs=60)


def test_an_overdue_schedule_has_ended(book: Book) -> None:
    rows = spent(monthly("2026-01-05", 4), [2_000] * 4, "Old club") + spent(
        [day("2026-06-20")], [100], "Kiosk"
    )
    (schedule,) = find_schedules(book(rows))
    assert schedule.is_ended
    assert next_days(schedule, day("2026-06-20"), 1) == []


def test_one_missed_month_in_six_is_forgiven(book: Book) -> None:
    days = monthly("2026-01-22", 8)
    del days[4]
    (schedule,) = find_schedules(book(spent(days, [1_099] * 7, "Music", "subscriptions")))
    assert schedule.hits == 7


def test_a_nominal_day_beyond_the_month_is_its_last() -> None:
    assert iso(day_in_month(2026 * 12 + 1, 31)) == "2026-02-28"
