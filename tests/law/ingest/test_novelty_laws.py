"""Re-import of measurements is a multiset difference: held against Counter."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lex7.base.civil import Day
from lex7.base.record import ObservationBlock
from lex7.ingest.novelty import novel_observations

RowOf = tuple[int, int, str, int]

rows = st.lists(
    st.tuples(
        st.integers(0, 3), st.integers(3, 5), st.sampled_from(["Watch", "Phone"]), st.integers(0, 2)
    ),
    max_size=12,
)


def block(of: list[RowOf], stream: str = "heart.rate") -> ObservationBlock:
    ordered = sorted(of)
    names = tuple(dict.fromkeys(row[2] for row in ordered))
    return ObservationBlock(
        stream,
        Day(20_000),
        names,
        np.array([row[0] for row in ordered], dtype=np.int64),
        np.array([row[1] for row in ordered], dtype=np.int64),
        np.array([row[3] for row in ordered], dtype=np.int64),
        np.array([names.index(row[2]) for row in ordered], dtype=np.uint16),
    )


def rows_of(one: ObservationBlock) -> list[RowOf]:
    named = [one.sources[index] for index in one.source]
    return list(
        zip(one.start_ns.tolist(), one.end_ns.tolist(), named, one.value.tolist(), strict=True)
    )


@given(rows, st.lists(rows, max_size=3))
def test_novel_rows_are_the_multiset_difference(new: list[RowOf], known: list[list[RowOf]]) -> None:
    found = novel_observations(block(new), [block(one) for one in known])
    on_record = Counter(row for one in known for row in one)
    assert Counter(rows_of(found)) == Counter(new) - on_record
    assert set(found.sources) == {row[2] for row in rows_of(found)} or not known


@given(rows)
def test_importing_twice_adds_nothing(new: list[RowOf]) -> None:
    assert len(novel_observations(block(new), [block(new)]).value) == 0


@given(rows)
def test_other_streams_are_passed_over(new: list[RowOf]) -> None:
    found = novel_observations(block(new), [block(new, "steps")])
    assert rows_of(found) == rows_of(block(new))
