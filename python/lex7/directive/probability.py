"""Sound bounds on the probability that a rule holds.

An event is a plan on a day. Its bounds (low, high) never lie on the wrong side of the truth:

    test on one day           Φ(μ/s), exact
    band on one day           Φ((c-μ)/s) - Φ((-c-μ)/s), exact
    every day of a window     Hunter-Worsley and a chain (Slepian) below; pair union and
                              Dawson-Sankoff above (lex7-core)
    some day of a window      1 - P(every day fails), at least the best single day
    all of                    Fréchet: Σ low - (n-1) below, the least high above
    any of                    the largest low; Σ high, at most 1

Where a node offers scenarios the share of paths takes the place of Φ, widened by three standard
errors. A day without a value says nothing and drops out. Pointwise rules take the weakest day of
their outermost `always`; everything inside is one event.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day
from lex7.directive.evidence import Evidence, LeafEvidence
from lex7.directive.grid import days_of
from lex7.directive.native import (
    band_probability,
    joint_bounds,
    normal_cdf,
)
from lex7.directive.plan import AllOf, AnyOf, Band, Leaf, Over, Plan, Quantifier, Span, Test
from lex7.directive.quantity import Scenarios

STANDARD_ERRORS = 3.0


@dataclass(frozen=True, slots=True)
class Chance:
    """A lower and an upper bound on one probability."""

    low: float
    high: float


def chance(evidence: Evidence) -> Chance | None:
    """Bound the probability that decides a rule; None where no day has a value."""
    if evidence.rule.over is Over.JOINTLY:
        return _Judge(evidence).whole(evidence.rule.plan, evidence.today)
    return _Judge(evidence).weakest(evidence.rule.plan, evidence.today)


def likelihood(evidence: Evidence) -> Callable[[Plan, Day], float]:
    """Return a function that gives p_low of one part of the rule on one day, 0 without a value."""
    judge = _Judge(evidence)

    def of(plan: Plan, day: Day) -> float:
        found = judge.event(plan, (day,))
        return 0.0 if found is None else found.low

    return of


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
        holds = _holds(known, rows)
        return np.asarray(holds.sum(axis=0) / holds.shape[0], dtype=np.float64)
    if isinstance(known.leaf, Band):
        half = float(known.leaf.half_width)
        inside = band_probability(known.mean, known.sd, half)
        on_edge = (known.sd == 0.0) & (np.abs(known.mean) >= half) & known.leaf.is_strict
        return np.where(on_edge, 0.0, inside)
    return normal_cdf(z_scores(known, rows))


class _Judge:
    """Walks a plan over one evidence."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._confidence = float(evidence.rule.confidence)
        self._alone: dict[Leaf, tuple[NDArray[np.float64], NDArray[np.float64]]] = {}

    def weakest(self, plan: Plan, day: Day) -> Chance | None:
        """Judge a pointwise rule: the weakest of its days and parts."""
        match plan:
            case AllOf(parts):
                return _least([self.weakest(part, day) for part in parts])
            case Span(Quantifier.EVERY, reach, body):
                days = days_of(reach, body, day)
                if isinstance(body, Test | Band):
                    return self._weakest_row(body, days)
                return _least([self.event(body, (inner,)) for inner in days])
            case _:
                return self.event(plan, (day,))

    def whole(self, plan: Plan, day: Day) -> Chance | None:
        """Judge a joint rule; one test on every day is bounded only as tightly as it takes."""
        match plan:
            case Span(Quantifier.EVERY, reach, Test() | Band() as body):
                return self._every_row(body, days_of(reach, body, day), self._confidence)
            case _:
                return self.event(plan, (day,))

    def event(self, plan: Plan, days: tuple[Day, ...]) -> Chance | None:
        """Bound P(the plan holds on all of these days)."""
        match plan:
            case Test() | Band():
                return self._every_row(plan, days)
            case AllOf(parts):
                return _both([self.event(part, days) for part in parts])
            case Span(Quantifier.EVERY, reach, body):
                inner = {found for day in days for found in days_of(reach, body, day)}
                return self.event(body, tuple(sorted(inner)))
            case AnyOf(parts):
                return self._any_of(parts, days)
            case Span(_, reach, body):
                each = [self._some(body, days_of(reach, body, day)) for day in days]
                return _both(each)

    def _any_of(self, parts: tuple[Plan, ...], days: tuple[Day, ...]) -> Chance | None:
        each = [_either([self.event(part, (day,)) for part in parts]) for day in days]
        found = _both(each)
        if found is None or len(days) == 1:
            return found
        # One part that holds throughout is enough; often far better than day by day.
        known = tuple(day for day, one in zip(days, each, strict=True) if one is not None)
        whole = [self.event(part, known) for part in parts]
        best = max((one.low for one in whole if one is not None), default=0.0)
        return Chance(max(found.low, best), found.high)

    def _some(self, body: Plan, days: tuple[Day, ...]) -> Chance | None:
        if not isinstance(body, Test | Band):
            return _either([self.event(body, (day,)) for day in days], can_miss=True)
        known = self._evidence.of(body)
        rows = known.rows(days)
        if not len(rows):
            return None
        if known.scenarios is not None:
            holds = np.asarray(_holds(known, rows).any(axis=1))
            return self._share(known.scenarios, holds)
        low, high = self._rows_alone(known)
        total = 0.0
        for row in rows:
            total += high[row]
        best, most = float(low[rows].max()), min(1.0, float(total))
        if isinstance(body, Test):
            none_low, none_high = joint_bounds(-z_scores(known, rows), _block(known, rows))
            best = max(best, 1.0 - none_high)
            most = max(best, min(most, 1.0 - none_low))
        return Chance(best, most)

    def _every_row(
        self, leaf: Test | Band, days: tuple[Day, ...], asked: float | None = None
    ) -> Chance | None:
        known = self._evidence.of(leaf)
        rows = known.rows(days)
        if not len(rows):
            return None
        if known.scenarios is not None:
            return self._share(known.scenarios, np.asarray(_holds(known, rows).all(axis=1)))
        if len(rows) == 1:
            low, high = self._rows_alone(known)
            return Chance(float(low[rows[0]]), float(high[rows[0]]))
        return Chance(*joint_bounds(z_scores(known, rows), _block(known, rows), asked))

    def _weakest_row(self, leaf: Test | Band, days: tuple[Day, ...]) -> Chance | None:
        known = self._evidence.of(leaf)
        rows = known.rows(days)
        if not len(rows):
            return None
        low, high = self._rows_alone(known)
        return Chance(float(low[rows].min()), float(high[rows].min()))

    def _rows_alone(self, known: LeafEvidence) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        if known.leaf not in self._alone:
            share = row_probability(known)
            low = high = share
            if known.scenarios is not None:
                error = STANDARD_ERRORS * self._standard_error(share, known.scenarios)
                low, high = np.maximum(share - error, 0.0), np.minimum(share + error, 1.0)
            self._alone[known.leaf] = (low, high)
        return self._alone[known.leaf]

    def _share(self, scenarios: Scenarios, holds: NDArray[np.bool_]) -> Chance:
        share = int(holds.sum()) / len(holds)
        error = STANDARD_ERRORS * float(self._standard_error(np.array([share]), scenarios)[0])
        return Chance(max(share - error, 0.0), min(share + error, 1.0))

    def _standard_error(
        self, share: NDArray[np.float64], scenarios: Scenarios
    ) -> NDArray[np.float64]:
        # At a share of 0 or 1 the plain estimate would claim certainty; the one at the confidence
        # asked for does not.
        asked = self._confidence * (1.0 - self._confidence)
        variance = np.maximum(share * (1.0 - share), asked)
        return np.asarray(np.sqrt(variance / len(scenarios.paths)), dtype=np.float64)


def _holds(known: LeafEvidence, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
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
    holds = margin > 0.0 if is_strict else margin >= 0.0
    settled = np.where(holds, np.inf, -np.inf)
    return np.divide(margin, sd, out=settled, where=sd > 0.0)


def _least(found: list[Chance | None]) -> Chance | None:
    known = [one for one in found if one is not None]
    if not known:
        return None
    return Chance(min(one.low for one in known), min(one.high for one in known))


def _both(found: list[Chance | None]) -> Chance | None:
    known = [one for one in found if one is not None]
    if not known:
        return None
    missing = 0.0
    for one in known:
        missing += 1.0 - one.low
    low = known[0].low if len(known) == 1 else max(0.0, 1.0 - missing)
    return Chance(low, min(one.high for one in known))


def _either(found: list[Chance | None], *, can_miss: bool = False) -> Chance | None:
    known = [one for one in found if one is not None]
    if not known or (len(known) < len(found) and not can_miss):
        return None
    high = 0.0
    for one in known:
        high += one.high
    return Chance(max(one.low for one in known), min(1.0, high))
