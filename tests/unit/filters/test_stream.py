"""The streaming filter is the run, one row at a time."""

from __future__ import annotations

import numpy as np
import pytest

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Belief, Filter, Model, run
from lex7.filters.components import AutoRegression, Initial, Level, Regression, Season
from lex7.filters.errors import FilterArgumentError, FilterDivergedError
from lex7.filters.robust import Huber

MODEL = Model((Level(0.2), Season(0.05, 7.0, 2), AutoRegression(0.6, 2.0)), 0.5, Huber(2.0))
DRAW = np.random.default_rng(8)
TIMES = np.cumsum(DRAW.integers(1, 2 * NS_PER_DAY, size=50))
VALUES = np.where(DRAW.random(50) < 0.2, np.nan, DRAW.normal(size=50))


def test_updates_one_by_one_give_the_bits_of_a_run() -> None:
    stream = Filter(MODEL)
    rows = [
        stream.update(int(time), float(value)) for time, value in zip(TIMES, VALUES, strict=True)
    ]
    whole = run(MODEL, TIMES, VALUES)
    assert stream.state_hash() == whole.belief.state_hash()
    np.testing.assert_array_equal([row[0] for row in rows], whole.innovations)
    np.testing.assert_array_equal([row[1] for row in rows], whole.innovation_vars)
    np.testing.assert_array_equal([row[2] for row in rows], whole.weights)


def test_a_restored_stream_goes_on_with_the_same_bits() -> None:
    first = Filter(MODEL)
    for time, value in zip(TIMES[:7], VALUES[:7], strict=True):
        first.update(int(time), float(value))
    second = Filter(MODEL, Belief.from_bytes(first.to_bytes()))
    for time, value in zip(TIMES[7:], VALUES[7:], strict=True):
        second.update(int(time), float(value))
    assert second.belief().state_hash() == run(MODEL, TIMES, VALUES).belief.state_hash()


def test_noise_and_inputs_can_come_with_each_value() -> None:
    model = Model((Level(0.2), Regression(0)), 9.0)
    inputs = DRAW.normal(size=(50, 1))
    sds = DRAW.uniform(0.1, 2.0, size=50)
    stream = Filter(model)
    for time, value, sd, row in zip(TIMES, VALUES, sds.tolist(), inputs.tolist(), strict=True):
        stream.update(int(time), float(value), sd, row)
    whole = run(model, TIMES, VALUES, observation_sd=sds, inputs=inputs)
    assert stream.state_hash() == whole.belief.state_hash()


@pytest.mark.parametrize(
    ("time_ns", "value", "sd"),
    [(5, 1.0, None), (20, np.inf, None), (20, 1e200, None), (20, 1.0, -1.0), (20, 1.0, np.nan)],
)
def test_a_refused_value_leaves_the_filter_as_it_was(
    time_ns: int, value: float, sd: float | None
) -> None:
    stream = Filter(MODEL)
    stream.update(10, 1.0)
    before = stream.to_bytes()
    with pytest.raises(FilterArgumentError):
        stream.update(time_ns, value, sd)
    assert stream.to_bytes() == before


def test_an_overflow_leaves_the_filter_as_it_was() -> None:
    stream = Filter(Model((Regression(0, 1e100, Initial((0.0,), (1.0,))),), 1.0))
    stream.update(0, 1.0, None, [1.0])
    before = stream.to_bytes()
    with pytest.raises(FilterDivergedError) as caught:
        stream.update(10**18, 1.0, None, [1e100])
    assert caught.value.row == 1
    assert stream.to_bytes() == before


def test_a_fresh_stream_has_no_belief() -> None:
    with pytest.raises(FilterArgumentError):
        Filter(MODEL).belief()
