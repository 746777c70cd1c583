"""Tables through the Arrow PyCapsule interface."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from lex7.filters import Model, run
from lex7.filters.components import Level
from lex7.filters.errors import FilterArgumentError
from lex7.filters.tables import read_series

nanoarrow = pytest.importorskip("nanoarrow", reason="the extra `arrow` is not installed")

DAY = 86_400 * 10**9
FIRST = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp()) * 10**9


class Table:
    """A stream of record batches made by nanoarrow alone; none is null."""

    def __init__(self, kind: object, times: list[int | None], values: list[float | None]) -> None:
        words = nanoarrow.c_array(["x"] * len(times), nanoarrow.string())
        width = np.int32 if "date32" in str(nanoarrow.Schema(kind)) else np.int64
        parts = [column(kind, times, width), column(nanoarrow.float64(), values, np.float64), words]
        fields = {"when": kind, "what": nanoarrow.float64(), "words": nanoarrow.string()}
        self.array = nanoarrow.Array(
            nanoarrow.c_array_from_buffers(
                nanoarrow.struct(fields), len(times), [None], children=parts
            )
        )

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.array.__arrow_c_stream__(requested_schema)


def column(kind: object, values: list[Any], dtype: type) -> Any:
    present = np.packbits([value is not None for value in values], bitorder="little")
    data = np.array([0 if value is None else value for value in values], dtype)
    count = sum(value is None for value in values)
    buffers = [present.tobytes() if count else None, data]
    return nanoarrow.c_array_from_buffers(kind, len(values), buffers, null_count=count)


@pytest.mark.parametrize(
    ("unit", "per_second"), [("s", 1), ("ms", 10**3), ("us", 10**6), ("ns", 10**9)]
)
def test_instants_and_nulls_come_through(unit: str, per_second: int) -> None:
    times = [(FIRST + day * DAY) // 10**9 * per_second for day in (0, 1, 3)]
    table = Table(nanoarrow.timestamp(unit), times, [1.5, None, 3.0])
    found = read_series(table, time="when", value="what")
    np.testing.assert_array_equal(found.times_ns, [FIRST, FIRST + DAY, FIRST + 3 * DAY])
    np.testing.assert_array_equal(found.values, [1.5, np.nan, 3.0])
    assert found.inputs.shape == (3, 0)
    assert run(Model((Level(1.0),), 1.0), found.times_ns, found.values).belief.mean[0] > 1.5


def test_dates_and_integers_are_times_too() -> None:
    days = Table(nanoarrow.date32(), [FIRST // DAY, FIRST // DAY + 1], [1.0, 2.0])
    counts = Table(nanoarrow.int64(), [5, 7], [1.0, 2.0])
    found = read_series(days, time="when", value="what", inputs=["what"])
    np.testing.assert_array_equal(found.times_ns, [FIRST, FIRST + DAY])
    np.testing.assert_array_equal(found.inputs, [[1.0], [2.0]])
    np.testing.assert_array_equal(read_series(counts, time="when", value="what").times_ns, [5, 7])


@pytest.mark.parametrize(
    ("time", "value"), [("gone", "what"), ("when", "gone"), ("words", "what"), ("when", "words")]
)
def test_columns_that_are_missing_or_no_numbers_are_named(time: str, value: str) -> None:
    table = Table(nanoarrow.int64(), [5, 7], [1.0, 2.0])
    with pytest.raises(FilterArgumentError, match=r"gone|words"):
        read_series(table, time=time, value=value)


def test_a_null_time_and_a_time_beyond_64_bits_are_refused() -> None:
    null = Table(nanoarrow.int64(), [5, None], [1.0, 2.0])
    far = Table(nanoarrow.date32(), [0, 2_900_000], [1.0, 2.0])
    for table in (null, far):
        with pytest.raises(FilterArgumentError, match="when"):
            read_series(table, time="when", value="what")


@pytest.mark.parametrize("table", [None, [1, 2], np.zeros(3)])
def test_what_is_no_table_is_refused(table: object) -> None:
    with pytest.raises(FilterArgumentError, match="__arrow_c_stream__"):
        read_series(table, time="when", value="what")  # type: ignore[arg-type]


def test_a_polars_frame_is_read_slices_and_chunks_and_all() -> None:
    polars = pytest.importorskip("polars", reason="polars is not installed")
    frame = polars.DataFrame(
        {
            "when": [datetime(2025, 1, day, tzinfo=UTC) for day in range(1, 31)],
            "what": [None if day % 7 == 0 else float(day) for day in range(1, 31)],
            "load": list(range(30)),
        }
    )
    whole = polars.concat([frame[:11], frame[11:]], rechunk=False)[3:]
    found = read_series(whole, time="when", value="what", inputs=["load"])
    expected = [np.nan if day % 7 == 0 else day for day in range(4, 31)]
    np.testing.assert_array_equal(found.values, expected)
    np.testing.assert_array_equal(found.times_ns, FIRST + np.arange(3, 30) * DAY)
    np.testing.assert_array_equal(found.inputs[:, 0], np.arange(3, 30))


def test_series_of_pandas_and_polars_go_in_as_arrays() -> None:
    pandas = pytest.importorskip("pandas")
    index = pandas.date_range("2025-01-01", periods=5, freq="D")
    column = pandas.Series([1.0, 2.0, np.nan, 4.0, 5.0], index=index)
    model = Model((Level(1.0),), 1.0)
    found = run(model, index, column)
    plain = run(model, FIRST + np.arange(5) * DAY, column.to_numpy())
    assert found.belief.state_hash() == plain.belief.state_hash()
