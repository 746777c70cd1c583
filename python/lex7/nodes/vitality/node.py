"""LEX-VIT as a node kind: from its archive to daily series, models, beliefs and forecasts."""

from __future__ import annotations

from collections.abc import Mapping

from lex7.base.civil import Day
from lex7.base.ids import QuantityName
from lex7.base.record import ObservationBlock
from lex7.nodes.archive import Archive
from lex7.nodes.interface import NodeState, Setting
from lex7.nodes.payload import decode_observations
from lex7.nodes.series import DailySeries
from lex7.nodes.vitality.daily import DERIVED_FROM, derive
from lex7.nodes.vitality.forecast import VitalityForecast, vitality_forecast
from lex7.nodes.vitality.model import VitalityModel, belief_bytes, fit, from_payload


class VitalityNode:
    """Follows sleep, resting heart rate, heart rate variability, weight and steps."""

    name = "vit"

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._last: tuple[bytes, dict[QuantityName, DailySeries]] | None = None

    def series(self, state: NodeState, as_of: Day) -> dict[QuantityName, DailySeries]:
        """Derive the daily series from every record up to a day.

        The last answer is kept by the digest of what it was derived from: a fold and a forecast
        at the same state ask for the same series.
        """
        archive = state.archive.until(as_of)
        if self._last is None or self._last[0] != archive.digest:
            self._last = (archive.digest, derive(_blocks(archive), self._setting.zone))
        return self._last[1]

    def belief(self, state: NodeState, as_of: Day, parameters: bytes) -> bytes:
        """Return the raw bits of the filter states after everything up to `as_of`."""
        return belief_bytes(from_payload(parameters), self.series(state, as_of))

    def fit(self, state: NodeState, as_of: Day) -> bytes | None:
        """Fit the models to the archive up to `as_of`; None where there is nothing to fit."""
        series = self.series(state, as_of)
        return fit(series, as_of).to_payload() if series else None

    def forecast(self, state: NodeState, as_of: Day) -> VitalityForecast:
        """Return what can be said from `as_of` on, never with a model that has seen later days."""
        series = self.series(state, as_of)
        return vitality_forecast(self._model(state, series, as_of), series, as_of)

    def _model(
        self, state: NodeState, series: Mapping[QuantityName, DailySeries], as_of: Day
    ) -> VitalityModel:
        if state.model_day is None or state.model_day > as_of:
            return fit(series, as_of)
        return from_payload(state.model)


def _blocks(archive: Archive) -> dict[str, dict[Day, tuple[ObservationBlock, ...]]]:
    """Decode what series are derived from; of other streams only the newest day."""
    found = {}
    for stream in archive.names():
        days = list(archive.days(stream))
        found[stream] = {
            day: tuple(decode_observations(item.payload) for item in items)
            for day, items in (days if stream in DERIVED_FROM else days[-1:])
        }
    return found
