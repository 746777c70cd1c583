"""How likely one test holds on some days: from its own evidence, or as another node tells it.

Both give the same bounds on the same numbers, rounded outward to the same grid.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day
from lex7.directive.chance import Chance, outward
from lex7.directive.evidence import LeafEvidence
from lex7.directive.heard import HeardLeaf
from lex7.directive.native import band_probability, joint_bounds, normal_cdf
from lex7.directive.plan import Band, Test
from lex7.directive.quantity import Scenarios

STANDARD_ERRORS = 3.0

Bounds = NDArray[np.float64]


class LeafJudge(Protocol):
    """Bounds for one test; None where no day has a value."""

    def every(self, days: tuple[Day, ...], asked: float | None) -> Chance | None:
        """Bound the probability that it holds on all of these days."""
        ...

    def weakest(self, days: tuple[Day, ...]) -> Chance | None:
        """Bound the probability of the least likely of these days."""
        ...

    def some(self, days: tuple[Day, ...]) -> Chance | None:
        """Bound the probability that it holds on one of these days at least."""
        ...


class OwnJudge:
    """Judges a test by its evidence."""

    def __init__(self, known: LeafEvidence, confidence: float) -> None:
        self._known = known
        self._confidence = confidence
        self._alone: tuple[Bounds, Bounds] | None = None

    def every(self, days: tuple[Day, ...], asked: float | None) -> Chance | None:
        """Bound the probability that it holds on all of these days."""
        known, rows = self._known, self._known.rows(days)
        if not len(rows):
            return None
        if known.scenarios is not None:
            return self._share(known.scenarios, np.asarray(holds(known, rows).all(axis=1)))
        if len(rows) == 1:
            low, high = self.alone()
            return outward(float(low[rows[0]]), float(high[rows[0]]))
        return outward(*joint_bounds(z_scores(known, rows), _block(known, rows), asked))

    def weakest(self, days: tuple[Day, ...]) -> Chance | None:
        """Bound the probability of the least likely of these days."""
        rows = self._known.rows(days)
        if not len(rows):
            return None
        low, high = self.alone()
        return outward(float(low[rows].min()), float(high[rows].min()))

    def some(self, days: tuple[Day, ...]) -> Chance | None:
        """Bound the probability that it holds on one of these days at least."""
        known, rows = self._known, self._known.rows(days)
        if not len(rows):
            return None
        if known.scenarios is not None:
            return self._share(known.scenarios, np.asarray(holds(known, rows).any(axis=1)))
        low, high = self.alone()
        total = 0.0
        for row in rows:
            total += high[row]
        best, most = float(low[rows].max()), min(1.0, float(total))
        if isinstance(known.leaf, Test):
            none_low, none_high = joint_bounds(-z_scores(known, rows), _block(known, rows))
            best = max(best, 1.0 - none_high)
            most = max(best, min(most, 1.0 - none_low))
        return outward(best, most)

    def alone(self) -> tuple[Bounds, Bounds]:
        """Bound the probability of every row by itself, not yet rounded."""
        if self._alone is None:
            share = row_probability(self._known)
            low = high = share
            if self._known.scenarios is not None:
                error = STANDARD_ERRORS * self._standard_error(share, self._known.scenarios)
                low, high = np.maximum(share - error, 0.0), np.minimum(share + error, 1.0)
            self._alone = (low, high)
        return self._alone

    def _share(self, scenarios: Scenarios, held: NDArray[np.bool_]) -> Chance:
        share = int(held.sum()) / len(held)
        error = STANDARD_ERRORS * float(self._standard_error(np.array([share]), scenarios)[0])
        return outward(max(share - error, 0.0), min(share + error, 1.0))

    def _standard_error(self, share: Bounds, scenarios: Scenarios) -> Bounds:
        # At a share of 0 or 1 the plain estimate would claim certainty; the one at the confidence
        # asked for does not.
        asked = self._confidence * (1.0 - self._confidence)
        variance = np.maximum(share * (1.0 - share), asked)
        return np.asarray(np.sqrt(variance / len(scenarios.paths)), dtype=np.float64)


def sampled_paths_needed(confidence: float, path_count: int) -> int | None:
    """Return how many sampled paths must hold for p_low to reach a confidence; None if all fail."""

    def is_enough(count: int) -> bool:
        share = count / path_count
        variance = max(share * (1.0 - share), confidence * (1.0 - confidence))
        error = STANDARD_ERRORS * float(np.sqrt(variance / path_count))
        return max(share - error, 0.0) >= confidence

    low, high = 0, path_count
    if not is_enough(path_count):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return high


def judge_of(known: LeafEvidence | HeardLeaf, confidence: float) -> LeafJudge:
    """Return who judges a test: its evidence here, or the node that holds it."""
    return known if isinstance(known, HeardLeaf) else OwnJudge(known, confidence)


def z_scores(known: LeafEvidence, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    """Return margin over standard deviation; ±∞ where there is no uncertainty.

    For a band both edges, the upper ones first.
    """
    sd = known.sd[rows]
    if isinstance(known.leaf, Band):
        half = float(known.leaf.half_width)
        upper = _ratio(half - known.mean[rows], sd, is_strict=known.leaf.is_strict)
        lower = _ratio(half + known.mean[rows], sd, is_strict=known.leaf.is_strict)
        return np.concatenate([upper, lower])
    return _ratio(known.mean[rows], sd, is_strict=known.leaf.is_strict)


def row_probability(known: LeafEvidence) -> NDArray[np.float64]:
    """Return the probability that each row holds by itself."""
    rows = np.arange(len(known.days))
    if known.scenarios is not None:
        held = holds(known, rows)
        return np.asarray(held.sum(axis=0) / held.shape[0], dtype=np.float64)
    if isinstance(known.leaf, Band):
        half = float(known.leaf.half_width)
        inside = band_probability(known.mean, known.sd, half)
        on_edge = (known.sd == 0.0) & (np.abs(known.mean) >= half) & known.leaf.is_strict
        return np.where(on_edge, 0.0, inside)
    return normal_cdf(z_scores(known, rows))


def holds(known: LeafEvidence, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return on which paths and rows a test with scenarios holds."""
    assert known.scenarios is not None, "only called where there are scenarios"
    paths = known.scenarios.paths[:, rows]
    if isinstance(known.leaf, Band):
        size, half = np.abs(paths), float(known.leaf.half_width)
        return size < half if known.leaf.is_strict else size <= half
    return paths > 0.0 if known.leaf.is_strict else paths >= 0.0


def _block(known: LeafEvidence, rows: NDArray[np.intp]) -> NDArray[np.float64]:
    if len(rows) == len(known.days):
        return known.cov
    return np.ascontiguousarray(known.cov[np.ix_(rows, rows)])


def _ratio(
    margin: NDArray[np.float64], sd: NDArray[np.float64], *, is_strict: bool
) -> NDArray[np.float64]:
    held = margin > 0.0 if is_strict else margin >= 0.0
    settled = np.where(held, np.inf, -np.inf)
    return np.divide(margin, sd, out=settled, where=sd > 0.0)
