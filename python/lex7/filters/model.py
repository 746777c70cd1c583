"""A model: a sum of components seen through noise, and its canonical bytes.

The bytes are those of `crates/lex7-core/src/filter/model.rs`, version 1, which never changes.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, replace

from lex7.filters.components import (
    AutoRegression,
    Component,
    DampedTrend,
    Free,
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
        head = struct.pack("<4sHBdd", b"L7MD", 1, kind, parameter, _number(self.observation_sd))
        parts = [_component_bytes(part) for part in self.components]
        return b"".join((head, struct.pack("<H", len(parts)), *parts))


def state_count(part: Component) -> int:
    """Return how many states a component has."""
    match part:
        case Season():
            return 2 * part.harmonics
        case Trend() | DampedTrend():
            return 2
        case _:
            return 1


def parameters_of(model: Model) -> tuple[tuple[str, Parameter], ...]:
    """List every parameter by name: the observation sd, then those of the components in order."""
    rows: list[tuple[str, Parameter]] = [("observation_sd", model.observation_sd)]
    for index, part in enumerate(model.components):
        title = f"{type(part).__name__}[{index}]"
        rows.extend((f"{title}.{name}", getattr(part, name)) for name in PARAMETERS[type(part)])
    return tuple(rows)


def with_parameters(model: Model, values: dict[int, float]) -> Model:
    """Return the model with the parameters at the given places of `parameters_of` replaced."""
    place = 1
    parts: list[Component] = []
    for part in model.components:
        changes = {}
        for name in PARAMETERS[type(part)]:
            if place in values:
                changes[name] = values[place]
            place += 1
        parts.append(replace(part, **changes))  # type: ignore[arg-type]
    sd = values.get(0, model.observation_sd)
    return replace(model, components=tuple(parts), observation_sd=sd)


def _robust_code(robust: Robust) -> tuple[int, float]:
    match robust:
        case StudentT():
            return 1, robust.freedom
        case Huber():
            return 2, robust.limit
        case Gaussian():
            return 0, 0.0


def _number(value: Parameter) -> float:
    if isinstance(value, Free):
        raise FilterArgumentError("model", "numbers in every parameter", "a free one; fit it first")
    return float(value)


def _component_bytes(part: Component) -> bytes:
    numbers = [_number(getattr(part, name)) for name in PARAMETERS[type(part)]]
    time_ns = part.time_ns if isinstance(part, Step) else 0
    if not -(1 << 63) <= time_ns < 1 << 63:
        raise FilterArgumentError("time_ns", "an instant within 64 bits", str(time_ns))
    head = struct.pack("<BqB", _KIND[type(part)], time_ns, len(numbers))
    initial = part.initial
    mean, sd = (initial.mean, initial.sd) if initial is not None else ((), ())
    if initial is not None and not len(mean) == len(sd) == state_count(part):
        expected = f"{state_count(part)} means and sds, one per state"
        raise FilterArgumentError("initial", expected, f"{len(mean)} and {len(sd)}")
    return (
        head
        + struct.pack(f"<{len(numbers)}d", *numbers)
        + struct.pack(f"<B{2 * len(mean)}d", len(mean), *mean, *sd)
    )
