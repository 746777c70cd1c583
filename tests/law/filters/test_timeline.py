"""Whatever the order of arrival and retraction, a timeline has the bits of a filter in order."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Model, run
from lex7.filters.components import AutoRegression, Level, Regression, Season
from lex7.filters.errors import FilterArgumentError, FilterDivergedError
from lex7.filters.robust import StudentT
from lex7.filters.timeline import Timeline

MODEL = Model(
    (Level(0.3), Season(0.05, 7.0, 1), AutoRegression(0.5, 2.0), Regression(0)), 0.4, StudentT(4.0)
)
HOUR = 3600 * 10**9

rows = st.tuples(
    st.integers(0, 400).map(lambda hour: hour * HOUR),
    st.one_of(st.just(float("nan")), st.floats(-100, 100)),
    st.one_of(st.none(), st.floats(0.1, 5.0)),
    st.floats(-3, 3).map(lambda value: [value]),
)
acts = st.lists(st.one_of(rows, st.integers(0, 10**6)), min_size=1, max_size=120)


# An input whose square is subnormal once overflowed the factors.
TINY = [(0, 0.0, None, [5.71242260090718e-158]), (0, 0.0, None, [0.0])]


@settings(max_examples=60, deadline=None)
@example(TINY)
@given(acts)
def test_any_order_of_arrival_and_retraction_gives_the_bits_of_a_filter_in_order(
    todo: list[object],
) -> None:
    timeline = Timeline(MODEL)
    standing: list[tuple[int, int, float, float, float]] = []
    for act in todo:
        if isinstance(act, tuple):
            time_ns, value, sd, inputs = act
            number = timeline.insert(time_ns, value, sd, inputs).number
            standing.append((time_ns, number, value, sd or 0.4, inputs[0]))
        elif standing:
            gone = standing.pop(act % len(standing))
            timeline.retract(gone[1])
    if not standing:
        return
    times, _, values, sds, inputs = zip(*sorted(standing, key=lambda row: row[:2]), strict=True)
    columns = np.array(inputs)[:, None]
    whole = run(MODEL, np.array(times), values, observation_sd=sds, inputs=columns)
    assert timeline.state_hash() == whole.belief.state_hash()
    again = Timeline(MODEL, saved=timeline.to_bytes())
    assert (again.state_hash(), again.to_bytes()) == (timeline.state_hash(), timeline.to_bytes())


PLAIN = Model((Level(0.3),), 0.4)


def filled(count: int, rows_max: int) -> Timeline:
    timeline = Timeline(PLAIN, rows_max=rows_max)
    for day in range(count):
        timeline.insert(day * NS_PER_DAY, float(day % 5))
    return timeline


def test_a_window_folds_old_rows_and_keeps_the_bits() -> None:
    timeline = filled(1000, 128)
    assert 64 <= len(timeline) <= 128
    late = timeline.insert(950 * NS_PER_DAY + 5, 7.0)
    timeline.insert(990 * NS_PER_DAY + 5, 1.0)
    timeline.retract(late.number)
    times = np.append(np.arange(1000) * NS_PER_DAY, 990 * NS_PER_DAY + 5)
    values = np.append(np.arange(1000) % 5, 1.0)
    order = np.argsort(times)
    whole = run(PLAIN, times[order], values[order])
    assert timeline.state_hash() == whole.belief.state_hash()


def test_a_row_from_before_the_window_is_refused_with_the_time_it_begins_at() -> None:
    timeline = filled(300, 128)
    before = timeline.to_bytes()
    with pytest.raises(FilterArgumentError, match=str(timeline.horizon_ns)):
        timeline.insert(0, 1.0)
    with pytest.raises(FilterArgumentError):
        timeline.retract(0)
    assert timeline.to_bytes() == before


def test_a_late_row_reports_its_own_innovation() -> None:
    timeline = filled(10, 64)
    late = timeline.insert(4 * NS_PER_DAY + 7, 9.0)
    first = run(PLAIN, [*(np.arange(5) * NS_PER_DAY), 4 * NS_PER_DAY + 7], [0.0, 1, 2, 3, 4, 9.0])
    assert (late.innovation, late.variance) == (first.innovations[-1], first.innovation_vars[-1])


@pytest.mark.parametrize(("value", "sd"), [(np.inf, None), (1.0, -1.0), (1e200, None)])
def test_a_refused_row_leaves_the_timeline_as_it_was(value: float, sd: float | None) -> None:
    timeline = filled(50, 64)
    before, belief = timeline.to_bytes(), timeline.state_hash()
    for time_ns in (3, 10**18):
        with pytest.raises(FilterArgumentError):
            timeline.insert(time_ns, value, sd)
    assert (timeline.to_bytes(), timeline.state_hash()) == (before, belief)


def test_a_late_row_that_overflows_leaves_the_timeline_as_it_was() -> None:
    timeline = Timeline(Model((Regression(0, 1e100),), 1.0))
    for day in range(40):
        timeline.insert(day * NS_PER_DAY, 1.0, None, [1.0])
    before, belief = timeline.to_bytes(), timeline.state_hash()
    with pytest.raises(FilterDivergedError):
        timeline.insert(20 * NS_PER_DAY + 1, 1.0, None, [1e100])
    assert (timeline.to_bytes(), timeline.state_hash()) == (before, belief)


def test_an_emptied_timeline_starts_anew() -> None:
    timeline = Timeline(PLAIN)
    number = timeline.insert(5, 1.0).number
    timeline.retract(number)
    with pytest.raises(FilterArgumentError):
        timeline.belief()
    timeline.insert(1, 2.0)
    assert timeline.belief().mean[0] == 2.0


@pytest.mark.parametrize("saved", [b"", b"L7TL\1\0", b"x" * 60])
def test_bytes_of_something_else_are_refused(saved: bytes) -> None:
    with pytest.raises(FilterArgumentError):
        Timeline(PLAIN, saved=saved)
    with pytest.raises(FilterArgumentError):
        Timeline(PLAIN, rows_max=10)
