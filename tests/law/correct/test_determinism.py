"""The same problem gives the same bytes in any process, on any processor path."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import hashlib, numpy as np
from fractions import Fraction
from lex7.correct import certificate as c, exact_native as e
from lex7.correct.problem import Column, RealRows, Rule, build_problem
out = hashlib.sha256()
for seed in range(12):
    rng = np.random.default_rng(seed)
    columns = tuple(
        Column(f"l{j}", "USD", Fraction(1, 100), -9000, 9000, Fraction(1, 7 + j)) for j in range(9)
    )
    rows = tuple(
        RealRows(Rule(f"r{i}", i % 3, "USD", ""), (1, 2, 3), rng.uniform(-30, 60, 3),
                 rng.uniform(-1, 1, (3, 9)))
        for i in range(8)
    )
    problem = e.leave_idle(build_problem(rows, columns))
    found = e.solve_on_grid(problem)
    part = (c.smallest("l", problem, found) if hasattr(found, "steps")
            else c.conflict("l", problem, e.find_conflict(problem)))
    out.update(c.encode(c.Certificate("CORRECT", (part,))).encode())
print(out.hexdigest())
"""


def digest(**environment: str) -> str:
    command = [sys.executable, "-c", PROGRAM]
    found = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return found.stdout


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "1"},
        {"PYTHONHASHSEED": "4711"},
        {"OPENBLAS_CORETYPE": "Prescott"},
        {"OPENBLAS_CORETYPE": "Haswell", "OMP_NUM_THREADS": "1"},
        {"OPENBLAS_CORETYPE": "SkylakeX", "OMP_NUM_THREADS": "2"},
    ],
    ids=str,
)
def test_bytes_do_not_depend_on_the_environment(environment: dict[str, str]) -> None:
    assert digest(**environment) == digest(PYTHONHASHSEED="0")
