"""Does a filter keep its promises? Tests of its innovations and the coverage of its bands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.filters import core_native
from lex7.filters.errors import FilterArgumentError
from lex7.filters.kalman import FilterResult, checked

# Squares of the two-sided normal quantiles (Abramowitz & Stegun, table 26.5).
COVERAGES = ((50, 0.454936423119573), (80, 1.642374415149821), (95, 3.841458820694124))


@dataclass(frozen=True, slots=True)
class Consistency:
    """How the innovations of one run compare with what the filter predicted: its score-card.

    Attributes:
        count: observations that were predicted (not missing, not diffuse).
        nis_mean: mean normalised innovation squared; 1 for a filter that knows its own error.
        inside: for 50, 80 and 95 %: how many observations fell inside that predicted band.
    """

    count: int
    nis_mean: float
    inside: tuple[int, int, int]

    @property
    def coverage(self) -> tuple[float, float, float]:
        """Share of observations inside the 50, 80 and 95 % bands."""
        first, second, third = (number / max(self.count, 1) for number in self.inside)
        return first, second, third

    def after(self, innovation: float, variance: float) -> Consistency:
        """Return the card with one more innovation; missing and diffuse ones change nothing."""
        gap, spread = (
            core_native.number("innovation", innovation),
            core_native.number("variance", variance),
        )
        nis = gap * gap / spread if 0 < spread < np.inf else np.nan
        if not np.isfinite(nis):
            return self
        count = self.count + 1
        first, second, third = (
            number + (nis <= limit)
            for number, (_, limit) in zip(self.inside, COVERAGES, strict=True)
        )
        mean = self.nis_mean + (nis - self.nis_mean) / count
        return Consistency(count, mean, (first, second, third))

    def merged(self, other: Consistency) -> Consistency:
        """Return the score-card of both together, such as a stream's card over its days."""
        added, other_mean = _checked_card(other)
        count = self.count + added
        share = added / max(count, 1)
        mean = self.nis_mean + (other_mean - self.nis_mean) * share
        first, second, third = (a + b for a, b in zip(self.inside, other.inside, strict=True))
        return Consistency(count, mean, (first, second, third))


def _checked_card(card: Consistency) -> tuple[int, float]:
    if not isinstance(card, Consistency):
        raise FilterArgumentError("other", "a score-card", type(card).__name__)
    count = core_native.whole("count", card.count, 0, 1 << 62)
    mean = core_native.number("nis_mean", card.nis_mean)
    inside = core_native.indices("inside", card.inside)
    if len(inside) != len(COVERAGES) or max(inside) > count or not 0 <= mean < np.inf:
        raise FilterArgumentError("other", "a score-card that `score` returned", "another")
    return count, mean


EMPTY_CARD = Consistency(0, 0.0, (0, 0, 0))
"""The score-card of a stream that has not begun."""


@dataclass(frozen=True, slots=True)
class Verification:
    """One statistical test of a filter.

    Attributes:
        statistic: chi-square distributed where the filter is right.
        freedom: its degrees of freedom.
        probability: how often a right filter gives a statistic at least as extreme.
    """

    statistic: float
    freedom: float
    probability: float


def score(result: FilterResult) -> Consistency:
    """Return the score-card of a run, from the innovations alone."""
    nis = _settled(result)
    first, second, third = (sum(value <= limit for value in nis) for _, limit in COVERAGES)
    return Consistency(len(nis), _total(nis) / max(len(nis), 1), (first, second, third))


def verify_nis(result: FilterResult) -> Verification:
    """Test whether innovations are as large as predicted: Σ NIS is χ² with their count, two-sided.

    Raises:
        FilterArgumentError: no innovation was predicted.
    """
    nis = _settled(result)
    return _two_sided(_total(nis), float(len(nis)), "result")


