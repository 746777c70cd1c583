"""Run a model over a series, and forecast from a belief.

Times are integer nanoseconds UTC in any spacing; NaN is a missing value. The arithmetic is in
`lex7-core` in a fixed order of operations: the same input gives the same bits on every machine, and
a series run in pieces gives the bits of the whole.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.shapes import RowCov, RowMean, Series, TimesNs
from lex7.filters import core_native
from lex7.filters.belief import Belief, start_of
from lex7.filters.belief import bytes_of as belief_bytes
from lex7.filters.errors import FilterArgumentError
from lex7.filters.model import COMPONENTS_MAX, Model, bytes_of, parts_of

_SQUARE_MAX = 1e150


@dataclass(frozen=True, slots=True, eq=False)
class FilterResult:
    """The outcome of one run.

    Attributes:
        belief: after the last row.
        loglik: sum of log predictive densities; exact diffuse for Gaussian noise.
        innovations: (n,) value minus prediction, NaN where the value is missing.
        innovation_vars: (n,) predicted variance, infinite while the start is diffuse, NaN where
            missing.
        weights: (n,) 1 in full, below 1 for an outlier under robust noise, 0 where missing.
        means: (n, states) filtered means, empty unless kept.
        covs: (n, states, states) filtered covariances, empty unless kept.
    """

    belief: Belief
    loglik: float
    innovations: Series
    innovation_vars: Series
    weights: Series
    means: NDArray[np.float64]
    covs: NDArray[np.float64]

    @property
    def nis(self) -> Series:
        """Normalised innovations squared, (n,); NaN where missing or diffuse."""
        settled = np.isfinite(self.innovation_vars) & (self.innovation_vars > 0)
        variance = np.where(settled, self.innovation_vars, 1.0)
        return np.where(settled, self.innovations * self.innovations / variance, np.nan)


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """Joint Gaussian moments of a signal at several times.

    Attributes:
        times_ns: (n,)
        mean: (n,) of the signal, which is also that of an observation.
        cov: (n, n) of the signal, with the covariances between times.
        noise_var: variance that an observation adds to the signal, one number or one per time.
    """

    times_ns: TimesNs
    mean: RowMean
    cov: RowCov
    noise_var: float | Series

    @property
    def observation_cov(self) -> RowCov:
        """Covariance of what will be observed, (n, n)."""
        return self.cov + np.diag(np.full(len(self.mean), self.noise_var))


def begin(model: Model, time_ns: int) -> Belief:
    """Return the belief with which a model starts at a time, before any observation.

    Raises:
        FilterArgumentError: a parameter of the model is out of range, or the time is no instant.
    """
    data = core_native.begin(bytes_of(model), core_native.instant("time_ns", time_ns))
    return Belief.from_bytes(data)


def run(
    model: Model,
    times_ns: ArrayLike,
    values: ArrayLike,
    *,
    observation_sd: ArrayLike | None = None,
    inputs: ArrayLike | None = None,
    belief: Belief | None = None,
) -> FilterResult:
    """Filter a series from the model's start, or on from a belief.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDivergedError: a number left the finite range.
    """
    columns = core_native.columns(times_ns, values, observation_sd)
    return _run(model, columns, inputs, belief, keep_all=False)


def run_all(
    model: Model,
    times_ns: ArrayLike,
    values: ArrayLike,
    *,
    observation_sd: ArrayLike | None = None,
    inputs: ArrayLike | None = None,
    belief: Belief | None = None,
) -> FilterResult:
    """Filter a series as `run` does and keep the belief after every row.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDivergedError: a number left the finite range.
    """
    columns = core_native.columns(times_ns, values, observation_sd)
    return _run(model, columns, inputs, belief, keep_all=True)


def forecast(
    model: Model,
    belief: Belief,
    times_ns: ArrayLike,
    *,
    inputs: ArrayLike | None = None,
    components: tuple[int, ...] | None = None,
) -> Forecast:
    """Forecast the signal at future times with all covariances between them.

    `components` names by index the parts of the model whose sum is wanted, for example the level
    without the season; none means all of them.

    Raises:
        FilterArgumentError: times descend or lie before the belief, or inputs do not fit.
        FilterDiffuseError: too little was observed to say anything.
    """
    times = core_native.instants(times_ns)
    chosen = None if components is None else choice(components, len(parts_of(model)))
    rows = core_native.input_rows(inputs, len(times))
    moments = core_native.forecast(bytes_of(model), belief_bytes(belief), times, rows, chosen)
    return Forecast(times, *moments)


def combine(coefficients: ArrayLike, mean: ArrayLike, cov: ArrayLike) -> tuple[RowMean, RowCov]:
    """Return the joint moments of linear combinations, such as sums and means over windows.

    `coefficients` is (rows, n): each row weighs the n entries of `mean`.

    Raises:
        FilterArgumentError: shapes do not match or a number is not finite.
    """
    rows = core_native.floats("coefficients", coefficients, 2)
    centre, spread = core_native.floats("mean", mean, 1), core_native.floats("cov", cov, 2)
    if rows.shape[1] != len(centre) or spread.shape != (len(centre), len(centre)):
        expected = f"(rows, {len(centre)}) beside a covariance of that size"
        raise FilterArgumentError("coefficients", expected, f"{rows.shape} and {spread.shape}")
    return core_native.combine(rows, centre, spread)


def _run(
    model: Model,
    columns: tuple[TimesNs, Series, Series | None],
    inputs: ArrayLike | None,
    belief: Belief | None,
    *,
    keep_all: bool,
) -> FilterResult:
    times, values, sds = columns
    rows = core_native.input_rows(inputs, len(times))
    start = start_of(belief)
    data, loglik, scores, states = core_native.run(
        bytes_of(model), times, values, sds, rows, start, keep_all
    )
    means, covs = states if states is not None else (np.zeros((0, 0)), np.zeros((0, 0, 0)))
    return FilterResult(Belief.from_bytes(data), loglik, *scores, means, covs)


def choice(components: tuple[int, ...], count: int) -> list[bool]:
    """Return which of `count` components are meant.

    Raises:
        FilterArgumentError: an index is out of range.
    """
    size = core_native.whole("count", count, 0, COMPONENTS_MAX)
    places = core_native.indices("components", components)
    if any(index >= size for index in places):
        raise FilterArgumentError("components", f"indices below {size}", str(places))
    return [index in places for index in range(size)]


def checked(result: FilterResult) -> FilterResult:
    """Return a result of a run, whose columns belong together.

    Raises:
        FilterArgumentError: this is no result of a run.
    """
    if not isinstance(result, FilterResult):
        raise FilterArgumentError("result", "what `run` returns", type(result).__name__)
    first = core_native.floats("innovations", result.innovations, 1)
    second = core_native.floats("innovation_vars", result.innovation_vars, 1)
    if len(first) != len(second):
        raise FilterArgumentError("innovation_vars", f"{len(first)} numbers", str(len(second)))
    if (np.abs(first) > _SQUARE_MAX).any() or (second < 0).any():
        expected = "below 1e150 with variances of at least 0"
        raise FilterArgumentError("innovations", expected, "others")
    return replace(result, innovations=first, innovation_vars=second)


def observed_cov(forecast: Forecast) -> RowCov:
    """Return the covariance of what will be observed, with its shapes checked.

    Raises:
        FilterArgumentError: covariance, mean and noise do not belong together.
    """
    mean = core_native.floats("mean", forecast.mean, 1)
    cov = core_native.floats("cov", forecast.cov, 2)
    noise = core_native.array_of("noise_var", forecast.noise_var)
    if cov.shape != (len(mean), len(mean)) or noise.shape not in ((), (len(mean),)):
        expected = f"({len(mean)}, {len(mean)}), as many as in the mean"
        raise FilterArgumentError("cov", expected, f"{cov.shape}, noise {noise.shape}")
    noise = core_native.floats("noise_var", np.broadcast_to(noise, mean.shape), 1)
    return cov + np.diag(noise)
