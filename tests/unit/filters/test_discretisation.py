"""Steps from nothing over a nanosecond to thirty years, against 60-digit arithmetic."""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
import pytest

from lex7.filters import Model, run
from lex7.filters.components import (
    AutoRegression,
    Component,
    DampedTrend,
    Initial,
    Level,
    Season,
    Trend,
)
from lex7.filters.errors import FilterArgumentError

STEPS_NS = (0, 1, 10**6, 10**9, 86_400 * 10**9, 3 * 10**14, 10**18)
DAY_NS = Decimal(86_400 * 10**9)


def moved(part: Component, step_ns: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return F e₁, F e₂ as rows, and Q, read off beliefs that start known."""
    size = 1 if isinstance(part, Level | AutoRegression) else 2
    images, cov = [], np.zeros((size, size))
    for state in range(size):
        start = Initial(tuple(float(i == state) for i in range(size)), (0.0,) * size)
        known = type(part)(*[getattr(part, name) for name in part.__slots__[:-1]], start)
        belief = run(Model((known,), 1.0), [0, step_ns], [np.nan, np.nan]).belief
        images.append(belief.mean)
        cov = belief.cov
    return np.array(images), cov, np.array(size)


@pytest.mark.parametrize("step_ns", STEPS_NS)
def test_a_trend_moves_as_its_integrals_say(step_ns: int) -> None:
    images, cov, _ = moved(Trend(0.7, 0.3), step_ns)
    days = float(Decimal(step_ns) / DAY_NS)
    np.testing.assert_allclose(images, [[1, 0], [days, 1]], rtol=1e-15)
    q = 0.09
    exact = [[0.49 * days + q * days**3 / 3, q * days**2 / 2], [q * days**2 / 2, q * days]]
    np.testing.assert_allclose(cov, exact, rtol=1e-13)


@pytest.mark.parametrize("decay", [0.1, 3.0, 1e4])
@pytest.mark.parametrize("step_ns", STEPS_NS)
def test_a_damped_trend_moves_as_its_integrals_say(step_ns: int, decay: float) -> None:
    images, cov, _ = moved(DampedTrend(0.7, 0.3, decay), step_ns)
    with localcontext() as context:
        context.prec = 90
        t, tau, q = Decimal(step_ns) / DAY_NS, Decimal(decay), Decimal("0.3") ** 2
        x = t / tau
        kept, twice = (-x).exp(), (-2 * x).exp()
        level = Decimal("0.7") ** 2 * t + q * tau**3 * (2 * x - 3 + 4 * kept - twice) / 2
        cross = q * tau**2 * (1 - kept) ** 2 / 2
        slope = q * tau * (1 - twice) / 2
        row = [float(tau * (1 - kept)), float(kept)]
        exact = [[float(level), float(cross)], [float(cross), float(slope)]]
    np.testing.assert_allclose(images, [[1, 0], row], rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(cov, exact, rtol=1e-12, atol=1e-300)


@pytest.mark.parametrize("decay", [0.1, 3.0, 1e4])
@pytest.mark.parametrize("step_ns", STEPS_NS)
def test_an_autoregression_keeps_its_stationary_variance(step_ns: int, decay: float) -> None:
    images, cov, _ = moved(AutoRegression(1.3, decay), step_ns)
    with localcontext() as context:
        context.prec = 90
        x = Decimal(step_ns) / DAY_NS / Decimal(decay)
        kept, lost = float((-x).exp()), float(Decimal("1.3") ** 2 * (1 - (-2 * x).exp()))
    np.testing.assert_allclose(images, [[kept]], rtol=1e-13, atol=1e-300)
    np.testing.assert_allclose(cov, [[lost]], rtol=1e-13, atol=1e-300)


@pytest.mark.parametrize("step_ns", STEPS_NS)
def test_a_season_turns_by_whole_and_part_turns(step_ns: int) -> None:
    images, cov, _ = moved(Season(0.2, 7.0, 1), step_ns)
    turns = Decimal(step_ns) / (7 * DAY_NS)
    angle = float((turns % 1) * 2) * np.pi
    expected = [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    # The number of turns is a float: its rounding is up to 1e-13 of a turn after 1,653 of them.
    np.testing.assert_allclose(images, expected, atol=2e-12)
    np.testing.assert_allclose(cov, np.eye(2) * 0.04 * float(Decimal(step_ns) / DAY_NS), rtol=1e-14)


@pytest.mark.parametrize("step_ns", STEPS_NS)
def test_a_level_wanders_in_proportion_to_time(step_ns: int) -> None:
    images, cov, _ = moved(Level(0.7), step_ns)
    np.testing.assert_array_equal(images, [[1.0]])
    np.testing.assert_allclose(cov, [[0.49 * float(Decimal(step_ns) / DAY_NS)]], rtol=1e-14)


def test_time_that_runs_backwards_is_refused() -> None:
    with pytest.raises(FilterArgumentError):
        run(Model((Level(0.7),), 1.0), [5, 4], [1.0, 1.0])
