"""Draws of whole state paths given the whole series (Durbin & Koopman 2002).

Every random number belongs to a counter (seed, draw, row, place): a draw is the same whether it is
made alone, among a thousand, today or on another machine.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.filters import core_native
from lex7.filters.errors import FilterArgumentError
from lex7.filters.model import Model, bytes_of

_WORD = 1 << 32


def simulate_states(
    model: Model,
    times_ns: ArrayLike,
    values: ArrayLike,
    *,
    seed: int,
    draws: range,
    inputs: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Return paths of the state given the series, (draws, rows, states).

    `draws` are the numbers of the paths wanted, `range(1000)` for the first thousand.
    Rows of NaN at future times give paths of the forecast that fit the past. Under robust noise the
    draws are given the weights of the observations.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDiffuseError: the whole series does not determine the state.
        FilterDivergedError: a number left the finite range.
    """
    lane = lane_of(seed, draws)
    times, series, _ = core_native.columns(times_ns, values, None)
    columns = (times, series, None, core_native.input_rows(inputs, len(times)))
    return core_native.simulate_states(bytes_of(model), columns, None, lane)


def lane_of(seed: int, draws: range) -> tuple[int, int, int]:
    """Return seed, first draw and number of draws.

    Raises:
        FilterArgumentError: the seed or the range is out of bounds.
    """
    key = core_native.whole("seed", seed, 0, _WORD * _WORD - 1)
    if not isinstance(draws, range) or draws.step != 1 or not 0 <= draws.start < draws.stop < _WORD:
        expected = "a range of ascending numbers below 2^32 - 1"
        raise FilterArgumentError("draws", expected, str(draws))
    return key, draws.start, len(draws)
