"""What changes if something changes: every rule now and then, and prices by solving again.

The price of a change is what it takes from the largest purchase today that every hard rule still
accepts; multipliers are never shown as prices, because they are prices only while the same rows
bind. Nothing is written and nothing recommended.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lex7.base.civil import Day
from lex7.base.ids import QuantityName
from lex7.base.money import Money, minor_digits
from lex7.correct.amount import AmountAnswer, largest_amount
from lex7.correct.answer import Situation
from lex7.correct.case import Case, after, along, build_cases, is_touched, reaches
from lex7.correct.price import Price, price_of
from lex7.correct.status import Correction, smallest_corrections
from lex7.directive.assessment import Assessment
from lex7.directive.document import Directive
from lex7.directive.margin import assess
from lex7.directive.quantity import Move, Per

ROOM_MAX = 100_000
"""The largest purchase that is looked for, in units of money."""

_PURCHASE = QuantityName("spend.other")


@dataclass(frozen=True, slots=True)
class Compared:
    """One rule as it is and as it would be."""

    directive: Directive
    before: Assessment
    after: Assessment
    correction: Correction | None


@dataclass(frozen=True, slots=True)
class Room:
    """The largest purchase today that every hard rule accepts, or what is short of none.

    Attributes:
        amount: from -ROOM_MAX to ROOM_MAX; negative where rules fail already: so much more money
            today would make them hold.
        binding: the rules that forbid one cent more, or that fail.
    """

    amount: Money
    binding: tuple[str, ...]

    @property
    def is_capped(self) -> bool:
        """Answer whether the amount is the end of what was looked for and not an answer."""
        most: int = ROOM_MAX * 10 ** minor_digits(self.amount.currency)
        return abs(self.amount.minor) >= most


@dataclass(frozen=True, slots=True)
class WhatIf:
    """Everything that a change changes.

    Attributes:
        rules: in order of the file.
        before: room for a purchase as things are; None where no hard rule sees a purchase.
        after: room with the changes made.
        prices: of the rules that bind then, one unit stricter.
    """

    rules: tuple[Compared, ...]
    before: Room | None
    after: Room | None
    prices: tuple[Price, ...]

    @property
    def cost_minor(self) -> int | None:
        """What the change takes from the room, in minor units; None where that is not known."""
        if self.before is None or self.after is None:
            return None
        if self.before.is_capped or self.after.is_capped:
            return None
        return self.before.amount.minor - self.after.amount.minor


Pair = tuple[Situation, Situation]
"""As things are, and with the changes made."""


def compare(shown: Pair, judged: Pair) -> WhatIf:
    """Judge every rule now and then, and find the room both times.

    Args:
        shown: where each rule's figures are read.
        judged: where corrections, room and prices are found; margins are enough.

    Raises:
        StateError: a node cannot answer.
        DirectiveError: a node's answer cannot be used.
        ProblemError: the numbers are outside what can be solved exactly.
    """
    now, then = shown
    corrections = {one.directive: one for one in smallest_corrections(judged[1])}
    rules = tuple(
        Compared(
            after,
            assess(before.rule, now.forecast),
            assess(after.rule, then.forecast),
            corrections.get(after.id),
        )
        for before, after in zip(now.directives, then.directives, strict=True)
    )
    room = _room(judged[1])
    return WhatIf(rules, _room(judged[0]), room, _prices(judged[1], room))


def _room(situation: Situation) -> Room | None:
    """Find the largest purchase today."""
    move = _purchase(situation)
    cases = build_cases(situation.directives, situation.forecast, (move,))
    unit = np.ones(1)
    touched = tuple(along(one, unit) for one in cases if one.is_hard and is_touched(one, unit))
    if not touched:
        return None
    currency = situation.currency
    most = Money(ROOM_MAX * 10 ** minor_digits(currency), currency)
    if any(one.is_standing for one in touched):
        return _shortfall(touched, most)
    found: AmountAnswer = largest_amount(touched, most, "room")
    return Room(found.amount, found.binding)


def _shortfall(touched: tuple[Case, ...], most: Money) -> Room:
    """Find the least money today that would make every rule hold that a purchase touches."""
    digits = 10 ** minor_digits(most.currency)
    low, high = 0, most.minor
    while high - low > 1:
        middle = (low + high) // 2
        holds = all(reaches(one, after(one, -float(middle / digits))) for one in touched)
        low, high = (low, middle) if holds else (middle, high)
    failing = tuple(one.directive.id for one in touched if one.is_standing)
    return Room(Money(-high, most.currency), failing)


def _prices(situation: Situation, room: Room | None) -> tuple[Price, ...]:
    if room is None or room.amount.minor <= 0:
        return ()
    named = {one.id: one for one in situation.directives}
    move = _purchase(situation)
    found = (price_of(named[name], situation.forecast, move, room.amount) for name in room.binding)
    return tuple(one for one in found if one is not None)


def _purchase(situation: Situation) -> Move:
    day = Day(situation.forecast.as_of)
    return Move(_PURCHASE, Per.ONCE, day, day)
