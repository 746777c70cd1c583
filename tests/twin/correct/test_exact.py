"""The compiled solver and the readable one give equal integers."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from lex7.base.civil import Day
from lex7.correct import exact, exact_native
from lex7.correct.exact import Optimum
from lex7.correct.problem import Column, Problem, RealRows, Rule, build_problem


def small_problem(seed: int) -> Problem:
    rng = random.Random(seed)
    columns = tuple(
        Column(
            f"l{j}", "USD", Fraction(1, 4), -rng.randint(0, 9), rng.randint(0, 9), Fraction(1, 3)
        )
        for j in range(rng.randint(1, 5))
    )
    count = rng.randint(1, 9)
    entry = (lambda: float(rng.randint(-2, 2))) if seed % 2 else (lambda: rng.uniform(-1, 1))
    gradient = np.array([[entry() for _ in columns] for _ in range(count)])
    slack = np.array([float(rng.randint(-2, 3)) for _ in range(count)])
    days = tuple(Day(day) for day in range(count))
    return build_problem((RealRows(Rule("r", 0, "USD", ""), days, slack, gradient),), columns)


@pytest.mark.parametrize("seed", range(300))
def test_the_reference_and_the_compiled_solver_agree(seed: int) -> None:
    problem = small_problem(seed)
    reference = exact.solve(problem)
    compiled = exact_native.solve(problem)
    assert type(reference) is type(compiled)
    assert not isinstance(reference, Optimum) or reference == compiled
