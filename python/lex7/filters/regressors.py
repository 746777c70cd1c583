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
_CIVIL_NS = (-170 * 365 * NS_PER_DAY, 230 * 365 * NS_PER_DAY)


def day_of_month(times_ns: ArrayLike, zone: Zone, days: Sequence[int]) -> NDArray[np.float64]:
    """Return one column per day of the month, 1 on it and else 0, (n, days).

    Days count from 1, or from the end with −1 the last. A day that a month does not have falls on
    its last one, as payments do.

    Raises:
        FilterArgumentError: a day is not from 1 to 31 or from −1 to −28.
    """
    times, days = _civil_times(times_ns, zone), _listed(days, -28, 31)
    if 0 in days:
        raise FilterArgumentError("days", "from 1 to 31 or from -28 to -1", "0")
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
    times, days = _civil_times(times_ns, zone), _listed(days, 0, 6)
    found = [weekday(day_of(time_ns, zone)) for time_ns in times.tolist()]
    return np.array([[float(one == day) for day in days] for one in found]).reshape(
        len(times), len(days)
    )


def pulse(times_ns: ArrayLike, start_ns: int, end_ns: int) -> NDArray[np.float64]:
    """Return a column that is 1 from start to before end, (n, 1): one-off or seasonal events."""
    times = core_native.instants(times_ns)
    start_ns = core_native.instant("start_ns", start_ns)
    end_ns = core_native.instant("end_ns", end_ns)
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
    decays = core_native.row_of_numbers("decays_days", decays_days)
    if any(not 0 < decay < np.inf for decay in decays):
        raise FilterArgumentError("decays_days", "positive numbers", str(decays))
    columns = [_response(times, events, amounts, decay) for decay in decays]
    if not all(np.isfinite(column).all() for column in columns):
        raise FilterArgumentError("sizes", "such that their sums stay finite", "an overflow")
    return np.array(columns).T.reshape(len(times), len(decays))


def _civil_times(times_ns: ArrayLike, zone: Zone) -> TimesNs:
    """Return times that a calendar knows."""
    if not isinstance(zone, Zone) or not isinstance(zone.name, str):
        raise FilterArgumentError("zone", "a Zone", type(zone).__name__)
    times = core_native.instants(times_ns)
    if len(times) and not (times.min() >= _CIVIL_NS[0] and times.max() <= _CIVIL_NS[1]):
        raise FilterArgumentError("times_ns", "times from 1800 to 2200", "one beyond")
    return times


def _listed(days: Sequence[int], lowest: int, highest: int) -> list[int]:
    if isinstance(days, str | bytes) or not isinstance(days, Sequence):
        raise FilterArgumentError("days", "a sequence of days", type(days).__name__)
    return [core_native.whole("days", day, lowest, highest) for day in days]


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
    # Beyond e^−700 nothing is left that a sum could feel.
    gone = np.array([max(-step_ns / NS_PER_DAY / decay, -700.0)])
    return float(core_native.box_plus(_POSITIVE, np.ones(1), gone)[0]) if gone[0] < 0 else 1.0
