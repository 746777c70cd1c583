"""Sums and means over windows of a forecast, with their joint covariance.

Days are not independent: the covariances between them are what makes the interval of a weekly mean
honest. A window that began in the past is read from `smooth_signal` over past and future together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lex7.base.shapes import RowCov, RowMean
from lex7.filters.errors import FilterArgumentError
from lex7.filters.kalman import Forecast, combine

Window = tuple[int, int]
"""Start and end in nanoseconds: the times t with start < t <= end."""


@dataclass(frozen=True, slots=True, eq=False)
class WindowMoments:
    """Joint moments over windows.

    Attributes:
        counts: how many times of the forecast each window holds.
        mean: (windows,)
        cov: (windows, windows)
    """

    counts: tuple[int, ...]
    mean: RowMean
    cov: RowCov


def window_sums(forecast: Forecast, windows: Sequence[Window], *, observed: bool) -> WindowMoments:
    """Return the joint moments of the sums over windows.

    `observed` adds the noise of the observations to the signal, each time on its own.

    Raises:
        FilterArgumentError: a window holds no time of the forecast.
    """
    return _moments(forecast, windows, observed=observed, shared=False)


def window_means(forecast: Forecast, windows: Sequence[Window], *, observed: bool) -> WindowMoments:
    """Return the joint moments of the means over windows, as `window_sums` does.

    Raises:
        FilterArgumentError: a window holds no time of the forecast.
    """
    return _moments(forecast, windows, observed=observed, shared=True)


def _moments(
    forecast: Forecast, windows: Sequence[Window], *, observed: bool, shared: bool
) -> WindowMoments:
    rows = np.zeros((len(windows), len(forecast.times_ns)))
    counts = []
    for place, (start_ns, end_ns) in enumerate(windows):
        inside = (forecast.times_ns > start_ns) & (forecast.times_ns <= end_ns)
        count = int(inside.sum())
        if count == 0:
            expected = "windows that hold a time of the forecast"
            raise FilterArgumentError("windows", expected, f"({start_ns}, {end_ns}]")
        rows[place, inside] = 1.0 / count if shared else 1.0
        counts.append(count)
    cov = forecast.observation_cov if observed else forecast.cov
    return WindowMoments(tuple(counts), *combine(rows, forecast.mean, cov))
