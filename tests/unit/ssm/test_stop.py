"""Stop sequences across the borders of pieces."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lex7.ssm.errors import ModelArgumentError
from lex7.ssm.stop import StopScanner

LETTERS = st.text("ab\n", max_size=40).map(str.encode)
STOPS = st.lists(st.text("ab\n", min_size=1, max_size=4).map(str.encode), max_size=3)


@given(text=LETTERS, stops=STOPS, cuts=st.lists(st.integers(0, 40), max_size=8))
def test_the_text_is_the_part_before_the_first_stop(
    text: bytes, stops: list[bytes], cuts: list[int]
) -> None:
    scanner = StopScanner(stops)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    given_out = b""
    for start, end in pairwise(edges):
        given_out += scanner.push(text[start:end])
    given_out += scanner.finish()
    # A stop that ends first ends the text, so look at ever longer prefixes.
    ends = [
        (len(text[:size]), text[:size].index(stop))
        for size in range(len(text) + 1)
        for stop in stops
        if stop in text[:size]
    ]
    seen = [edge for edge in edges if ends and edge >= ends[0][0]]
    if not ends:
        assert given_out == text
        assert not scanner.is_found
    else:
        part = text[: seen[0]]
        assert given_out == part[: min(part.index(stop) for stop in stops if stop in part)]
        assert scanner.is_found


@pytest.mark.parametrize("stop", ["", b"x" * 5_000])
def test_a_stop_of_no_or_too_many_bytes_is_refused(stop: str | bytes) -> None:
    with pytest.raises(ModelArgumentError):
        StopScanner((stop,))
