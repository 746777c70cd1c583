"""An example beside a rule: given values, and what the owner expects the rule to say of them.

    [[directive.example]]
    say = "One short night does not break the week."
    given = { sleep = "7.5 h", "sleep@2d" = "4 h" }
    expect = "SATISFIED"

A plain name gives every day a value, past and ahead; `name@2d` gives it to one day and
`name@-6d..-1d` to several, counted from the day of the example; what stands later wins.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from lex7.base.ids import QuantityName
from lex7.directive.syntax import Offset

ALLOWED, DENIED = "ALLOWED", "DENIED"
STANDINGS = ("SATISFIED", "VIOLATED", "UNDECIDED", "NOT_ENOUGH_DATA", "STALE")
DAY_OF_EXAMPLES = date(2027, 1, 15)
"""The day an example is judged on unless it says `on`: the middle of a month of 31 days."""


@dataclass(frozen=True, slots=True)
class Given:
    """One quantity's value on some days.

    Attributes:
        quantity: its name.
        reach: first and last day from the day of the example, or None for every day.
        value: in the quantity's unit; None for a day without a value.
        sd: standard deviation of each day by itself.
        is_per_month: the value is spread evenly over the days of each calendar month.
    """

    quantity: QuantityName
    reach: tuple[Offset, Offset] | None
    value: Fraction | None
    sd: Fraction
    is_per_month: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """Who would do what with data of one kind."""

    action: str
    kind: str
    raw: bool
    holder: str
    node: str


@dataclass(frozen=True, slots=True)
class Example:
    """What one rule should say of given values.

    Attributes:
        say: the owner's sentence; may be empty.
        given: values of a state rule; empty for an access rule.
        wish: what an access rule is asked; None for a state rule.
        on: the day the example is judged on.
        expect: a standing, or ALLOWED or DENIED.
        line: where its table starts in the file, from 1.
    """

    say: str
    given: tuple[Given, ...]
    wish: Wish | None
    on: date
    expect: str
    line: int
