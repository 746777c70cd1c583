"""Bars and sparklines show what the numbers say."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as some

from lex7.cli.graph import bar, sparkline
from lex7.cli.page import Page, page_for


@given(some.floats(0, 1), some.integers(1, 40))
def test_a_bar_has_its_width_and_is_full_only_for_one(share: float, width: int) -> None:
    drawn = bar(share, width)
    assert len(drawn) == width
    assert (drawn == "█" * width) == (share > 1 - 1e-9)


@given(some.lists(some.floats(0, 1), min_size=2, max_size=2))
def test_a_larger_share_never_draws_a_shorter_bar(shares: list[float]) -> None:
    low, high = sorted(shares)
    assert bar(low, 10).count("█") <= bar(high, 10).count("█")


def test_the_mark_stands_where_the_bar_should_reach() -> None:
    assert bar(0.5, 10, mark=0.9) == "█████···┃·"


def test_a_sparkline_rises_with_the_values_and_leaves_gaps() -> None:
    assert sparkline([0.0, 1.0, None, 7.0], 4) == "▁▂ █"
    assert sparkline([5.0, 5.0], 8) == "▄▄"
    assert sparkline([None, float("nan")], 8) == ""


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("environment", "has_colour"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colour_only_where_it_is_wanted(environment: dict[str, str], has_colour: bool) -> None:
    assert page_for(Terminal(), environment).has_colour is has_colour


def test_a_pipe_gets_the_plain_page() -> None:
    assert page_for(io.StringIO(), {}) == Page(88, has_colour=False)