def verify_nees(states: ArrayLike, means: ArrayLike, covs: ArrayLike) -> Verification:
    """Test whether errors of the state are as large as its covariance says, two-sided.

    NEES is eᵀP⁻¹e with e = true state − mean; over rows and states it is χ². `states` and `means`
    are (rows, n), `covs` (rows, n, n). The rows must be independent, as over simulated series;
    along one series errors persist, and the probability is too small.

    Raises:
        FilterArgumentError: shapes do not match, or a covariance is singular.
    """
    truth, centre = core_native.floats("states", states, 2), core_native.floats("means", means, 2)
    spread = core_native.floats("covs", covs, 3)
    rows, size = truth.shape
    if centre.shape != (rows, size) or spread.shape != (rows, size, size):
        expected = f"means ({rows}, {size}) and covs ({rows}, {size}, {size})"
        raise FilterArgumentError("means", expected, f"{centre.shape} and {spread.shape}")
    if not all(np.isfinite(one).all() for one in (truth, centre, spread)):
        raise FilterArgumentError("states", "finite numbers, in means and covs too", "others")
    values = [_nees(e, cov) for e, cov in zip(truth - centre, spread, strict=True)]
    return _two_sided(_total(values), float(rows * size), "states")


def verify_whiteness(result: FilterResult, *, lags: int) -> Verification:
    """Test whether innovations are uncorrelated over the first lags (Ljung & Box 1978).

    Missing and diffuse rows are left out. The probability is that of a larger statistic.

    Raises:
        FilterArgumentError: there are not more innovations than lags, or they are all alike.
    """
    result = checked(result)
    settled = np.isfinite(result.innovation_vars) & (result.innovation_vars > 0)
    z = (result.innovations[settled] / np.sqrt(result.innovation_vars[settled])).tolist()
    count = len(z)
    lags = core_native.whole("lags", lags, 1, max(count - 1, 1))
    if count < 2:
        raise FilterArgumentError("result", "at least two innovations", str(count))
    mean = _total(z) / count
    centred = [value - mean for value in z]
    power = _total([value * value for value in centred])
    if not power < np.inf:
        raise FilterArgumentError("result", "innovations whose squares stay finite", "an overflow")
    if power == 0.0:
        raise FilterArgumentError("result", "innovations that differ", "equal ones")
    statistic = 0.0
    for lag in range(1, lags + 1):
        pairs = zip(centred[lag:], centred, strict=False)
        correlation = _total([a * b for a, b in pairs]) / power
        statistic += correlation * correlation / (count - lag)
    statistic *= count * (count + 2)
    tail = core_native.chi_square_tail(statistic, float(lags))
    return Verification(statistic, float(lags), tail)


def _settled(result: FilterResult) -> list[float]:
    """Return the NIS of every observation that was predicted."""
    values = [value for value in checked(result).nis.tolist() if value == value]
    if any(value == np.inf for value in values):
        raise FilterArgumentError("result", "innovations whose NIS stays finite", "an overflow")
    return values


def _total(values: list[float]) -> float:
    total = 0.0
    for value in values:
        total += value
    return total


def _two_sided(statistic: float, freedom: float, argument: str) -> Verification:
    if freedom == 0:
        raise FilterArgumentError(argument, "at least one prediction", "none")
    if not np.isfinite(statistic):
        raise FilterArgumentError(argument, "errors whose squares stay finite", "an overflow")
    upper = core_native.chi_square_tail(statistic, freedom)
    return Verification(statistic, freedom, min(1.0, 2 * min(upper, 1 - upper)))


def _nees(error: NDArray[np.float64], cov: NDArray[np.float64]) -> float:
    """Return eᵀP⁻¹e by elimination in index order."""
    left, rows = error.tolist(), cov.tolist()
    total = 0.0
    for pivot, line in enumerate(rows):
        if not line[pivot] > 0:
            raise FilterArgumentError("covs", "positive definite", f"a pivot of {line[pivot]}")
        total += left[pivot] / line[pivot] * left[pivot]
        for below in range(pivot + 1, len(rows)):
            factor = rows[below][pivot] / line[pivot]
            left[below] -= factor * left[pivot]
            for column in range(pivot + 1, len(rows)):
                rows[below][column] -= factor * line[column]
    return total
