"""The answer is a property of the problem: not of the solver that proposed it, nor of the path."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import clarabel
import daqp
import numpy as np
import pytest
from scipy import sparse

from lex7.correct import exact_native
from lex7.correct.certificate import first_broken_row
from lex7.correct.exact import Infeasible, Optimum
from lex7.correct.problem import Problem

ProblemOf = Callable[[int], Problem]


def scaled(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Return the constraints for z = x / ease x largest ease, of unit norm, with bounds."""
    coefficients, bounds, lo, hi, exponents, eases = problem.arrays
    relative = eases / eases.max()
    units = np.ldexp(relative, exponents)
    matrix = np.vstack([coefficients * relative, np.diag(units), -np.diag(units)])
    right = np.concatenate([bounds, hi, -lo]).astype(float)
    norms = np.linalg.norm(matrix, axis=1)
    norms[norms == 0] = 1.0
    return matrix / norms[:, None], right / norms


def proposed_by_daqp(problem: Problem) -> list[int]:
    matrix, right = scaled(problem)
    count = matrix.shape[1]
    lower = np.full(len(right), -1e30)
    sense = np.zeros(len(right), dtype=np.int32)
    _, _, _, info = daqp.solve(np.eye(count), np.zeros(count), matrix, right, lower, sense)
    return [int(index) for index in np.flatnonzero(np.abs(info["lam"]) > 1e-9)]


def solved_by_clarabel(problem: Problem) -> clarabel.DefaultSolution:
    matrix, right = scaled(problem)
    count = matrix.shape[1]
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    cones = [clarabel.NonnegativeConeT(len(right))]
    identity = sparse.csc_matrix(np.eye(count))
    return clarabel.DefaultSolver(
        identity, np.zeros(count), sparse.csc_matrix(matrix), right, cones, settings
    ).solve()


@pytest.mark.parametrize("seed", range(200))
def test_the_multipliers_do_not_depend_on_who_proposed(problem_of: ProblemOf, seed: int) -> None:
    problem = problem_of(seed)
    own = exact_native.solve(problem)
    if isinstance(own, Infeasible):
        pytest.skip("no solver proposes active rows of an infeasible problem")
    duals = np.array(solved_by_clarabel(problem).z)
    by_clarabel = [int(index) for index in np.flatnonzero(duals > 1e-7 * (1 + duals.max()))]
    everything = list(range(len(problem.bounds) + 2 * len(problem.columns)))
    assert exact_native.prove(problem, proposed_by_daqp(problem)) == own
    assert exact_native.prove(problem, by_clarabel) == own
    assert exact_native.prove(problem, []) == own
    assert exact_native.prove(problem, everything[::2]) == own


@pytest.mark.parametrize("seed", range(200))
def test_clarabel_agrees_within_its_tolerance(problem_of: ProblemOf, seed: int) -> None:
    problem = problem_of(seed)
    own = exact_native.solve(problem)
    second = solved_by_clarabel(problem)
    matrix, right = scaled(problem)
    residual = float((matrix @ np.array(second.x) - right).max())
    is_opinion = str(second.status) == "Solved" and residual < 1e-7
    if isinstance(own, Infeasible):
        assert not is_opinion
        return
    if not is_opinion:
        pytest.skip("Clarabel did not decide this problem, or its point breaks a row visibly")
    eases = problem.eases / problem.eases.max()
    z = np.array([float(value) for value in own.point]) / eases
    assert float(z @ z) == pytest.approx(float(np.dot(second.x, second.x)), rel=1e-4, abs=1e-6)


def cost(problem: Problem, point: tuple[Fraction, ...]) -> Fraction:
    total = Fraction(0)
    for x, ease in zip(point, problem.eases.tolist(), strict=True):
        total += (x / ease) ** 2
    return total


@pytest.mark.parametrize("seed", range(100))
def test_no_single_step_can_be_taken_back(problem_of: ProblemOf, seed: int) -> None:
    problem = problem_of(seed)
    found = exact_native.solve_on_grid(problem)
    if isinstance(found, Infeasible) or found.steps is None:
        pytest.skip("this problem has no rounded answer")
    assert first_broken_row(problem, found.steps) is None
    for index, n in enumerate(found.steps):
        less = list(found.steps)
        less[index] -= (n > 0) - (n < 0)
        assert not n or first_broken_row(problem, tuple(less)) is not None


@pytest.mark.parametrize("seed", range(0, 300, 5))
def test_no_whole_step_is_cheaper_than_the_optimum(problem_of: ProblemOf, seed: int) -> None:
    problem = problem_of(seed + 1)  # the degenerate kind, whose boxes are small enough to walk
    found = exact_native.solve(problem)
    ranges = [range(column.lo, column.hi + 1) for column in problem.columns]
    units = problem.exponents.tolist()
    costs = [
        cost(problem, tuple(Fraction(n, 2**e) for n, e in zip(steps, units, strict=True)))
        for steps in itertools.islice(itertools.product(*ranges), 3_000)
        if first_broken_row(problem, steps) is None
    ]
    if isinstance(found, Optimum):
        assert all(value >= cost(problem, found.point) for value in costs)
    else:
        assert costs == []


@pytest.mark.parametrize("seed", range(150))
def test_a_conflict_is_minimal_and_found_by_plain_deletion(
    problem_of: ProblemOf, seed: int
) -> None:
    problem = problem_of(seed)
    found = exact_native.find_conflict(problem)
    if found is None:
        assert isinstance(exact_native.solve(problem), Optimum)
        return
    kept = list(range(len(problem.rules)))
    for rule in reversed(range(len(problem.rules))):
        rest = [other for other in kept if other != rule]
        if isinstance(exact_native.solve(with_rules(problem, rest)), Infeasible):
            kept = rest
    assert list(found.rules) == kept


def with_rules(problem: Problem, rules: list[int]) -> Problem:
    chosen = np.isin(problem.rule_of_row, rules)
    return replace(
        problem,
        rule_of_row=problem.rule_of_row[chosen],
        days=problem.days[chosen],
        row_exponents=problem.row_exponents[chosen],
        coefficients=np.ascontiguousarray(problem.coefficients[chosen]),
        bounds=problem.bounds[chosen],
    )
