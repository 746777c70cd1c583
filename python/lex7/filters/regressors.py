"""Columns of inputs for `Regression`: what the calendar and known events add.

A regression's coefficient is a state of the model: found by the filter with its uncertainty, fixed
or drifting. These functions only build the columns it multiplies.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.civil import NS_PER_DAY, Zone, date_of, day_of, month_length, month_of, weekday
from lex7.base.shapes import TimesNs
from lex7.filters import core_native
from lex7.filters.errors import FilterArgumentError

_POSITIVE = b"\x01"


def day_of_month(times_ns: ArrayLike, zone: Zone, days: Sequence[int]) -> NDArray[np.float64]:
    """Return one column per day of the month, 1 on it and else 0, (n, days).

    Days count from 1, or from the end with −1 the last. A day that a month does not have falls on
    its last one, as payments do.

    Raises:
        FilterArgumentError: a day is not from 1 to 31 or from −1 to −28.
    """
    if any(not (1 <= day <= 31 or -28 <= day <= -1) for day in days):
        raise FilterArgumentError("days", "from 1 to 31 or from -28 to -1", str(list(days)))
    times = core_native.instants(times_ns)
    out = np.zeros((len(times), len(days)))
    for row, time_ns in enumerate(times.tolist()):
        civil = day_of(time_ns, zone)
        length = month_length(month_of(civil))
        today = date_of(civil).day
        for column, day in enumerate(days):
            out[row, column] = today == (min(day, length) if day > 0 else length + 1 + day)
    return out


def day_of_week(times_ns: ArrayLike, zone: Zone, days: Sequence[int]) -> NDArray[np.float64]:
    """Return one column per weekday, Monday 0 to Sunday 6, 1 on it and else 0, (n, days).

    Raises:
        FilterArgumentError: a day is not from 0 to 6.
    """
    if any(not 0 <= day <= 6 for day in days):
        raise FilterArgumentError("days", "from 0 to 6", str(list(days)))
    times = core_native.instants(times_ns)
    found = [weekday(day_of(time_ns, zone)) for time_ns in times.tolist()]
    return np.array([[float(one == day) for day in days] for one in found]).reshape(-1, len(days))


def pulse(times_ns: ArrayLike, start_ns: int, end_ns: int) -> NDArray[np.float64]:
    """Return a column that is 1 from start to before end, (n, 1): one-off or seasonal events."""
    times = core_native.instants(times_ns)
    return ((times >= start_ns) & (times < end_ns)).astype(np.float64)[:, None]


def impulse_responses(
    times_ns: ArrayLike,
    events_ns: ArrayLike,
    sizes: ArrayLike,
    decays_days: Sequence[float],
) -> NDArray[np.float64]:
    """Return Σ size × e^(−(t − event)/decay) over the events up to t, one column per decay.

    Decays of 42 and 7 days over training loads are fitness and fatigue (Banister 1975). An event
    counts in full at its own time. Times and events ascend.

    Raises:
        FilterArgumentError: an order, a length or a decay is not what it must be.
    """
    times, events = core_native.instants(times_ns), core_native.instants(events_ns)
    amounts = core_native.floats("sizes", sizes, 1)
    if len(amounts) != len(events) or not np.isfinite(amounts).all():
        expected = f"{len(events)} finite numbers, one per event"
        raise FilterArgumentError("sizes", expected, f"{len(amounts)} numbers")
    for name, column in (("times_ns", times), ("events_ns", events)):
        if (column[1:] < column[:-1]).any():
            raise FilterArgumentError(name, "ascending times", "an earlier one")
    if any(not 0 < decay < np.inf for decay in decays_days):
        raise FilterArgumentError("decays_days", "positive numbers", str(list(decays_days)))
    columns = [_response(times, events, amounts, decay) for decay in decays_days]
    return np.array(columns).T.reshape(len(times), len(decays_days))


def _response(
    times: TimesNs, events: TimesNs, sizes: NDArray[np.float64], decay: float
) -> list[float]:
    """Carry one decaying sum through events and times, in the order of time."""
    out: list[float] = []
    level, now, event = 0.0, 0, 0
    stamps, amounts = events.tolist(), sizes.tolist()
    for time_ns in times.tolist():
        while event < len(stamps) and stamps[event] <= time_ns:
            level = level * _kept(stamps[event] - now, decay) + amounts[event]
            now = stamps[event]
            event += 1
        out.append(level * _kept(time_ns - now, decay) if event else 0.0)
    return out


def _kept(step_ns: int, decay: float) -> float:
    """Return e^(−step/decay) with the exponential of the kernels."""
    gone = np.array([-step_ns / NS_PER_DAY / decay])
    return float(core_native.box_plus(_POSITIVE, np.ones(1), gone)[0]) if gone[0] < 0 else 1.0
