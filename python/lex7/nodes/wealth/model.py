"""The wealth model: how much each everyday flow varies and wanders, fitted to the ledger.

A flow is judged on sums over weeks, counted back from the last day: days are too skewed for any
bell curve, weeks are not (ADR 0032). Its level is a constant plus a deviation that returns to zero
with one half-life for all flows; there is no trend to extrapolate. A MODEL entry carries the fitted
numbers as scaled integers; the layout below is on disk in every home and never changes.

    {1: currency, 2: day of the fit, 3: half-life in days, 4: large payment, minor units,
     5: [[flow, noise, ratio, [Monday, ..., Sunday]], ...]}

noise: standard deviation of one day, thousandths of a minor unit; ratio: variance of the deviation
over that of a week's mean, millionths; weekdays: offsets, thousandths of a minor unit per day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lex7.bark import canon
from lex7.base.civil import Day, weekday
from lex7.base.errors import BarkError, StateError
from lex7.base.quantise import quantise
from lex7.base.shapes import Series
from lex7.nodes.wealth.core_native import filter_level, weigh_reversion
from lex7.nodes.wealth.everyday import TOTAL, Everyday, split, total_spending, usual_large
from lex7.nodes.wealth.ledger import DailyMinor, Ledger
from lex7.nodes.wealth.recurring import find_schedules

WEEK = 7
WEEKS_MIN = 8
"""Below eight weeks the spread of a flow is not known well enough to be shown."""

NOISE_SCALE = 1_000
RATIO_SCALE = 1_000_000

REVERSIONS = {
    30: 0.9771599684342459,
    60: 0.9885140203528962,
    120: 0.9942404238175473,
    240: 0.9971160533345892,
}
"""Half-life in days → what is left of a deviation after one day, 2^(-1/days)."""

RATIOS = np.array([0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8])
RATIO_WEIGHTS = np.array([0.2, 0.2, 0.2, 0.15, 0.12, 0.08, 0.05])
"""The prior: levels wander less than weeks vary."""


class ModelPayloadError(BarkError):
    """The payload of a MODEL entry is not a wealth model."""

    code = "bark.payload.wealth_model"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"expected the parameters of a wealth model, got a payload where {reason}")


class TooLittleHistoryError(StateError):
    """The ledger is too short for any model."""

    code = "state.wealth.days"

    def __init__(self, have: int, need: int) -> None:
        self.have = have
        self.need = need
        super().__init__(f"expected at least {need} days of bookings, got {have}")


@dataclass(frozen=True, slots=True)
class FlowModel:
    """The fitted numbers of one flow, as scaled integers.

    Attributes:
        noise: standard deviation of one day, thousandths of a minor unit.
        ratio: variance of the deviation over that of a week's mean, millionths.
        weekdays: offset of each weekday from Monday, thousandths of a minor unit.
    """

    noise: int
    ratio: int
    weekdays: tuple[int, ...]


STILL = FlowModel(0, 0, (0,) * WEEK)
"""A flow that the model has not seen."""


@dataclass(frozen=True, slots=True)
class WealthModel:
    """The fitted numbers of one owner's money.

    Attributes:
        currency: of the ledger it was fitted to.
        fitted: the day up to which it has seen data.
        half_life_days: one of `REVERSIONS`.
        large_minor: from which amount on a payment is large.
        flows: by name, as in `lex7.nodes.wealth.everyday`, and `total` for all spending together.
    """

    currency: str
    fitted: Day
    half_life_days: int
    large_minor: int
    flows: dict[str, FlowModel]

    @property
    def reversion(self) -> float:
        """What is left of a deviation after one day."""
        return REVERSIONS[self.half_life_days]


def fit(ledger: Ledger, as_of: Day) -> WealthModel:
    """Fit the model to a ledger made up to `as_of`.

    Raises:
        TooLittleHistoryError: fewer than eight weeks of bookings.
    """
    if ledger.day_count < WEEKS_MIN * WEEK:
        raise TooLittleHistoryError(ledger.day_count, WEEKS_MIN * WEEK)
    schedules = find_schedules(ledger)
    large = usual_large(ledger, schedules)
    everyday = split(ledger, schedules, large)
    series = fitted_series(everyday, ledger.day_count)
    half_life, ratios = _half_life({name: weeks(flow) for name, flow in series.items()})
    reversion = week_reversion(REVERSIONS[half_life])
    flows = {
        name: _flow_model(flow, reversion, ratios.get(name, 0.0), ledger.last)
        for name, flow in series.items()
    }
    return WealthModel(ledger.currency, as_of, half_life, large, flows)


def fitted_series(everyday: Everyday, day_count: int) -> dict[str, DailyMinor]:
    """Return every flow that has a model, by name, in byte order of the names."""
    series = dict(everyday.flows) | {TOTAL: total_spending(everyday, day_count)}
    return {name: series[name] for name in sorted(series)}


def weeks(series: DailyMinor) -> Series:
    """Return the daily mean of each whole week, counted back from the last day."""
    count = len(series) // WEEK
    sums = series[len(series) - count * WEEK :].reshape(count, WEEK).sum(axis=1)
    means: Series = sums.astype(np.float64) / WEEK
    return means


def week_reversion(reversion: float) -> float:
    """Return what is left of a deviation after a week."""
    left = 1.0
    for _ in range(WEEK):
        left *= reversion
    return left


def _half_life(blocks: dict[str, Series]) -> tuple[int, dict[str, float]]:
    """Choose the half-life that explains all spending best, and each flow's ratio under it."""
    best: tuple[float, int, dict[str, float]] | None = None
    for days, reversion in REVERSIONS.items():
        left = week_reversion(reversion)
        evidence, ratios = 0.0, {}
        for name, flow in blocks.items():
            if name.startswith("spend.") or name == TOTAL:
                score, ratios[name] = weigh_reversion(flow, left, RATIOS, RATIO_WEIGHTS)
                evidence += 0.0 if name == TOTAL else score
        if best is None or evidence > best[0]:
            best = (evidence, days, ratios)
    assert best is not None, "the table of half-lives is not empty"
    return best[1], best[2]


