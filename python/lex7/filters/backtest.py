"""Hold a fitted model against its own past: what it would have forecast, and what then came.

From an origin every week the model forecasts the days ahead with nothing but the values up to the
origin; each value that came is scored by its distance in predicted standard deviations. The scores
of all origins say two things: how often past forecasts held (a score-card for people), and by which
factor the predicted standard deviation must be widened so that nine in ten would have held.

A maximum-likelihood fit looks one step ahead and, with robust noise, makes little of what it takes
for outliers; episodes that come and go (weeks of overwork, an illness) then leave long forecasts
too narrow. The factor mends that with the person's own history and nothing else. It never narrows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lex7.base.civil import NS_PER_DAY
from lex7.filters.kalman import forecast, run
from lex7.filters.model import Model

ORIGIN_STEP_DAYS = 7
HORIZON_DAYS = 90
FIRST_DAYS = 60
"""Before the first origin the filter has seen this many days."""

SCORES_MIN = 90
"""Fewer scores say too little about a tenth of them; the factor is then 1."""

FACTOR_MAX = 3.0
"""A model further off than this is wrong rather than narrow; widening more would hide it."""

BAND_Z = 1.6448536269514722
"""Φ⁻¹(0.95), half of the central 90 % band in standard deviations."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """Past forecasts against what came.

    Attributes:
        inside: values that lay in the 90 % band of a forecast made before them.
        count: values that were forecast.
        factor: at least 1; standard deviations times this would have held nine times in ten.
    """

    inside: int
    count: int
    factor: float


def backtest(model: Model, times_ns: ArrayLike, values: ArrayLike) -> Backtest:
    """Score the forecasts that a fitted model would have made over a daily series.

    Raises:
        FilterArgumentError: times and values do not fit each other.
        FilterDivergedError: a number left the finite range.
    """
    times = np.ascontiguousarray(times_ns, dtype=np.int64)
    series = np.ascontiguousarray(values, dtype=np.float64)
    scores: list[float] = []
    if len(times) == 0:
        return Backtest(0, 0, 1.0)
    origin = int(times[0]) + FIRST_DAYS * NS_PER_DAY
    belief, seen = None, 0
    while origin < times[-1]:
        upto = int(np.searchsorted(times, origin, side="right"))
        if upto > seen:
            belief = run(model, times[seen:upto], series[seen:upto], belief=belief).belief
            seen = upto
        until = int(np.searchsorted(times, origin + HORIZON_DAYS * NS_PER_DAY, side="right"))
        if belief is not None and until > upto:
            ahead = forecast(model, belief, times[upto:until])
            spread = np.sqrt(np.diagonal(ahead.cov) + ahead.noise_var)
            scores += (np.abs(series[upto:until] - ahead.mean) / spread).tolist()
        origin += ORIGIN_STEP_DAYS * NS_PER_DAY
    return _judge([score for score in scores if score == score])


def _judge(scores: list[float]) -> Backtest:
    inside = sum(1 for score in scores if score <= BAND_Z)
    if len(scores) < SCORES_MIN:
        return Backtest(inside, len(scores), 1.0)
    # The smallest score that at least nine in ten do not exceed: an order statistic, exact.
    ninth = sorted(scores)[(9 * len(scores) + 9) // 10 - 1]
    return Backtest(inside, len(scores), min(max(ninth / BAND_Z, 1.0), FACTOR_MAX))
