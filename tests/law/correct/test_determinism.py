"""The same question gives the same bytes in any process, on any processor path."""

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

# The chain and the tree of joint rules, the z of a correction, and a schedule of wishes.
from lex7._core import joint_bounds, joint_common_z, joint_reallocate
from lex7.correct.frontier import PathJudge, RowJudge, Windows, cheapest_on_totals
from lex7.correct.schedule import Event, Task
for rows in (12, 60, 120):
    days = np.arange(1.0, rows + 1)
    cov = np.minimum.outer(days, days)
    z = 2.0 + np.cos(days)
    out.update(np.array(joint_bounds(z, cov)).tobytes())
    out.update(np.array([joint_common_z(cov, 0.95, band) for band in (False, True)]).tobytes())
    out.update(joint_reallocate(z, cov, 0.9, 0.5).tobytes())
rng = np.random.default_rng(3)
events = tuple(Event(30 * m + 1, w, (1 + w % 3) * m, 10**6) for m in range(24) for w in range(8))
when = tuple(event.day for event in events)
windows = Windows(tuple(range(0, 720, 30)), (24,), (0,) * len(events))
paths = 900.0 + np.cumsum(rng.normal(90.0, 200.0, (24, 512)), axis=0)
task = Task(events, tuple(200 + 90 * w for w in range(8)), (4_000,) * 8, (-1,) * 8)
judges = (PathJudge(windows, when, paths, 400), RowJudge(windows, when, [2_500.0] * 24))
out.update(repr(cheapest_on_totals(task, judges)).encode())
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
