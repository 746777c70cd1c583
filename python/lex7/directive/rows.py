"""Rows for a solver: A · u <= b, where u are the moves and b = μ - z s is what may be lost.

Row i holds the rule's row at the point u exactly when (A · u)_i <= b_i. A = -gradient: a positive
entry is what one unit of a move costs. z is Φ⁻¹(p) for a rule over each day, and for a joint
demand the common z at which the Hunter-Worsley bound reaches p; `reallocated` then gives rows
with room a larger z and lets the binding ones relax. A band holds two rows per day. Floats here;
the exact problem is made by `lex7.correct`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lex7.base.shapes import DayGrid, RowCov, RowGradient, RowMean
from lex7.directive.branch import Branch, Branches, Demand, best_branch, branches
from lex7.directive.evidence import Evidence, LeafEvidence, gather
from lex7.directive.heard import HeardLeaf
from lex7.directive.native import (
    band_reach,
    joint_common_z,
    joint_reallocate,
    normal_quantile,
)
from lex7.directive.plan import Band, CompiledRule
from lex7.directive.probability import likelihood
from lex7.directive.quantity import Forecast, Move

ROUNDS = 8
"""Re-allocations of z a caller makes at most (DESIGN §8)."""

SHARE = 0.5
"""How much of a row's present room is given back to the others in one round."""


@dataclass(frozen=True, slots=True, eq=False)
class RowBlock:
    """The rows of one demand.

    Attributes:
        demand: the test, its days, confidence, and whether jointly.
        unit: the unit of b.
        days: (n_row,) the day of each row; a band lists its upper edges, then its lower ones.
        mean: (n_row,) expected margin before any move.
        sd: (n_row,) its standard deviation.
        z: (n_row,) the back-off in standard deviations; NaN where a band cannot be reached.
        loss: (n_row, n_move) A: what one unit of each move takes from the margin.
        room: (n_row,) b = μ - z s; -inf where a band cannot be reached by any move.
        cov: (n_day, n_day) covariance of the margin between days.
        heard: how the node that holds the test allocates z anew at a shift; then mean is room,
            and sd, z and cov say nothing. None where the evidence is here.
    """

    demand: Demand
    unit: str
    days: DayGrid
    mean: RowMean
    sd: RowMean
    z: NDArray[np.float64]
    loss: RowGradient
    room: NDArray[np.float64]
    cov: RowCov
    heard: Callable[[NDArray[np.float64]], NDArray[np.float64]] | None = None

    @property
    def is_hopeless(self) -> bool:
        """Answer whether uncertainty alone breaks a band on some day, whatever is moved."""
        return bool(np.isneginf(self.room).any())


@dataclass(frozen=True, slots=True, eq=False)
class RuleRows:
    """The ways to satisfy a rule, as rows.

    Attributes:
        rule: the rule.
        moves: the columns.
        ways: at least one; each is a tuple of blocks that hold together. The one that looks best
            before any move comes first.
        is_exhaustive: whether these are all ways there are; if not, a solver's answer is the
            smallest of these only.
    """

    rule: CompiledRule
    moves: tuple[Move, ...]
    ways: tuple[tuple[RowBlock, ...], ...]
    is_exhaustive: bool


def rows(rule: CompiledRule, forecast: Forecast, moves: tuple[Move, ...]) -> RuleRows:
    """Turn a rule into rows over moves.

    Raises:
        MomentsError: a node's answer cannot be used.
        StateError: a node cannot answer.
    """
    return rows_of(gather(rule, forecast, moves))


def rows_of(evidence: Evidence) -> RuleRows:
    """Turn evidence into rows over its moves."""
    found = demands_of(evidence)
    ways = tuple(_blocks(way, evidence) for way in found.ways)
    return RuleRows(evidence.rule, evidence.moves, ways, found.is_exhaustive)


def demands_of(evidence: Evidence) -> Branches:
    """List the ways to satisfy a rule as demands, without their rows."""
    return branches(evidence.rule, evidence.today, likelihood(evidence))


