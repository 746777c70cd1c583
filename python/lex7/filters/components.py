"""The parts a model is summed from, each with its parameters in words.

Time is in days. A parameter is a number, or `Free` where `fit` is to find it. Standard deviations
`sd` of random walks are per square root of a day, so a step of any length has an exact meaning. A
component starts diffuse (nothing is known) or at its stationary moments, unless `initial` says
otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prior:
    """A log-normal prior: two thirds of its mass lie in [median / factor, median × factor]."""

    median: float
    factor: float


@dataclass(frozen=True, slots=True)
class Free:
    """A parameter that `fit` is to find, with a weak prior or none."""

    prior: Prior | None = None


Parameter = float | Free


@dataclass(frozen=True, slots=True)
class Initial:
    """A proper start: one mean and one standard deviation per state of the component."""

    mean: tuple[float, ...]
    sd: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Level:
    """A random walk. One state: the level."""

    sd: Parameter
    initial: Initial | None = None


@dataclass(frozen=True, slots=True)
class Trend:
    """A level that moves along a slope which is itself a random walk. States: level, slope.

    The noise is that of the continuous process: over dt days the slope's share of the level's
    variance is slope_sd² dt³/3, correlated with the slope (Harvey 1989, §9.1).
    """

    level_sd: Parameter
    slope_sd: Parameter
    initial: Initial | None = None


@dataclass(frozen=True, slots=True)
class DampedTrend:
    """A trend whose slope dies away with e^(−t/decay_days). States: level, slope.

    The slope starts at its stationary moments, the level diffuse.
    """

    level_sd: Parameter
    slope_sd: Parameter
    decay_days: Parameter
    initial: Initial | None = None


@dataclass(frozen=True, slots=True)
class AutoRegression:
    """Deviations that die away: an Ornstein-Uhlenbeck process, AR(1) on a regular grid.

    `sd` is the stationary standard deviation; the coefficient over dt days is e^(−dt/decay_days).
    One state, started at its stationary moments.
    """

    sd: Parameter
    decay_days: Parameter
    initial: Initial | None = None


@dataclass(frozen=True, slots=True)
class Season:
    """A sum of harmonics of a period; each harmonic is two states that rotate.

    A whole weekly pattern of daily values is period 7 with 3 harmonics. `sd` lets it drift; 0
    keeps it fixed. The first state of each harmonic is what is seen.
    """

    sd: Parameter
    period_days: float
    harmonics: int
    initial: Initial | None = None


@dataclass(frozen=True, slots=True)
class Regression:
    """A coefficient times one column of `inputs`. One state: the coefficient."""

    column: int
    sd: Parameter = 0.0
    initial: Initial | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A change of level at a known time, of unknown size. One state: the size."""

    time_ns: int
    initial: Initial | None = None


Component = Level | Trend | DampedTrend | AutoRegression | Season | Regression | Step
