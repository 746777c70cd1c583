"""How far soft rules give way: one slack for each rule, level by level of priority.

A slack v counts units of the rule's `weight`; the rule's rows may fail by v units on every day. At
each level, from the strongest on,

    min Σ (v + ½ 2⁻¹⁰ v²) + 2⁻³⁰ · ½ Σ (reluctance × change)²

over the levers and the level's slacks, where hard rules hold and earlier slacks are fixed. The sum
keeps the number of broken rules small, the square makes the answer unique. The slacks found are
then fixed, rounded up to 2⁻²⁰. Completing the square, v + ½ 2⁻¹⁰ v² is ½ 2⁻¹⁰ (v + 2¹⁰)² less a
constant, so the exact solver for levers solves this too: the column is v + 2¹⁰.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import chain
from math import ceil

import numpy as np

from lex7.correct import exact_native
from lex7.correct.problem import Column, RealRows, Reals, Rule, build_problem

CENTRE = 1 << 10
GRID_BITS = 20
GRID = Fraction(1, 1 << GRID_BITS)
LEVER_SHARE = Fraction(1, 1 << 15)
"""Its square is the 2⁻³⁰ that levers weigh against slacks."""

FINE_BITS = 10
"""Rows keep 2^-30 here, because the shifted slack columns are a thousand units long."""

SLACK_MAX = 1 << 20
"""A rule a million weights short is out of reach of any correction."""


@dataclass(frozen=True, slots=True, eq=False)
class SoftRows:
    """Rows that may give way.

    Attributes:
        rows: of one directive.
        unit: how much of the margin one unit of slack gives; the inverse of the weight.
    """

    rows: RealRows
    unit: Fraction


def find_slacks(
    hard: tuple[RealRows, ...], soft: tuple[SoftRows, ...], columns: tuple[Column, ...]
) -> tuple[Fraction, ...] | None:
    """Return the slack of each soft rule, in its own units; None where hard rules alone conflict.

    Raises:
        ProblemError: the numbers are outside what can be solved exactly.
    """
    slacks = [Fraction(0)] * len(soft)
    fixed = _merged(hard, len(columns))
    levers = tuple(replace(one, reluctance=one.reluctance * LEVER_SHARE) for one in columns)
    for level in sorted({one.rows.rule.priority for one in soft}):
        chosen = [index for index, one in enumerate(soft) if one.rows.rule.priority == level]
        found = _level(fixed, [soft[index] for index in chosen], levers)
        if found is None:
            return None
        for index, slack in zip(chosen, found, strict=True):
            slacks[index] = slack
        given = (relaxed(soft[index], slacks[index]) for index in chosen)
        fixed = _merged((fixed, *given), len(columns))
    return tuple(slacks)


def relaxed(soft: SoftRows, slack: Fraction) -> RealRows:
    """Return a rule's rows after it has given way."""
    return replace(soft.rows, slack=soft.rows.slack + float(slack * soft.unit))


def rounding_allowance(soft: SoftRows, columns: tuple[Column, ...]) -> Fraction:
    """Return the slack that rounding every lever by half a step can cost a rule."""
    worst = _activity(soft.rows, np.array([float(column.step / 2) for column in columns]))
    return ceil(Fraction(float(worst.max(initial=0.0))) / soft.unit / GRID) * GRID


def _merged(rows: tuple[RealRows, ...], width: int) -> RealRows:
    """Put rows under one another; whose they are does not matter to a slack."""
    return RealRows(
        Rule("", 0, "", ""),
        tuple(chain.from_iterable(block.days for block in rows)),
        np.concatenate([np.zeros(0), *(block.slack for block in rows)]),
        np.concatenate([np.zeros((0, width)), *(block.gradient for block in rows)]),
    )


def _level(
    fixed: RealRows, level: list[SoftRows], columns: tuple[Column, ...]
) -> list[Fraction] | None:
    """Solve one level over levers weighed lightly; None where the fixed rows conflict."""
    spans = np.array([float(max(abs(c.lo), abs(c.hi)) * c.step) for c in columns])
    reach = max(_largest_need(one, spans) for one in level)
    slack_columns = tuple(
        Column(
            f"slack of {one.rows.rule.directive}",
            "weights",
            GRID,
            CENTRE << 20,
            (CENTRE + reach) << 20,
            Fraction(1, 32),
        )
        for one in level
    )
    count = len(level)
    rows = [_widened(fixed, count)]
    for index, one in enumerate(level):
        block = _widened(one.rows, count)
        block.gradient[:, len(columns) + index] = float(one.unit)
        rows.append(replace(block, slack=block.slack - float(one.unit) * CENTRE))
    problem = build_problem(tuple(rows), (*columns, *slack_columns), extra_bits=FINE_BITS)
    point = exact_native.solve_for(problem, range(len(columns), len(columns) + count))
    if point is None:
        return None
    exponents = problem.exponents[len(columns) :].tolist()
    # A step is the grid itself, so whole steps are what a slack rounds up to.
    return [
        (-(-(top << exponent) // bottom) - (CENTRE << GRID_BITS)) * GRID
        for (top, bottom), exponent in zip(point, exponents, strict=True)
    ]


def _widened(block: RealRows, count: int) -> RealRows:
    empty = np.zeros((len(block.slack), count))
    return replace(block, gradient=np.concatenate([block.gradient, empty], axis=1))


def _largest_need(soft: SoftRows, spans: Reals) -> int:
    """Return more slack than the rule can need anywhere within the levers' bounds."""
    worst = _activity(soft.rows, spans) - soft.rows.slack
    need = Fraction(float(worst.max(initial=0.0))) / soft.unit
    return min(SLACK_MAX, 1 << max(1, ceil(need) + 1).bit_length())


def _activity(rows: RealRows, spans: Reals) -> Reals:
    """Return the most that columns moving by these spans can change each row."""
    if not len(spans):
        return np.zeros(len(rows.slack))
    # A running sum adds in column order on every machine.
    return np.asarray(np.cumsum(np.abs(rows.gradient) * spans, axis=1)[:, -1])
