"""The filter as a readable specification; the twin tests hold the compiled kernel to it.

It decides nothing: matrix products here may use BLAS, whose order of summation is not fixed. Only
Gaussian noise is specified here; the diffuse start follows Durbin & Koopman (2012, §5.2) with the
infinite part of the covariance kept as D Dᵀ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import NS_PER_DAY
from lex7.base.shapes import Series, StateCov, StateMean, TimesNs
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
from lex7.filters.errors import FilterArgumentError
from lex7.filters.model import Model, state_count

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
    model: Model, times_ns: TimesNs, values: Series, inputs: Matrix | None
) -> ReferenceResult:
    """Filter a series; NaN is missing."""
    mean, cov, diffuse = _start(model)
    noise_var = _number(model.observation_sd) ** 2
    loglik = 0.0
    for row, (time_ns, value) in enumerate(zip(times_ns.tolist(), values.tolist(), strict=True)):
        if row > 0:
            transition, noise = dynamics(model, (time_ns - int(times_ns[row - 1])) / NS_PER_DAY)
            mean = transition @ mean
            cov = transition @ cov @ transition.T + noise
            diffuse = diffuse @ transition.T
        if math.isnan(value):
            continue
        h = loading(model, time_ns, None if inputs is None else inputs[row])
        innovation = value - h @ mean
        seen = diffuse @ h
        strength = float(seen @ seen)
        if strength > SEEN_MIN**2 * float((diffuse**2).sum() * (h @ h)):
            gain = diffuse.T @ seen / strength
            # Any basis of the directions that are still unseen will do.
            basis = np.linalg.svd(seen[None, :])[2][1:]
            diffuse = basis @ diffuse
            loglik += -0.5 * (math.log(2 * math.pi) + math.log(strength))
        else:
            variance = float(h @ cov @ h) + noise_var
            gain = cov @ h / variance
            loglik += -0.5 * (math.log(2 * math.pi * variance) + innovation**2 / variance)
        left = np.eye(len(mean)) - np.outer(gain, h)
        mean = mean + gain * innovation
        cov = left @ cov @ left.T + noise_var * np.outer(gain, gain)
    return ReferenceResult(mean, cov, diffuse, loglik)


def dynamics(model: Model, days: float) -> tuple[Matrix, Matrix]:
    """Return the transition and process noise of all components over a step, block-diagonal."""
    size = sum(state_count(part) for part in model.components)
    transition, noise = np.zeros((size, size)), np.zeros((size, size))
    at = 0
    for part in model.components:
        block = slice(at, at + state_count(part))
        transition[block, block], noise[block, block] = _block(part, days)
        at = block.stop
    return transition, noise


def loading(model: Model, time_ns: int, inputs: NDArray[np.float64] | None) -> StateMean:
    """Return the row h that turns the state into the signal."""
    pieces: list[float] = []
    for part in model.components:
        match part:
            case Season():
                pieces += [1.0, 0.0] * part.harmonics
            case Trend() | DampedTrend():
                pieces += [1.0, 0.0]
            case Regression():
                if inputs is None:
                    raise FilterArgumentError("inputs", "given for a regression", "none")
                pieces.append(float(inputs[part.column]))
            case Step():
                pieces.append(1.0 if time_ns >= part.time_ns else 0.0)
            case _:
                pieces.append(1.0)
    return np.array(pieces)


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


def _start(model: Model) -> tuple[StateMean, StateCov, Matrix]:
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
    return mean, cov, np.array(rows).reshape(len(rows), size)


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
