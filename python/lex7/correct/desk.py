"""Wishes on the desk: their columns, every hard rule's evidence, and what has been asked already.

Whether purchases fit is for the rules to say, on all of them together. A rule that sees a wish as
asked and not where it is put off looks as much further ahead (`question.Sight`).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lex7.base.civil import Day, add_months
from lex7.base.ids import QuantityName
from lex7.base.money import minor_digits
from lex7.correct.answer import Situation
from lex7.correct.case import Case, Shift, along, build_cases, is_blocking, is_touched
from lex7.correct.question import Sight
from lex7.correct.wish import Wish
from lex7.directive.plan import Band
from lex7.directive.quantity import Move, Per

Bought = tuple[tuple[int, int], ...]
"""(wish, months later than asked), for every wish that is bought."""


@dataclass(slots=True, eq=False)
class Desk:
    """Wishes with their columns and every rule's evidence."""

    wishes: tuple[Wish, ...]
    as_of: Day
    columns: dict[tuple[str, Day], int]
    cases: tuple[Case, ...]
    sight: Sight
    seen: dict[tuple[str, int], bool] = field(default_factory=dict)

    @property
    def hard(self) -> tuple[Case, ...]:
        """The rules that may never give way."""
        return tuple(case for case in self.cases if case.is_hard)

    def day(self, wish: int, months: int) -> Day:
        """Return the day of a wish put off by some months."""
        return add_months(self.wishes[wish].day, months)

    def column(self, wish: int, months: int) -> int:
        """Return the column of a wish put off by some months."""
        return self.columns[self.wishes[wish].category, self.day(wish, months)]

    def units(self, minor: int) -> float:
        """Return an amount in major units, as forecasts count it."""
        return float(minor / 10 ** minor_digits(self.wishes[0].amount.currency))

    def shift(self, bought: Bought) -> Shift:
        """Return what all purchases together move."""
        shift = np.zeros(len(self.sight.moves))
        for wish, months in bought:
            shift[self.column(wish, months)] += self.units(self.wishes[wish].amount.minor)
        return shift

    def narrowed(self, bought: Bought) -> tuple[Case, ...] | None:
        """Narrow every hard rule that purchases touch to one column: all of them together.

        None where a rule cannot look as far ahead as a purchase is put off.
        """
        shift = self.shift(bought)
        found: list[Case] = []
        for case in self.hard:
            further = 0
            for wish, months in bought:
                is_seen = self.sees(case, self.column(wish, months))
                if not is_seen and self.sees(case, self.column(wish, 0)):
                    further = max(further, months)
            wider = case if not further else self.sight.further(case, further)
            if wider is None:
                return None
            if is_touched(wider, shift):
                found.append(along(wider, shift))
        return tuple(found)

    def watching(self, cases: tuple[Case, ...], day: Day) -> tuple[Case, ...] | None:
        """Narrow rules to whatever is bought on a day, at least as far ahead as they would look.

        None where one cannot look so far ahead.
        """
        options = [
            (months, wish)
            for wish, one in enumerate(self.wishes)
            for months, at in enumerate(one.days(self.as_of))
            if at == day
        ]
        months, wish = min(options)
        column, asked = self.column(wish, months), self.column(wish, 0)
        unit = np.zeros(len(self.sight.moves))
        unit[column] = 1.0
        found = []
        for case in cases:
            if self.sees(case, column):
                found.append(along(case, unit))
            elif self.sees(case, asked):
                further = self.sight.further(case, months)
                if further is None or not is_touched(further, unit):
                    return None
                found.append(along(further, unit))
        return tuple(found)

    def accepts(self, bought: Bought) -> bool:
        """Answer whether the rules accept some purchases together."""
        cases = self.narrowed(bought)
        return cases is not None and not any(is_blocking(case, 1.0) for case in cases)

    def orderly(self) -> tuple[Case, ...]:
        """List the rules for which money is money and sooner is never better.

        On them a purchase costs the same whatever it buys, takes from every margin, and takes no
        less if it is made earlier.
        """
        days = sorted({day for _, day in self.columns})
        return tuple(case for case in self.hard if self._is_orderly(case, days))

    def _is_orderly(self, case: Case, days: list[Day]) -> bool:
        if case.evidence is None or case.is_standing:
            return False
        for leaf in case.evidence.leaves:
            before = None
            for day in days:
                own = [leaf.gradient[:, c] for (_, at), c in self.columns.items() if at == day]
                if isinstance(leaf.leaf, Band) or any(not np.array_equal(own[0], x) for x in own):
                    return False
                is_later_worse = before is not None and bool((own[0] < before).any())
                if is_later_worse or bool((own[0] > 0.0).any()):
                    return False
                before = own[0]
        return True

    def sees(self, case: Case, column: int) -> bool:
        """Answer whether a rule speaks of anything that one column moves."""
        key = (case.directive.id, column)
        if key not in self.seen:
            unit = np.zeros(len(self.sight.moves))
            unit[column] = 1.0
            self.seen[key] = is_touched(case, unit)
        return self.seen[key]


def lay_out(situation: Situation, wishes: tuple[Wish, ...]) -> Desk:
    """Gather what a plan of wishes needs.

    Raises:
        StateError: a node cannot answer.
        DirectiveError: a node's answer cannot be used.
    """
    as_of = situation.forecast.as_of
    pairs = sorted({(wish.category, day) for wish in wishes for day in wish.days(as_of)})
    moves = tuple(Move(QuantityName(f"spend.{name}"), Per.ONCE, day, day) for name, day in pairs)
    cases = build_cases(situation.directives, situation.forecast, moves)
    columns = {pair: index for index, pair in enumerate(pairs)}
    return Desk(wishes, as_of, columns, cases, Sight(situation.forecast, moves))
