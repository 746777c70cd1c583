"""Tail probabilities against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from lex7.filters import core_native


@pytest.mark.parametrize("freedom", [1.0, 2.0, 7.5, 40.0, 400.0])
@pytest.mark.parametrize("x", [1e-6, 0.3, 1.0, 9.0, 60.0, 700.0])
def test_chi_square_tails_are_those_of_scipy(x: float, freedom: float) -> None:
    expected = stats.chi2.sf(x, freedom)
    assert core_native.chi_square_tail(x, freedom) == pytest.approx(expected, rel=1e-10, abs=1e-300)


@pytest.mark.parametrize("freedom", [2.1, 5.0, 30.0, 1e6])
@pytest.mark.parametrize("t", [0.0, 1e-5, 0.7, 2.0, 12.0, 1e4])
def test_student_tails_are_those_of_scipy(t: float, freedom: float) -> None:
    expected = 2 * stats.t.sf(t, freedom)
    assert core_native.student_tail(t, freedom) == pytest.approx(expected, rel=1e-8, abs=1e-300)


@pytest.mark.parametrize("x", [-1.0, 0.0])
def test_nothing_lies_below_zero(x: float) -> None:
    assert core_native.gamma_tail(3.0, x) == 1.0


def test_tails_far_out_are_zero_and_never_nan() -> None:
    ends = [core_native.gamma_tail(3.0, 1e308), core_native.student_tail(np.inf, 5.0)]
    assert ends == [0.0, 0.0]
