"""The belief: what the model says of each flow's level after everything in the ledger.

Large payments are a compound Poisson process. Their rate has a gamma law: a prior of half a payment
in one year, plus what was seen. Their size is the smallest large amount plus an exponential excess
whose mean is that of what was seen and of one prior payment. What the prior adds belongs to no
category: it counts in `spend`, `cash` and `burn`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lex7.nodes.wealth.core_native import filter_level
from lex7.nodes.wealth.everyday import Everyday, split
from lex7.nodes.wealth.ledger import Ledger
from lex7.nodes.wealth.model import (
    NOISE_SCALE,
    RATIO_SCALE,
    STILL,
    WEEK,
    WEEKS_MIN,
    FlowModel,
    TooLittleHistoryError,
    WealthModel,
    fitted_series,
    week_reversion,
    weeks,
)
from lex7.nodes.wealth.recurring import Schedule, find_schedules

PRIOR_PAYMENTS = 0.5
PRIOR_DAYS = 365.0


@dataclass(frozen=True, slots=True)
class Level:
    """The law of one flow, minor units per day.

    Attributes:
        mean: of the constant m and of the deviation l on the last day.
        cov: mm, ml, ll.
        wander: variance of the deviation in the long run.
        noise: variance of one day.
        weekdays: offset of each weekday from Monday.
    """

    mean: tuple[float, float]
    cov: tuple[float, float, float]
    wander: float
    noise: float
    weekdays: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LargeLaw:
    """The law of large payments.

    Attributes:
        counts: category → payments seen.
        days: days watched, prior included.
        smallest: minor units.
        excess: mean excess over the smallest, minor units.
    """

    counts: Mapping[str, int]
    days: float
    smallest: float
    excess: float

    @property
    def mean(self) -> float:
        """The mean size."""
        return self.smallest + self.excess

    @property
    def square(self) -> float:
        """The mean of the squared size."""
        return self.mean * self.mean + self.excess * self.excess

    @property
    def shape(self) -> float:
        """The shape of the gamma law of the rate of all large payments."""
        return PRIOR_PAYMENTS + sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Belief:
    """Everything a forecast starts from.

    Attributes:
        reversion: what is left of a deviation after one day.
        levels: the law of each flow, by name, and of `total`.
        large: the law of large payments.
        schedules: the schedules of the ledger.
    """

    reversion: float
    levels: Mapping[str, Level]
    large: LargeLaw
    schedules: tuple[Schedule, ...]


def believe(model: WealthModel, ledger: Ledger) -> Belief:
    """Run the model's filters over a ledger.

    Raises:
        TooLittleHistoryError: fewer than eight weeks of bookings.
    """
    if ledger.day_count < WEEKS_MIN * WEEK:
        raise TooLittleHistoryError(ledger.day_count, WEEKS_MIN * WEEK)
    schedules = find_schedules(ledger)
    everyday = split(ledger, schedules, model.large_minor)
    left = week_reversion(model.reversion)
    levels = {}
    for name, series in fitted_series(everyday, ledger.day_count).items():
        flow = model.flows.get(name, STILL)
        belief = filter_level(weeks(series), left, flow.ratio / RATIO_SCALE)
        levels[name] = _level(flow, belief.mean, belief.cov)
    return Belief(model.reversion, levels, _large_law(everyday, model, ledger), schedules)


def belief_bytes(model: WealthModel, ledger: Ledger) -> bytes:
    """Return the raw bits of the belief, little-endian, flows in byte order of their names."""
    belief = believe(model, ledger)
    numbers: list[float] = [belief.reversion]
    for name in sorted(belief.levels):
        level = belief.levels[name]
        numbers += [*level.mean, *level.cov, level.wander, level.noise]
    large = belief.large
    numbers += [large.shape, large.days, large.smallest, large.excess]
    for schedule in belief.schedules:
        numbers += [float(schedule.amount_minor), float(schedule.sd_minor), float(schedule.hits)]
    return np.array(numbers, dtype="<f8").tobytes()


def _level(flow: FlowModel, mean: tuple[float, float], cov: tuple[float, float, float]) -> Level:
    deviation = flow.noise / NOISE_SCALE
    noise = deviation * deviation
    week = noise / WEEK
    mm, ml, ll = cov
    return Level(
        mean,
        (mm * week, ml * week, ll * week),
        flow.ratio / RATIO_SCALE * week,
        noise,
        tuple(offset / NOISE_SCALE for offset in flow.weekdays),
    )


def _large_law(everyday: Everyday, model: WealthModel, ledger: Ledger) -> LargeLaw:
    counts: dict[str, int] = {}
    excess = model.large_minor
    for payment in everyday.large:
        counts[payment.category] = counts.get(payment.category, 0) + 1
        excess += payment.minor - model.large_minor
    seen = len(everyday.large)
    return LargeLaw(
        {name: counts[name] for name in sorted(counts)},
        PRIOR_DAYS + ledger.day_count,
        float(model.large_minor),
        excess / (seen + 1),
    )
