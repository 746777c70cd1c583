"""Find standard deviations by expectation and maximisation (Shumway & Stoffer 1982).

Each round smooths the disturbances and sets every free standard deviation to their expected
size. The likelihood (with priors: the posterior) never falls, every value stays positive by
construction, and no step size is chosen; near the optimum it is slower than `fit`, which is the one
to use unless a search on gradients gets lost.

With the score s of the log-likelihood by log θ from the smoother and m scalar disturbances that
have θ as their standard deviation, the round is θ² ← θ² (1 + s/m) (Koopman 1993).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from lex7.base.shapes import Series, TimesNs
from lex7.filters import core_native
from lex7.filters.components import Free, Prior
from lex7.filters.errors import FilterArgumentError
from lex7.filters.kalman import run
from lex7.filters.model import Model, bytes_of, parameters_of, parts_of, with_parameters
from lex7.filters.robust import Gaussian

_NEWTON_ROUNDS = 50
ROUNDS_MAX = 1_000_000
"""More rounds than this are a slip."""
_POSITIVE = b"\x01"
_Columns = tuple[
    TimesNs, Series, Series | None, "np.ndarray[tuple[int, ...], np.dtype[np.float64]]"
]


@dataclass(frozen=True, slots=True)
class Stopping:
    """When rounds end: after `rounds_max`, or when a round gains less than `gain_min`."""

    rounds_max: int = 500
    gain_min: float = 1e-8


@dataclass(frozen=True, slots=True)
class EmFit:
    """What the rounds led to.

    Attributes:
        model: without free parameters.
        logliks: before the first round and after each, without priors.
        converged: whether the last round gained less than asked.
    """

    model: Model
    logliks: tuple[float, ...]
    converged: bool


def fit_em(
    model: Model,
    times_ns: ArrayLike,
    values: ArrayLike,
    *,
    inputs: ArrayLike | None = None,
    start: Model | None = None,
    stopping: Stopping = Stopping(),
) -> EmFit:
    """Fit the `Free` standard deviations of a model, from `start` or from the series' own scale.

    Raises:
        FilterArgumentError: a decay is free, noise is robust, or an argument does not fit.
        FilterDiffuseError: the series does not determine the state.
    """
    times, series, _ = core_native.columns(times_ns, values, None)
    columns = (times, series, None, core_native.input_rows(inputs, len(times)))
    free = _free(model)
    if not isinstance(stopping, Stopping):
        raise FilterArgumentError("stopping", "a Stopping", type(stopping).__name__)
    rounds = core_native.whole("rounds_max", stopping.rounds_max, 0, ROUNDS_MAX)
    gain_min = core_native.number("gain_min", stopping.gain_min)
    now = start if start is not None else _scaled(model, free, series)
    places = [one[0] for one in free]
    if [name for name, _ in parameters_of(now)] != [name for name, _ in parameters_of(model)]:
        raise FilterArgumentError("start", "a model with the same parameters", "another shape")
    if any(isinstance(row, Free) for _, row in parameters_of(now)):
        raise FilterArgumentError("start", "numbers in every parameter", "a free one")
    logliks = [run(now, times, series, inputs=inputs).loglik]
    target = logliks[0] - _penalty(now, free)
    for _ in range(rounds):
        slopes, counts = core_native.scores(bytes_of(now), columns)
        rows = parameters_of(now)
        changes = {
            place: _maximise(_value(rows[place][1]), slopes[place], counts[place], prior)
            for place, prior in free
        }
        now = with_parameters(now, changes)
        logliks.append(run(now, times, series, inputs=inputs).loglik)
        before, target = target, logliks[-1] - _penalty(now, free)
        if target - before < gain_min:
            return EmFit(now, tuple(logliks), converged=True)
    return EmFit(now, tuple(logliks), converged=not places)


def _free(model: Model) -> list[tuple[int, Prior | None]]:
    parts_of(model)
    if not isinstance(model.robust, Gaussian):
        raise FilterArgumentError("model", "Gaussian noise", type(model.robust).__name__)
    out = []
    for place, (name, row) in enumerate(parameters_of(model)):
        if isinstance(row, Free):
            if not name.endswith("sd"):
                raise FilterArgumentError("model", "free standard deviations only", name)
            prior = row.prior
            if prior is not None and not (
                0 < core_native.number("prior", prior.median) < np.inf
                and 1 < core_native.number("prior", prior.factor) < np.inf
            ):
                raise FilterArgumentError(
                    "prior", "a positive median and a factor above 1", str(prior)
                )
            out.append((place, prior))
    return out


def _scaled(model: Model, free: list[tuple[int, Prior | None]], series: Series) -> Model:
    """Start every free value at its prior's median, or at a part of the series' typical step."""
    total, step = core_native.scale(series)
    size = step or total or 1.0
    starts = {
        place: prior.median if prior else (0.3 if place else 0.6) * size for place, prior in free
    }
    return with_parameters(replace(model), starts)


def _maximise(value: float, slope: float, count: float, prior: Prior | None) -> float:
    """Return the θ that maximises −m log θ − m A/(2 θ²) with its prior, A the expected square."""
    if count == 0:
        return value
    factor = max(1.0 + slope / count, 0.0)
    if factor == 0.0:
        # Nothing moved as far as f64 can tell: a tenth, and the next round says whether less.
        factor = 0.01
    if prior is None:
        return float(value * np.sqrt(factor))
    # Newton on x = log(θ/value): f' = −m + m·factor·e^(−2x) − (x − c)/s², concave.
    precision = 1.0 / _log(prior.factor) ** 2
    centre, x = _log(prior.median / value), 0.0
    for _ in range(_NEWTON_ROUNDS):
        pull = count * factor * _exp(-2.0 * x)
        step = (pull - count - (x - centre) * precision) / (2.0 * pull + precision)
        x += max(min(step, 1.0), -1.0)
    return value * _exp(x)


def _penalty(model: Model, free: list[tuple[int, Prior | None]]) -> float:
    rows, total = parameters_of(model), 0.0
    for place, prior in free:
        if prior is not None:
            distance = _log(_value(rows[place][1]) / prior.median) / _log(prior.factor)
            total += 0.5 * distance * distance
    return total


def _value(row: float | Free) -> float:
    assert not isinstance(row, Free), "a model under way has numbers in every parameter"
    return float(row)


def _exp(x: float) -> float:
    return float(core_native.box_plus(_POSITIVE, np.ones(1), np.array([x]))[0])


def _log(x: float) -> float:
    return float(core_native.box_minus(_POSITIVE, np.array([x]), np.ones(1))[0])
