"""The household's money, movement by movement, over the whole span: what truly happens.

Days are booking days. Amounts are integer minor units from the moment they arise, so every balance
is an exact sum. The level of each habit drifts slowly, shocks come at random, and journeys change
the pattern.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from lex7.base.civil import Day, Month, date_of, month_of, month_start
from lex7.sample import budget
from lex7.sample.budget import Bill, Everyday
from lex7.sample.calendar import (
    Episodes,
    Mask,
    Span,
    business_day,
    business_day_before,
    covered,
    weekdays,
)
from lex7.sample.draw import Draws, autoregressive, counts, heavy, normal, uniform

CHECKING, CARD, SAVINGS = "checking", "card", "savings"


@dataclass(frozen=True, slots=True)
class Movement:
    """One booked movement and why it happened.

    Attributes:
        account: `checking`, `card` or `savings`.
        day: the booking day.
        amount_minor: negative when money leaves the account.
        payee: as the bank writes it.
        memo: the rest of what the bank writes.
        kind: the OFX transaction type.
        category: the true category; `transfer` for movements between own accounts.
        origin: `everyday`, `bill`, `income`, `shock`, `journey`, `refund`, `transfer`,
            `card-payment`.
        schedule: the name of the bill or income, else empty.
    """

    account: str
    day: Day
    amount_minor: int
    payee: str
    memo: str
    kind: str
    category: str
    origin: str
    schedule: str = ""


@dataclass(frozen=True, slots=True)
class Household:
    """All movements of the span in order of (day, account, arising), and where accounts began."""

    movements: tuple[Movement, ...]
    opening_minor: dict[str, int] = field(default_factory=dict)


def run_household(span: Span, episodes: Episodes) -> Household:
    """Draw a household's money over the span."""
    scale = budget_scale(span.seed)
    away = covered(span, episodes.journeys)
    ill = covered(span, episodes.illness)
    movements: list[Movement] = []
    for habit in budget.EVERYDAY:
        movements += _everyday(span, habit, scale, _appetite(span, habit, away, ill))
    for bill in budget.BILLS:
        movements += _bill(span, bill, scale)
    movements += _income(span, scale)
    movements += _shocks(span, scale)
    movements += _journeys(span, episodes, scale)
    movements += _refunds(span, movements)
    movements += _saving(span, scale)
    inside = [item for item in movements if span.first <= item.day <= span.last]
    opening = {name: round(value * scale) * 100 for name, value in budget.OPENING.items()}
    inside += _card_payments(span, inside, opening[CARD])
    inside += _top_ups(span, inside, opening[CHECKING], scale)
    inside += _interest(span, inside, opening[SAVINGS])
    order = sorted(range(len(inside)), key=lambda at: (inside[at].day, inside[at].account, at))
    return Household(tuple(inside[at] for at in order), opening)


def budget_scale(seed: int) -> float:
    """Return how large the person's budget is against the tables of `budget`."""
    return 0.85 + 0.5 * float(uniform(seed, "scale", 1)[0])


def _appetite(span: Span, habit: Everyday, away: Mask, ill: Mask) -> Draws:
    """Return how many purchases a day are expected."""
    week = np.array(habit.week)[weekdays(span)] / sum(habit.week) * 7.0
    drift = 0.10 * autoregressive(normal(span.seed, habit.name + "/drift", len(week)), 0.985)
    month = np.array([date_of(Day(day)).month for day in span.days.tolist()])
    rate = habit.per_week / 7.0 * week * np.exp(drift)
    rate = rate * np.where(month == 12, 1.0 + habit.december, 1.0)
    at_home = habit.category not in ("restaurants", "entertainment")
    rate = rate * np.where(away, 0.3 if at_home else 1.8, 1.0)
    return rate * np.where(ill & (habit.category != "health"), 0.6, 1.0)


