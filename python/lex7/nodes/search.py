"""How a search for a schedule of wishes crosses to the node that holds the tests, and back.

    search  (as_of, (test digest, …), search)  -> (caps, fits, chosen, cost, bound, flags)

Lists of numbers are 64-bit little-endian integers; `docs/spec/payloads.md` lists the fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from lex7.bark.canon import Value
from lex7.bark.fields import Fields, PayloadError
from lex7.correct.schedule import Event, Schedule, Task
from lex7.correct.search import Found, Search, Watch
from lex7.correct.wish import MONTHS_MAX, WISHES_MAX

EVENTS_MAX = WISHES_MAX * (MONTHS_MAX + 1)
WATCHES_MAX = 128
"""Rules that one search asks; each holds sampled paths in memory."""

DIGITS_MAX = 6
ROWS_MAX = 100_000
COST_MAX = 1 << 52
"""Sums of costs stay exact in 64-bit floats."""


def spell_search(search: Search) -> Value:
    """Spell what is looked for."""
    task = search.task
    events = [part for one in task.events for part in (one.day, one.wish, one.cost, one.cap)]
    watches = tuple(
        (_spell(watch.ends), _spell(watch.further), watch.is_joint) for watch in search.watches
    )
    return (
        _spell(events),
        _spell(task.amounts),
        _spell(task.dropped),
        _spell(task.after),
        _spell(search.lead),
        search.digits,
        watches,
    )


def read_search(fields: Fields) -> Search:
    """Read what is looked for.

    Raises:
        PayloadError: another layout, or more than may be asked.
    """
    flat = _read(fields, 1)
    events = tuple(Event(*flat[at : at + 4]) for at in range(0, len(flat) - len(flat) % 4, 4))
    amounts, dropped, after = _read(fields, 2), _read(fields, 3), _read(fields, 4)
    lead, digits = _read(fields, 5), fields.integer(6)
    watches = tuple(Watch(_read(row, 1), _read(row, 2), row.flag(3)) for row in fields.rows(7, 3))
    task = Task(events, amounts, dropped, after)
    is_right = (
        len(flat) == 4 * len(events)
        and 0 < len(events) <= EVENTS_MAX
        and _are_wishes(task)
        and len(lead) == len(events)
        and all(0 <= at < len(events) for at in lead)
        and 0 <= digits <= DIGITS_MAX
        and 0 < len(watches) <= WATCHES_MAX
        and all(_is_watch(watch, len(events)) for watch in watches)
    )
    if not is_right:
        raise PayloadError(fields.kind, "it is no search for a schedule of wishes")
    return Search(task, lead, digits, watches)


def spell_found(found: Found) -> Value:
    """Spell what was found."""
    schedule = found.schedule
    return (
        _spell(found.caps),
        _spell([int(one) for one in found.fits]),
        _spell(schedule.chosen),
        schedule.cost,
        schedule.bound,
        schedule.is_cheapest,
        found.is_exact,
    )


def read_found(fields: Fields) -> Found:
    """Read what was found; whether it answers the search is for the asker to see.

    Raises:
        PayloadError: another layout.
    """
    cost, bound, is_cheapest = fields.integer(4), fields.integer(5), fields.flag(6)
    schedule = Schedule(_read(fields, 3), cost, bound, is_cheapest=is_cheapest)
    fits = tuple(bool(one) for one in _read(fields, 2))
    return Found(_read(fields, 1), fits, schedule, fields.flag(7))


def _are_wishes(task: Task) -> bool:
    count = len(task.amounts)
    order = [(event.day, event.wish) for event in task.events]
    sizes = (*task.amounts, *task.dropped, *(event.cost for event in task.events))
    return (
        0 < count <= WISHES_MAX
        and len(task.dropped) == len(task.after) == count
        and all(-1 <= other < wish for wish, other in enumerate(task.after))
        and all(0 <= wish < count for _, wish in order)
        and all(before < then for before, then in pairwise(order))
        and all(0 <= size <= COST_MAX // EVENTS_MAX for size in sizes)
    )


def _is_watch(watch: Watch, event_count: int) -> bool:
    return (
        0 < len(watch.ends) <= MONTHS_MAX + 1
        and len(watch.further) == event_count
        and all(0 <= months < len(watch.ends) for months in watch.further)
        and all(0 <= end <= ROWS_MAX for end in watch.ends)
    )


def _spell(numbers: Iterable[int]) -> bytes:
    return np.array(tuple(numbers), dtype="<i8").tobytes()


def _read(fields: Fields, number: int) -> tuple[int, ...]:
    data = fields.data(number)
    if len(data) % 8:
        raise PayloadError(fields.kind, f"field {number} is no list of 64-bit integers")
    return tuple(int(one) for one in np.frombuffer(data, dtype="<i8"))
