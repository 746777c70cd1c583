"""What the vitality node can say: the quantities of the days seen, and of the days to come.

A quantity is what will be measured, so a forecast day carries the day's own variation and not only
the uncertainty of the level. Past days are what was measured; a past day without a value is left
out of means, and a sum over a window with such days is the mean times the window's days. Sums and
means are rows over the stacked forecast, so the covariances between days are exact.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lex7.base.civil import NS_PER_DAY, Day
from lex7.base.ids import QuantityName
from lex7.base.limits import HORIZON_DAYS_MAX, NIGHTS_TRUSTED_MIN
from lex7.base.shapes import DayGrid, RowCov, RowGradient, RowMean
from lex7.directive.quantity import Linear, Moments, Move, QuantityInfo, Scenarios
from lex7.filters import Belief, combine
from lex7.filters import forecast as forecast_signal
from lex7.nodes.series import DailySeries
from lex7.nodes.vitality.core_native import log_normal
from lex7.nodes.vitality.faults import HorizonError, MoveError, NotEnoughDaysError, QuantityError
from lex7.nodes.vitality.laws import LAWS, Scale
from lex7.nodes.vitality.model import VitalityModel, filter_all
from lex7.nodes.vitality.moves import daily_rates
from lex7.nodes.vitality.windows import Weights, weigh

NODE = "vit"
MOVABLE = (QuantityName("sleep"), QuantityName("steps"))
"""What somebody can decide to do more of; the others follow from how one lives."""


@dataclass(frozen=True, slots=True, eq=False)
class VitalityForecast:
    """The forecast at one day; implements `lex7.directive.quantity.Forecast`.

    Attributes:
        as_of: the newest day whose values count.
        series: the daily series, as derived; later days are not looked at.
        model: the fitted parameters; they may be older than the newest values.
        beliefs: the filter states after the newest value up to `as_of`, by quantity.
    """

    as_of: Day
    series: Mapping[QuantityName, DailySeries]
    model: VitalityModel
    beliefs: Mapping[QuantityName, Belief]

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        """List the five quantities, whether or not there are data."""
        return {name: self._info(name) for name in LAWS}

    def moments(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        """Return the joint Gaussian moments of an expression on a grid of days.

        Raises:
            StateError: a quantity is unknown here or has too few days, a window reaches past the
                horizon, or a move is of something that cannot be moved.
        """
        weights = self._weigh(linear, days)
        kept = np.ones(len(days), dtype=np.bool_)
        for weight in weights.values():
            kept &= weight.is_defined
        grid = days[kept]
        mean: RowMean = np.full(len(grid), float(linear.constant))
        cov: RowCov = np.zeros((len(grid), len(grid)))
        gradient: RowGradient = np.zeros((len(grid), len(moves)))
        for name, weight in weights.items():
            part = weight.rows(kept)
            part_mean, part_cov = self._part(name, part)
            mean = mean + part_mean
            cov = cov + part_cov
            for column, move in enumerate(moves):
                if move.quantity == name:
                    gradient[:, column] = self._gradient(part, move)
        return Moments(grid, mean, cov, gradient)

    def scenarios(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Scenarios | None:
        """Return None: sums of daily figures are Gaussian enough here."""
        del linear, days, moves
        return None

    def future(self, name: QuantityName, count: int) -> tuple[RowMean, RowCov]:
        """Return the joint moments of what will be measured on the next `count` days.

        Raises:
            NotEnoughDaysError: the quantity has no trusted model yet.
        """
        law, belief = LAWS[name], self.beliefs.get(name)
        if belief is None:
            have = len(self._seen(name).days)
            raise NotEnoughDaysError(name, have, NIGHTS_TRUSTED_MIN)
        times = (np.arange(1, count + 1, dtype=np.int64) + self.as_of) * NS_PER_DAY
        ahead = forecast_signal(self.model.filter_model(name), belief, times)
        mean, cov = ahead.mean, ahead.observation_cov
        if law.scale is Scale.LOGARITHM:
            mean, cov = log_normal(mean, cov)
        return mean * law.size, cov * (law.size * law.size * self.model.widening(name))

    def _weigh(self, linear: Linear, days: DayGrid) -> dict[QuantityName, Weights]:
        by_name: dict[QuantityName, list[tuple[float, int]]] = {}
        for place, (coefficient, atom) in enumerate(linear.terms):
            if atom.quantity not in LAWS:
                raise QuantityError(atom.quantity, tuple(LAWS))
            by_name.setdefault(atom.quantity, []).append((float(coefficient), place))
        found = {}
        for name in LAWS:
            if name in by_name:
                terms = [(weight, linear.terms[place][1]) for weight, place in by_name[name]]
                found[name] = weigh(terms, days, self._seen(name), self.as_of)
                if found[name].ahead.shape[1] > HORIZON_DAYS_MAX:
                    raise HorizonError(found[name].ahead.shape[1], HORIZON_DAYS_MAX)
        return found

    def _part(self, name: QuantityName, weight: Weights) -> tuple[RowMean, RowCov]:
        """Moments of one quantity's share of each row."""
        count = weight.ahead.shape[1]
        mean, cov = weight.past_mean, weight.past_cov
        if count:
            ahead_mean, ahead_cov = combine(weight.ahead, *self.future(name, count))
            mean, cov = mean + ahead_mean, cov + ahead_cov
        return mean, cov

    def _gradient(self, weight: Weights, move: Move) -> RowMean:
        if move.quantity not in MOVABLE:
            raise MoveError(move.quantity, MOVABLE)
        total: RowMean = np.zeros(weight.ahead.shape[0])
        rates = daily_rates(move, self.as_of, weight.ahead.shape[1])
        for column, rate in enumerate(rates):
            total += weight.ahead[:, column] * rate
        return total

    def _seen(self, name: QuantityName) -> DailySeries:
        return self.series[name].until(self.as_of)

    def _info(self, name: QuantityName) -> QuantityInfo:
        days = self._seen(name).days
        return QuantityInfo(
            name=name,
            node=NODE,
            unit=LAWS[name].unit,
            per_month=False,
            valid_days=len(days),
            required_days=NIGHTS_TRUSTED_MIN,
            last_day=Day(int(days[-1])) if len(days) else None,
            stale_after_days=LAWS[name].stale_after_days,
        )


def vitality_forecast(
    model: VitalityModel, series: Mapping[QuantityName, DailySeries], as_of: Day
) -> VitalityForecast:
    """Filter the series up to `as_of` and make the forecast from there."""
    results = filter_all(model, series, as_of)
    beliefs = {name: result.belief for name, result in results.items()}
    return VitalityForecast(as_of, series, model, beliefs)
