"""Late and retracted rows give the bytes of a stream that saw what stands, in order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lex7.base.civil import NS_PER_DAY
from lex7.filters import Bank, Filter, Model
from lex7.filters.adaptive import AdaptiveFilter
from lex7.filters.anomaly import AnomalyDetector, AnomalySettings
from lex7.filters.bank import scaled_models
from lex7.filters.components import AutoRegression, Level
from lex7.filters.detector import Detector
from lex7.filters.errors import FilterArgumentError
from lex7.filters.guard import GuardedFilter
from lex7.filters.rewind import Rewinding

MODEL = Model((Level(0.3), AutoRegression(0.5, 2.0)), 0.4)
BANK = scaled_models(MODEL, (0.5, 2.0), (0.5, 2.0))
KINDS: dict[str, Callable[[bytes | None], Any]] = {
    "filter": lambda saved: Filter(MODEL) if saved is None else Filter.from_bytes(MODEL, saved),
    "guard": lambda saved: GuardedFilter(MODEL, nis_max=4.0, rejects_max=2, saved=saved),
    "adaptive": lambda saved: AdaptiveFilter(MODEL, forgetting=0.9, saved=saved),
    "bank": lambda saved: Bank(BANK, forgetting=0.9, saved=saved),
    "anomaly": lambda saved: AnomalyDetector(MODEL, AnomalySettings(), saved=saved),
    "detector": Detector,
}


@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 90),
    rows_max=st.sampled_from((200, 1000)),
)
def test_any_order_of_arrival_and_any_retraction_gives_the_bytes_of_order(
    kind: str, seed: int, count: int, rows_max: int
) -> None:
    draw = np.random.default_rng(seed)
    rows = [(int(day) * NS_PER_DAY, float(draw.normal())) for day in draw.integers(0, 30, count)]
    late = Rewinding(KINDS[kind], rows_max=rows_max)
    numbers = [late.insert(*row)[0] for row in rows]
    gone = set(draw.choice(count, size=count // 4, replace=False).tolist())
    for place in gone:
        late.retract(numbers[place])
    kept = sorted(((row[0], at, row[1]) for at, row in enumerate(rows) if at not in gone))
    plain = KINDS[kind](None)
    for time_ns, _, value in kept:
        plain.update(time_ns, value)
    assert late.to_bytes() == plain.to_bytes()


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_full_window_keeps_the_bytes_and_refuses_what_is_older(kind: str) -> None:
    for rows_max in (10, 80):
        late, plain = Rewinding(KINDS[kind], rows_max=rows_max), KINDS[kind](None)
        values = np.random.default_rng(3).normal(size=300)
        for pair in range(0, 300, 2):
            for day in (pair + 1, pair):
                late.insert(day * NS_PER_DAY, values[day])
            for day in (pair, pair + 1):
                plain.update(day * NS_PER_DAY, values[day])
        assert late.to_bytes() == plain.to_bytes()
        assert len(late) <= rows_max
        with pytest.raises(FilterArgumentError, match="time_ns"):
            late.insert(0, 1.0)


def test_a_refused_row_changes_nothing() -> None:
    late = Rewinding(KINDS["guard"])
    for day in range(40):
        late.insert(day * NS_PER_DAY, 1.0)
    before = late.to_bytes()
    for bad in ((0, "x"), (NS_PER_DAY, np.inf), (50 * NS_PER_DAY, 1e300), ("x", 1.0)):
        with pytest.raises(FilterArgumentError):
            late.insert(*bad)
    with pytest.raises(FilterArgumentError):
        late.retract(99)
    assert late.to_bytes() == before
    assert late.insert(5 * NS_PER_DAY, 1.0)[0] == 40


def test_what_is_saved_goes_on_with_the_same_bits_and_an_empty_window() -> None:
    def start(saved: bytes | None) -> GuardedFilter:
        return GuardedFilter(MODEL, nis_max=9.0, rejects_max=2, saved=saved)

    times = [k * NS_PER_DAY for k in range(8)]
    whole, first = Rewinding(start), Rewinding(start)
    for k, time_ns in enumerate(times):
        whole.insert(time_ns, float(k % 3))
    for k, time_ns in enumerate(times[:4]):
        first.insert(time_ns, float(k % 3))
    rest = Rewinding(start, saved=first.to_bytes())
    assert len(rest) == 0
    # The later two arrive in the other order.
    for k in (4, 5, 7, 6):
        rest.insert(times[k], float(k % 3))
    assert rest.to_bytes() == whole.to_bytes()
    with pytest.raises(FilterArgumentError):
        rest.insert(times[2], 0.0)
    assert rest.to_bytes() == whole.to_bytes()
    with pytest.raises(FilterArgumentError):
        Rewinding(start, saved=b"no stream")
