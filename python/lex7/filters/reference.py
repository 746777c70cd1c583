"""The filter as a readable specification; the twin tests hold the compiled kernel to it.

It decides nothing: matrix products here may use BLAS, whose order of summation is not fixed. Only
Gaussian noise is specified here; the diffuse start follows Durbin & Koopman (2012, §5.2) with the
infinite part of the covariance kept as D Dᵀ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.civil import NS_PER_DAY
from lex7.base.shapes import Series, StateCov, StateMean, TimesNs
from lex7.filters import core_native
from lex7.filters.components import (
    AutoRegression,
    Component,
    DampedTrend,
    Initial,
    Level,
    Parameter,
    Regression,
    Season,
    Step,
    Trend,
)
from lex7.filters.errors import FilterArgumentError, FilterDivergedError
from lex7.filters.kalman import begin
from lex7.filters.model import COLUMNS_MAX, Model, parts_of, state_count
from lex7.filters.robust import Gaussian

SEEN_MIN = 1e-6
"""A direction seen with less than this share of its largest possible strength is not seen."""

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class ReferenceResult:
    """Final mean, covariance and diffuse directions (rows), and the log-likelihood."""

    mean: StateMean
    cov: StateCov
    diffuse: Matrix
    loglik: float


def run_reference(
    model: Model, times_ns: ArrayLike, values: ArrayLike, inputs: ArrayLike | None
) -> ReferenceResult:
    """Filter a series; NaN is missing.

    Raises:
        FilterArgumentError: an argument has the wrong shape, dtype, order or range.
        FilterDivergedError: a number left the finite range.
    """
    times, seen, _ = core_native.columns(times_ns, values, None)
    rows = core_native.input_rows(inputs, len(times))
    _check(model, times, seen)
    place = 0
    try:
        with np.errstate(all="ignore"):
            found = _start(model)
            for place, (time_ns, value) in enumerate(zip(times.tolist(), seen, strict=True)):
                if place > 0:
                    found = _moved(model, found, (time_ns - int(times[place - 1])) / NS_PER_DAY)
                if not math.isnan(value):
                    noise_var = _number(model.observation_sd) ** 2
                    found = _updated(found, loading(model, time_ns, rows[place]), value, noise_var)
                _check_finite(place, found.mean, found.cov, found.diffuse, found.loglik)
    except (OverflowError, ZeroDivisionError, np.linalg.LinAlgError) as error:
        raise FilterDivergedError(place) from error
    return found


def dynamics(model: Model, days: float) -> tuple[Matrix, Matrix]:
    """Return the transition and process noise of all components over a step, block-diagonal.

    Raises:
        FilterArgumentError: a parameter is out of range, or the step is no length of time.
        FilterDivergedError: a number left the finite range.
    """
    begin(model, 0)
    step = core_native.number("days", days)
    if not 0.0 <= step < math.inf:
        raise FilterArgumentError("days", "a finite number of at least 0", repr(days))
    size = sum(state_count(part) for part in model.components)
    transition, noise = np.zeros((size, size)), np.zeros((size, size))
    at = 0
    try:
        with np.errstate(all="ignore"):
            for part in model.components:
                block = slice(at, at + state_count(part))
                transition[block, block], noise[block, block] = _block(part, step)
                at = block.stop
    except (OverflowError, ZeroDivisionError) as error:
        raise FilterDivergedError(0) from error
    _check_finite(0, transition, noise)
    return transition, noise


def loading(model: Model, time_ns: int, inputs: ArrayLike | None) -> StateMean:
    """Return the row h that turns the state into the signal.

    Raises:
        FilterArgumentError: a regression names no column of the inputs, or they are not finite.
    """
    now = core_native.instant("time_ns", time_ns)
    columns = core_native.floats("inputs", np.zeros(0) if inputs is None else inputs, 1)
    pieces: list[float] = []
    for part in parts_of(model):
        match part:
            case Season():
                pieces += [1.0, 0.0] * (state_count(part) // 2)
            case Trend() | DampedTrend():
                pieces += [1.0, 0.0]
            case Regression():
                pieces.append(_column(columns, part.column))
            case Step():
                begun = now >= core_native.instant("time_ns", part.time_ns)
                pieces.append(1.0 if begun else 0.0)
            case _:
                pieces.append(1.0)
    return np.array(pieces)


def _check(model: Model, times: TimesNs, values: Series) -> None:
    begin(model, 0)
    if not isinstance(model.robust, Gaussian):
        raise FilterArgumentError("robust", "Gaussian noise", type(model.robust).__name__)
    if len(values) != len(times):
        raise FilterArgumentError("values", f"{len(times)} numbers", str(len(values)))
    if any(later < earlier for earlier, later in pairwise(times.tolist())):
        raise FilterArgumentError("times_ns", "ascending", "a time before the one in front of it")
    if np.isinf(values).any():
        raise FilterArgumentError("values", "finite numbers or NaN", "an infinity")


def _check_finite(row: int, *numbers: ArrayLike) -> None:
    if not all(np.isfinite(part).all() for part in numbers):
        raise FilterDivergedError(row)


def _column(inputs: NDArray[np.float64], column: int) -> float:
    place = core_native.whole("column", column, 0, COLUMNS_MAX)
    if place >= len(inputs):
        raise FilterArgumentError("inputs", f"more than {place} columns", str(len(inputs)))
    if not math.isfinite(inputs[place]):
        raise FilterArgumentError("inputs", "finite numbers", repr(float(inputs[place])))
    return float(inputs[place])


def _moved(model: Model, before: ReferenceResult, days: float) -> ReferenceResult:
    transition, noise = dynamics(model, days)
    mean, cov = transition @ before.mean, transition @ before.cov @ transition.T + noise
    return ReferenceResult(mean, cov, before.diffuse @ transition.T, before.loglik)


def _updated(
    before: ReferenceResult, h: StateMean, value: float, noise_var: float
) -> ReferenceResult:
    diffuse, innovation = before.diffuse, value - h @ before.mean
    seen = diffuse @ h
    strength = float(seen @ seen)
    if strength > SEEN_MIN**2 * float((diffuse**2).sum() * (h @ h)):
        gain = diffuse.T @ seen / strength
        # Any basis of the directions that are still unseen will do.
        diffuse = np.linalg.svd(seen[None, :])[2][1:] @ diffuse
        loglik = -0.5 * (math.log(2 * math.pi) + math.log(strength))
    else:
        variance = float(h @ before.cov @ h) + noise_var
        gain = before.cov @ h / variance
        loglik = -0.5 * (math.log(2 * math.pi * variance) + float(innovation**2) / variance)
    left = np.eye(len(h)) - np.outer(gain, h)
    cov = left @ before.cov @ left.T + noise_var * np.outer(gain, gain)
    mean = before.mean + gain * innovation
    return ReferenceResult(mean, cov, diffuse, before.loglik + loglik)


def _block(part: Component, days: float) -> tuple[Matrix, Matrix]:
    match part:
        case Level() | Regression():
            return np.eye(1), np.full((1, 1), _number(part.sd) ** 2 * days)
        case Step():
            return np.eye(1), np.zeros((1, 1))
        case AutoRegression():
            keep = math.exp(-days / _number(part.decay_days))
            return np.full((1, 1), keep), np.full((1, 1), _number(part.sd) ** 2 * (1 - keep**2))
        case Trend():
            return _van_loan(0.0, _number(part.level_sd), _number(part.slope_sd), days)
        case DampedTrend():
            rate = 1 / _number(part.decay_days)
            return _van_loan(rate, _number(part.level_sd), _number(part.slope_sd), days)
        case Season():
            size = 2 * part.harmonics
            turn = np.zeros((size, size))
            for harmonic in range(part.harmonics):
                angle = 2 * math.pi * (harmonic + 1) * days / part.period_days
                sin, cos = math.sin(angle), math.cos(angle)
                block = slice(2 * harmonic, 2 * harmonic + 2)
                turn[block, block] = [[cos, sin], [-sin, cos]]
            return turn, np.eye(size) * _number(part.sd) ** 2 * days


def _van_loan(rate: float, level_sd: float, slope_sd: float, days: float) -> tuple[Matrix, Matrix]:
    """Discretise dl = v dt + s dW, dv = −rate v dt + q dW by Van Loan's exponential (1978)."""
    drift = np.array([[0.0, 1.0], [0.0, -rate]])
    block = np.zeros((4, 4))
    block[:2, :2], block[:2, 2:] = -drift, np.diag([level_sd**2, slope_sd**2])
    block[2:, 2:] = drift.T
    power = _exponential(block * days)
    transition = power[2:, 2:].T
    return transition, transition @ power[:2, 2:]


