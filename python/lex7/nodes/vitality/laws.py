"""The law of each quantity: which components its filter has, and the priors that few data need.

Levels are random walks, so no trend is ever extrapolated; what differs from the level dies away.
The weekly pattern is a whole one (three harmonics of seven days), small at the start and fixed.
Values of some quantities are followed on a logarithm: they are positive and vary by proportion.
The medians are typical daily figures of healthy adults (research: sleep 1 h between nights, SDNN
10 to 20 %, weight 0.5 to 1 kg of water); a factor of three says how little they are trusted.

These laws are version 1 of the model's payload and never change; other laws get another version.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from lex7.base.ids import QuantityName
from lex7.filters.components import AutoRegression, Free, Initial, Level, Prior, Season
from lex7.filters.model import Model
from lex7.filters.robust import StudentT
from lex7.nodes.vitality.daily import HRV, RESTING_HEART, SLEEP, STEPS, WEIGHT

WEEK_DAYS = 7.0
WEEK_HARMONICS = 3


class Scale(Enum):
    """On which scale a quantity is followed."""

    PLAIN = "plain"
    LOGARITHM = "logarithm"


@dataclass(frozen=True, slots=True)
class Law:
    """How one quantity is modelled.

    Attributes:
        name: the quantity.
        unit: of its values, as rules write it.
        scale: on which scale the filter works.
        size: values are divided by this before the filter sees them.
        model: components and noise, with what is to be fitted left free.
        stale_after_days: a newest value older than this says nothing about today.
    """

    name: QuantityName
    unit: str
    scale: Scale
    size: float
    model: Model
    stale_after_days: int


def _free(median: float, factor: float) -> Free:
    return Free(Prior(median, factor))


def _week(sd: float) -> Season:
    """A fixed weekly pattern; `sd` is the prior size of each of its six coefficients."""
    count = 2 * WEEK_HARMONICS
    return Season(0.0, WEEK_DAYS, WEEK_HARMONICS, Initial((0.0,) * count, (sd,) * count))


LAWS: dict[QuantityName, Law] = {
    law.name: law
    for law in (
        Law(
            SLEEP,
            "h",
            Scale.PLAIN,
            1.0,
            Model(
                (
                    Level(_free(0.06, 1.6)),
                    AutoRegression(_free(0.6, 2.0), _free(0.8, 2.0)),
                    _week(0.3),
                ),
                _free(0.4, 2.0),
                StudentT(5.0),
            ),
            stale_after_days=7,
        ),
        Law(
            RESTING_HEART,
            "bpm",
            Scale.PLAIN,
            1.0,
            Model(
                (Level(_free(0.35, 1.6)), AutoRegression(_free(1.0, 2.0), _free(1.5, 2.0))),
                _free(0.7, 2.0),
                StudentT(5.0),
            ),
            stale_after_days=7,
        ),
        Law(
            HRV,
            "ms",
            Scale.LOGARITHM,
            1.0,
            Model(
                (
                    Level(_free(0.03, 1.6)),
                    AutoRegression(_free(0.1, 2.0), _free(4.0, 3.0)),
                    _week(0.05),
                ),
                _free(0.12, 2.0),
                StudentT(8.0),
            ),
            stale_after_days=7,
        ),
        Law(
            WEIGHT,
            "kg",
            Scale.LOGARITHM,
            1.0,
            Model(
                (Level(_free(0.003, 1.6)), AutoRegression(_free(0.006, 2.0), _free(1.3, 2.0))),
                _free(0.002, 2.0),
                StudentT(5.0),
            ),
            stale_after_days=21,
        ),
        Law(
            STEPS,
            "steps",
            Scale.PLAIN,
            1000.0,
            Model(
                (
                    Level(_free(0.15, 2.0)),
                    AutoRegression(_free(1.0, 2.0), _free(1.5, 2.0)),
                    _week(1.0),
                ),
                _free(2.5, 2.0),
                StudentT(8.0),
            ),
            stale_after_days=7,
        ),
    )
}
