"""Judging counts exactly what lies inside the band."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lex7.base.civil import Day
from lex7.base.ids import QuantityName
from lex7.base.shapes import DayGrid
from lex7.directive.quantity import Aggregate, Linear, Moments, Move, QuantityInfo, Scenarios
from lex7.sample.judging import Future, Score, add_up, judge, read_future


@dataclass(frozen=True, slots=True)
class Oracle:
    """A forecast that knows what comes and is off by a chosen number of standard deviations."""

    as_of: Day
    future: Future
    off: float

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        names = [*self.future.days, *self.future.sums]
        return {
            QuantityName(name): QuantityInfo(QuantityName(name), "vit", "h", False, 99, 14, None, 9)
            for name in names
        }

    def moments(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        ((_, atom),) = linear.terms
        name = str(atom.quantity)
        if atom.aggregate is Aggregate.VALUE:
            column = self.future.days[name]
            mean = [column[day - self.as_of - 1] or 0.0 for day in days.tolist()]
        else:
            assert atom.window is not None
            column = self.future.sums[name]
            ends = (days - self.as_of).tolist()
            mean = [sum(v or 0.0 for v in column[end - atom.window.days : end]) for end in ends]
        cov = np.eye(len(days)) * 4.0
        return Moments(days, np.array(mean) - self.off * 2.0, cov, np.zeros((len(days), 0)))

    def scenarios(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Scenarios | None:
        return None


@pytest.mark.parametrize(
    ("off", "inside", "above", "below"),
    [(0.0, 1, 0, 0), (1.6, 1, 0, 0), (1.7, 0, 1, 0), (-1.7, 0, 0, 1)],
)
def test_the_band_ends_at_1_645_standard_deviations(
    sample: Path, off: float, inside: int, above: int, below: int
) -> None:
    future = read_future(sample)
    for score in judge(Oracle(future.as_of, future, off), future):
        assert score.count > 40
        counted = (score.inside, score.above, score.below)
        assert counted == (inside * score.count, above * score.count, below * score.count)


def test_every_quantity_is_judged(sample: Path) -> None:
    future = read_future(sample)
    names = {score.quantity for score in judge(Oracle(future.as_of, future, 0.0), future)}
    assert {"sleep", "resting_heart", "weight", "steps", "cash", "income", "spend"} <= names


def test_scores_of_people_add_up() -> None:
    total = add_up([Score("b", 8, 1, 1), Score("a", 1, 0, 0), Score("b", 10, 0, 0)])
    assert total == [Score("a", 1, 0, 0), Score("b", 18, 1, 1)]
    assert total[1].share == pytest.approx(0.9)