def _everyday(span: Span, habit: Everyday, scale: float, rate: Draws) -> list[Movement]:
    number = counts(span.seed, habit.name + "/count", rate)
    # One draw for each possible purchase, so that a day's purchases never move another day's.
    at = np.flatnonzero(np.arange(8)[None, :] < number[:, None])
    size = len(rate) * 8
    noise = np.clip(heavy(span.seed, habit.name + "/amount", size)[at], -3.0, 3.0)
    place = uniform(span.seed, habit.name + "/payee", size)[at]
    paid = uniform(span.seed, habit.name + "/account", size)[at]
    again = uniform(span.seed, habit.name + "/again", size)[at]
    amount = np.round(habit.median * scale * np.exp(habit.spread * noise) * 100).astype(int)
    result = []
    for index, day_index in enumerate((at // 8).tolist()):
        payee = habit.payees[int(place[index] ** 1.4 * len(habit.payees))]
        on_card = paid[index] < habit.card_share
        bought = Day(span.first + day_index)
        posted = Day(bought + 1) if on_card else business_day(bought)
        memo = "" if on_card else f"KARTENZAHLUNG {date_of(bought):%d.%m.%Y}"
        account, kind = (CARD, "DEBIT") if on_card else (CHECKING, "POS")
        minor = -max(int(amount[index]), 90)
        row = Movement(account, posted, minor, payee, memo, kind, habit.category, "everyday")
        result.append(row)
        if habit.name == "coffee" and again[index] < 0.03:
            # A second, equal purchase on the same day: both are real.
            result.append(row)
    return result


def _bill(span: Span, bill: Bill, scale: float) -> list[Movement]:
    first, last = month_of(span.first), month_of(span.last)
    noise = normal(span.seed, bill.name + "/amount", last - first + 1)
    result = []
    for month in range(first, last + 1):
        if month % 12 + 1 not in bill.months:
            continue
        amount = bill.later_amount if month >= _price_step(span) else bill.amount
        grown = amount * (scale if amount > 100 else 1.0)
        grown *= 1.0 + bill.jitter * float(noise[month - first])
        due = business_day(Day(month_start(Month(month)) + bill.day - 1))
        kind = "DIRECTDEBIT" if bill.account == CHECKING else "DEBIT"
        minor = -round(grown * 100)
        result.append(
            Movement(bill.account, due, minor, bill.payee, bill.memo, kind, bill.category,
                     "bill", bill.name)
        )  # fmt: skip
    return result


def _price_step(span: Span) -> int:
    """Return the month of the price step; it lies in every history of some length."""
    year, month = budget.PRICE_STEP
    wanted = year * 12 + month - 1
    if month_of(span.first) + 3 <= wanted <= month_of(span.as_of) - 3:
        return wanted
    return (month_of(span.first) + month_of(span.as_of)) // 2


def _income(span: Span, scale: float) -> list[Movement]:
    result = []
    first_year = date_of(span.first).year
    for month in range(month_of(span.first), month_of(span.last) + 1):
        year, calendar_month = month // 12, month % 12 + 1
        raises = year - first_year - (calendar_month < budget.RAISE_MONTH)
        minor = round(budget.SALARY * scale * (1 + budget.RAISE) ** raises * 100)
        day = business_day_before(Day(month_start(Month(month)) + budget.SALARY_DAY - 1))
        memo = f"{budget.EMPLOYER_MEMO} {calendar_month:02d}/{year}"
        pay = [(minor, memo, "salary")]
        if calendar_month == budget.EXTRA_SALARY_MONTH:
            extra = round(minor * budget.EXTRA_SALARY_SHARE)
            pay.append((extra, f"13. {memo}", "extra-salary"))
        result += [
            Movement(CHECKING, day, value, budget.EMPLOYER, text, "DIRECTDEP", "salary", "income",
                     name)
            for value, text, name in pay
        ]  # fmt: skip
    return result


def _shocks(span: Span, scale: float) -> list[Movement]:
    chance = uniform(span.seed, "shock/gap", 64)
    which = uniform(span.seed, "shock/which", 64)
    noise = normal(span.seed, "shock/size", 64)
    result, day = [], float(span.first)
    for index in range(64):
        day += -np.log1p(-chance[index]) * 365.25 / budget.SHOCKS_PER_YEAR
        if day > span.last:
            break
        payee, category, account, median = budget.SHOCKS[int(which[index] * len(budget.SHOCKS))]
        minor = -round(median * scale * float(np.exp(budget.SHOCK_SPREAD * noise[index])) * 100)
        posted = business_day(Day(int(day)))
        result.append(
            Movement(account, posted, minor, payee, "RECHNUNG", "DEBIT", category, "shock")
        )
    return result


def _journeys(span: Span, episodes: Episodes, scale: float) -> list[Movement]:
    result = []
    lead = uniform(span.seed, "journey/lead", 64)
    for index, journey in enumerate(episodes.journeys):
        nights = journey.last - journey.first
        parts = (
            (Day(journey.first - 20 - int(lead[index] * 30)), "LUFTHANSA 2204417", 590.0),
            (Day(journey.first + 1), "HOTEL MERCER COURT NEW YORK", 104.0 * nights),
            (journey.last, "TAXI NYC 4H21", 48.0),
        )
        for day, payee, amount in parts:
            category = "transport" if payee.startswith("TAXI") else "travel"
            minor = -round(amount * scale * journey.strength * 100)
            result.append(Movement(CARD, day, minor, payee, "", "DEBIT", category, "journey"))
    return result


def _refunds(span: Span, movements: list[Movement]) -> list[Movement]:
    bought = [item for item in movements if item.category in ("shopping", "clothing")]
    bought = [item for item in bought if item.origin == "everyday" and item.account == CARD]
    chance = uniform(span.seed, "refund", len(bought))
    delay = uniform(span.seed, "refund/delay", len(bought))
    return [
        Movement(CARD, Day(item.day + 5 + int(delay[at] * 12)), -item.amount_minor, item.payee,
                 "REFUND", "CREDIT", item.category, "refund")
        for at, item in enumerate(bought)
        if chance[at] < budget.REFUND_SHARE
    ]  # fmt: skip


def _saving(span: Span, scale: float) -> list[Movement]:
    result = []
    minor = round(budget.SAVING * scale / 10) * 1000
    for month in range(month_of(span.first), month_of(span.last) + 1):
        sent = business_day(Day(month_start(Month(month)) + budget.SAVING_DAY - 1))
        arrived = business_day(Day(sent + 1)) if month % 4 == 0 else sent
        result.append(_own(CHECKING, sent, -minor, "UEBERTRAG SPARKONTO", "XFER", "transfer"))
        result.append(_own(SAVINGS, arrived, minor, "UEBERTRAG VON GIRO", "XFER", "transfer"))
    return result


def _own(account: str, day: Day, minor: int, payee: str, kind: str, origin: str) -> Movement:
    return Movement(account, day, minor, payee, "", kind, "transfer", origin)


def _card_payments(span: Span, movements: list[Movement], opening: int) -> list[Movement]:
    """Pay each statement of the card from checking on the second of the next month."""
    rows = sorted((item.day, item.amount_minor) for item in movements if item.account == CARD)
    result: list[Movement] = []
    balance, at = opening, 0
    for month in range(month_of(span.first), month_of(span.last) + 1):
        closing = Day(month_start(Month(month)) + budget.CARD_CLOSING_DAY - 1)
        while at < len(rows) and rows[at][0] <= closing:
            balance += rows[at][1]
            at += 1
        due = business_day(Day(month_start(Month(month + 1)) + budget.CARD_PAYMENT_DAY - 1))
        if balance < 0 and span.first <= due <= span.last and closing >= span.first:
            result.append(_own(CHECKING, due, balance, "VISA CARD PAYMENT 4412", "PAYMENT",
                               "card-payment"))  # fmt: skip
            result.append(_own(CARD, due, -balance, "PAYMENT RECEIVED THANK YOU", "PAYMENT",
                               "card-payment"))  # fmt: skip
            balance = 0
    return result


def _top_ups(span: Span, movements: list[Movement], opening: int, scale: float) -> list[Movement]:
    """Fetch money back from savings after an evening on which checking ran low."""
    change = dict.fromkeys(range(span.first, span.last + 1), 0)
    for item in movements:
        if item.account == CHECKING:
            change[item.day] += item.amount_minor
    result: list[Movement] = []
    balance, minor = opening, round(budget.TOP_UP * scale / 10) * 1000
    for day in range(span.first, span.last):
        balance += change[day]
        fetched = business_day(Day(day + 1))
        if balance < budget.LOW_WATER * scale * 100 and fetched <= span.last:
            result.append(_own(SAVINGS, fetched, -minor, "UEBERTRAG AN GIRO", "XFER", "transfer"))
            result.append(_own(CHECKING, fetched, minor, "UEBERTRAG SPARKONTO", "XFER", "transfer"))
            change[fetched] += minor
    return result


def _interest(span: Span, movements: list[Movement], opening: int) -> list[Movement]:
    """Credit half a per cent a quarter on the savings balance."""
    result: list[Movement] = []
    earned = 0
    for month in range(month_of(span.first), month_of(span.last) + 1):
        day = Day(month_start(Month(month + 1)) - 1)
        if month % 3 != 2 or not span.first <= day <= span.last:
            continue
        paid_in = sum(
            item.amount_minor for item in movements if item.account == SAVINGS and item.day <= day
        )
        minor = (opening + paid_in + earned) * 5 // 1000
        earned += minor
        result.append(
            Movement(SAVINGS, day, minor, "ZINSEN", "QUARTAL", "INT", "interest", "income",
                     "interest")
        )  # fmt: skip
    return result
