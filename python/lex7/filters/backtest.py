"""Hold a fitted model against its own past: what it would have forecast, and what then came.

From an origin every week the model forecasts the days ahead with nothing but the values up to the
origin, and each value that came is looked for in the 90 % band that was made before it. The count
is the score-card that an owner sees beside a forecast. The model's parameters have seen all of the
past, so the record is a little kinder than the future; `bench/coverage.py` measures that.
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

SQUARE_90 = 2.705543454095415
"""The 90 % quantile of a squared standard normal (Abramowitz & Stegun, table 26.8)."""


@dataclass(frozen=True, slots=True)
class Backtest:
    """Past forecasts against what came.

    Attributes:
        inside: values that lay in the 90 % band of a forecast made before them.
        count: values that were forecast.
    """

    inside: int
    count: int


def backtest(
    model: Model, times_ns: ArrayLike, values: ArrayLike, *, widening: float = 1.0
) -> Backtest:
    """Score the forecasts that a fitted model would have made over a daily series.

    `widening` is the factor on every predicted variance that goes with the model.

    Raises:
        FilterArgumentError: times and values do not fit each other.
        FilterDivergedError: a number left the finite range.
    """
    times = np.ascontiguousarray(times_ns, dtype=np.int64)
    series = np.ascontiguousarray(values, dtype=np.float64)
    if len(times) == 0:
        return Backtest(0, 0)
    inside = count = seen = 0
    belief = None
    origin = int(times[0]) + FIRST_DAYS * NS_PER_DAY
    while origin < times[-1]:
        upto = int(np.searchsorted(times, origin, side="right"))
        if upto > seen:
            belief = run(model, times[seen:upto], series[seen:upto], belief=belief).belief
            seen = upto
        until = int(np.searchsorted(times, origin + HORIZON_DAYS * NS_PER_DAY, side="right"))
        if belief is not None and until > upto:
            ahead = forecast(model, belief, times[upto:until])
            error = series[upto:until] - ahead.mean
            variance = (np.diagonal(ahead.cov) + ahead.noise_var) * widening
            known = error == error
            inside += int(np.count_nonzero(error[known] ** 2 <= SQUARE_90 * variance[known]))
            count += int(np.count_nonzero(known))
        origin += ORIGIN_STEP_DAYS * NS_PER_DAY
    return Backtest(inside, count)
