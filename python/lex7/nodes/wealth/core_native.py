"""What the wealth node takes from the compiled core: fixed order of operations, the same bits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7 import _core
from lex7.base.civil import NS_PER_DAY
from lex7.base.shapes import Series, TimesNs
from lex7.filters import Model, run
from lex7.filters.components import AutoRegression, Level

SCENARIO_KEY = (0x4C45_5837, 0x5754_4831)
"""One key for every evaluation, so that amounts, days and rules share their random numbers."""

DECAY_MIN = 1e-3
"""Decay of a deviation that is gone after one step: e^-1000."""

SQUARES_MIN = 1e-9
"""Sums of squares below this are exact zeros of a flow that never moved."""


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
    """Filter block means of a flow: a constant of which nothing is known, and a deviation.

    The blocks are one step apart; `lex7_core::flow` has the same law in closed form.
    """
    decay = DECAY_MIN if reversion <= 0.0 else -1.0 / _log(reversion)
    deviation = AutoRegression(float(np.sqrt(ratio)), max(decay, DECAY_MIN))
    result = run(Model((Level(0.0), deviation), 1.0), _steps(len(blocks)), blocks)
    squares = 0.0
    for nis in result.nis.tolist()[1:]:  # the first block is what the constant is learned from
        squares += nis
    (m, l), ((mm, ml), (_, ll)) = result.belief.mean.tolist(), result.belief.cov.tolist()  # noqa: E741
    return LevelBelief((m, l), (mm, ml, ll), max(squares, SQUARES_MIN))


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


def _steps(count: int) -> TimesNs:
    return np.arange(count, dtype=np.int64) * NS_PER_DAY


def _log(value: float) -> float:
    return float(_core.elementary_log(np.array([value]))[0])
