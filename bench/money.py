"""How long money takes: the ledger, the model, a year of cash, and a runway rule with its paths.

The person is the sample's, 18 months of history in about 1,200 movements.

    python bench/money.py [--json]
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import date
from fractions import Fraction

import numpy as np
from report import Row, cost, finish, seconds

from lex7 import _core
from lex7.base.civil import add_months, day_from_date
from lex7.base.ids import QuantityName
from lex7.base.record import Balance, Transaction
from lex7.directive.quantity import Aggregate, Atom, Linear
from lex7.nodes.wealth.classify import classify
from lex7.nodes.wealth.forecast import WealthForecast
from lex7.nodes.wealth.ledger import Ledger, build_ledger
from lex7.nodes.wealth.model import fit
from lex7.nodes.wealth.starter import STARTER_RULES
from lex7.sample.calendar import draw_episodes, make_span
from lex7.sample.household import run_household
from lex7.sample.truth import balances

AS_OF = day_from_date(date(2026, 11, 22))
STATUS_SECONDS_MAX = 0.4
PATHS_SECONDS_MAX = 0.1


def linear(*terms: tuple[int, str]) -> Linear:
    atoms = (
        (Fraction(weight), Atom(QuantityName(name), Aggregate.VALUE, None))
        for weight, name in terms
    )
    return Linear(tuple(atoms), Fraction(0))


CASH = linear((1, "cash"))
RUNWAY = linear((1, "cash"), (-6, "burn"))


class Person:
    """The sample person's books."""

    def __init__(self, seed: int) -> None:
        span = make_span(seed, AS_OF, 18)
        household = run_household(span, draw_episodes(span))
        past = tuple(
            Transaction(
                item.account, item.day, item.amount_minor, "EUR", item.payee, item.memo, "",
                item.kind.lower(),
            )
            for item in household.movements
            if item.day <= AS_OF
        )  # fmt: skip
        self.classified = classify(past, STARTER_RULES)
        self.stated = [
            Balance(name, AS_OF, balances(household, name, span)[AS_OF - span.first], "EUR")
            for name in household.opening_minor
        ]
        self.model = fit(self.forecast_ledger(), AS_OF)

    def forecast_ledger(self) -> Ledger:
        """Make the ledger again, as every `lex7 status` does."""
        return build_ledger(self.classified, self.stated, currency="EUR", as_of=AS_OF)[0]

    def status(self) -> None:
        """Answer a cash rule by the day and a runway rule by the month."""
        forecast = WealthForecast(self.model, self.forecast_ledger(), AS_OF)
        days = np.arange(AS_OF, AS_OF + 366)
        ends = np.array([add_months(AS_OF, count) for count in range(13)])
        forecast.moments(CASH, days, ())
        forecast.moments(RUNWAY, ends, ())
        forecast.scenarios(RUNWAY, ends, ())


def draw_paths() -> None:
    law = np.array(
        [24_000, 100, 0, 25, 0, 25, 0.99, 0.5, 1.2, 0, 5, 1, 20, 1.5, 900, 800, 500, 1e-4]
    )
    calendar = np.zeros((5, 550))
    calendar[1, ::30], calendar[2, ::30], calendar[3, ::30] = 900, 20, 4_000
    rows = np.array([[day, day + 183] for day in range(366)], dtype=np.int64)
    _core.cash_rows(law, calendar, (7, 7), rows, (0, 4_096))


def rows() -> Iterator[Row]:
    person = Person(7)
    taken = seconds(draw_paths, clock=time.process_time)
    work = "4,096 paths of 550 days, 366 runway rows, one thread"
    yield cost(work, taken, "s", "limit", PATHS_SECONDS_MAX, 1.0)
    taken = seconds(person.status, clock=time.process_time)
    work = (
        "ledger, a year of cash by the day, 13 runway rows with 4,096 paths, 18 months of history"
    )
    yield cost(work, taken, "s", "limit", STATUS_SECONDS_MAX, 1.0)


if __name__ == "__main__":
    finish(list(rows()))
