"""Windows over a daily series as rows: shares of what was measured, weights on days to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day, month_length, month_of, month_start
from lex7.base.shapes import DayGrid, RowCov, RowMean
from lex7.directive.quantity import Aggregate, Atom
from lex7.filters import combine
from lex7.nodes.series import DailySeries


@dataclass(frozen=True, slots=True, eq=False)
class Weights:
    """One quantity's share of each row.

    Attributes:
        is_defined: (n_row,) whether the row has a value: some day of each window has one.
        past_mean: (n_row,) what the days that were measured contribute.
        past_cov: (n_row, n_row) covariance of that, from the measurements' own uncertainty.
        ahead: (n_row, n_ahead) weights on the days after `as_of`, the next day first.
    """

    is_defined: NDArray[np.bool_]
    past_mean: RowMean
    past_cov: RowCov
    ahead: NDArray[np.float64]

    def rows(self, kept: NDArray[np.bool_]) -> Weights:
        """Return the chosen rows, and no more days ahead than they need."""
        ahead = self.ahead[kept]
        needed = np.flatnonzero((ahead != 0.0).any(axis=0))
        count = int(needed[-1]) + 1 if len(needed) else 0
        return Weights(
            self.is_defined[kept],
            self.past_mean[kept],
            self.past_cov[np.ix_(kept, kept)],
            np.ascontiguousarray(ahead[:, :count]),
        )


def weigh(
    terms: Sequence[tuple[float, Atom]], days: DayGrid, seen: DailySeries, as_of: Day
) -> Weights:
    """Lay out the terms of one quantity on a grid of days.

    Args:
        terms: coefficients and atoms of the same quantity.
        days: (n_row,) ascending.
        seen: its series up to `as_of`.
        as_of: the day of evaluation.
    """
    spans = [[_span(atom, Day(int(day)), as_of) for day in days] for _, atom in terms]
    last = max((end for row in spans for _, end in row), default=as_of)
    past = np.zeros((len(days), len(seen.days)))
    ahead = np.zeros((len(days), max(0, last - as_of)))
    is_defined = np.ones(len(days), dtype=np.bool_)
    for (coefficient, atom), row_spans in zip(terms, spans, strict=True):
        for row, (first, end) in enumerate(row_spans):
            low, high = np.searchsorted(seen.days, [first, min(end, as_of) + 1]).tolist()
            begin, stop = max(first - as_of - 1, 0), max(end - as_of, 0)
            count = max(high - low, 0) + stop - begin
            if count == 0:
                is_defined[row] = False
                continue
            # A sum is the mean times the days: a missing night is missing and not zero.
            share = end - first + 1 if atom.aggregate is Aggregate.SUM else 1
            past[row, low:high] += coefficient * share / count
            ahead[row, begin:stop] += coefficient * share / count
    mean, cov = _of_past(past, seen)
    return Weights(is_defined, mean, cov, ahead)


def _span(atom: Atom, day: Day, as_of: Day) -> tuple[Day, Day]:
    """The first and last day an atom looks at for a row."""
    window = atom.window
    if window is None:
        return day, day
    if window.is_month:
        first = month_start(month_of(day))
        return first, Day(first + month_length(month_of(day)) - 1)
    end = as_of if atom.aggregate is Aggregate.BASELINE else day
    return Day(end - window.days + 1), end


def _of_past(weights: NDArray[np.float64], seen: DailySeries) -> tuple[RowMean, RowCov]:
    used = np.flatnonzero((weights != 0.0).any(axis=0))
    mean: RowMean = np.zeros(len(weights))
    for column in used.tolist():
        mean += weights[:, column] * seen.values[column]
    unsure = used[seen.sd[used] > 0.0]
    cov: RowCov = np.zeros((len(weights), len(weights)))
    if len(unsure):
        sd = seen.sd[unsure]
        columns = np.ascontiguousarray(weights[:, unsure])
        cov = combine(columns, np.zeros(len(unsure)), np.diag(sd * sd))[1]
    return mean, cov
