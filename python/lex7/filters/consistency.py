"""Does a filter keep its promises? Normalised innovations and the coverage of its bands."""

from __future__ import annotations

from dataclasses import dataclass

from lex7.filters.kalman import FilterResult

# Squares of the two-sided normal quantiles (Abramowitz & Stegun, table 26.5).
COVERAGES = ((50, 0.454936423119573), (80, 1.642374415149821), (95, 3.841458820694124))


@dataclass(frozen=True, slots=True)
class Consistency:
    """How the innovations of one run compare with what the filter predicted.

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


def score(result: FilterResult) -> Consistency:
    """Return the score-card of a run, from the innovations alone."""
    nis = [value for value in result.nis.tolist() if value == value]
    total = 0.0
    for value in nis:
        total += value
    first, second, third = (sum(value <= limit for value in nis) for _, limit in COVERAGES)
    return Consistency(len(nis), total / max(len(nis), 1), (first, second, third))
