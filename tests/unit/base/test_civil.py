"""Civil time against the standard library and known clock changes."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lex7.base import civil


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_day_and_date_are_inverse(value: date) -> None:
    assert civil.date_of(civil.day_from_date(value)) == value


def test_a_night_across_the_autumn_change_is_nine_hours() -> None:
    berlin = civil.zone("Europe/Berlin")
    day = civil.day_from_date(date(2026, 10, 25))
    assert (
        civil.start_ns(civil.Day(day + 1), berlin) - civil.start_ns(day, berlin)
        == 25 * 3600 * 10**9
    )


def test_adding_a_month_to_the_31st_gives_the_last_day() -> None:
    assert civil.add_months(civil.day_from_date(date(2026, 1, 31)), 1) == civil.day_from_date(
        date(2026, 2, 28)
    )


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(civil.UnknownZoneError):
        civil.zone("../../etc/passwd")


@given(st.integers(-(10**18), 4 * 10**18))
def test_an_instant_lies_within_its_day(time_ns: int) -> None:
    new_york = civil.zone("America/New_York")
    day = civil.day_of(time_ns, new_york)
    assert civil.start_ns(day, new_york) <= time_ns < civil.start_ns(civil.Day(day + 1), new_york)


def test_noon_is_twelve_on_the_owners_clock_on_every_day_of_a_change() -> None:
    berlin = civil.zone("Europe/Berlin")
    hours = [
        (civil.noon_ns(day, berlin) - civil.start_ns(day, berlin)) // (3600 * 10**9)
        for day in (civil.day_from_date(date(2026, month, 25)) for month in (9, 10))
    ]
    assert hours == [12, 13]
