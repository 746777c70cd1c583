"""Real rows become integers that never favour the lever, and bad ones are refused by name."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lex7.base.civil import Day
from lex7.correct import exact_native
from lex7.correct.certificate import first_broken_row
from lex7.correct.exact import Infeasible
from lex7.correct.problem import (
    Column,
    ProblemError,
    RealRows,
    Rule,
    build_amount_problem,
    build_problem,
)

RULE = Rule("rule", 1, "USD", "The rule holds.")
CENT = Column("x", "USD", Fraction(1, 100), -10_000, 10_000, Fraction(1, 7))

reals = st.floats(-1e6, 1e6, allow_nan=False)


def block(slack: list[float], gradient: list[list[float]]) -> RealRows:
    days = tuple(Day(day) for day in range(len(slack)))
    return RealRows(RULE, days, np.array(slack), np.array(gradient))


@given(st.lists(st.tuples(reals, reals, reals), min_size=1, max_size=6), st.data())
def test_what_satisfies_the_integers_satisfies_the_real_rows(
    drawn: list[tuple[float, float, float]], data: st.DataObject
) -> None:
    slack = [row[0] for row in drawn]
    gradient = [[row[1], row[2]] for row in drawn]
    problem = build_problem((block(slack, gradient),), (CENT, replace(CENT, lever="y")))
    steps = (data.draw(st.integers(-10_000, 10_000)), data.draw(st.integers(-10_000, 10_000)))
    if first_broken_row(problem, steps) is not None:
        return
    for value, row in zip(slack, gradient, strict=True):
        margin = Fraction(value)
        for part, n in zip(row, steps, strict=True):
            margin += Fraction(part) * n / 100
        assert margin >= 0


@given(reals, st.floats(1e-3, 1e3), st.integers(0, 10**6))
def test_an_amount_satisfies_the_integers_only_if_it_satisfies_the_row(
    slack: float, loss: float, minor: int
) -> None:
    column = Column("amount", "USD", Fraction(1, 100), 0, 10**6, Fraction(1))
    problem = build_amount_problem((block([slack], [[-loss]]),), column)
    is_real = Fraction(slack) - Fraction(loss) * minor / 100 >= 0
    is_whole = first_broken_row(problem, (minor,)) is None
    # The bound alone is rounded, by at most 1/1024 of a cent.
    margin = Fraction(slack) - Fraction(loss) * (minor + Fraction(1, 1024)) / 100
    assert is_whole <= is_real
    assert is_whole or margin < 0


@pytest.mark.parametrize(
    "change",
    [
        {"lo": 1, "hi": 0},
        {"lo": -(1 << 50)},
        {"step": Fraction(0)},
        {"reluctance": Fraction(0)},
        {"reluctance": Fraction(-1)},
    ],
)
def test_a_lever_outside_the_limits_is_refused(change: dict[str, object]) -> None:
    column = replace(CENT, **change)  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match="lever 'x'"):
        build_problem((block([1.0], [[1.0]]),), (column,))


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_not_finite_are_refused(bad: float) -> None:
    for rows in (block([bad], [[1.0]]), block([1.0], [[bad]])):
        with pytest.raises(ProblemError):
            build_problem((rows,), (CENT,))
        with pytest.raises(ProblemError):
            build_amount_problem((rows,), CENT)


def test_rows_of_another_shape_are_refused() -> None:
    with pytest.raises(ProblemError, match="shape"):
        build_problem((block([1.0], [[1.0, 2.0]]),), (CENT,))


def test_extreme_scales_stay_sound() -> None:
    rows = block([1e-300, 1e300, -1e300, 0.0], [[1e-300], [1e-300], [1e300], [0.0]])
    found = exact_native.solve_on_grid(build_problem((rows,), (CENT,)))
    # The third row asks for one USD; rounding may cost one step of a cent, never give one.
    assert isinstance(found, exact_native.Rounded)
    assert found.steps in ((100,), (101,))


def test_no_rows_need_no_change() -> None:
    found = exact_native.solve_on_grid(build_problem((), (CENT,)))
    assert isinstance(found, exact_native.Rounded)
    assert found.steps == (0,)


def test_no_levers_hold_or_conflict() -> None:
    fine = build_problem((block([1.0], [[]]),), ())
    broken = build_problem((block([-1.0], [[]]),), ())
    assert not isinstance(exact_native.solve(fine), Infeasible)
    assert isinstance(exact_native.solve(broken), Infeasible)
