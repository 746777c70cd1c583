"""A structural model with the methods of a scikit-learn regressor.

The first column of X is time in days, of any zero; further columns are inputs with coefficients of
their own, fixed over time. `predict` gives the signal given everything that was fitted: between the
fitted times it interpolates, after them it forecasts. scikit-learn itself is not needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from inspect import signature
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.civil import NS_PER_DAY
from lex7.base.shapes import Series, TimesNs
from lex7.filters import core_native
from lex7.filters.components import Free, Level, Prior, Regression, Season, Trend
from lex7.filters.errors import FilterArgumentError
from lex7.filters.likelihood import fit
from lex7.filters.model import Model
from lex7.filters.robust import GAUSSIAN, StudentT
from lex7.filters.smoother import smooth_signal

DAYS_MAX = 1e5


class EstimatorInputError(FilterArgumentError, ValueError):
    """X, y or a parameter is not what it must be; a ValueError, as scikit-learn's users expect."""

    code = "state.filter.estimator"


class StructuralRegressor:
    """Level or trend, a season, and coefficients of inputs, fitted by maximum likelihood.

    Args:
        trend: whether the level moves along a slope.
        period_days: of the season; none for no season.
        harmonics: of the season.
        freedom: of Student-t noise; none for Gaussian noise.
    """

    def __init__(
        self,
        trend: bool = False,  # noqa: FBT001, FBT002 - scikit-learn's grids set it by name
        period_days: float | None = None,
        harmonics: int = 3,
        freedom: float | None = None,
    ) -> None:
        # scikit-learn asks that arguments are stored as they came.
        self.trend = trend
        self.period_days = period_days
        self.harmonics = harmonics
        self.freedom = freedom

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:  # noqa: N803 - scikit-learn's name
        """Fit the model; NaN in y is a missing value. Rows may come in any order of time.

        Raises:
            EstimatorInputError: X or y has the wrong shape or numbers.
        """
        table, values = _table(X), _column(y)
        if len(values) != len(table):
            expected = f"{len(table)} numbers, one per row of X"
            raise EstimatorInputError("y", expected, str(len(values)))
        if int((values == values).sum()) < 2:
            raise EstimatorInputError("y", "at least two values, n_samples = 1 is too few", "fewer")
        order, times = _ordered(table[:, 0])
        inputs = table[order, 1:]
        self.times_, self.values_, self.inputs_ = times, values[order], inputs
        self.fit_ = fit(self._model(inputs.shape[1]), times, self.values_, inputs=inputs)
        self.model_ = self.fit_.model
        self.n_features_in_ = table.shape[1]
        return self

    def predict(self, X: ArrayLike) -> Series:  # noqa: N803
        """Return the mean of the signal at each row of X.

        Raises:
            EstimatorInputError: X has the wrong shape or numbers, or nothing was fitted.
            FilterDiffuseError: the fitted rows do not determine the model.
        """
        return self.predict_interval(X)[0]

    def predict_interval(self, X: ArrayLike) -> tuple[Series, Series]:  # noqa: N803
        """Return mean and standard deviation of an observation at each row of X.

        Raises:
            EstimatorInputError: X has the wrong shape or numbers, or nothing was fitted.
            FilterDiffuseError: the fitted rows do not determine the model.
        """
        if not hasattr(self, "model_"):
            raise EstimatorInputError("regressor", "fitted before it predicts", "a fresh one")
        table = _table(X)
        if table.shape[1] != self.n_features_in_:
            # The words are those that scikit-learn's own checks look for.
            expected = f"{self.n_features_in_} columns"
            got = f"X has {table.shape[1]} features, but {type(self).__name__} is expecting"
            raise EstimatorInputError(
                "X", expected, f"{got} {self.n_features_in_} features as input"
            )
        asked = _instants(table[:, 0])
        times = np.concatenate([self.times_, asked])
        values = np.concatenate([self.values_, np.full(len(asked), np.nan)])
        inputs = np.vstack([self.inputs_, table[:, 1:]])
        order = np.argsort(times, kind="stable")
        places = np.flatnonzero(order >= len(self.times_))
        found = smooth_signal(
            self.model_, times[order], values[order], places, inputs=inputs[order]
        )
        back = np.empty(len(asked), dtype=np.int64)
        back[order[places] - len(self.times_)] = np.arange(len(asked))
        spread = np.sqrt(np.maximum(np.diag(found.cov), 0.0) + found.noise_var)
        return found.mean[back], spread[back]

    def score(self, X: ArrayLike, y: ArrayLike) -> float:  # noqa: N803
        """Return R² of the predictions, as scikit-learn's regressors do.

        Raises:
            EstimatorInputError: X or y has the wrong shape or numbers, or nothing was fitted.
        """
        values = _column(y)
        left = ((values - self.predict(X)) ** 2).sum()
        whole = ((values - values.mean()) ** 2).sum()
        return float(1.0 - left / whole) if whole > 0 else float(left == 0)

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: FBT001, FBT002
        """Return the arguments by name."""
        return {name: getattr(self, name) for name in signature(type(self)).parameters}

    def set_params(self, **changes: Any) -> Self:  # noqa: ANN401 - scikit-learn's signature
        """Set arguments by name.

        Raises:
            EstimatorInputError: there is no argument of that name.
        """
        known = self.get_params()
        for name, value in changes.items():
            if name not in known:
                expected = f"one of {', '.join(known)}"
                raise EstimatorInputError("set_params", expected, name)
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401 - asked for by scikit-learn alone
        """Return scikit-learn's own tags; it is installed when it asks."""
        found = import_module("sklearn.utils")
        return found.Tags(
            estimator_type="regressor",
            target_tags=found.TargetTags(required=True),
            regressor_tags=found.RegressorTags(),
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Answer whether `fit` was called."""
        return hasattr(self, "model_")

    def __repr__(self) -> str:
        """Return the arguments as they would be written."""
        given: Mapping[str, Any] = self.get_params()
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in given.items())})"

    def _model(self, columns: int) -> Model:
        weak = Free(Prior(1e-3, 1e3))
        days = None if self.period_days is None else _number("period_days", self.period_days)
        freedom = None if self.freedom is None else _number("freedom", self.freedom)
        base = Trend(Free(), weak) if self.trend else Level(Free())
        season = () if days is None else (Season(weak, days, self.harmonics),)
        inputs = tuple(Regression(column) for column in range(columns))
        robust = GAUSSIAN if freedom is None else StudentT(freedom)
        return Model((base, *season, *inputs), Free(), robust)


def _number(argument: str, value: object) -> float:
    try:
        return core_native.number(argument, value)
    except FilterArgumentError as exc:
        raise EstimatorInputError(exc.argument, exc.expected, exc.got) from exc


def _table(X: ArrayLike) -> NDArray[np.float64]:  # noqa: N803
    try:
        table = core_native.floats("X", X, 2)
    except FilterArgumentError as exc:
        raise EstimatorInputError(exc.argument, exc.expected, exc.got) from exc
    if table.shape[1] == 0 or table.shape[0] == 0:
        raise EstimatorInputError("X", "at least one row and one column", f"shape {table.shape}")
    if not np.isfinite(table).all():
        raise EstimatorInputError("X", "finite numbers", "NaN or infinity")
    return table


def _column(y: ArrayLike) -> Series:
    try:
        values = core_native.floats("y", y, 1)
    except FilterArgumentError as exc:
        raise EstimatorInputError(exc.argument, exc.expected, exc.got) from exc
    if np.isinf(values).any():
        raise EstimatorInputError("y", "finite numbers, NaN where missing", "infinity")
    return values


def _instants(days: Series) -> TimesNs:
    if np.abs(days).max() > DAYS_MAX:
        raise EstimatorInputError("X", f"days within {DAYS_MAX:g}", f"{np.abs(days).max():g}")
    return np.rint(days * NS_PER_DAY).astype(np.int64)


def _ordered(days: Series) -> tuple[NDArray[np.intp], TimesNs]:
    times = _instants(days)
    order = np.argsort(times, kind="stable")
    return order, times[order]
