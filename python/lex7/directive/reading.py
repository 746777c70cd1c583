"""What a rule speaks of, as it is now, with a 90 % band."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lex7.base.civil import Day
from lex7.base.ids import QuantityName
from lex7.directive.assessment import Reading
from lex7.directive.catalogue import BURN, CASH
from lex7.directive.evidence import moments_of
from lex7.directive.grid import row_day
from lex7.directive.plan import Band, Leaf
from lex7.directive.quantity import Aggregate, Atom, Forecast, Linear

Z_90 = 1.6448536269514722
"""Φ⁻¹(0.95): 90 % lie within."""

_CASH = Atom(QuantityName(CASH), Aggregate.VALUE, None)
_BURN = Atom(QuantityName(BURN), Aggregate.VALUE, None)


def reading(leaf: Leaf, forecast: Forecast, newest: Day | None) -> Reading | None:
    """Read a test's own left side today, or on the newest day that has a value.

    Args:
        leaf: the test or band.
        forecast: whom to ask.
        newest: the newest day with a value of the quantities in it, or None.

    Returns:
        The value with its band, or None where there is none.
    """
    days = [row_day(leaf, forecast.as_of), *([newest] if newest is not None else [])]
    for day in days:
        if isinstance(leaf, Band) or leaf.runway_months is None:
            found = _linear(leaf, forecast, day)
        else:
            found = _runway(leaf.runway_months, forecast, day)
        if found is not None:
            return found
    return None


def _linear(leaf: Leaf, forecast: Forecast, day: Day) -> Reading | None:
    moments = _moments(leaf.linear, forecast, day)
    if moments is None:
        return None
    mean, variance = moments
    constant = float(leaf.linear.constant)
    if isinstance(leaf, Band):
        return _read(mean, variance, float(leaf.half_width), leaf.unit, day)
    value = leaf.direction * (mean - constant)
    return _read(value, variance, -leaf.direction * constant, leaf.unit, day)


def _runway(months: Fraction, forecast: Forecast, day: Day) -> Reading | None:
    """Cash over burn, with the variance of a ratio to first order.

    var(c - v b) / b² at v = c / b (Fieller, 1954, to first order); all three variances come from
    moments of linear expressions.
    """
    cash = _moments(Linear(((Fraction(1), _CASH),), Fraction(0)), forecast, day)
    burn = _moments(Linear(((Fraction(1), _BURN),), Fraction(0)), forecast, day)
    if cash is None or burn is None or burn[0] <= 0.0:
        return None
    value = cash[0] / burn[0]
    ratio = Linear(((Fraction(1), _CASH), (-Fraction(value), _BURN)), Fraction(0))
    spread = _moments(ratio, forecast, day)
    if spread is None:
        return None
    return _read(value, spread[1] / (burn[0] * burn[0]), float(months), "mo", day)


def _moments(linear: Linear, forecast: Forecast, day: Day) -> tuple[float, float] | None:
    found = moments_of(linear, np.array([day], dtype=np.int64), forecast)
    if not len(found.days):
        return None
    return float(found.mean[0]), max(float(found.cov[0, 0]), 0.0)


def _read(value: float, variance: float, threshold: float, unit: str, day: Day) -> Reading:
    sd = float(np.sqrt(variance))
    return Reading(value, sd, value - Z_90 * sd, value + Z_90 * sd, threshold, unit, day)
