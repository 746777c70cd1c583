"""What the wealth node takes from the compiled core: fixed order of operations, the same bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7 import _core
from lex7.base.shapes import Series

SCENARIO_KEY = (0x4C45_5837, 0x5754_4831)
"""One key for every evaluation, so that amounts, days and rules share their random numbers."""


@dataclass(frozen=True, slots=True)
class LevelBelief:
    """The belief about a flow's constant level m and its deviation l, for a noise variance of 1.

    Attributes:
        mean: m and l.
        cov: mm, ml, ll.
        squares: squared innovations; the variance of one block is this over (blocks - 1).
    """

    mean: tuple[float, float]
    cov: tuple[float, float, float]
    squares: float


def filter_level(blocks: Series, reversion: float, ratio: float) -> LevelBelief:
    """Filter block means of a flow; see `lex7_core::flow`."""
    m, l, mm, ml, ll, squares, _ = _core.flow_filter(blocks, reversion, ratio)  # noqa: E741
    return LevelBelief((m, l), (mm, ml, ll), squares)


def weigh_reversion(
    blocks: Series, reversion: float, ratios: Series, weights: Series
) -> tuple[float, float]:
    """Return the log evidence of a reversion and the mean ratio under it."""
    return _core.flow_weigh(blocks, reversion, ratios, weights)


def draw_rows(
    law: Series, calendar: NDArray[np.float64], rows: NDArray[np.int64], path_count: int
) -> NDArray[np.float64]:
    """Draw (path, row) values of cash less the spending ahead; see `lex7_core::scenario`."""
    return _core.cash_rows(law, calendar, SCENARIO_KEY, rows, (0, path_count))


def draw_passages(
    law: Series, calendar: NDArray[np.float64], from_day: int, path_count: int
) -> Series:
    """Draw the days until cash crosses zero with income off, one per path."""
    return _core.cash_passages(law, calendar, SCENARIO_KEY, from_day, (0, path_count))
