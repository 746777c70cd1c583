"""What models of several outputs say beside filtering: forecasts, disturbances, paths, a stream.

The same four for a `LinearModel` and for a `VectorModel`: joint moments of all outputs at chosen
rows given everything seen, forecasts with the covariances between steps and outputs, smoothed
disturbances, and draws of whole state paths.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.shapes import RowCov, TimesNs
from lex7.filters import core_native
from lex7.filters.belief import Belief
from lex7.filters.disturbance import scaled
from lex7.filters.errors import FilterArgumentError
from lex7.filters.kalman import Forecast
from lex7.filters.linear import LinearModel, LinearRows
from lex7.filters.linear import arguments as linear_arguments
from lex7.filters.simulation import lane_of
from lex7.filters.vector import VectorModel, VectorSeries
from lex7.filters.vector import arguments as vector_arguments

Matrix = NDArray[np.float64]
STEPS_MAX = 4_000
"""Rows times outputs of one joint covariance."""


@dataclass(frozen=True, slots=True, eq=False)
class OutputForecast:
    """Joint Gaussian moments of several outputs at several rows, without observation noise.

    Attributes:
        times_ns: (rows,) of a vector model; for a linear model the numbers of the rows.
        mean: (rows, outputs)
        cov: (rows × outputs, rows × outputs), row after row, outputs within.
        noise_covs: (rows, outputs, outputs) what an observation adds.
    """

    times_ns: TimesNs
    mean: Matrix
    cov: RowCov
    noise_covs: Matrix

    def output(self, index: int) -> Forecast:
        """Return one output as a `Forecast`, for sums and means over windows.

        Raises:
            FilterArgumentError: there is no such output.
        """
        outputs = self.mean.shape[1]
        place = core_native.whole("index", index, 0, outputs - 1)
        chosen = np.arange(len(self.mean)) * outputs + place
        cov = np.ascontiguousarray(self.cov[np.ix_(chosen, chosen)])
        noise = np.ascontiguousarray(self.noise_covs[:, place, place])
        return Forecast(self.times_ns, np.ascontiguousarray(self.mean[:, place]), cov, noise)


@dataclass(frozen=True, slots=True, eq=False)
class OutputDisturbances:
    """Smoothed disturbances of rows of outputs.

    Attributes:
        noise: (rows, outputs) mean of each entry's noise, NaN where missing.
        noise_vars: (rows, outputs) its variance.
        noise_spreads: (rows, outputs) variance of the mean itself over repeated series.
        moves: (rows, n) mean of what moved the state on its way to the row; zero in the first.
        move_covs: (rows, n, n) its covariance.
        move_spreads: (rows, n) variances of the mean itself over repeated series.
    """

    noise: Matrix
    noise_vars: Matrix
    noise_spreads: Matrix
    moves: Matrix
    move_covs: Matrix
    move_spreads: Matrix

    @property
    def outlier_scores(self) -> Matrix:
        """Noise in units of its spread, (rows, outputs); standard normal under the model."""
        return scaled(self.noise, self.noise_spreads)

    @property
    def break_scores(self) -> Matrix:
        """Moves in units of their spreads, (rows, n); NaN where nothing could move."""
        return scaled(self.moves, self.move_spreads)


def forecast_linear(model: LinearModel, belief: Belief, ahead: int | LinearRows) -> OutputForecast:
    """Forecast all outputs from the belief about the last row, some rows ahead.

    `ahead` is how many rows, or `LinearRows` with their inputs, loadings and noise; its values are
    NaN, or a scenario that is taken as seen.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype or range.
        FilterDiffuseError: too little was observed to say anything.
    """
    if not isinstance(model, LinearModel):
        raise FilterArgumentError("model", "a LinearModel", type(model).__name__)
    outputs = len(core_native.floats("offset", model.offset, 1))
    if not isinstance(ahead, LinearRows):
        steps = core_native.whole("ahead", ahead, 1, STEPS_MAX)
        ahead = LinearRows(np.full((steps, outputs), np.nan))
    later = linear_arguments(replace(model, start=belief), ahead)
    given, ((values, drifts, offsets, loadings, covs), motions) = later
    transition, process, loading, noise = given[0]
    # The first row stands where the belief does and sees nothing.
    columns = (
        _after(np.full(outputs, np.nan), values),
        _after(given[1][0], drifts),
        _after(given[1][1], offsets),
        _after(loading, loadings),
        _after(noise, covs),
    )
    moved = (_after(transition, motions[0]), _after(process, motions[1]))
    rows = list(range(1, len(columns[0])))
    found = core_native.linear_signal(given, (columns, moved), rows)
    return _outputs(np.array(rows), found, noise, covs)


def signal_linear(
    model: LinearModel, values: ArrayLike | LinearRows, rows: ArrayLike
) -> OutputForecast:
    """Return all outputs without noise at chosen rows, jointly, given all rows.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDiffuseError: the observations do not determine the state.
    """
    given, columns = linear_arguments(model, values)
    places = core_native.indices("rows", rows)
    found = core_native.linear_signal(given, columns, places)
    own = columns[0][4]
    covs = own[places] if len(own) else own
    return _outputs(np.array(places, dtype=np.int64), found, given[0][3], covs)


def disturbances_linear(model: LinearModel, values: ArrayLike | LinearRows) -> OutputDisturbances:
    """Return noise and moves of every row given all rows.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype or range.
        FilterDiffuseError: the observations do not determine the state.
    """
    noises, moves = core_native.linear_disturbances(*linear_arguments(model, values))
    return OutputDisturbances(*noises, *moves)


def simulate_linear(
    model: LinearModel, values: ArrayLike | LinearRows, *, seed: int, draws: range
) -> Matrix:
    """Return paths of the state given all rows, (draws, rows, n), as `simulate_states` does.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype or range.
        FilterDiffuseError: the observations do not determine the state.
    """
    return core_native.linear_draws(*linear_arguments(model, values), lane_of(seed, draws))


def forecast_vector(model: VectorModel, belief: Belief, ahead: VectorSeries) -> OutputForecast:
    """Forecast all outputs at the times of `ahead`; its values are NaN or a scenario.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDiffuseError: too little was observed to say anything.
    """
    given, columns = vector_arguments(model, ahead, belief)
    found = core_native.vector_signal(given, columns, list(range(len(columns[0]))))
    return _outputs(columns[0], found, given[2], columns[2][4])


def signal_vector(model: VectorModel, series: VectorSeries, rows: ArrayLike) -> OutputForecast:
    """Return all outputs without noise at chosen rows, jointly, given the whole series.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDiffuseError: the series does not determine the state.
    """
    given, columns = vector_arguments(model, series, None)
    places = core_native.indices("rows", rows)
    found = core_native.vector_signal(given, columns, places)
    own = columns[2][4]
    return _outputs(columns[0][places], found, given[2], own[places] if len(own) else own)


def disturbances_vector(model: VectorModel, series: VectorSeries) -> OutputDisturbances:
    """Return noise and moves of every row given the whole series.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDiffuseError: the series does not determine the state.
    """
    noises, moves = core_native.vector_disturbances(*vector_arguments(model, series, None))
    return OutputDisturbances(*noises, *moves)


def simulate_vector(model: VectorModel, series: VectorSeries, *, seed: int, draws: range) -> Matrix:
    """Return paths of the state given the whole series, (draws, rows, states).

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDiffuseError: the series does not determine the state.
    """
    given, columns = vector_arguments(model, series, None)
    return core_native.vector_draws(given, columns, lane_of(seed, draws))


def _after(first: Matrix, rows: Matrix) -> Matrix:
    """Return rows with one more in front, or nothing where nothing differs by row."""
    return rows if rows.shape[0] == 0 else np.concatenate([first[None], rows])


def _outputs(
    times: TimesNs, found: tuple[Matrix, Matrix], noise: Matrix, noises: Matrix
) -> OutputForecast:
    if len(times) == 0:
        raise FilterArgumentError("rows", "at least one row", "none")
    mean, cov = found
    own = noises if len(noises) else np.tile(noise, (len(times), 1, 1))
    return OutputForecast(times, mean.reshape(len(times), len(noise)), cov, own)
