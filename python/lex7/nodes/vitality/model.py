"""The fitted models of one person's vitality: fit, carry in a log entry, and run.

`fit` is maximum likelihood with the priors of `laws`, on the newest three years. A model's numbers
are quantised when it is fitted, so a model that was read back from a log is the same model and the
filter states computed from it have the same bits (`belief_bytes`). A quantity with fewer than
`NIGHTS_TRUSTED_MIN` valid days has no model yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lex7.bark import canon
from lex7.base.civil import NS_PER_DAY, Day
from lex7.base.errors import StateError
from lex7.base.ids import QuantityName
from lex7.base.limits import NIGHTS_TRUSTED_MIN
from lex7.base.quantise import quantise
from lex7.base.shapes import Series, TimesNs
from lex7.filters import FilterResult, run
from lex7.filters import fit as fit_filter
from lex7.filters.components import Free
from lex7.filters.model import Model, parameters_of, with_parameters
from lex7.filters.robust import StudentT
from lex7.nodes.series import DailySeries
from lex7.nodes.vitality.core_native import logarithms
from lex7.nodes.vitality.laws import LAWS, Law, Scale

VERSION = 1
FIT_DAYS_MAX = 1_095
"""Three years hold every season thrice; what is older says little about next month."""
PARAMETER_SCALE = 10**12
"""Parameters stand in the payload in units of 10⁻¹²; they lie between 10⁻⁹ and 10³."""
WIDENING_DAYS_MIN = 30
WIDENING_MAX = 4.0
SQUARE_90 = 2.705543454095415
"""The 90 % quantile of a squared standard normal (Abramowitz & Stegun, table 26.8)."""
PARAMETER_MAX = 1 << 53
"""Above this a double no longer names every integer."""


class ModelPayloadError(StateError):
    """The bytes of a model entry are not those of a vitality model."""

    code = "state.vitality.payload"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"expected the parameters of a vitality model, got bytes where {reason}")


@dataclass(frozen=True, slots=True)
class VitalityModel:
    """The fitted parameters at one day.

    Attributes:
        as_of: the newest day that was used.
        parameters: by quantity, those its law leaves free, in the order of its components, and the
            widening of its variances; all in units of 1 / `PARAMETER_SCALE`.
    """

    as_of: Day
    parameters: Mapping[QuantityName, tuple[int, ...]]

    def to_payload(self) -> bytes:
        """Return the canonical bytes that a model entry carries; they never change."""
        listed = {
            index: self.parameters[name]
            for index, name in enumerate(LAWS)
            if name in self.parameters
        }
        return canon.encode({0: VERSION, 1: int(self.as_of), 2: listed})

    def filter_model(self, name: QuantityName) -> Model:
        """Return the filter of a quantity that has a model."""
        return _with_numbers(LAWS[name].model, self.parameters[name][:-1])

    def widening(self, name: QuantityName) -> float:
        """Return the factor on every variance that past forecasts of this quantity asked for."""
        return self.parameters[name][-1] / PARAMETER_SCALE


def from_payload(payload: bytes) -> VitalityModel:
    """Read a model from the bytes of its entry.

    Raises:
        ModelPayloadError: these are not such bytes.
        NotCanonicalError: they are not the one spelling of a value.
    """
    match canon.decode(payload):
        case {0: 1, 1: int(day), 2: dict(listed), **rest} if not rest:
            names = tuple(LAWS)
            parameters = {}
            for index, numbers in listed.items():
                if index >= len(names):
                    raise ModelPayloadError(f"quantity {index} is unknown")
                parameters[names[index]] = _checked(names[index], numbers)
            return VitalityModel(Day(day), parameters)
        case _:
            raise ModelPayloadError("the layout is another one")


def fit(series: Mapping[QuantityName, DailySeries], as_of: Day) -> VitalityModel:
    """Fit the model of every quantity that has enough valid days up to `as_of`."""
    parameters = {}
    for name, law in LAWS.items():
        used = used_part(series.get(name), as_of)
        if used is not None:
            times, values = signal(law, used)
            found = fit_filter(law.model, times, values).parameters
            numbers = tuple(_number(one.value, one.name) for one in found)
            fitted = _with_numbers(law.model, numbers)
            spread = widening(fitted, run(fitted, times, values))
            parameters[name] = (*numbers, _number(spread, "widening"))
    return VitalityModel(as_of, parameters)


def filter_all(
    model: VitalityModel, series: Mapping[QuantityName, DailySeries], as_of: Day
) -> dict[QuantityName, FilterResult]:
    """Run every fitted filter over its series up to a day, in the order of the laws."""
    results = {}
    for name in LAWS:
        used = used_part(series.get(name), as_of) if name in model.parameters else None
        if used is not None:
            results[name] = run(model.filter_model(name), *signal(LAWS[name], used))
    return results


def belief_bytes(model: VitalityModel, series: Mapping[QuantityName, DailySeries]) -> bytes:
    """Return the raw bits of the filter states at the model's day.

    For each quantity in the order of the laws: its name, a zero byte, the length of the belief's
    canonical bytes in four bytes little-endian, and those bytes.
    """
    parts = []
    for name, result in filter_all(model, series, model.as_of).items():
        data = result.belief.to_bytes()
        parts += [name.encode(), b"\0", len(data).to_bytes(4, "little"), data]
    return b"".join(parts)


def widening(model: Model, result: FilterResult) -> float:
    """Return how much wider bands must be for nine in ten past next-day forecasts to hold.

    The ratio of the 90 % quantile of the squared standardised errors to that of a Gaussian: what is
    forecast is judged by what came. Never below 1; 1 where too few days were forecast.
    """
    noise = noise_variance_beyond(model)
    settled = np.isfinite(result.innovation_vars)
    errors = result.innovations[settled]
    squares = errors * errors / (result.innovation_vars[settled] + noise)
    ordered = np.sort(squares).tolist()
    if len(ordered) < WIDENING_DAYS_MIN:
        return 1.0
    place = -(-9 * len(ordered) // 10) - 1
    return min(max(1.0, float(ordered[place]) / SQUARE_90), WIDENING_MAX)


def noise_variance_beyond(model: Model) -> float:
    """Return what the noise's heavy tails add to the variance of its scale."""
    assert isinstance(model.robust, StudentT), "every law has Student-t noise"
    sd, freedom = model.observation_sd, model.robust.freedom
    assert isinstance(sd, float), "a fitted model has no free parameter"
    return sd * sd * (2.0 / (freedom - 2.0))