def first_way(evidence: Evidence) -> tuple[RowBlock, ...]:
    """Return the rows of the way to satisfy the rule that looks best now."""
    return _blocks(best_branch(evidence.rule, evidence.today, likelihood(evidence)), evidence)


def reallocated(block: RowBlock, shift: NDArray[np.float64]) -> RowBlock:
    """Give rows with room at `shift` a larger z, so that the binding ones may have a smaller.

    A pointwise block is returned as it is. Of the 8 rounds a caller makes, it keeps the cheapest
    point that `assess` accepts.
    """
    if not block.demand.is_joint or len(block.days) < 2:
        return block
    if block.heard is not None:
        room = block.heard(shift)
        return replace(block, mean=room, room=room)
    margin = block.mean
    for move, amount in enumerate(shift):
        margin = margin - block.loss[:, move] * amount
    settled = np.where(margin >= 0.0, np.inf, -np.inf)
    now = np.divide(margin, block.sd, out=settled, where=block.sd > 0.0)
    z = joint_reallocate(now, block.cov, float(block.demand.confidence), SHARE)
    z = np.where(block.sd > 0.0, z, 0.0)
    return replace(block, z=z, room=block.mean - z * block.sd)


def _blocks(way: Branch, evidence: Evidence) -> tuple[RowBlock, ...]:
    built = [block_of(demand, evidence.of(demand.leaf)) for demand in way]
    return tuple(block for block in built if len(block.days))


def block_of(demand: Demand, known: LeafEvidence | HeardLeaf) -> RowBlock:
    """Return the rows of one demand."""
    chosen = known.rows(demand.days)
    if isinstance(known, HeardLeaf):
        return _heard_block(demand, known, chosen)
    cov = np.ascontiguousarray(known.cov[np.ix_(chosen, chosen)])
    days, mean, sd = known.days[chosen], known.mean[chosen], known.sd[chosen]
    loss = -known.gradient[chosen]
    if isinstance(demand.leaf, Band):
        return _band_block(demand, demand.leaf, (days, mean, sd, loss, cov))
    z = np.full(len(chosen), _z(demand, cov, is_band=False))
    return RowBlock(demand, demand.leaf.unit, days, mean, sd, z, loss, mean - z * sd, cov)


def _heard_block(demand: Demand, known: HeardLeaf, chosen: NDArray[np.intp]) -> RowBlock:
    days, loss = known.days[chosen], -known.gradient[chosen]
    if isinstance(demand.leaf, Band):
        days, loss = np.concatenate([days, days]), np.concatenate([-loss, loss])
    if not len(days):
        room, again = np.zeros(0), None
    else:
        room, again = known.room(demand)
    none = np.zeros(len(days))
    return RowBlock(
        demand, demand.leaf.unit, days, room, none, none, loss, room, np.zeros((0, 0)), again
    )


def _band_block(
    demand: Demand,
    band: Band,
    moments: tuple[DayGrid, RowMean, RowMean, RowGradient, RowCov],
) -> RowBlock:
    days, centre, sd_day, loss_day, cov = moments
    half = float(band.half_width)
    mean = np.concatenate([half - centre, half + centre])
    sd = np.concatenate([sd_day, sd_day])
    # The upper edge loses what the expression gains.
    loss = np.concatenate([-loss_day, loss_day])
    if demand.is_joint and len(days) > 1:
        z = np.full(len(mean), _z(demand, cov, is_band=True))
        room = mean - z * sd
    else:
        reach = band_reach(sd_day, half, float(demand.confidence))
        back_off = half - np.concatenate([reach, reach])
        z = np.divide(back_off, sd, out=np.zeros_like(sd), where=sd > 0.0)
        room = np.where(np.isnan(back_off), -np.inf, mean - back_off)
    return RowBlock(demand, band.unit, np.concatenate([days, days]), mean, sd, z, loss, room, cov)


def _z(demand: Demand, cov: RowCov, *, is_band: bool) -> float:
    confidence = float(demand.confidence)
    if demand.is_joint and len(cov) > 1:
        return joint_common_z(cov, confidence, is_band)
    return normal_quantile(confidence)