def _flow_model(series: DailyMinor, left: float, ratio: float, last: Day) -> FlowModel:
    blocks = weeks(series)
    scaled = quantise(ratio, RATIO_SCALE, what="the ratio of a flow")
    belief = filter_level(blocks, left, scaled / RATIO_SCALE)
    freedom = len(blocks) - 1
    # The variance is itself estimated: freedom / (freedom - 2) is the variance of Student's t.
    variance = belief.squares / freedom * WEEK * freedom / (freedom - 2)
    noise = quantise(float(np.sqrt(variance)), NOISE_SCALE, what="the noise of a flow")
    return FlowModel(noise, scaled, _weekdays(series, last, variance))


def _weekdays(series: DailyMinor, last: Day, variance: float) -> tuple[int, ...]:
    """Return each weekday's offset from the mean, shrunk towards none as far as chance explains."""
    count = len(series) // WEEK * WEEK
    table = series[len(series) - count :].reshape(-1, WEEK).sum(axis=0)
    # Column 0 is the weekday after that of the last day.
    start = (weekday(last) + 1) % WEEK
    number = count // WEEK
    means = [int(table[(day - start) % WEEK]) / number for day in range(WEEK)]
    centre = int(table.sum()) / count
    offsets = [mean - centre for mean in means]
    spread = 0.0
    for offset in offsets:
        spread += offset * offset / (WEEK - 1)
    kept = max(0.0, 1.0 - variance / number / spread) if spread > 0 else 0.0
    return tuple(quantise(kept * one, NOISE_SCALE, what="a weekday offset") for one in offsets)


def to_payload(model: WealthModel) -> bytes:
    """Spell a model."""
    flows = [
        [name, flow.noise, flow.ratio, list(flow.weekdays)]
        for name, flow in sorted(model.flows.items())
    ]
    return canon.encode(
        {
            1: model.currency,
            2: model.fitted,
            3: model.half_life_days,
            4: model.large_minor,
            5: flows,
        }
    )


def from_payload(payload: bytes) -> WealthModel:
    """Read a model.

    Raises:
        BarkError: the bytes are not canonical, or not a wealth model.
    """
    body = canon.decode(payload)
    if not isinstance(body, dict) or list(body) != [1, 2, 3, 4, 5]:
        raise ModelPayloadError("the keys are not 1 to 5")
    currency, fitted, half_life, large, rows = (body[key] for key in range(1, 6))
    if not isinstance(currency, str) or not isinstance(fitted, int) or not isinstance(large, int):
        raise ModelPayloadError("currency, day or amount has another type")
    if half_life not in REVERSIONS or not isinstance(half_life, int) or large < 1:
        raise ModelPayloadError("the half-life or the large amount is none of ours")
    if not isinstance(rows, tuple):
        raise ModelPayloadError("the flows are not a list")
    flows = dict(_read_flow(row) for row in rows)
    return WealthModel(currency, Day(fitted), half_life, large, flows)


def _read_flow(row: object) -> tuple[str, FlowModel]:
    if isinstance(row, tuple) and len(row) == 4:
        name, noise, ratio, days = row
        counts = [one for one in (noise, ratio) if isinstance(one, int) and one >= 0]
        offsets = (
            tuple(day for day in days if isinstance(day, int)) if isinstance(days, tuple) else ()
        )
        if isinstance(name, str) and len(counts) == 2 and len(offsets) == WEEK:
            return name, FlowModel(counts[0], counts[1], offsets)
    raise ModelPayloadError("a flow is not [name, noise, ratio, seven weekdays]")


def unfitted(currency: str, as_of: Day) -> WealthModel:
    """Return the model of an owner with too little history; no flow has numbers."""
    return WealthModel(currency, as_of, max(REVERSIONS), 1, {})
