"""What the directive tests share: a catalogue, and a file with one directive to fill in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from fractions import Fraction

import numpy as np
import pytest
from numpy.typing import NDArray

from lex7.base.civil import Day, day_from_date, month_length, month_of, month_start
from lex7.base.ids import QuantityName
from lex7.base.shapes import DayGrid
from lex7.directive.catalogue import Catalogue
from lex7.directive.compile import compile_text
from lex7.directive.plan import CompiledRule, Over, Severity
from lex7.directive.quantity import (
    Aggregate,
    Atom,
    Linear,
    Moments,
    Move,
    QuantityInfo,
    Scenarios,
)

HEAD = """format = "lex7-directives/1"
currency = "USD"
time_zone = "Europe/Berlin"
"""

SLEEP = """
[[directive]]
id = "sleep-week"
say = "I sleep seven hours a night, averaged over a week."
rule = "always[0d,28d] mean(sleep, 7d) >= 7 h"
confidence = 0.80
over = "pointwise"
severity = "soft"
priority = 4
weight = "1 / 0.5 h"
"""


@pytest.fixture
def catalogue() -> Catalogue:
    return Catalogue("USD")


@pytest.fixture
def head() -> str:
    return HEAD


@pytest.fixture
def sleep() -> str:
    return SLEEP


TODAY = day_from_date(date(2026, 11, 22))


class DailyModel:
    """One quantity as a Gaussian vector over days: known up to today, uncertain after.

    The textbook answer, written with matrices: y = A x + b, so E y = A m + b and cov y = A C Aᵀ.
    """

    def __init__(
        self,
        name: str,
        mean: NDArray[np.float64],
        cov: NDArray[np.float64],
        *,
        past: int = 90,
        missing: tuple[int, ...] = (),
        info: QuantityInfo | None = None,
        paths: NDArray[np.float64] | None = None,
    ) -> None:
        self.as_of = TODAY
        self.first = TODAY - past
        self.mean, self.cov, self.paths = mean, cov, paths
        self.present = np.array([index - past not in missing for index in range(len(mean))])
        self.info = info or QuantityInfo(
            QuantityName(name), "vit", "h", False, 90, 14, TODAY, stale_after_days=3
        )

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        return {self.info.name: self.info}

    def _row(self, atom: Atom, day: int) -> NDArray[np.float64] | None:
        row = np.zeros(len(self.mean))
        if atom.window is None:
            chosen = [day]
        elif atom.aggregate is Aggregate.BASELINE:
            chosen = list(range(TODAY - atom.window.days + 1, TODAY + 1))
        elif atom.window.is_month:
            start = month_start(month_of(Day(day)))
            chosen = list(range(start, start + month_length(month_of(Day(day)))))
        else:
            chosen = list(range(day - atom.window.days + 1, day + 1))
        index = [one - self.first for one in chosen if self.present[one - self.first]]
        if not index:
            return None
        row[index] = 1.0 if atom.aggregate is Aggregate.SUM else 1.0 / len(index)
        return row

    def _matrix(
        self, linear: Linear, days: DayGrid
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        kept, rows = [], []
        for day in days:
            parts = [(float(weight), self._row(atom, int(day))) for weight, atom in linear.terms]
            if all(row is not None for _, row in parts):
                kept.append(day)
                rows.append(sum(weight * row for weight, row in parts if row is not None))
        size = (len(kept), len(self.mean))
        return np.array(kept, dtype=np.int64), np.array(rows, dtype=np.float64).reshape(size)

    def moments(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        kept, matrix = self._matrix(linear, days)
        columns = []
        for move in moves:
            change = np.zeros(len(self.mean))
            change[move.first - self.first : move.last - self.first + 1] = 1.0
            columns.append(matrix @ change)
        gradient = np.array(columns).T.reshape(len(kept), len(moves))
        mean = matrix @ self.mean + float(linear.constant)
        return Moments(kept, mean, matrix @ self.cov @ matrix.T, gradient)

    def scenarios(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Scenarios | None:
        if self.paths is None:
            return None
        kept, matrix = self._matrix(linear, days)
        gradient = self.moments(linear, days, moves).gradient
        paths = self.paths @ matrix.T + float(linear.constant)
        return Scenarios(kept, paths, gradient[np.newaxis])


def walk(
    past: int, ahead: int, level: float, slope: float, step_sd: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A random walk with drift that is known up to today."""
    steps = np.maximum(np.arange(-past, ahead + 1), 0).astype(np.float64)
    return level + slope * steps, step_sd**2 * np.minimum.outer(steps, steps)


@pytest.fixture
def model() -> type[DailyModel]:
    return DailyModel


@pytest.fixture
def random_walk() -> Callable[..., tuple[NDArray[np.float64], NDArray[np.float64]]]:
    return walk


@pytest.fixture
def rule() -> Callable[..., CompiledRule]:
    def make(text: str, **changes: object) -> CompiledRule:
        plan = compile_text(text, Catalogue("USD"))
        base = CompiledRule("r", plan, Fraction(9, 10), Over.POINTWISE, Severity.HARD, 1, None)
        return replace(base, **changes)

    return make