def _exponential(matrix: Matrix) -> Matrix:
    """Return e^M by scaling, 30 Taylor terms and squaring."""
    halvings = max(0, math.ceil(math.log2(max(float(np.abs(matrix).sum()), 1e-300))) + 2)
    small = matrix / 2.0**halvings
    term = total = np.eye(len(matrix))
    for order in range(1, 30):
        term = term @ small / order
        total = total + term
    for _ in range(halvings):
        total = total @ total
    return total


def _start(model: Model) -> ReferenceResult:
    size = sum(state_count(part) for part in model.components)
    mean, cov, rows = np.zeros(size), np.zeros((size, size)), []
    at = 0
    for part in model.components:
        start = _initial(part)
        for state in range(state_count(part)):
            if start[state] is None:
                rows.append(np.eye(size)[at])
            else:
                mean[at], sd = start[state] or (0.0, 0.0)
                cov[at, at] = sd**2
            at += 1
    return ReferenceResult(mean, cov, np.array(rows).reshape(len(rows), size), 0.0)


def _initial(part: Component) -> tuple[tuple[float, float] | None, ...]:
    if isinstance(part.initial, Initial):
        return tuple(zip(part.initial.mean, part.initial.sd, strict=True))
    match part:
        case AutoRegression():
            return ((0.0, _number(part.sd)),)
        case DampedTrend():
            sd = _number(part.slope_sd) * math.sqrt(_number(part.decay_days) / 2)
            return (None, (0.0, sd))
        case _:
            return (None,) * state_count(part)


def _number(value: Parameter) -> float:
    if not isinstance(value, int | float):
        raise FilterArgumentError("model", "numbers in every parameter", "a free one")
    return float(value)
