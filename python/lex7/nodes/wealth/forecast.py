"""What LEX-WTH can say about money at one `as_of`: `lex7.directive.quantity.Forecast`.

Quantities: `cash` and `cash.<account>` (evening balances), `spend`, `spend.<category>` and `income`
(per day), `burn` (what a month costs at the present level, scheduled payments of a year included),
`runway` (months until cash runs out with income off). Days up to the ledger's last one are exact;
days between it and `as_of` are forecast like the future.

A rule about runway is compiled to `cash - k · burn`. Here that expression means what it stands for:
cash on a day, less what is spent in the k months after it. `moments` gives its Gaussian moments,
`scenarios` draws it (first passage, ADR 0030); both change with moves in the same way.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day, add_months
from lex7.base.errors import StateError
from lex7.base.ids import QuantityName
from lex7.base.limits import HORIZON_DAYS_MAX
from lex7.base.money import minor_digits
from lex7.base.shapes import DayGrid, RowGradient, Series
from lex7.directive.quantity import (
    Aggregate,
    Linear,
    Moments,
    Move,
    QuantityInfo,
    Scenarios,
)
from lex7.nodes.wealth import chances
from lex7.nodes.wealth.belief import Belief, believe
from lex7.nodes.wealth.ledger import Ledger
from lex7.nodes.wealth.model import WEEK, WEEKS_MIN, WealthModel
from lex7.nodes.wealth.moves import change, check_move
from lex7.nodes.wealth.outlook import DAYS_PER_MONTH, Outlook, look_ahead
from lex7.nodes.wealth.picture import RECEIVED, Pick, cov_of, mean_of, pick
from lex7.nodes.wealth.rows import BURN, CASH, RUNWAY, SPEND, Kind, Part, place

STALE_AFTER_DAYS = 35
"""Banks are exported by the month; money data older than this are stale."""

OUTLOOK_STEP_DAYS = 128
"""Outlooks are made in whole steps, so that rules of like reach share one."""

BEYOND_DAYS = 40
"""A calendar month that begins inside the horizon ends at most this far outside."""

RUNWAY_MONTHS_MAX = 600.0
"""Fifty years stand for a runway without end."""


class HorizonError(StateError):
    """A rule looks farther ahead than any forecast means something."""

    code = "state.wealth.horizon"

    def __init__(self, days: int, days_max: int) -> None:
        self.days = days
        self.days_max = days_max
        super().__init__(f"expected at most {days_max} days ahead, got {days}")


class WealthForecast:
    """One node's answer at one `as_of`; outlooks are kept between questions."""

    def __init__(self, model: WealthModel, ledger: Ledger, as_of: Day) -> None:
        self.as_of = as_of
        self._model = model
        self._ledger = ledger
        self._scale = float(10 ** minor_digits(ledger.currency))
        self._belief: Belief | None = None
        self._outlooks: dict[int, Outlook] = {}

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        """List the quantities this node answers for."""
        ledger = self._ledger
        flows = [SPEND, *(f"spend.{name}" for name in ledger.spend), "income"]
        stocks = [CASH, *(f"cash.{account}" for account in ledger.cash), BURN]
        units = dict.fromkeys([*stocks, *flows], ledger.currency) | {str(RUNWAY): "mo"}
        return {
            QuantityName(name): self._info(QuantityName(name), unit, is_flow=name in flows)
            for name, unit in units.items()
        }

    def moments(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        """Return the joint Gaussian moments of an expression on a grid of days.

        Raises:
            StateError: a quantity is unknown here, there is too little history, or the window
                reaches past the horizon.
        """
        for move in moves:
            check_move(move)
        months = runway_months(linear)
        if months is not None:
            return self._runway_rows(linear, months, days, moves)
        if any(atom.quantity == RUNWAY for _, atom in linear.terms):
            return self._runway_value(linear, days, moves)
        return self._rows(linear, days, moves)

    def scenarios(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Scenarios | None:
        """Return sampled paths of a rule about runway, None for everything else."""
        months = runway_months(linear)
        if months is None or len(days) == 0 or int(days.min()) < self._ledger.last:
            return None
        until = window_ends(days, months)
        outlook = self._outlook(int(until.max()))
        origin = outlook.origin
        rows = np.stack([days - origin, until - origin], axis=1).astype(np.int64)
        slack = chances.slack(self._beliefs(), outlook, rows, self._scale)
        factor = float(linear.terms[0][0])
        gradient = self._gradient(linear, days, moves)
        return Scenarios(days, factor * slack + float(linear.constant), gradient[None, :, :])

    def runway_paths(self, day: Day, months_max: int) -> Series:
        """Return the months until cash runs out with income off from a day, one per path.

        A path that lasts longer than `months_max` gives infinity.
        """
        until = add_months(day, months_max)
        outlook = self._outlook(until)
        passages = chances.passages(
            self._beliefs(), outlook, max(day - outlook.origin, 0), self._scale
        )
        months: Series = passages / DAYS_PER_MONTH
        return months

    def _info(self, name: QuantityName, unit: str, *, is_flow: bool) -> QuantityInfo:
        ledger = self._ledger
        valid = ledger.day_count if ledger.cash else 0
        return QuantityInfo(
            name=name,
            node="wth",
            unit=unit,
            per_month=is_flow,
            valid_days=valid,
            required_days=WEEKS_MIN * WEEK,
            last_day=ledger.last if ledger.cash else None,
            stale_after_days=STALE_AFTER_DAYS,
        )

    def _beliefs(self) -> Belief:
        if self._belief is None:
            self._belief = believe(self._model, self._ledger)
        return self._belief

    def _outlook(self, last: int) -> Outlook:
        ahead = max(last - self._ledger.last, 0)
        reach = HORIZON_DAYS_MAX + BEYOND_DAYS + (self.as_of - self._ledger.last)
        if ahead > reach:
            raise HorizonError(ahead, reach)
        count = (ahead // OUTLOOK_STEP_DAYS + 1) * OUTLOOK_STEP_DAYS
        for made, outlook in self._outlooks.items():
            if made >= count:
                return outlook
        self._outlooks[count] = look_ahead(self._beliefs(), self._ledger, count)
        return self._outlooks[count]

    def _rows(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        constant, parts, is_valid = self._placed(linear, days)
        grid = days[is_valid]
        parts = tuple(_kept(part, is_valid) for part in parts)
        outlook = self._outlook(max((int(part.day.max(initial=0)) for part in parts), default=0))
        picks = [pick(part, outlook) for part in parts]
        mean = constant + mean_of(picks, outlook, len(grid)) / self._scale
        cov = cov_of(picks, outlook, len(grid)) / (self._scale * self._scale)
        return Moments(grid, mean, cov, _changes(parts, moves, len(grid)))

    def _placed(
        self, linear: Linear, days: DayGrid
    ) -> tuple[float, tuple[Part, ...], NDArray[np.bool_]]:
        constant = float(linear.constant)
        is_valid = np.ones(len(days), dtype=np.bool_)
        parts: list[Part] = []
        for coefficient, atom in linear.terms:
            factor, grid = float(coefficient), days
            if atom.aggregate is Aggregate.BASELINE:
                # Frozen: the mean over what was observed of the window that ends today.
                grid = np.full(len(days), min(self.as_of, self._ledger.last), dtype=np.int64)
            placed = place(atom, grid, self._ledger.first, self._ledger.last)
            parts += [_scaled(part, factor) for part in placed.parts]
            is_valid &= placed.is_valid
        return constant, tuple(parts), is_valid

    def _gradient(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> RowGradient:
        _, parts, _ = self._placed(linear, days)
        return _changes(parts, moves, len(days))

    def _runway_rows(
        self, linear: Linear, months: Fraction, days: DayGrid, moves: tuple[Move, ...]
    ) -> Moments:
        """Return cash on a day less the spending of the months after it."""
        grid = days[days >= self._ledger.first]
        until = window_ends(grid, months)
        outlook = self._outlook(int(until.max(initial=0)))
        one = np.full(len(grid), float(linear.terms[0][0]))
        cash = pick(Part(CASH, Kind.SUM, grid, one), outlook)
        received = {name: weight for name, weight in cash.channels.items() if name in RECEIVED}
        # cash(d) - [S(d + k) - S(d)] = cash now + received(d) - S(d + k): spending drops out of d.
        picks = [
            Pick(cash.part, received),
            Pick(Part(SPEND, Kind.SUM, until, -one), dict.fromkeys(outlook.spending, 1.0)),
        ]
        mean = mean_of(picks, outlook, len(grid)) / self._scale + float(linear.constant)
        cov = cov_of(picks, outlook, len(grid)) / (self._scale * self._scale)
        return Moments(grid, mean, cov, self._gradient(linear, grid, moves))

    def _runway_value(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        """Return cash / burn to first order around its mean; other terms must be constant."""
        grid = days[days >= self._ledger.last]
        outlook = self._outlook(int(grid.max(initial=0)))
        one = np.ones(len(grid))
        cash = mean_of([pick(Part(CASH, Kind.SUM, grid, one), outlook)], outlook, len(grid))
        burn = mean_of([pick(Part(BURN, Kind.LEVEL, grid, one), outlook)], outlook, len(grid))
        spent = np.maximum(burn, 1.0)
        runway = np.minimum(cash / spent, RUNWAY_MONTHS_MAX)
        factor = float(sum((coefficient for coefficient, _ in linear.terms), Fraction(0)))
        parts = (
            Part(CASH, Kind.SUM, grid, factor / spent),
            Part(BURN, Kind.LEVEL, grid, -factor * runway / spent),
        )
        cov = cov_of([pick(part, outlook) for part in parts], outlook, len(grid))
        gradient = self._scale * _changes(parts, moves, len(grid))
        return Moments(grid, factor * runway + float(linear.constant), cov, gradient)


def runway_months(linear: Linear) -> Fraction | None:
    """Return k where the expression is a multiple of cash - k · burn, else None."""
    if len(linear.terms) != 2:
        return None
    (factor, cash), (weight, burn) = linear.terms
    values = all(atom.aggregate is Aggregate.VALUE for atom in (cash, burn))
    if not values or (cash.quantity, burn.quantity) != (CASH, BURN) or factor == 0:
        return None
    months = -weight / factor
    return months if months > 0 else None


def window_ends(days: DayGrid, months: Fraction) -> DayGrid:
    """Return the day on which the k months after each day end; parts of a month are days."""
    whole = months.numerator // months.denominator
    rest = round((months - whole) * Fraction(36_525, 1_200))
    ends = [add_months(Day(int(day)), whole) + rest for day in days]
    return np.array(ends, dtype=np.int64)


def _scaled(part: Part, factor: float) -> Part:
    return Part(part.quantity, part.kind, part.day, factor * part.weight)


def _kept(part: Part, is_valid: NDArray[np.bool_]) -> Part:
    return Part(part.quantity, part.kind, part.day[is_valid], part.weight[is_valid])


def _changes(parts: tuple[Part, ...], moves: tuple[Move, ...], row_count: int) -> RowGradient:
    gradient = np.zeros((row_count, len(moves)))
    for column, move in enumerate(moves):
        for part in parts if row_count else ():
            gradient[:, column] += change(part, move)
    return gradient
