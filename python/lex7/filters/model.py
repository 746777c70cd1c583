"""A model: a sum of components seen through noise, and its canonical bytes.

The bytes are those of `crates/lex7-core/src/filter/model.rs`, version 1, which never changes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from lex7.filters import core_native
from lex7.filters.components import (
    AutoRegression,
    Component,
    DampedTrend,
    Free,
    Initial,
    Level,
    Parameter,
    Regression,
    Season,
    Step,
    Trend,
)
from lex7.filters.errors import FilterArgumentError
from lex7.filters.robust import GAUSSIAN, Gaussian, Huber, Robust, StudentT

_KIND = {Level: 1, Trend: 2, DampedTrend: 3, AutoRegression: 4, Season: 5, Regression: 6, Step: 7}

COMPONENTS_MAX = 64
"""More components than a filter may have states are refused."""

HARMONICS_MAX = 32
"""Two states each."""

COLUMNS_MAX = 65_535
"""The highest column of inputs that a regression may name."""

PARAMETERS: dict[type[Component], tuple[str, ...]] = {
    Level: ("sd",),
    Trend: ("level_sd", "slope_sd"),
    DampedTrend: ("level_sd", "slope_sd", "decay_days"),
    AutoRegression: ("sd", "decay_days"),
    Season: ("sd", "period_days", "harmonics"),
    Regression: ("sd", "column"),
    Step: (),
}
"""The parameters of each component in the order of the bytes."""


@dataclass(frozen=True, slots=True)
class Model:
    """A sum of components, observed with noise of standard deviation `observation_sd`."""

    components: tuple[Component, ...]
    observation_sd: Parameter
    robust: Robust = GAUSSIAN

    def to_bytes(self) -> bytes:
        """Return the canonical bytes.

        Raises:
            FilterArgumentError: a parameter is still free.
        """
        kind, parameter = _robust_code(self.robust)
        noise = _number("observation_sd", self.observation_sd)
        head = struct.pack("<4sHBdd", b"L7MD", 1, kind, parameter, noise)
        parts = [_component_bytes(part) for part in parts_of(self)]
        return b"".join((head, struct.pack("<H", len(parts)), *parts))


def bytes_of(model: Model) -> bytes:
    """Return the canonical bytes of a model.

    Raises:
        FilterArgumentError: this is no model, or a parameter is free or no number.
    """
    if not isinstance(model, Model):
        raise FilterArgumentError("model", "a Model", type(model).__name__)
    return model.to_bytes()


def parts_of(model: Model) -> tuple[Component, ...]:
    """Return the components of a model.

    Raises:
        FilterArgumentError: this is no model, or one of its components is none.
    """
    if not isinstance(model, Model):
        raise FilterArgumentError("model", "a Model", type(model).__name__)
    components: object = model.components
    if not isinstance(components, tuple | list):
        got = type(components).__name__
        raise FilterArgumentError("components", "a tuple of components", got)
    if len(model.components) > COMPONENTS_MAX:
        expected = f"at most {COMPONENTS_MAX} components"
        raise FilterArgumentError("components", expected, str(len(model.components)))
    for part in model.components:
        if type(part) not in _KIND:
            raise FilterArgumentError("components", "components", type(part).__name__)
    return tuple(model.components)


def state_count(part: Component) -> int:
    """Return how many states a component has.

    Raises:
        FilterArgumentError: this is no component, or its harmonics are no count.
    """
    if type(part) not in _KIND:
        raise FilterArgumentError("part", "a component", type(part).__name__)
    match part:
        case Season():
            return 2 * core_native.whole("harmonics", part.harmonics, 1, HARMONICS_MAX)
        case Trend() | DampedTrend():
            return 2
        case _:
            return 1


def parameters_of(model: Model) -> tuple[tuple[str, Parameter], ...]:
    """List every parameter by name: the observation sd, then those of the components in order."""
    parts = parts_of(model)
    rows: list[tuple[str, Parameter]] = [("observation_sd", model.observation_sd)]
    for index, part in enumerate(parts):
        title = f"{type(part).__name__}[{index}]"
        rows.extend((f"{title}.{name}", getattr(part, name)) for name in PARAMETERS[type(part)])
    return tuple(rows)


def with_parameters(model: Model, values: dict[int, float]) -> Model:
    """Return the model with the parameters at the given places of `parameters_of` replaced."""
    if not isinstance(values, dict):
        raise FilterArgumentError("values", "numbers by place", type(values).__name__)
    place = 1
    parts: list[Component] = []
    for part in parts_of(model):
        changes = {}
        for name in PARAMETERS[type(part)]:
            if place in values:
                changes[name] = values[place]
            place += 1
        parts.append(replace(part, **changes))  # type: ignore[arg-type]
    sd = values.get(0, model.observation_sd)
    return replace(model, components=tuple(parts), observation_sd=sd)


def _robust_code(robust: object) -> tuple[int, float]:
    match robust:
        case StudentT():
            return 1, core_native.number("freedom", robust.freedom)
        case Huber():
            return 2, core_native.number("limit", robust.limit)
        case Gaussian():
            return 0, 0.0
        case _:
            got = type(robust).__name__
            raise FilterArgumentError("robust", "Gaussian, StudentT or Huber", got)


def _number(name: str, value: Parameter) -> float:
    if isinstance(value, Free):
        raise FilterArgumentError("model", "numbers in every parameter", "a free one; fit it first")
    return core_native.number(name, value)


def _moments(initial: Initial | None) -> tuple[tuple[float, ...], tuple[float, ...]]:
    if initial is None:
        return (), ()
    if not isinstance(initial, Initial):
        raise FilterArgumentError("initial", "an Initial or none", type(initial).__name__)
    mean = core_native.row_of_numbers("initial", initial.mean)
    return mean, core_native.row_of_numbers("initial", initial.sd)


def _component_bytes(part: Component) -> bytes:
    numbers = [_number(name, getattr(part, name)) for name in PARAMETERS[type(part)]]
    time_ns = core_native.instant("time_ns", part.time_ns) if isinstance(part, Step) else 0
    if isinstance(part, Regression):
        core_native.whole("column", part.column, 0, COLUMNS_MAX)
    head = struct.pack("<BqB", _KIND[type(part)], time_ns, len(numbers))
    initial = part.initial
    mean, sd = _moments(initial)
    if initial is not None and not len(mean) == len(sd) == state_count(part):
        expected = f"{state_count(part)} means and sds, one per state"
        raise FilterArgumentError("initial", expected, f"{len(mean)} and {len(sd)}")
    return (
        head
        + struct.pack(f"<{len(numbers)}d", *numbers)
        + struct.pack(f"<B{2 * len(mean)}d", len(mean), *mean, *sd)
    )
