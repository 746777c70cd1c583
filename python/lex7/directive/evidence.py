"""What a forecast says about one rule: moments and scenarios of every test on the days it is read.

Asking a node is the slow part, and its answer is linear in the moves. So it is asked once
(`gather`), and any correction is then judged by `shifted` on the same numbers. Everything here is
arithmetic in a fixed order, entry by entry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day
from lex7.base.shapes import DayGrid, RowCov, RowGradient, RowMean
from lex7.directive.catalogue import node_of
from lex7.directive.grid import days_of, row_day
from lex7.directive.heard import HeardLeaf, Hears
from lex7.directive.plan import AllOf, AnyOf, Band, CompiledRule, Leaf, Plan, Span, Test
from lex7.directive.problem import MomentsError
from lex7.directive.quantity import Forecast, Linear, Moments, Move, Scenarios

WORSE_MIN = 1e-9
"""A change below this share of the margin is rounding, not worsening."""


@dataclass(frozen=True, slots=True, eq=False)
class LeafEvidence:
    """What is known about one test or band.

    Attributes:
        leaf: the test or band.
        days: (n_row,) days with a value, ascending.
        mean: (n_row,) expected margin (for a band: the expected linear expression).
        sd: (n_row,) its standard deviation.
        cov: (n_row, n_row) its covariance.
        gradient: (n_row, n_move) change for one unit of each move.
        scenarios: sampled paths on the same days where the node offers them, else None.
        row_of: which row answers for a day.
    """

    leaf: Leaf
    days: DayGrid
    mean: RowMean
    sd: RowMean
    cov: RowCov
    gradient: RowGradient
    scenarios: Scenarios | None
    row_of: dict[int, int]

    @property
    def row_days(self) -> tuple[Day, ...]:
        """List the days of the rows."""
        return tuple(Day(int(day)) for day in self.days)

    @property
    def is_sampled(self) -> bool:
        """Answer whether scenarios decide it."""
        return self.scenarios is not None

    def worsens(self, units: float) -> bool:
        """Answer whether some units of the only move bring any day nearer to failing."""
        return self.worsened(self.gradient[:, 0] * units)

    def worsened(self, change: RowMean) -> bool:
        """Answer whether a change of the margins brings any day nearer to failing."""
        gain = change
        if isinstance(self.leaf, Band):
            gain = np.abs(self.mean) - np.abs(self.mean + change)
        return bool((gain < -WORSE_MIN * np.maximum(1.0, np.abs(self.mean))).any())

    def rows(self, days: tuple[Day, ...]) -> NDArray[np.intp]:
        """Return the rows that answer for some days, ascending; days without a value drop out."""
        if self.leaf.on_months:
            months = {self.row_of.get(row_day(self.leaf, day), -1) for day in days} - {-1}
            return np.array(sorted(months), dtype=np.intp)
        asked = np.array(days, dtype=np.int64)
        place = np.searchsorted(self.days, asked)
        is_known = place < len(self.days)
        is_known[is_known] = self.days[place[is_known]] == asked[is_known]
        return np.unique(place[is_known]).astype(np.intp)


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """One rule with what a forecast says about its tests.

    Attributes:
        rule: the rule.
        today: the day of evaluation.
        moves: the columns of every gradient.
        leaves: one entry per test or band, in the order of `plan.leaves`.
    """

    rule: CompiledRule
    today: Day
    moves: tuple[Move, ...]
    leaves: tuple[LeafEvidence | HeardLeaf, ...]

    def of(self, leaf: Leaf) -> LeafEvidence | HeardLeaf:
        """Return what is known about a test; equal tests share one answer."""
        for known in self.leaves:
            if known.leaf == leaf:
                return known
        raise AssertionError("every leaf of the plan was gathered")


def gather(rule: CompiledRule, forecast: Forecast, moves: tuple[Move, ...]) -> Evidence:
    """Ask a forecast for everything a rule needs.

    Raises:
        MomentsError: an answer has the wrong shape or is not finite.
        StateError: the node cannot answer (raised by the node).
    """
    needed: dict[Leaf, set[Day]] = {}
    collect_days(rule.plan, forecast.as_of, needed)
    found: list[LeafEvidence | HeardLeaf] = []
    for leaf, days in needed.items():
        grid = tuple(sorted(days))
        if isinstance(forecast, Hears):
            found.append(forecast.hear(rule, leaf, grid, moves))
        else:
            found.append(leaf_evidence(leaf, grid, forecast, moves))
    return Evidence(rule, forecast.as_of, moves, tuple(found))


def collect_days(plan: Plan, day: Day, needed: dict[Leaf, set[Day]]) -> None:
    """Add the days on which each leaf is read when `plan` is asked about `day`."""
    match plan:
        case Test() | Band():
            needed.setdefault(plan, set()).add(row_day(plan, day))
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                collect_days(part, day, needed)
        case Span(_, reach, body):
            for inner in days_of(reach, body, day):
                collect_days(body, inner, needed)


def shifted(evidence: Evidence, shift: NDArray[np.float64] | None) -> Evidence:
    """Return the evidence after the moves were made: mean + gradient · shift.

    Raises:
        MomentsError: the shift does not have one entry per move.
    """
    if shift is None:
        return evidence
    if shift.shape != (len(evidence.moves),):
        raise MomentsError("shift", f"shape ({len(evidence.moves)},)", f"{shift.shape}")
    leaves = tuple(
        leaf.shifted(shift) if isinstance(leaf, HeardLeaf) else moved(leaf, shift)
        for leaf in evidence.leaves
    )
    return replace(evidence, leaves=leaves)


def moments_of(linear: Linear, days: DayGrid, forecast: Forecast) -> Moments:
    """Ask for moments without moves, checked.

    Raises:
        MomentsError: the answer has the wrong shape or is not finite.
    """
    return _checked(forecast.moments(linear, days, ()), 0)


def leaf_evidence(
    leaf: Leaf, days: tuple[Day, ...], forecast: Forecast, moves: tuple[Move, ...]
) -> LeafEvidence:
    """Ask a forecast for everything it can say about one test.

    Raises:
        MomentsError: an answer has the wrong shape or is not finite.
        StateError: the node cannot answer.
    """
    own = tuple(index for index, move in enumerate(moves) if node_of(move.quantity) == leaf.node)
    asked = tuple(moves[index] for index in own)
    grid = np.array(days, dtype=np.int64)
    found = _checked(forecast.moments(leaf.linear, grid, asked), len(asked))
    # Moves of other nodes' quantities do not touch this row.
    gradient = np.zeros((len(found.days), len(moves)))
    gradient[:, own] = found.gradient
    variance = np.maximum(np.diagonal(found.cov), 0.0)
    return LeafEvidence(
        leaf,
        found.days,
        np.ascontiguousarray(found.mean, dtype=np.float64),
        np.sqrt(variance),
        np.ascontiguousarray(found.cov, dtype=np.float64),
        gradient,
        _scenarios(leaf, found.days, forecast, (asked, own, len(moves))),
        {int(day): row for row, day in enumerate(found.days)},
    )


def _scenarios(
    leaf: Leaf,
    days: DayGrid,
    forecast: Forecast,
    moves: tuple[tuple[Move, ...], tuple[int, ...], int],
) -> Scenarios | None:
    if not len(days):
        return None
    asked, own, count = moves
    found = forecast.scenarios(leaf.linear, days, asked)
    if found is None:
        return None
    if found.paths.shape[1:] != days.shape or not np.array_equal(found.days, days):
        raise MomentsError("scenarios", f"{len(days)} days", f"shape {found.paths.shape}")
    if not found.paths.shape[0] or not np.isfinite(found.paths).all():
        raise MomentsError("scenarios", "finite paths", "none, NaN or infinity")
    gradient = np.zeros((*found.gradient.shape[:2], count))
    gradient[:, :, own] = found.gradient
    return Scenarios(found.days, found.paths, gradient)


def _checked(found: Moments, moves: int) -> Moments:
    count = len(found.days)
    shapes = (found.mean.shape, found.cov.shape, found.gradient.shape)
    if shapes != ((count,), (count, count), (count, moves)):
        raise MomentsError("moments", f"{count} rows and {moves} moves", f"shapes {shapes}")
    if count > 1 and not (np.diff(found.days) > 0).all():
        raise MomentsError("days", "ascending days", "another order")
    for name, array in (("mean", found.mean), ("cov", found.cov), ("gradient", found.gradient)):
        if not np.isfinite(array).all():
            raise MomentsError(name, "finite numbers", "NaN or infinity")
    return found


def moved(leaf: LeafEvidence, shift: NDArray[np.float64]) -> LeafEvidence:
    """Return the evidence of one test after moves were made."""
    mean, scenarios = leaf.mean, leaf.scenarios
    # Those that are not made change nothing, not even the order of the sum.
    made = np.flatnonzero(shift)
    for move in made:
        mean = mean + leaf.gradient[:, move] * shift[move]
    if scenarios is not None:
        paths = scenarios.paths
        for move in made:
            paths = paths + scenarios.gradient[:, :, move] * shift[move]
        scenarios = replace(scenarios, paths=paths)
    return replace(leaf, mean=mean, scenarios=scenarios)
