"""The solver as a readable specification: the dual active-set method in exact fractions.

`min ½ Σ (x_j / ease_j)²` subject to rows and bounds, after Goldfarb & Idnani (1983). It always
admits the first violated constraint in order (rows, upper bounds, lower bounds), which makes its
path a function of the problem alone. `exact_native` gives the same answers, about a thousand times
faster; a twin test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import compress
from math import gcd, lcm

from lex7.correct.problem import Problem

Fractions = list[Fraction]


@dataclass(frozen=True, slots=True)
class Optimum:
    """Multipliers of the rows that bind, over one denominator in lowest terms, and the point."""

    multipliers: tuple[tuple[int, int], ...]
    denominator: int
    point: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Infeasible:
    """Positive multipliers of rows that no point of the box satisfies together."""

    multipliers: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class _Scaled:
    """The constraints `normal · z ≤ right` with z = x / ease, where the objective is ½‖z‖²."""

    normals: list[list[int]]
    right: list[int]
    rows: int
    eases: list[int]


def solve(problem: Problem) -> Optimum | Infeasible:
    """Return the optimum with canonical multipliers, or a proof that there is none."""
    everything = list(range(len(problem.bounds)))
    scaled = _scaled(problem, everything)
    found = _dual_method(scaled)
    if isinstance(found, Infeasible):
        return found
    z = _primal(scaled, found)
    tight = [row for row in everything if _excess(scaled, row, z) == 0]
    again = _dual_method(_scaled(problem, tight))
    assert not isinstance(again, Infeasible), "the optimum satisfies its tight rows"
    rows = {tight[row]: value for row, value in again.items() if row < len(tight) and value}
    shared = lcm(*(value.denominator for value in rows.values()))
    multipliers = tuple((row, int(value * shared)) for row, value in sorted(rows.items()))
    point = tuple(value * ease for value, ease in zip(z, scaled.eases, strict=True))
    return Optimum(multipliers, shared, point)


def _scaled(problem: Problem, rows: list[int]) -> _Scaled:
    coefficients, bounds, lo, hi, exponents, eases = (part.tolist() for part in problem.arrays)
    normals = [[a * e for a, e in zip(coefficients[row], eases, strict=True)] for row in rows]
    right = [bounds[row] for row in rows]
    for sign, limits in ((1, hi), (-1, lo)):
        for column, (limit, ease) in enumerate(zip(limits, eases, strict=True)):
            normal = [0] * len(eases)
            normal[column] = sign * ease << exponents[column]
            normals.append(normal)
            right.append(sign * limit)
    return _Scaled(normals, right, len(rows), eases)


def _dual_method(scaled: _Scaled) -> dict[int, Fraction] | Infeasible:
    """Return the multipliers of the working set at the optimum."""
    working: dict[int, Fraction] = {}
    while True:
        z = _primal(scaled, working)
        entering = next((c for c in range(len(scaled.right)) if _excess(scaled, c, z) > 0), None)
        if entering is None:
            return working
        proof = _admit(scaled, working, entering)
        if proof is not None:
            return proof


def _admit(scaled: _Scaled, working: dict[int, Fraction], entering: int) -> Infeasible | None:
    normal = scaled.normals[entering]
    gained = Fraction(0)
    while True:
        ratios = _projection(scaled, list(working), normal)
        direction = [
            value - sum(ratio * scaled.normals[c][j] for c, ratio in ratios.items())
            for j, value in enumerate(normal)
        ]
        curvature = sum((d * d for d in direction), Fraction(0))
        limits = sorted(
            (working[c] / ratio, _leaving_order(scaled, c), c)
            for c, ratio in ratios.items()
            if ratio > 0
        )
        if not curvature and not limits:
            return _farkas(scaled, entering, ratios)
        z = _primal(scaled, working | {entering: gained})
        full = _excess(scaled, entering, z) / curvature if curvature else None
        leaves = bool(limits) and (full is None or limits[0][0] < full)
        step = limits[0][0] if leaves or full is None else full
        for constraint, ratio in ratios.items():
            working[constraint] -= step * ratio
        gained += step
        if not leaves:
            working[entering] = gained
            return None
        del working[limits[0][2]]


def _leaving_order(scaled: _Scaled, constraint: int) -> tuple[int, int]:
    """Rows first, then columns, whichever bound holds them."""
    if constraint < scaled.rows:
        return 0, constraint
    return 1, (constraint - scaled.rows) % len(scaled.eases)


def _projection(scaled: _Scaled, working: list[int], normal: list[int]) -> dict[int, Fraction]:
    """Solve (N Nᵀ) r = N · normal for the working normals N, by elimination."""
    chosen = [scaled.normals[c] for c in working]
    matrix = [
        [Fraction(_dot(own, other)) for other in chosen] + [Fraction(_dot(own, normal))]
        for own in chosen
    ]
    for step, pivots in enumerate(matrix):
        for row in matrix[step + 1 :]:
            factor = row[step] / pivots[step]
            for j in range(step, len(pivots)):
                row[j] -= factor * pivots[j]
    solved: Fractions = []
    for step, pivots in reversed(list(enumerate(matrix))):
        known = sum((a * r for a, r in zip(pivots[step + 1 : -1], solved, strict=True)), Fraction())
        solved.insert(0, (pivots[-1] - known) / pivots[step])
    return dict(zip(working, solved, strict=True))


def _farkas(scaled: _Scaled, entering: int, ratios: dict[int, Fraction]) -> Infeasible:
    weights = {c: -ratio for c, ratio in ratios.items()} | {entering: Fraction(1)}
    rows = {c: value for c, value in sorted(weights.items()) if c < scaled.rows and value}
    shared = lcm(*(value.denominator for value in rows.values()))
    numerators = [int(value * shared) for value in rows.values()]
    common = gcd(*numerators)
    return Infeasible(tuple((c, n // common) for c, n in zip(rows, numerators, strict=True)))


def _primal(scaled: _Scaled, working: dict[int, Fraction]) -> Fractions:
    z = [Fraction(0)] * len(scaled.eases)
    for constraint, value in working.items():
        normal = scaled.normals[constraint]
        for column in compress(range(len(z)), normal):
            z[column] -= value * normal[column]
    return z


def _excess(scaled: _Scaled, constraint: int, z: Fractions) -> Fraction:
    normal = scaled.normals[constraint]
    total = Fraction(-scaled.right[constraint])
    for column in compress(range(len(z)), normal):
        total += normal[column] * z[column]
    return total


def _dot(left: list[int], right: list[int]) -> int:
    total = 0
    for a, b in zip(left, right, strict=True):
        total += a * b
    return total
