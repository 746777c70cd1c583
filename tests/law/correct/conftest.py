"""Random correction problems of every awkward kind, from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from lex7.base.civil import Day
from lex7.correct.problem import Column, Problem, RealRows, Rule, build_problem

KINDS = ("plain", "degenerate", "duplicated", "tight", "badly scaled")


def random_problem(seed: int) -> Problem:
    """Draw a problem; the seed alone decides."""
    rng = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    columns = tuple(_column(rng, kind, index) for index in range(rng.randint(1, 7)))
    rules = []
    for index in range(rng.randint(1, 6)):
        days = rng.randint(1, 4)
        rule = Rule(f"rule-{index}", rng.randint(0, 3), "USD", f"Rule {index} holds.")
        gradient = np.array([_gradient(rng, kind, len(columns)) for _ in range(days)])
        slack = np.array([_slack(rng, kind) for _ in range(days)])
        rules.append(RealRows(rule, tuple(Day(20_000 + d) for d in range(days)), slack, gradient))
    if kind == "duplicated":
        twin = rules[0]
        rule = Rule("twin", twin.rule.priority, "USD", "The same again.")
        rules.append(RealRows(rule, twin.days, twin.slack, twin.gradient))
    return build_problem(tuple(rules), columns)


def _column(rng: random.Random, kind: str, index: int) -> Column:
    most = 3 if kind == "degenerate" else 10 ** rng.randint(1, 7 if kind == "badly scaled" else 4)
    reluctance = Fraction(rng.choice([1, 3, 7]), rng.choice([1, 100, 10**6]))
    step = rng.choice([Fraction(1), Fraction(1, 100), Fraction(1, 4)])
    lo, hi = -rng.randint(0, most), rng.randint(0, most)
    return Column(f"lever-{index}", "USD", step, lo, hi, reluctance)


def _gradient(rng: random.Random, kind: str, count: int) -> list[float]:
    if kind in ("degenerate", "duplicated"):
        return [float(rng.randint(-2, 2)) for _ in range(count)]
    scale = 10.0 ** rng.randint(-6, 6) if kind == "badly scaled" else 1.0
    return [rng.choice([0.0, rng.uniform(-1, 1)]) * scale for _ in range(count)]


def _slack(rng: random.Random, kind: str) -> float:
    if kind == "degenerate":
        return float(rng.randint(-2, 3))
    if kind == "tight":
        return rng.uniform(-500, 20)
    return rng.choice([0.0, 10.0 ** rng.randint(-3, 4)]) * rng.choice([-0.1, 1.0])


@pytest.fixture(name="problem_of")
def _problem_of() -> Callable[[int], Problem]:
    return random_problem
