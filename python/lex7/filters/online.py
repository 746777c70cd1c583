"""A streaming filter with the methods of a river forecaster and regressor.

`learn_one` takes in one value, `predict_one` says what is expected, `forecast` looks ahead. Steps
are one day where no time is given. river itself is not needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import numpy as np

from lex7.base.civil import NS_PER_DAY
from lex7.filters import core_native
from lex7.filters.belief import Belief
from lex7.filters.components import Regression
from lex7.filters.errors import FilterArgumentError
from lex7.filters.kalman import forecast
from lex7.filters.model import Model, parts_of
from lex7.filters.stream import Filter

TIME = "time_ns"
"""The feature that is read as the time in nanoseconds; without it rows are a day apart."""


HORIZON_MAX = 20_000
"""As many as a forecast may have."""


class OnlineRegressor:
    """A filter of one model, a resource with mutable state.

    Args:
        model: without free parameters. Its regressions are given `inputs` in their order.
        inputs: names of features, one per column of the regressions.
    """

    def __init__(self, model: Model, inputs: tuple[str, ...] = ()) -> None:
        parts = parts_of(model)
        if not isinstance(inputs, tuple | list) or any(
            not isinstance(name, str) for name in inputs
        ):
            raise FilterArgumentError("inputs", "a tuple of names", repr(inputs)[:60])
        columns = [part.column for part in parts if isinstance(part, Regression)]
        if max(columns, default=-1) >= len(inputs):
            expected = f"{max(columns) + 1} names, one per column of the regressions"
            raise FilterArgumentError("inputs", expected, str(len(inputs)))
        self.model = model
        self.inputs = inputs
        self._filter = Filter(model)
        self._last_ns: int | None = None

    def learn_one(self, x: Mapping[str, Any], y: float) -> Self:
        """Take in one value y with its features; NaN or none only moves time on.

        Raises:
            FilterArgumentError: a feature is missing, or time runs backwards.
        """
        time_ns = self._time(x)
        value = np.nan if y is None else core_native.number("y", y)
        self._filter.update(time_ns, value, None, self._row(x))
        self._last_ns = time_ns
        return self

    def predict_one(self, x: Mapping[str, Any]) -> float:
        """Return what is expected at the features, 0 where nothing can be known yet.

        Raises:
            FilterArgumentError: a feature is missing, or time runs backwards.
        """
        return self.predict_interval_one(x)[0]

    def predict_interval_one(self, x: Mapping[str, Any]) -> tuple[float, float]:
        """Return mean and standard deviation of the coming value; infinite where unknown.

        Raises:
            FilterArgumentError: a feature is missing, or time runs backwards.
        """
        time_ns, row = self._time(x), self._row(x)
        if self._last_ns is None:
            return 0.0, np.inf
        belief = self._filter.belief()
        if len(belief.diffuse):
            return 0.0, np.inf
        found = forecast(self.model, belief, [time_ns], inputs=np.array([row]))
        return float(found.mean[0]), float(np.sqrt(found.observation_cov[0, 0]))

    def forecast(self, horizon: int, xs: list[Mapping[str, Any]] | None = None) -> list[float]:
        """Return the means of the next `horizon` values, with their features where there are any.

        Raises:
            FilterArgumentError: the horizon and the features differ in number.
        """
        horizon = core_native.whole("horizon", horizon, 0, HORIZON_MAX)
        if xs is not None and len(xs) != horizon:
            raise FilterArgumentError("xs", f"{horizon} rows of features", str(len(xs)))
        if self._last_ns is None or len(self._filter.belief().diffuse):
            return [0.0] * horizon
        rows: list[Mapping[str, Any]] = xs if xs is not None else [{} for _ in range(horizon)]
        steps = [self._last_ns + (1 + ahead) * NS_PER_DAY for ahead in range(horizon)]
        times = [
            core_native.instant(TIME, x.get(TIME, step))
            for x, step in zip(rows, steps, strict=True)
        ]
        inputs = np.array([self._row(x) for x in rows]).reshape(horizon, len(self.inputs))
        found = forecast(self.model, self._filter.belief(), times, inputs=inputs)
        return [float(mean) for mean in found.mean]

    def clone(self, new_params: Mapping[str, Any] | None = None) -> Self:
        """Return a fresh one with the same arguments, as river's clones are."""
        given = {"model": self.model, "inputs": self.inputs, **(new_params or {})}
        return type(self)(**given)

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle needs: arguments, the last time and the belief's bytes."""
        saved = None if self._last_ns is None else self._filter.to_bytes()
        return {"model": self.model, "inputs": self.inputs, "last": self._last_ns, "saved": saved}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Go on from a pickle."""
        self.model, self.inputs = state["model"], state["inputs"]
        self._last_ns = state["last"]
        belief = None if state["saved"] is None else Belief.from_bytes(state["saved"])
        self._filter = Filter(self.model, belief)

    def _time(self, x: Mapping[str, Any]) -> int:
        if not isinstance(x, Mapping):
            raise FilterArgumentError("x", "features by name", type(x).__name__)
        if TIME in x:
            return core_native.instant(TIME, x[TIME])
        return 0 if self._last_ns is None else self._last_ns + NS_PER_DAY

    def _row(self, x: Mapping[str, Any]) -> list[float]:
        if missing := [name for name in self.inputs if name not in x]:
            raise FilterArgumentError("x", f"features {', '.join(self.inputs)}", f"no {missing[0]}")
        return [core_native.number(name, x[name]) for name in self.inputs]
