"""Fit whole matrices of a linear model by expectation and maximisation (Shumway & Stoffer 1982).

Each round smooths the series and sets every free matrix to what makes the expected likelihood
largest; the likelihood never falls. What a series cannot tell apart is refused in a sentence.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike

from lex7.filters import core_native
from lex7.filters.em import ROUNDS_MAX, Stopping
from lex7.filters.errors import FilterArgumentError
from lex7.filters.linear import LinearModel, LinearRows, arguments

_STOPPING = Stopping()


class Freedom(IntEnum):
    """How much of a covariance is free."""

    FIXED = 0
    DIAGONAL = 1
    FULL = 2


@dataclass(frozen=True, slots=True)
class LinearFree:
    """Which matrices of a linear model are to be found.

    With both `transition` and `loading` free the states are found up to a rotation; with `loading`
    and `process_cov` both free their scale is nobody's, and that is refused.
    """

    transition: bool = False
    process_cov: Freedom = Freedom.FIXED
    loading: bool = False
    observation_cov: Freedom = Freedom.FIXED


@dataclass(frozen=True, slots=True, eq=False)
class LinearFit:
    """What the rounds led to.

    Attributes:
        model: with the matrices that were found.
        logliks: of the model as it came and after each round.
        converged: whether the last round gained less than asked.
    """

    model: LinearModel
    logliks: tuple[float, ...]
    converged: bool


def fit_linear(
    model: LinearModel,
    values: ArrayLike | LinearRows,
    *,
    free: LinearFree,
    stopping: Stopping = _STOPPING,
) -> LinearFit:
    """Fit the free matrices of a model, from the numbers that it has.

    A free diagonal covariance starts from a diagonal one. Drift, offset and start stay as they are.

    Raises:
        FilterArgumentError: an argument does not fit, or the series does not identify a matrix.
        FilterDiffuseError: the series does not determine the state.
        FilterDivergedError: a number left the finite range.
    """
    code = _code(free)
    arguments(model, values)
    if not isinstance(stopping, Stopping):
        raise FilterArgumentError("stopping", "a Stopping", type(stopping).__name__)
    rounds = core_native.whole("rounds_max", stopping.rounds_max, 1, ROUNDS_MAX)
    gain_min = core_native.number("gain_min", stopping.gain_min)
    now = model
    logliks: list[float] = []
    for name in ("process_cov", "observation_cov"):
        cov = core_native.floats(name, getattr(model, name), 2)
        if getattr(free, name) == Freedom.DIAGONAL and (cov != np.diag(np.diag(cov))).any():
            raise FilterArgumentError(name, "diagonal where its diagonal is free", "another")
    for _ in range(rounds):
        loglik, found = core_native.linear_round(*arguments(now, values), code)
        logliks.append(loglik)
        if len(logliks) > 1 and loglik - logliks[-2] < gain_min:
            return LinearFit(now, tuple(logliks), converged=True)
        transition, process_cov, loading, observation_cov = found
        now = replace(
            now,
            transition=transition,
            process_cov=process_cov,
            loading=loading,
            observation_cov=observation_cov,
        )
    logliks.append(core_native.linear_round(*arguments(now, values), (False, 0, False, 0))[0])
    return LinearFit(now, tuple(logliks), converged=logliks[-1] - logliks[-2] < gain_min)


def _code(free: LinearFree) -> tuple[bool, int, bool, int]:
    if not isinstance(free, LinearFree):
        raise FilterArgumentError("free", "a LinearFree", type(free).__name__)
    process = core_native.whole("process_cov", free.process_cov, 0, 2)
    noise = core_native.whole("observation_cov", free.observation_cov, 0, 2)
    if free.loading and process:
        expected = "loading or process_cov fixed"
        got = "both free: scaling one against the other changes nothing that is seen"
        raise FilterArgumentError("free", expected, got)
    if not (free.transition or free.loading or process or noise):
        raise FilterArgumentError("free", "at least one free matrix", "none")
    return bool(free.transition), process, bool(free.loading), noise
