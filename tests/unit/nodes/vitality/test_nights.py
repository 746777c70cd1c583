"""Nights from intervals: one source speaks, missing is missing, and clock changes do not count."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lex7.base import civil
from lex7.base.civil import Day, Zone
from lex7.base.record import ObservationBlock
from lex7.base.streams import SleepStage
from lex7.nodes.vitality.daily import SLEEP, derive
from lex7.nodes.vitality.nights import Night, length, nights
from lex7.nodes.vitality.rows import gather

CORE, DEEP, REM = int(SleepStage.CORE), int(SleepStage.DEEP), int(SleepStage.REM)
ASLEEP, AWAKE, IN_BED = int(SleepStage.ASLEEP), int(SleepStage.AWAKE), int(SleepStage.IN_BED)


MakeBlocks = Callable[..., dict[str, dict[Day, tuple[ObservationBlock, ...]]]]
Sleep = Callable[..., dict[str, float]]


@pytest.fixture
def sleep(make_blocks: MakeBlocks, berlin: Zone) -> Sleep:
    """Hours by day of waking."""

    def hours(*rows: tuple[str, str, str, int]) -> dict[str, float]:
        series = derive(make_blocks(sleep__stage=rows), berlin)[SLEEP]
        days = (civil.iso(civil.Day(day)) for day in series.days.tolist())
        return dict(zip(days, series.values.tolist(), strict=True))

    return hours


def test_stages_add_up_and_awake_is_removed(sleep: Sleep) -> None:
    hours = sleep(
        ("W", "2026-03-03T23:00", "2026-03-04T02:00", CORE),
        ("W", "2026-03-04T02:00", "2026-03-04T02:30", AWAKE),
        ("W", "2026-03-04T02:30", "2026-03-04T04:00", DEEP),
        ("W", "2026-03-04T04:00", "2026-03-04T06:00", REM),
    )
    assert hours == {"2026-03-04": 6.5}


def test_awake_inside_an_asleep_interval_is_removed(sleep: Sleep) -> None:
    hours = sleep(
        ("W", "2026-03-03T23:00", "2026-03-04T06:00", ASLEEP),
        ("W", "2026-03-04T02:00", "2026-03-04T03:00", AWAKE),
    )
    assert hours == {"2026-03-04": 6.0}


def test_two_sources_are_never_added_up(sleep: Sleep) -> None:
    hours = sleep(
        ("Watch", "2026-03-03T23:00", "2026-03-04T06:00", CORE),
        ("Phone", "2026-03-03T22:00", "2026-03-04T07:00", ASLEEP),
        ("Ring", "2026-03-03T23:00", "2026-03-04T05:00", DEEP),
    )
    assert hours == {"2026-03-04": 7.0}


def test_a_source_with_stages_that_gave_out_does_not_speak(sleep: Sleep) -> None:
    hours = sleep(
        ("Watch", "2026-03-03T23:00", "2026-03-04T01:00", CORE),
        ("Phone", "2026-03-03T23:00", "2026-03-04T07:00", ASLEEP),
    )
    assert hours == {"2026-03-04": 8.0}


def test_overlapping_intervals_of_one_source_count_once(sleep: Sleep) -> None:
    hours = sleep(
        ("W", "2026-03-03T23:00", "2026-03-04T04:00", ASLEEP),
        ("W", "2026-03-04T02:00", "2026-03-04T06:00", ASLEEP),
    )
    assert hours == {"2026-03-04": 7.0}


def test_time_in_bed_is_not_sleep(make_blocks: MakeBlocks, berlin: Zone) -> None:
    blocks = make_blocks(sleep__stage=[("P", "2026-03-03T22:00", "2026-03-04T07:00", IN_BED)])
    found = nights(gather(blocks["sleep.stage"]), berlin)
    assert [(night.is_in_bed_only, civil.iso(night.day)) for night in found] == [
        (True, "2026-03-04")
    ]
    assert len(derive(blocks, berlin)[SLEEP].days) == 0


def test_a_night_without_data_is_missing(sleep: Sleep) -> None:
    hours = sleep(
        ("W", "2026-03-03T23:00", "2026-03-04T06:00", CORE),
        ("W", "2026-03-05T23:00", "2026-03-06T06:00", CORE),
    )
    assert sorted(hours) == ["2026-03-04", "2026-03-06"]


def test_a_nap_alone_is_not_a_night(sleep: Sleep) -> None:
    assert sleep(("W", "2026-03-04T01:00", "2026-03-04T02:00", CORE)) == {}


def test_sleeping_past_noon_stays_one_night(sleep: Sleep) -> None:
    hours = sleep(
        ("W", "2026-03-04T04:00", "2026-03-04T11:30", CORE),
        ("W", "2026-03-04T11:30", "2026-03-04T13:00", REM),
    )
    assert hours == {"2026-03-04": 9.0}


def test_nights_across_clock_changes_have_their_true_length(sleep: Sleep) -> None:
    autumn = sleep(("W", "2026-10-24T23:00", "2026-10-25T07:00", CORE))
    spring = sleep(("W", "2026-03-28T23:00", "2026-03-29T07:00", CORE))
    assert (autumn, spring) == ({"2026-10-25": 9.0}, {"2026-03-29": 7.0})


def test_overlapping_imports_change_nothing(make_blocks: MakeBlocks, berlin: Zone) -> None:
    rows = [
        ("W", "2026-03-03T23:00", "2026-03-04T02:00", CORE),
        ("W", "2026-03-04T02:00", "2026-03-04T06:00", REM),
    ]
    once = make_blocks(sleep__stage=rows)
    day = civil.day_from_date(date(2026, 3, 4))
    part = make_blocks(sleep__stage=rows[1:])["sleep.stage"][day]
    twice = {"sleep.stage": {day: part + once["sleep.stage"][day] + once["sleep.stage"][day]}}
    ours, theirs = derive(once, berlin)[SLEEP], derive(twice, berlin)[SLEEP]
    assert ours.values.tolist() == theirs.values.tolist() == [7.0]


INTERVALS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 60)).map(lambda pair: (min(pair), max(pair)))
)


@given(INTERVALS)
def test_the_length_of_a_union_is_the_number_of_covered_units(
    intervals: list[tuple[int, int]],
) -> None:
    covered = {unit for start, end in intervals for unit in range(start, end)}
    assert length(intervals) == len(covered)


def test_a_night_says_which_source_spoke(make_blocks: MakeBlocks, berlin: Zone) -> None:
    rows = [
        ("B", "2026-03-03T23:00", "2026-03-04T06:00", ASLEEP),
        ("A", "2026-03-03T23:00", "2026-03-04T06:00", ASLEEP),
    ]
    found = nights(gather(make_blocks(sleep__stage=rows)["sleep.stage"]), berlin)
    hours = 7 * 3600 * 10**9
    day = civil.day_from_date(date(2026, 3, 4))
    assert found == (Night(day, "A", hours, hours, has_stages=False),)
