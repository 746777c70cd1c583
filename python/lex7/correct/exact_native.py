"""The compiled solver: the same answers as `exact`, proven in integers, fast.

A float active-set solver proposes the rows that bind; integers of any size prove or repair the
proposal. Multipliers are canonical, so they do not depend on who proposed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from lex7 import _core
from lex7.correct.exact import Infeasible, Optimum
from lex7.correct.problem import Integers, Problem


@dataclass(frozen=True, slots=True)
class Rounded:
    """The proven optimum and a point of whole steps near it.

    Attributes:
        multipliers: (row, numerator) of the rows that bind.
        denominator: of all multipliers.
        steps: whole steps per column, or None where the bounded search gave up.
    """

    multipliers: tuple[tuple[int, int], ...]
    denominator: int
    steps: tuple[int, ...] | None


@dataclass(frozen=True, slots=True)
class Conflict:
    """A minimal set of rules that cannot hold together.

    Attributes:
        rules: indices into the problem's rules, strongest first.
        multipliers: rows with positive multipliers that no point satisfies.
        witnesses: for each rule, a point in column units that satisfies all the others.
    """

    rules: tuple[int, ...]
    multipliers: tuple[tuple[int, int], ...]
    witnesses: tuple[tuple[Fraction, ...], ...]


def solve(problem: Problem) -> Optimum | Infeasible:
    """Return the exact optimum with canonical multipliers, or a proof that there is none.

    Raises:
        ProblemError: a number is outside the solver's limits.
    """
    return _answer(_core.solve_exact(problem.arrays, None))


def solve_for(problem: Problem, columns: range) -> list[tuple[int, int]] | None:
    """Return some coordinates of the optimum as quotients, in column units; None without one."""
    is_optimal, _, _, point = _core.solve_exact(problem.arrays, None)
    return [point[column] for column in columns] if is_optimal else None


def prove(problem: Problem, active: list[int]) -> Optimum | Infeasible:
    """Return the same as `solve`, starting from constraints that any solver proposed.

    Constraints are numbered: rows, then upper bounds of the columns, then lower bounds.
    """
    return _answer(_core.solve_exact(problem.arrays, active))


def solve_on_grid(problem: Problem) -> Rounded | Infeasible:
    """Return the optimum and whole steps near it from which no single step can be taken back."""
    is_optimal, multipliers, denominator, steps = _core.solve_grid(problem.arrays)
    if not is_optimal:
        return Infeasible(tuple(multipliers))
    return Rounded(tuple(multipliers), denominator, None if steps is None else tuple(steps))


def check_smallest(problem: Problem, found: Rounded) -> tuple[int, list[tuple[int, int]]] | None:
    """Check an answer without a solver.

    Returns:
        By how many millionths the steps cost more than the least cost, and for each moved column
        the row that one step less breaks; None where the answer is not proven.
    """
    if found.steps is None:
        return None
    arrays, multipliers = problem.arrays, list(found.multipliers)
    return _core.solve_check(arrays, multipliers, found.denominator, list(found.steps))


def find_conflict(problem: Problem) -> Conflict | None:
    """Return the minimal conflict of an infeasible problem, None where it is feasible."""
    found = _core.solve_conflict(problem.arrays, problem.rule_of_row.tolist())
    if found is None:
        return None
    rules, multipliers, witnesses = found
    points = tuple(tuple(Fraction(n, d) for n, d in point) for point in witnesses)
    return Conflict(tuple(rules), tuple(multipliers), points)


def leave_idle(problem: Problem, groups: tuple[int, ...] | None = None) -> Problem:
    """Return the problem with the levers that matter least held still.

    Args:
        problem: the problem.
        groups: a number for each column; columns with one number are one change and move or rest
            together. None makes each column a change of its own.
    """
    width = len(problem.columns)
    idle = set(_core.solve_idle(problem.arrays, list(range(width) if groups is None else groups)))
    columns = tuple(
        replace(column, lo=0, hi=0) if index in idle else column
        for index, column in enumerate(problem.columns)
    )
    return replace(problem, columns=columns)


def spell_rows(values: Integers) -> str:
    """Spell a matrix of integers as JSON."""
    if not values.shape[1]:
        return "[" + ",".join("[]" for _ in range(len(values))) + "]"
    return _core.spell_rows(values)


def _answer(
    found: tuple[bool, list[tuple[int, int]], int, list[tuple[int, int]]],
) -> Optimum | Infeasible:
    is_optimal, multipliers, denominator, point = found
    if not is_optimal:
        return Infeasible(tuple(multipliers))
    return Optimum(tuple(multipliers), denominator, tuple(Fraction(n, d) for n, d in point))
