"""The pictures people expect of a filter; needs the extra `plot` (matplotlib).

Every function draws into axes it is given and returns nothing: figure, size and file are the
caller's. Bands are 50, 80 and 95 %, the widest the lightest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.shapes import Series, TimesNs
from lex7.filters import core_native
from lex7.filters.consistency import COVERAGES
from lex7.filters.errors import FilterArgumentError
from lex7.filters.kalman import FilterResult, Forecast
from lex7.filters.model import Model
from lex7.filters.smoother import Smoothed, smooth_signal

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LINE, _DOT, _ALARM = "#1f4e79", "#555555", "#b3261e"
_ROWS_MAX = 2_000
"""Rows drawn per picture of components: their joint covariance grows with the square."""


def plot_state(axes: Axes, smoothed: Smoothed, state: int, *, name: str) -> None:
    """Draw one state given the whole series, with its bands.

    Raises:
        FilterArgumentError: there is no such state.
    """
    if not isinstance(smoothed, Smoothed):
        raise FilterArgumentError("smoothed", "a Smoothed", type(smoothed).__name__)
    place = core_native.whole("state", state, 0, smoothed.means.shape[1] - 1)
    variance = smoothed.covs[:, place, place]
    _band(axes, smoothed.times_ns, smoothed.means[:, place], variance)
    axes.set_ylabel(name)


def plot_innovations(
    axes: Axes, times_ns: ArrayLike, result: FilterResult, *, nis_max: float
) -> None:
    """Draw innovations in units of their predicted sd, the gate, and what lies outside it.

    Raises:
        FilterArgumentError: there is not one time per innovation, or the gate is not above 0.
    """
    if not isinstance(result, FilterResult):
        raise FilterArgumentError("result", "a FilterResult", type(result).__name__)
    _one_each(core_native.instants(times_ns), len(result.innovations))
    limit = core_native.number("nis_max", nis_max)
    if not 0.0 < limit < np.inf:
        raise FilterArgumentError("nis_max", "a finite number above 0", str(limit))
    settled = np.isfinite(result.innovation_vars) & (result.innovation_vars > 0)
    when = _dates(core_native.instants(times_ns)[settled])
    z = result.innovations[settled] / np.sqrt(result.innovation_vars[settled])
    outside = z * z > limit
    axes.plot(when[~outside], z[~outside], ".", color=_DOT, markersize=4)
    axes.plot(when[outside], z[outside], "x", color=_ALARM, label=f"{outside.sum()} outside")
    for side in (-1.0, 1.0):
        axes.axhline(side * np.sqrt(limit), color=_ALARM, linewidth=0.8, linestyle="--")
    axes.axhline(0.0, color=_LINE, linewidth=0.8)
    axes.set_ylabel("innovation / predicted sd")
    _short_dates(axes)
    axes.legend(loc="upper left", frameon=False)


def plot_forecast(
    axes: Axes, times_ns: ArrayLike, values: ArrayLike, forecast: Forecast, *, observed: bool
) -> None:
    """Draw what was seen and the fan of what is coming; `observed` adds observation noise.

    Raises:
        FilterArgumentError: there is not one time per value, or none at all.
    """
    if not isinstance(forecast, Forecast):
        raise FilterArgumentError("forecast", "a Forecast", type(forecast).__name__)
    seen = core_native.floats("values", values, 1)
    when = _dates(_one_each(core_native.instants(times_ns), len(seen)))
    axes.plot(when, seen, ".", color=_DOT, markersize=4)
    cov = forecast.observation_cov if observed else forecast.cov
    _band(axes, forecast.times_ns, forecast.mean, np.diag(cov))
    axes.axvline(when[-1], color=_DOT, linewidth=0.8, linestyle=":")


def plot_components(
    axes: Sequence[Axes],
    model: Model,
    times_ns: ArrayLike,
    values: ArrayLike,
    *,
    inputs: ArrayLike | None = None,
) -> None:
    """Draw every component's part of the signal given the whole series, one per axes.

    Raises:
        FilterArgumentError: there is not one axes per component, or there are more than 2,000 rows.
        FilterDiffuseError: the whole series does not determine the state.
    """
    if not isinstance(model, Model):
        raise FilterArgumentError("model", "a Model", type(model).__name__)
    if not hasattr(axes, "__len__") or len(axes) != len(model.components):
        expected = f"{len(model.components)} axes, one per component"
        got = str(len(axes)) if hasattr(axes, "__len__") else type(axes).__name__
        raise FilterArgumentError("axes", expected, got)
    times = core_native.instants(times_ns)
    if len(times) > _ROWS_MAX:
        raise FilterArgumentError("times_ns", f"at most {_ROWS_MAX} rows", str(len(times)))
    for place, (each, part) in enumerate(zip(axes, model.components, strict=True)):
        rows = np.arange(len(times))
        found = smooth_signal(model, times, values, rows, inputs=inputs, components=(place,))
        _band(each, times, found.mean, np.diag(found.cov))
        each.set_ylabel(type(part).__name__)


def _band(axes: Axes, times_ns: TimesNs, mean: Series, variance: NDArray[np.float64]) -> None:
    when, sd = _dates(times_ns), np.sqrt(np.maximum(variance, 0.0))
    for percent, square in reversed(COVERAGES):
        reach = np.sqrt(square) * sd
        axes.fill_between(
            when,
            mean - reach,
            mean + reach,
            color=_LINE,
            alpha=0.16,
            linewidth=0,
            label=f"{percent} %",
        )
    axes.plot(when, mean, color=_LINE, linewidth=1.4)
    _short_dates(axes)


def _one_each(times_ns: TimesNs, count: int) -> TimesNs:
    if len(times_ns) != count or count == 0:
        expected = f"{max(count, 1)} times, one per value"
        raise FilterArgumentError("times_ns", expected, str(len(times_ns)))
    return times_ns


def _short_dates(axes: Axes) -> None:
    """Label the dates so that they stand apart at any width: the year once, then months or days."""
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(maxticks=8)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def _dates(times_ns: TimesNs) -> NDArray[np.datetime64]:
    return times_ns.astype("datetime64[ns]")
