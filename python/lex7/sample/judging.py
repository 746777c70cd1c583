"""Hold forecasts against the truth that was written beside the files.

A forecast says a mean and a variance for a day, or for a sum over days; the truth of a sample says
what came. `judge` counts how often the truth lies in the central 90 % band. It looks at the truth
only after the forecast has spoken, and nothing of it flows back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np

from lex7.base.civil import Day, day_from_date
from lex7.base.ids import QuantityName
from lex7.base.shapes import DayGrid
from lex7.directive.quantity import Aggregate, Atom, Forecast, Linear, Window

HORIZON_DAYS = 90
SUM_DAYS = 30
BAND_Z = 1.6448536269514722
"""Φ⁻¹(0.95): half of the central 90 % band of a Gaussian, in standard deviations."""

BODY = {
    "sleep": "sleep_h",
    "resting_heart": "resting_measured_bpm",
    "weight": "weight_measured_kg",
    "steps": "steps",
}
"""Quantity → column of the truth: what the devices then show."""

HABITS = ("groceries", "restaurants", "shopping", "transport")
"""The spending categories with some purchases a week; a sum over few purchases has no band that is
90 % wide."""

SCALE_FAULT_KG = 5.0
"""A weighing this far from the true weight is somebody else's and is not forecast."""

Column = list[float | None]


@dataclass(frozen=True, slots=True)
class Future:
    """What came after the files: for each quantity one value a day, in the quantity's unit.

    Attributes:
        as_of: the last day of the files.
        days: values by day from the day after `as_of`, None where nothing was measured.
        sums: the same for amounts that are judged as sums over 30 days.
    """

    as_of: Day
    days: Mapping[str, Column]
    sums: Mapping[str, Column]


@dataclass(frozen=True, slots=True)
class Score:
    """How often the truth of one quantity lay inside the band, and how it missed."""

    quantity: str
    inside: int
    above: int
    below: int

    @property
    def count(self) -> int:
        """Return how many forecasts were judged."""
        return self.inside + self.above + self.below

    @property
    def share(self) -> float:
        """Return the part inside."""
        return self.inside / self.count if self.count else float("nan")


def read_future(directory: Path) -> Future:
    """Read the realised future of a sample."""
    document = json.loads((directory / "truth.json").read_bytes())
    table = document["future"]
    days: dict[str, Column] = {name: list(table[column]) for name, column in BODY.items()}
    days["weight"] = [
        shown if shown is not None and abs(shown - true) < SCALE_FAULT_KG else None
        for shown, true in zip(table["weight_measured_kg"], table["weight_kg"], strict=True)
    ]
    days["cash"] = _major(table["balance_minor"].values())
    sums: dict[str, Column] = {
        f"spend.{name}": _major([table["spend_minor"][name]]) for name in HABITS
    }
    sums["spend"] = _major(table["spend_minor"].values())
    sums["income"] = _major([table["income_minor"]])
    return Future(_day(document["as_of"]), days, sums)


def judge(forecast: Forecast, future: Future) -> list[Score]:
    """Judge every quantity that the forecast answers for and the truth knows."""
    known = forecast.quantities()
    scores = []
    for name, truth in future.days.items():
        if name in known:
            scores.append(_judge_days(forecast, name, truth, future.as_of))
    for name, truth in future.sums.items():
        if name in known:
            scores.append(_judge_sums(forecast, name, truth, future.as_of))
    return scores


def add_up(scores: Iterable[Score]) -> list[Score]:
    """Add the scores of many people, quantity by quantity, in order of name."""
    total: dict[str, tuple[int, int, int]] = {}
    for score in scores:
        inside, above, below = total.get(score.quantity, (0, 0, 0))
        total[score.quantity] = (inside + score.inside, above + score.above, below + score.below)
    return [Score(name, *total[name]) for name in sorted(total)]


def _judge_days(forecast: Forecast, name: str, truth: Column, as_of: Day) -> Score:
    """Compare each of the next 90 days."""
    days = np.arange(as_of + 1, as_of + 1 + HORIZON_DAYS, dtype=np.int64)
    return _compare(forecast, Atom(QuantityName(name), Aggregate.VALUE, None), truth, days)


def _judge_sums(forecast: Forecast, name: str, truth: Column, as_of: Day) -> Score:
    """Compare the sums over the first, second and third thirty days, and all between."""
    days = np.arange(as_of + SUM_DAYS, as_of + 1 + HORIZON_DAYS, dtype=np.int64)
    values = np.array([0.0 if value is None else value for value in truth])
    walked = np.concatenate([np.zeros(1), np.cumsum(values)])
    window = walked[SUM_DAYS:] - walked[:-SUM_DAYS]
    column: Column = [None] * (SUM_DAYS - 1) + list(window.tolist())
    atom = Atom(QuantityName(name), Aggregate.SUM, Window(SUM_DAYS))
    return _compare(forecast, atom, column, days)


def _compare(forecast: Forecast, atom: Atom, truth: Column, days: DayGrid) -> Score:
    moments = forecast.moments(Linear(((Fraction(1), atom),), Fraction(0)), days, ())
    spread = np.sqrt(np.maximum(np.diagonal(moments.cov), 0.0)) * BAND_Z
    counts = [0, 0, 0]
    for day, mean, half in zip(
        moments.days.tolist(), moments.mean.tolist(), spread.tolist(), strict=True
    ):
        came = truth[day - forecast.as_of - 1]
        if came is not None:
            # A cent of rounding is not a miss of a band that is nearly a point.
            far = came - mean
            counts[0 if abs(far) <= half + 0.005 else 1 if far > 0 else 2] += 1
    return Score(str(atom.quantity), *counts)


def _major(columns: Iterable[Sequence[int]]) -> Column:
    rows = [np.asarray(column, dtype=np.int64) for column in columns]
    total = np.sum(np.stack(rows), axis=0)
    return [minor / 100 for minor in total.tolist()]


def _day(text: str) -> Day:
    return day_from_date(date.fromisoformat(text))
