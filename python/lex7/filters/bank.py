"""A bank: many filters of one shape with different noise, mixed by how well they predicted.

One filter has one idea of how noisy the world is; when that changes, it is wrong until it is fitted
again. A bank holds several ideas side by side and weighs them by the likelihood of recent values:
what a filter predicted k values ago counts forgetting^k.
"""

from __future__ import annotations

import struct

from lex7.base.shapes import RowMean
from lex7.filters import core_native
from lex7.filters.belief import Belief
from lex7.filters.components import (
    AutoRegression,
    Component,
    DampedTrend,
    Free,
    Level,
    Parameter,
    Trend,
)
from lex7.filters.errors import FilterArgumentError
from lex7.filters.model import Model, bytes_of, parameters_of, with_parameters

_MAGIC = b"L7BK"
_VERSION = 1
_MOVING = (Level, Trend, DampedTrend, AutoRegression)


class Bank:
    """Filters of several models over one series, a resource with mutable state.

    `update(time_ns, value, inputs=None)` takes in one value and returns innovation, variance and
    log-density of the mixed prediction. NaN only moves time on. A value that is refused leaves the
    bank as it was. The models may differ in their numbers, not in their components.
    """

    __slots__ = ("_kernel", "models", "update")

    def __init__(
        self, models: tuple[Model, ...], *, forgetting: float, saved: bytes | None = None
    ) -> None:
        parts = None if saved is None else _read(core_native.raw("saved", saved))
        if not isinstance(models, tuple | list):
            raise FilterArgumentError("models", "a tuple of models", type(models).__name__)
        self.models = tuple(models)
        data = [bytes_of(model) for model in models]
        keep = core_native.number("forgetting", forgetting)
        self._kernel = core_native.FilterBank(data, keep, parts)
        self.update = self._kernel.update

    def weights(self) -> RowMean:
        """Return the weight of every filter, in the order of the models."""
        return self._kernel.weights()

    def belief(self) -> Belief:
        """Return the Gaussian with the mean and covariance of the mixture.

        Raises:
            FilterArgumentError: nothing was taken in yet.
            FilterDiffuseError: too little was taken in to determine the state.
        """
        data = self._kernel.belief()
        if data is None:
            raise FilterArgumentError("bank", "one that has taken in a value", "a fresh one")
        return Belief.from_bytes(data)

    def to_bytes(self) -> bytes:
        """Return log-weights and beliefs as canonical bytes; `saved=` of a new bank takes them.

        Little-endian: `L7BK`, version u16 = 1, count u16, count × f64 log-weights, then each belief
        as a u32 length and its bytes. Version 1 never changes.

        Raises:
            FilterArgumentError: nothing was taken in yet.
        """
        parts = self._kernel.parts()
        if parts is None:
            raise FilterArgumentError("bank", "one that has taken in a value", "a fresh one")
        weights, beliefs = parts
        head = struct.pack(f"<4sHH{len(weights)}d", _MAGIC, _VERSION, len(weights), *weights)
        return head + b"".join(struct.pack("<I", len(one)) + one for one in beliefs)


def scaled_models(
    model: Model, observation_factors: tuple[float, ...], state_factors: tuple[float, ...]
) -> tuple[Model, ...]:
    """Return a grid of models: every noise level times every liveliness of the state.

    The state factors multiply the standard deviations of levels, trends and autoregressions;
    seasons and coefficients keep theirs.

    Raises:
        FilterArgumentError: the model has a free parameter.
    """
    moving = [
        place
        for place, (name, part) in enumerate(_named_parts(model))
        if isinstance(part, _MOVING) and name.endswith("sd")
    ]
    rows = parameters_of(model)
    grid = []
    lives = core_native.row_of_numbers("state_factors", state_factors)
    for noise in core_native.row_of_numbers("observation_factors", observation_factors):
        for life in lives:
            changes = {place: _number(rows[place][1]) * life for place in moving}
            changes[0] = _number(model.observation_sd) * noise
            scaled = with_parameters(model, changes)
            core_native.model_check(bytes_of(scaled))
            grid.append(scaled)
    return tuple(grid)


def _named_parts(model: Model) -> list[tuple[str, Component | None]]:
    """Return the name of every parameter and the component it belongs to."""
    out: list[tuple[str, Component | None]] = []
    for name, _ in parameters_of(model):
        inside = name.partition("[")[2].partition("]")[0]
        out.append((name, model.components[int(inside)] if inside else None))
    return out


def _number(value: Parameter) -> float:
    if isinstance(value, Free):
        raise FilterArgumentError("model", "numbers in every parameter", "a free one; fit it first")
    return core_native.number("model", value)


def _read(data: bytes) -> tuple[list[float], list[bytes]]:
    wrong = FilterArgumentError("saved", "the bytes of a version 1 bank", f"{len(data)} bytes")
    if len(data) < 8:
        raise wrong
    magic, version, count = struct.unpack_from("<4sHH", data)
    at = 8 + 8 * count
    if magic != _MAGIC or version != _VERSION or len(data) < at:
        raise wrong
    weights = list(struct.unpack_from(f"<{count}d", data, 8))
    beliefs = []
    for _ in range(count):
        size = struct.unpack_from("<I", data, at)[0] if at + 4 <= len(data) else -1
        if size < 0 or at + 4 + size > len(data):
            raise wrong
        beliefs.append(data[at + 4 : at + 4 + size])
        at += 4 + size
    if at != len(data):
        raise wrong
    return weights, beliefs