def used_part(series: DailySeries | None, as_of: Day) -> DailySeries | None:
    """Return the days a model of `as_of` rests on, or None if they are too few to be trusted."""
    if series is None:
        return None
    used = series.until(as_of).since(Day(as_of - FIT_DAYS_MAX + 1))
    return used if len(used.days) >= NIGHTS_TRUSTED_MIN else None


def signal(law: Law, series: DailySeries) -> tuple[TimesNs, Series]:
    """Return times and values as the filter sees them; a civil day is a step of one day."""
    values = series.values / law.size
    if law.scale is Scale.LOGARITHM:
        values = logarithms(values)
    return np.ascontiguousarray(series.days) * NS_PER_DAY, values


def _number(value: float, what: str) -> int:
    return max(1, quantise(value, PARAMETER_SCALE, what=what))


def _with_numbers(model: Model, numbers: tuple[int, ...]) -> Model:
    places = [
        place for place, (_, value) in enumerate(parameters_of(model)) if isinstance(value, Free)
    ]
    values: dict[int, float] = {
        place: number / PARAMETER_SCALE for place, number in zip(places, numbers, strict=True)
    }
    return with_parameters(model, values)


def _checked(name: QuantityName, numbers: object) -> tuple[int, ...]:
    expected = 1 + sum(isinstance(value, Free) for _, value in parameters_of(LAWS[name].model))
    if not isinstance(numbers, tuple) or len(numbers) != expected:
        raise ModelPayloadError(f"{name} has not {expected} parameters")
    for number in numbers:
        if not isinstance(number, int) or not 0 < number <= PARAMETER_MAX:
            raise ModelPayloadError(f"a parameter of {name} is out of range")
    return tuple(numbers)
