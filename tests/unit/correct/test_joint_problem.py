"""A council that sees only rounded rows decides as one node with all rows would."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from lex7.base.civil import Day
from lex7.correct import exact_native
from lex7.correct.certificate import Certificate, encode, smallest
from lex7.correct.joint_problem import join_problems
from lex7.correct.problem import Column, ProblemError, RealRows, Rule, build_problem

COLUMNS = tuple(
    Column(f"lever-{j}", "USD", Fraction(1, 100), -9_000, 9_000, Fraction(1, 3 + j))
    for j in range(5)
)


def blocks() -> list[RealRows]:
    rng = np.random.default_rng(3)
    return [
        RealRows(
            Rule(f"r{i}", (7 * i) % 3, "USD", f"Rule {i}."),
            (Day(1), Day(2), Day(3)),
            rng.uniform(-10, 80, 3),
            rng.uniform(-1, 1, (3, 5)),
        )
        for i in range(9)
    ]


def test_joined_rows_give_the_certificate_of_the_whole() -> None:
    own = blocks()
    central = build_problem(tuple(own), COLUMNS)
    nodes = tuple(build_problem(tuple(own[start::3]), COLUMNS) for start in range(3))
    joined = join_problems(nodes)
    texts = []
    for problem in (central, joined):
        found = exact_native.solve_on_grid(problem)
        assert isinstance(found, exact_native.Rounded)
        part = smallest("levers", problem, found)
        texts.append(encode(Certificate("CORRECT", (part,))))
    assert texts[0] == texts[1]


def test_rows_over_other_levers_are_refused() -> None:
    one = build_problem((blocks()[0],), COLUMNS)
    other = build_problem((blocks()[1],), (*COLUMNS[:4], replace(COLUMNS[4], hi=5)))
    with pytest.raises(ProblemError):
        join_problems((one, other))
    with pytest.raises(ProblemError):
        join_problems((one, one))
    with pytest.raises(ProblemError):
        join_problems(())
