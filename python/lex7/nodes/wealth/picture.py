"""Means and covariances of placed rows: parts of an expression meet the channels they ask for.

Channels are independent, so the covariance of two rows is a sum over channels. Channels that every
part weighs alike are one kernel (cash asks all of them at once), so a rule costs a few tables of
(row × row), whatever the number of categories. Windows are differences of sums; nothing is a matrix
product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lex7.base.shapes import DayGrid, RowCov, RowMean, Series
from lex7.nodes.wealth.everyday import INCOME, MOVED
from lex7.nodes.wealth.kernel import (
    Kernel,
    Positions,
    Table,
    add_kernels,
    levels_with_levels,
    sums_with_levels,
    sums_with_sums,
)
from lex7.nodes.wealth.outlook import DAYS_PER_MONTH, Outlook
from lex7.nodes.wealth.rows import BURN, CASH, SPEND, Kind, Part, UnansweredError, is_stock

RECEIVED = (INCOME, MOVED)


@dataclass(frozen=True, slots=True)
class Pick:
    """A part and the channels it is taken from.

    Attributes:
        part: what is taken, when, and its weight.
        channels: name → weight of the channel in the part's quantity.
    """

    part: Part
    channels: dict[str, float]


def pick(part: Part, outlook: Outlook) -> Pick:
    """Name the channels of a part's quantity.

    Raises:
        UnansweredError: the quantity is none of this node's.
    """
    name = str(part.quantity)
    spending = dict.fromkeys(outlook.spending, 1.0)
    if name == CASH:
        received = dict.fromkeys(RECEIVED, 1.0)
        return Pick(part, dict.fromkeys(spending, -1.0) | received)
    if name in (SPEND, BURN):
        return Pick(part, spending)
    if name in outlook.channels and (name == INCOME or "." in name):
        return Pick(part, {name: 1.0})
    raise UnansweredError(f"{name}; it is not in the ledger")


def mean_of(picks: Sequence[Pick], outlook: Outlook, row_count: int) -> RowMean:
    """Return the expected value of the sum of the picks, minor units."""
    mean = np.zeros(row_count)
    for one in picks:
        mean = mean + one.part.weight * _values(one, outlook)
    return mean


def cov_of(picks: Sequence[Pick], outlook: Outlook, row_count: int) -> RowCov:
    """Return the covariance of the sum of the picks across rows, minor units squared."""
    groups: dict[tuple[float, ...], list[Kernel]] = {}
    for name in sorted({name for one in picks for name in one.channels}):
        weights = tuple(one.channels.get(name, 0.0) for one in picks)
        groups.setdefault(weights, []).append(outlook.channels[name].kernel)
    cov = np.zeros((row_count, row_count))
    for weights, kernels in groups.items():
        kernel = add_kernels(tuple(kernels))
        used = [
            (weight, one.part) for weight, one in zip(weights, picks, strict=True) if weight != 0.0
        ]
        for at, (weight, part) in enumerate(used):
            for other_weight, other in used[at:]:
                table = _together(kernel, outlook, part, other)
                table = (weight * part.weight)[:, None] * table * (other_weight * other.weight)
                cov = cov + table if other is part else cov + table + table.T
    return cov


def _values(one: Pick, outlook: Outlook) -> Series:
    if one.part.kind is Kind.LEVEL:
        return _level_values(one, outlook)
    sums = np.zeros(outlook.origin - outlook.first + 2 + outlook.count)
    for name in sorted(one.channels):
        sums = sums + one.channels[name] * outlook.channels[name].sums
    if is_stock(one.part.quantity):
        sums = sums + float(_cash(one, outlook))
    if one.part.kind is Kind.AREA:
        sums = np.add.accumulate(sums)
    result: Series = sums[one.part.day - outlook.first + 1]
    return result


def _cash(one: Pick, outlook: Outlook) -> int:
    if one.part.quantity == CASH:
        return sum(outlook.cash.values())
    return outlook.cash[one.part.quantity.removeprefix("cash.")]


def _level_values(one: Pick, outlook: Outlook) -> Series:
    constant = deviation = 0.0
    for name in sorted(one.channels):
        channel, weight = outlook.channels[name], one.channels[name]
        constant += weight * (channel.level[0] + channel.scheduled)
        deviation += weight * channel.level[1]
    left = outlook.table.power[_ahead(one.part.day, outlook)]
    values: Series = DAYS_PER_MONTH * (constant + outlook.year_share * deviation * left)
    return values


def _ahead(days: DayGrid, outlook: Outlook) -> Positions:
    positions: Positions = np.maximum(days - outlook.origin, 0)
    return positions


def _together(kernel: Kernel, outlook: Outlook, one: Part, other: Part) -> Table:
    """Return the covariance of two parts across rows, for channels of weight one."""
    rows, columns = _ahead(one.day, outlook), _ahead(other.day, outlook)
    share, table = outlook.year_share, outlook.table
    if one.kind is Kind.LEVEL and other.kind is Kind.LEVEL:
        both = levels_with_levels(kernel, table, rows, columns, share)
        return DAYS_PER_MONTH * DAYS_PER_MONTH * both
    if one.kind is Kind.LEVEL:
        return _together(kernel, outlook, other, one).T
    if other.kind is Kind.LEVEL:
        every, at = _spread(one.kind, rows)
        mixed = sums_with_levels(kernel, table, every, columns, share)
        return DAYS_PER_MONTH * _gathered(mixed, one.kind, at)
    every, at = _spread(one.kind, rows)
    every_other, at_other = _spread(other.kind, columns)
    full = _gathered(sums_with_sums(kernel, table, every, every_other), one.kind, at)
    return _gathered(full.T, other.kind, at_other).T


def _spread(kind: Kind, positions: Positions) -> tuple[Positions, Positions]:
    """Return the positions to evaluate: those asked for, or all up to the last for an area."""
    if kind is Kind.SUM:
        return positions, positions
    return np.arange(int(positions.max(initial=0)) + 1, dtype=np.int64), positions


def _gathered(table: Table, kind: Kind, at: Positions) -> Table:
    if kind is Kind.SUM:
        return table
    areas: Table = np.add.accumulate(table, axis=0)[at]
    return areas
