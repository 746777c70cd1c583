"""Steps, resting heart rate, HRV and weight: one value a day, and which one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lex7.base import civil
from lex7.base.civil import Day, Zone
from lex7.base.ids import QuantityName
from lex7.base.record import ObservationBlock
from lex7.nodes.vitality.daily import HRV, RESTING_HEART, STEPS, WEIGHT, derive
from lex7.nodes.vitality.rows import StreamRows
from lex7.nodes.vitality.steps import PARTS, steps_by_day

Values = Callable[..., dict[str, float]]
Blocks = dict[str, dict[Day, tuple[ObservationBlock, ...]]]
DAY = "2026-03-04"


@pytest.fixture
def values(make_blocks: Callable[..., Blocks], berlin: Zone) -> Values:
    """The values of one quantity by day."""

    def of(name: QuantityName, **streams: list[tuple[str, str, str, int]]) -> dict[str, float]:
        series = derive(make_blocks(**streams), berlin)[name]
        days = (civil.iso(Day(day)) for day in series.days.tolist())
        return dict(zip(days, series.values.tolist(), strict=True))

    return of


def point(source: str, moment: str, value: int) -> tuple[str, str, str, int]:
    return source, moment, moment, value


LATE = point("Watch", f"{DAY}T22:00", 7000)


def test_steps_of_overlapping_sources_are_not_added_up(values: Values) -> None:
    rows = [
        ("Watch", f"{DAY}T08:00", f"{DAY}T08:10", 1000),
        ("Phone", f"{DAY}T08:00:03", f"{DAY}T08:10:11", 930),
        ("Watch", f"{DAY}T10:00", f"{DAY}T10:20", 1500),
        ("Phone", f"{DAY}T12:00", f"{DAY}T12:05", 400),
    ]
    assert values(STEPS, steps=rows, heart__rate=[LATE]) == {DAY: 2900.0}


def test_steps_that_only_half_overlap_count_for_the_rest(values: Values) -> None:
    rows = [
        ("Watch", f"{DAY}T08:00", f"{DAY}T09:00", 1000),
        ("Phone", f"{DAY}T08:45", f"{DAY}T09:25", 800),
    ]
    assert values(STEPS, steps=rows, heart__rate=[LATE]) == {DAY: 1500.0}


def test_a_sum_of_the_day_counts_only_where_nothing_finer_does(values: Values) -> None:
    rows = [
        ("App", f"{DAY}T00:00", f"{DAY}T23:59", 9000),
        ("Phone", f"{DAY}T12:00", f"{DAY}T12:05", 400),
        ("App", "2026-03-05T00:00", "2026-03-05T23:59", 5000),
    ]
    late = point("Watch", "2026-03-05T23:59", 7000)
    found = values(STEPS, steps=rows, heart__rate=[late])
    assert found == {DAY: 400.0, "2026-03-05": 5000.0}


def test_steps_across_midnight_are_shared_out(values: Values) -> None:
    rows = [("Watch", f"{DAY}T23:50", "2026-03-05T00:30", 400)]
    late = point("Watch", "2026-03-05T23:00", 7000)
    assert values(STEPS, steps=rows, heart__rate=[late]) == {DAY: 100.0, "2026-03-05": 300.0}


def test_a_day_that_went_on_after_the_export_has_no_steps_yet(values: Values) -> None:
    rows = [
        ("Watch", "2026-03-03T08:00", "2026-03-03T08:10", 1000),
        ("Watch", f"{DAY}T08:00", f"{DAY}T08:10", 1000),
    ]
    assert values(STEPS, steps=rows) == {"2026-03-03": 1000.0}
    assert values(STEPS, steps=rows, heart__rate=[LATE]) == {"2026-03-03": 1000.0, DAY: 1000.0}


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 30), st.integers(0, 500)), max_size=12)
)
def test_steps_of_one_source_without_overlap_add_up_exactly(
    gaps: list[tuple[int, int, int]],
) -> None:
    starts, ends, moment = [], [], 1_767_225_600  # 2026-01-01T00:00Z
    for gap, minutes, _ in gaps:
        starts.append(moment + gap * 7)
        ends.append(starts[-1] + minutes * 60)
        moment = ends[-1]
    count = len(gaps)
    rows = StreamRows(
        ("W",),
        np.zeros(count, dtype=np.int64),
        np.zeros(count, dtype=np.int64),
        np.array(starts, dtype=np.int64) * 10**9,
        np.array(ends, dtype=np.int64) * 10**9,
        np.array([value for *_, value in gaps], dtype=np.int64),
    )
    total = sum(steps_by_day(rows, civil.zone("UTC")).values())
    assert total == PARTS * sum(value for *_, value in gaps)


def test_resting_heart_is_the_last_word_of_each_source_and_their_median(values: Values) -> None:
    rows = [
        point("Watch", f"{DAY}T06:00", 5900),
        point("Watch", f"{DAY}T20:00", 5600),
        point("Ring", f"{DAY}T06:30", 5400),
        point("Band", f"{DAY}T06:30", 7000),
    ]
    assert values(RESTING_HEART, heart__resting=rows) == {DAY: 56.0}
    assert values(RESTING_HEART, heart__resting=rows[:3]) == {DAY: 55.0}


def test_resting_heart_is_not_made_up_from_the_heart_rate(values: Values) -> None:
    assert values(RESTING_HEART, heart__rate=[LATE]) == {}


def test_variability_is_the_median_of_plausible_samples_of_one_source(values: Values) -> None:
    rows = [
        point("Watch", f"{DAY}T02:00", 40_000),
        point("Watch", f"{DAY}T03:00", 44_000),
        point("Watch", f"{DAY}T04:00", 90_000),
        point("Watch", f"{DAY}T05:00", 255_000),
        point("Strap", f"{DAY}T05:00", 20_000),
    ]
    assert values(HRV, heart__hrv_sdnn=rows) == {DAY: 44.0}


def test_weight_is_the_first_of_the_day(values: Values) -> None:
    rows = [point("Scale", f"{DAY}T19:00", 71_900), point("Scale", f"{DAY}T07:00", 70_500)]
    assert values(WEIGHT, weight=rows) == {DAY: 70.5}


def test_somebody_elses_weight_is_left_out(values: Values) -> None:
    days = [date(2026, 3, 1) + timedelta(days=index) for index in range(9)]
    rows = [point("Scale", f"{day}T07:00", 70_000 + 100 * day.day) for day in days]
    rows[4] = point("Scale", f"{days[4]}T07:00", 55_000)
    found = values(WEIGHT, weight=rows)
    assert str(days[4]) not in found
    assert len(found) == 8


def test_without_data_every_series_is_empty(berlin: Zone) -> None:
    assert {name: len(series.days) for name, series in derive({}, berlin).items()} == {
        "sleep": 0, "resting_heart": 0, "hrv": 0, "weight": 0, "steps": 0,
    }  # fmt: skip
