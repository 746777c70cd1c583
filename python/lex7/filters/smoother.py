"""What was, given everything seen: smoothed states, and the signal jointly over past and future.

`smooth_signal` over rows whose later values are NaN gives past and future in one joint Gaussian, so
a window that began last week and ends next week has its exact variance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.shapes import RowCov, RowMean, TimesNs
from lex7.filters import core_native
from lex7.filters.kalman import Forecast, choice
from lex7.filters.model import Model, bytes_of, parts_of


@dataclass(frozen=True, slots=True, eq=False)
class Smoothed:
    """Moments of the state at every row, given the whole series.

    Attributes:
        times_ns: (n,)
        means: (n, states)
        covs: (n, states, states)
    """

    times_ns: TimesNs
    means: NDArray[np.float64]
    covs: NDArray[np.float64]


def smooth(
    model: Model,
    times_ns: ArrayLike,
    values: ArrayLike,
    *,
    observation_sd: ArrayLike | None = None,
    inputs: ArrayLike | None = None,
) -> Smoothed:
    """Return the state at every row given the whole series; rows of NaN are interpolated.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDiffuseError: the whole series does not determine the state.
        FilterDivergedError: a number left the finite range.
    """
    times, series, sds = core_native.columns(times_ns, values, observation_sd)
    columns = (times, series, sds, core_native.input_rows(inputs, len(times)))
    means, covs = core_native.smooth(bytes_of(model), columns, None)
    return Smoothed(times, means, covs)


def smooth_signal(
    model: Model,
    times_ns: ArrayLike,
    values: ArrayLike,
    rows: ArrayLike,
    *,
    inputs: ArrayLike | None = None,
    components: tuple[int, ...] | None = None,
) -> Forecast:
    """Return the signal at chosen rows, jointly, given the whole series.

    `rows` are ascending indices; `components` names the parts of the model whose sum is wanted.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDiffuseError: the whole series does not determine the state.
    """
    times, series, _ = core_native.columns(times_ns, values, None)
    columns = (times, series, None, core_native.input_rows(inputs, len(times)))
    places = core_native.indices("rows", rows)
    chosen = None if components is None else choice(components, len(parts_of(model)))
    mean: RowMean
    cov: RowCov
    data = bytes_of(model)
    mean, cov = core_native.smooth_signal(data, columns, None, places, chosen)
    return Forecast(times[places], mean, cov, core_native.noise_var(data))
