"""`truth.json`: what the files beside it hide, and what will come (docs/spec/sample.md)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lex7.base.civil import Day, iso
from lex7.sample.body import Body
from lex7.sample.calendar import Episode, Episodes, Span
from lex7.sample.draw import Draws
from lex7.sample.household import Household, Movement
from lex7.sample.statement import Line

FORMAT = "lex7-sample/1"
SPENT = ("everyday", "bill", "shock", "journey", "refund")


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the truth is told from."""

    span: Span
    episodes: Episodes
    body: Body
    household: Household
    lines: Mapping[str, tuple[Line, ...]]
    pending_id: Mapping[str, str]
    zone: str
    away_zone: str
    currency: str


def truth_json(facts: Facts) -> bytes:
    """Spell the truth: history, transactions with their causes, and the realised future."""
    span, count = facts.span, facts.span.history_count
    document = {
        "format": FORMAT,
        "seed": span.seed,
        "first_day": iso(span.first),
        "as_of": iso(span.as_of),
        "last_day": iso(span.last),
        "zone": facts.zone,
        "away_zone": facts.away_zone,
        "currency": facts.currency,
        "episodes": {
            "illness": _episodes(facts.episodes.illness),
            "journeys": _episodes(facts.episodes.journeys),
            "overwork": _episodes(facts.episodes.overwork),
        },
        "schedules": _schedules(facts.household.movements),
        "history": _days(facts, 0, count),
        "future": _days(facts, count, len(span.days)),
        "transactions": _transactions(facts),
        "pending": dict(facts.pending_id),
    }
    return (json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n").encode()


def balances(household: Household, account: str, span: Span) -> list[int]:
    """Return the balance of an account in the evening of each day of the span, minor units."""
    change = np.zeros(len(span.days), dtype=np.int64)
    for item in household.movements:
        if item.account == account:
            change[item.day - span.first] += item.amount_minor
    total: list[int] = (household.opening_minor[account] + np.cumsum(change)).tolist()
    return total


def _days(facts: Facts, start: int, stop: int) -> dict[str, object]:
    body = facts.body
    asleep = np.where(body.sleep_measured, body.sleep_hours, np.nan)
    series: dict[str, object] = {
        "day": [iso(Day(day)) for day in facts.span.days[start:stop].tolist()],
        "sleep_level_h": _round(body.sleep_level, 4),
        "sleep_h": _round(body.sleep_hours, 4),
        "sleep_measured_h": _round(asleep, 4),
        "resting_level_bpm": _round(body.resting_level, 3),
        "resting_bpm": _round(body.resting_true, 3),
        "resting_measured_bpm": _round(body.resting_measured, 0),
        "hrv_level_ms": _round(body.hrv_level, 3),
        "weight_level_kg": _round(body.weight_level, 3),
        "weight_kg": _round(body.weight_true, 3),
        "weight_measured_kg": _round(body.weight_measured, 2),
        "steps": body.steps.tolist(),
        "is_ill": body.is_ill.astype(int).tolist(),
        "is_away": body.is_away.astype(int).tolist(),
    }
    result = {
        name: column if name == "day" else column[start:stop]  # type: ignore[index]
        for name, column in series.items()
    }
    accounts = facts.household.opening_minor
    result["balance_minor"] = {
        name: balances(facts.household, name, facts.span)[start:stop] for name in sorted(accounts)
    }
    result["spend_minor"] = {name: column[start:stop] for name, column in _spending(facts).items()}
    result["scheduled_minor"] = _flow(facts, ("bill",))[start:stop]
    result["income_minor"] = [-value for value in _flow(facts, ("income",))[start:stop]]
    return result


def _spending(facts: Facts) -> dict[str, list[int]]:
    movements = [item for item in facts.household.movements if item.origin in SPENT]
    result = {}
    for name in sorted({item.category for item in movements}):
        column = np.zeros(len(facts.span.days), dtype=np.int64)
        for item in movements:
            if item.category == name:
                column[item.day - facts.span.first] -= item.amount_minor
        result[name] = column.tolist()
    return result


def _flow(facts: Facts, origins: tuple[str, ...]) -> list[int]:
    column = np.zeros(len(facts.span.days), dtype=np.int64)
    for item in facts.household.movements:
        if item.origin in origins:
            column[item.day - facts.span.first] -= item.amount_minor
    spent: list[int] = column.tolist()
    return spent


def _transactions(facts: Facts) -> list[dict[str, object]]:
    return [
        {
            "account": line.movement.account,
            "day": iso(line.movement.day),
            "amount_minor": line.movement.amount_minor,
            "payee": line.movement.payee,
            "id": line.external_id,
            "category": line.movement.category,
            "origin": line.movement.origin,
            "schedule": line.movement.schedule,
        }
        for account in sorted(facts.lines)
        for line in facts.lines[account]
    ]


def _schedules(movements: Sequence[Movement]) -> list[dict[str, object]]:
    names = sorted({item.schedule for item in movements if item.schedule})
    return [
        {
            "name": name,
            "category": next(item.category for item in movements if item.schedule == name),
            "days": [iso(item.day) for item in movements if item.schedule == name],
            "amounts_minor": [item.amount_minor for item in movements if item.schedule == name],
        }
        for name in names
    ]


def _episodes(episodes: tuple[Episode, ...]) -> list[dict[str, object]]:
    return [
        {"first": iso(item.first), "last": iso(item.last), "strength": round(item.strength, 4)}
        for item in episodes
    ]


def _round(values: Draws, digits: int) -> list[float | None]:
    rounded = np.round(values, digits)
    return [None if value != value else value for value in rounded.tolist()]
