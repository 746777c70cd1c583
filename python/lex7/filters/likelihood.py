"""Find a model's free parameters by maximum likelihood, with weak priors where they are given.

The search runs on logarithms, from several starts derived from the scale of the series, in a fixed
order: the same series gives the same parameters, bit for bit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from numpy.typing import ArrayLike

from lex7.base.civil import NS_PER_DAY
from lex7.filters import core_native
from lex7.filters.components import Free, Prior
from lex7.filters.errors import FilterArgumentError
from lex7.filters.model import Model, bytes_of, parameters_of, with_parameters

SD_RANGE = (1e-6, 1e3)
"""Standard deviations are searched between these multiples of the size of the series' steps."""

DECAY_RANGE = (0.1, 4.0)
"""Decays are searched from this multiple of the mean step to this multiple of the whole span."""

_STARTS = {
    # In sizes of a typical step for sds, in mean steps for decays; one column per start.
    "observation_sd": (0.6, 0.3, 0.6),
    "sd.Level": (0.1, 0.5, 0.01),
    "sd.AutoRegression": (0.5, 0.3, 0.6),
    "sd.Season": (0.01, 0.05, 0.001),
    "sd.Regression": (0.01, 0.1, 0.001),
    "level_sd": (0.1, 0.5, 0.01),
    "slope_sd": (0.01, 0.05, 0.001),
    "decay_days": (3.0, 10.0, 1.0),
}


@dataclass(frozen=True, slots=True)
class FittedParameter:
    """One parameter that was free.

    Attributes:
        name: its place, for example `Level[0].sd`.
        value: the estimate.
        log_sd: standard error of the logarithm of the value; infinite where the likelihood is flat.
        is_identified: whether the data alone pin it down to within a factor of about ten.
    """

    name: str
    value: float
    log_sd: float
    is_identified: bool

    @property
    def answer(self) -> str:
        """One sentence: the value with its error, or that the data do not identify it."""
        if not self.is_identified:
            return (
                f"{self.name} is not identified: these values say little about it; "
                "give it a prior, fix it, or leave its component out"
            )
        return f"{self.name} is {self.value:.6g}, standard error {self.standard_error:.2g}"

    @property
    def standard_error(self) -> float:
        """Standard error of the value itself, to first order."""
        return self.value * self.log_sd


@dataclass(frozen=True, slots=True)
class Fit:
    """A fitted model and what is known about the fit.

    Attributes:
        model: without free parameters.
        loglik: at the optimum, without priors.
        objective: the same plus the log-priors up to a constant; what was maximised.
        parameters: those that were free, in the order of the model.
        converged: whether the search came to rest.
        evaluations: how often the likelihood was computed.
    """

    model: Model
    loglik: float
    objective: float
    parameters: tuple[FittedParameter, ...]
    converged: bool
    evaluations: int

    @property
    def unidentified(self) -> tuple[str, ...]:
        """Names of the parameters that the data do not pin down."""
        return tuple(one.name for one in self.parameters if not one.is_identified)


def fit(
    model: Model,
    times_ns: ArrayLike,
    values: ArrayLike,
    *,
    observation_sd: ArrayLike | None = None,
    inputs: ArrayLike | None = None,
    starts: Sequence[Model] = (),
) -> Fit:
    """Fit every `Free` parameter of a model to a series.

    Three starts come from the scale of the series; `starts` are models of the same shape, with
    numbers, that are tried beside them. The two most likely race, the better goes on.

    Raises:
        FilterArgumentError: an argument does not fit, or fewer than two values are present.
    """
    times, series, sds = core_native.columns(times_ns, values, observation_sd)
    if int((series == series).sum()) < 2:
        raise FilterArgumentError("values", "at least two values that are not missing", "fewer")
    rows = parameters_of(model)
    free = [(place, name, row) for place, (name, row) in enumerate(rows) if isinstance(row, Free)]
    step = _step_size(core_native.scale(series))
    if len(times) == 0:
        raise FilterArgumentError("times_ns", "at least one time", "none")
    days = max(int(times[-1]) - int(times[0]), 1) / NS_PER_DAY
    searched = [_search(place, name, row, step, days, len(times)) for place, name, row in free]
    begun = [[one[1][index] for one in searched] for index in range(3)]
    begun += [_given(start, model, free) for start in _listed(starts)]
    settled = with_parameters(model, {place: 1.0 for place, _, _ in free})
    found, (loglik, objective), log_sds, identified, (converged, evaluations) = core_native.fit(
        bytes_of(settled),
        times,
        series,
        sds,
        core_native.input_rows(inputs, len(times)),
        [one[0] for one in searched],
        begun,
    )
    fitted = with_parameters(model, {one[0]: value for one, value in zip(free, found, strict=True)})
    parameters = tuple(
        FittedParameter(one[1], value, log_sd, is_identified)
        for one, value, log_sd, is_identified in zip(free, found, log_sds, identified, strict=True)
    )
    return Fit(fitted, loglik, objective, parameters, converged, evaluations)


def _listed(starts: Sequence[Model]) -> Sequence[Model]:
    if not isinstance(starts, Sequence):
        raise FilterArgumentError("starts", "a sequence of models", type(starts).__name__)
    return starts


def _given(start: Model, model: Model, free: list[tuple[int, str, Free]]) -> list[float]:
    """Return the numbers of a start in the places that are free."""
    rows, wanted = parameters_of(start), parameters_of(model)
    if [name for name, _ in rows] != [name for name, _ in wanted]:
        raise FilterArgumentError("starts", "models with the same parameters", "another shape")
    out = []
    for place, name, _ in free:
        row = rows[place][1]
        value = math.nan if isinstance(row, Free) else core_native.number("starts", row)
        if not 0 < value < math.inf:
            raise FilterArgumentError("starts", f"a positive number for {name}", str(row))
        out.append(value)
    return out


def _step_size(scales: tuple[float, float]) -> float:
    total, step = scales
    return step if step > 0 else total if total > 0 else 1.0


def _search(
    place: int, name: str, free: Free, step: float, days: float, rows: int
) -> tuple[tuple[int, float, float, float, float], tuple[float, ...]]:
    """Return the search row (place, bounds, prior) of one parameter, and its starts."""
    field = name.rsplit(".", 1)[-1]
    key = field if field in _STARTS else f"{field}.{name.split('[')[0]}"
    if key not in _STARTS:
        raise FilterArgumentError("model", "free standard deviations and decays only", name)
    if field == "decay_days":
        unit = days / max(rows - 1, 1)
        lower, upper = DECAY_RANGE[0] * unit, DECAY_RANGE[1] * days
    else:
        unit = step
        lower, upper = SD_RANGE[0] * step, SD_RANGE[1] * step
    starts = tuple(factor * unit for factor in _STARTS[key])
    if free.prior is None:
        return (place, lower, upper, starts[0], math.inf), starts
    if not isinstance(free.prior, Prior):
        raise FilterArgumentError("prior", "a Prior", type(free.prior).__name__)
    median = core_native.number("prior", free.prior.median)
    factor = core_native.number("prior", free.prior.factor)
    if not (0 < median < math.inf and 1 < factor < math.inf):
        raise FilterArgumentError(
            "prior", "a positive median and a factor above 1", str(free.prior)
        )
    lower, upper = min(lower, median / 100), max(upper, median * 100)
    return (place, lower, upper, median, factor), (median, starts[0], starts[1])
