"""What moved the state, and what was only noise, given the whole series.

A large estimated noise in units of its own spread points at an outlier, a large move at a break of
level or slope (the auxiliary residuals of Harvey & Koopman 1992).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.shapes import Series, TimesNs
from lex7.filters import core_native
from lex7.filters.model import Model, bytes_of


@dataclass(frozen=True, slots=True, eq=False)
class Disturbances:
    """Smoothed disturbances of a series.

    Attributes:
        times_ns: (n,)
        noise: (n,) mean of each observation's noise, NaN where missing.
        noise_vars: (n,) its variance.
        noise_spreads: (n,) variance of the mean itself over repeated series.
        moves: (n, states) mean of what moved the state on its way to the row; zero in the first.
        move_covs: (n, states, states) its covariance.
        move_spreads: (n, states) variances of the mean itself over repeated series.
    """

    times_ns: TimesNs
    noise: Series
    noise_vars: Series
    noise_spreads: Series
    moves: NDArray[np.float64]
    move_covs: NDArray[np.float64]
    move_spreads: NDArray[np.float64]

    @property
    def outlier_scores(self) -> Series:
        """Noise in units of its spread, (n,); standard normal under the model."""
        return scaled(self.noise, self.noise_spreads)

    @property
    def break_scores(self) -> NDArray[np.float64]:
        """Moves in units of their spreads, (n, states); NaN where nothing could move."""
        return scaled(self.moves, self.move_spreads)


def disturbances(
    model: Model,
    times_ns: ArrayLike,
    values: ArrayLike,
    *,
    observation_sd: ArrayLike | None = None,
    inputs: ArrayLike | None = None,
) -> Disturbances:
    """Return the disturbances of a series given all of it; the start is exact diffuse.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDiffuseError: the whole series does not determine the state.
        FilterDivergedError: a number left the finite range.
    """
    times, series, sds = core_native.columns(times_ns, values, observation_sd)
    columns = (times, series, sds, core_native.input_rows(inputs, len(times)))
    noises, moves = core_native.disturbances(bytes_of(model), columns, None)
    return Disturbances(times, *noises, *moves)


def scaled(values: NDArray[np.float64], spreads: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return values in units of their spreads, NaN where there is none."""
    has_spread = spreads > 0
    return np.where(has_spread, values / np.sqrt(np.where(has_spread, spreads, 1.0)), np.nan)
