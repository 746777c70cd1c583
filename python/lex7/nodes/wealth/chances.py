"""Scenarios of total cash: the belief and the calendar as the law that `lex7_core` draws from.

The same means and variances as the Gaussian outlook, with the shapes that a Gaussian lacks: daily
spending is never negative and heavy-tailed, large payments come at random, and their rate and the
level of spending are drawn anew for each path.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lex7.base.shapes import RowCov, Series
from lex7.nodes.wealth.belief import Belief
from lex7.nodes.wealth.core_native import draw_passages, draw_rows
from lex7.nodes.wealth.everyday import INCOME, MOVED
from lex7.nodes.wealth.kernel import Kernel, add_kernels
from lex7.nodes.wealth.outlook import COMMON, DRIFT_PER_DAY, NOTHING, Outlook

PATHS = 4_096
"""The error of a probability near 95 % is then 0.3 %."""

SPREAD_MAX = 20.0
"""A factor more spread than this comes from a level near zero, where it means nothing."""


def slack(belief: Belief, outlook: Outlook, rows: NDArray[np.int64], scale: float) -> RowCov:
    """Return (path, row) cash on the first day less the spending up to the second, major units."""
    law, calendar = _law(belief, outlook, scale)
    return draw_rows(law, calendar, rows, PATHS)


def passages(belief: Belief, outlook: Outlook, from_day: int, scale: float) -> Series:
    """Return the days from a day on until cash crosses zero with income off, one per path."""
    law, calendar = _law(belief, outlook, scale)
    return draw_passages(law, calendar, from_day, PATHS)


def _law(belief: Belief, outlook: Outlook, scale: float) -> tuple[Series, NDArray[np.float64]]:
    levels = [belief.levels[name] for name in outlook.spending if name in belief.levels]
    everyday = [Kernel(one.cov, one.wander, np.full(1, one.noise)) for one in levels]
    common = outlook.channels[COMMON].kernel
    everyday.append(Kernel(common.cov, common.wander, common.noise[1:2] - common.noise[0:1]))
    whole = add_kernels(tuple(everyday))
    constant = deviation = 0.0
    for one in levels:
        constant, deviation = constant + one.mean[0], deviation + one.mean[1]
    received = [belief.levels.get(name, NOTHING) for name in (INCOME, MOVED)]
    left = belief.reversion
    noise = float(whole.noise[0])
    square = constant * constant + whole.cov[0] + whole.wander
    spread = min(float(np.sqrt(noise / square)), SPREAD_MAX) if square > 0.0 else 0.0
    squared = scale * scale
    large = belief.large
    law = np.array(
        [
            sum(outlook.cash.values()) / scale,
            constant / scale,
            deviation / scale,
            *(part / squared for part in whole.cov),
            left,
            float(np.sqrt(whole.wander * (1.0 - left * left))) / scale,
            spread,
            0.0,
            (received[0].mean[0] + received[1].mean[0]) / scale,
            (received[0].cov[0] + received[1].cov[0]) / squared,
            float(np.sqrt(received[0].noise + received[1].noise)) / scale,
            large.shape,
            large.days,
            large.smallest / scale,
            large.excess / scale,
            DRIFT_PER_DAY,
        ]
    )
    columns = [
        outlook.weekdays,
        outlook.bills.mean,
        outlook.bills.sd,
        outlook.pay.mean,
        outlook.pay.sd,
    ]
    return law, np.ascontiguousarray(np.stack(columns) / scale)
