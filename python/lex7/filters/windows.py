"""Sums and means over windows of a forecast, with their joint covariance.

Days are not independent: the covariances between them are what makes the interval of a weekly mean
honest. A window that began in the past is read from `smooth_signal` over past and future together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lex7.base.shapes import RowCov, RowMean
from lex7.filters import core_native
from lex7.filters.errors import FilterArgumentError
from lex7.filters.kalman import Forecast, combine, observed_cov

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
    if not isinstance(forecast, Forecast):
        raise FilterArgumentError("forecast", "a Forecast", type(forecast).__name__)
    spans = _spans(windows)
    when = core_native.instants(forecast.times_ns)
    rows = np.zeros((len(spans), len(when)))
    counts = []
    for place, (start_ns, end_ns) in enumerate(spans):
        inside = (when > start_ns) & (when <= end_ns)
        count = int(inside.sum())
        if count == 0:
            expected = "windows that hold a time of the forecast"
            raise FilterArgumentError("windows", expected, f"({start_ns}, {end_ns}]")
        rows[place, inside] = 1.0 / count if shared else 1.0
        counts.append(count)
    cov = observed_cov(forecast) if observed else forecast.cov
    return WindowMoments(tuple(counts), *combine(rows, forecast.mean, cov))


def _spans(windows: Sequence[Window]) -> list[Window]:
    if not isinstance(windows, list | tuple) or not windows:
        raise FilterArgumentError("windows", "at least one (start, end)", repr(windows)[:60])
    out = []
    for window in windows:
        if not isinstance(window, list | tuple) or len(window) != 2:
            raise FilterArgumentError("windows", "pairs of start and end", repr(window)[:60])
        start, end = (core_native.instant("windows", edge) for edge in window)
        out.append((start, end))
    return out
