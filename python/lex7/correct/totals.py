"""Which rules see only what has been spent by each day, and the search that is asked of them.

A rule on cash or runway feels a purchase on its own day and on every later one, by its amount,
whatever was bought. On such rules the schedule of wishes is found by `search`, which asks for
sums instead of whole plans: here where the tests are here, else at the node that holds them all.
What is found is judged by the rules themselves afterwards.
"""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from lex7.base.money import minor_digits
from lex7.correct.case import Case
from lex7.correct.desk import Desk
from lex7.correct.schedule import Schedule, Task, cost_of, least_ahead
from lex7.correct.search import Found, Known, Search, Watch, find, ladder_of, narrowed
from lex7.directive.evidence import LeafEvidence
from lex7.directive.grid import days_of
from lex7.directive.heard import HeardLeaf, Voice
from lex7.directive.plan import Over, Quantifier, Span, Test
from lex7.directive.telling import Told

Choice = tuple[int, int]
"""(wish, months later than asked)."""

Tests = tuple[tuple[LeafEvidence | HeardLeaf, float], ...]
"""Tests with the confidence that their rules ask for."""


@runtime_checkable
class Finds(Protocol):
    """A voice of a node that searches with its own tests."""

    def find(self, search: Search, others: tuple[Voice, ...]) -> Found | None:
        """Search with this test and others of the same node; None where it holds not all.

        Raises:
            StateError: the node cannot answer.
        """
        ...


def search_of(desk: Desk, task: Task, choices: tuple[Choice, ...]) -> tuple[Search, Tests] | None:
    """Ask for a search on every hard rule that wishes touch; None where one is of another form."""
    orderly = {case.directive.id for case in desk.orderly()}
    watches: list[Watch] = []
    tests: list[tuple[LeafEvidence | HeardLeaf, float]] = []
    for case in desk.hard:
        if case.evidence is None:
            continue
        if not any(desk.sees(case, desk.column(*choice)) for choice in choices):
            continue
        seen = _watch(desk, case, choices) if case.directive.id in orderly else None
        if seen is None:
            return None
        watches.append(seen[0])
        tests.append((seen[1], case.needed))
    lead: dict[int, int] = {}
    for at, (event, (_, months)) in enumerate(zip(task.events, choices, strict=True)):
        best = lead.setdefault(event.day, at)
        if months < choices[best][1]:
            lead[event.day] = at
    leads = tuple(lead[event.day] for event in task.events)
    digits = minor_digits(desk.wishes[0].amount.currency)
    return Search(task, leads, digits, tuple(watches)), tuple(tests)


def searched(search: Search, tests: Tests) -> Found | None:
    """Have a search done where the tests are; None where they are at several places.

    Raises:
        StateError: a node cannot answer.
    """
    here = [_here(leaf, confidence) for leaf, confidence in tests]
    if all(known is not None for known in here):
        return find(search, tuple(known for known in here if known is not None))
    voices = [leaf.voice for leaf, _ in tests if isinstance(leaf, HeardLeaf)]
    if len(voices) < len(tests) or not isinstance(voices[0], Finds):
        return None
    found = voices[0].find(search, tuple(voices))
    return found if found is not None and _is_sound(search, found) else None


def _here(leaf: LeafEvidence | HeardLeaf, confidence: float) -> Known | None:
    if isinstance(leaf, LeafEvidence):
        return Known(leaf, confidence)
    voice = leaf.voice
    return Known(voice.known, voice.confidence) if isinstance(voice, Told) else None


def _is_sound(search: Search, found: Found) -> bool:
    """Answer whether another node's answer is a schedule of these wishes and costs what it says."""
    count = len(search.task.events)
    ladder = set(ladder_of(search.task.amounts))
    if len(found.caps) != count or len(found.fits) != count or not set(found.caps) <= ladder:
        return False
    return is_schedule(narrowed(search.task, found.caps, found.fits), found.schedule)


def is_schedule(task: Task, schedule: Schedule) -> bool:
    """Answer whether a schedule buys each wish once at most and states its cost and bound."""
    chosen = schedule.chosen
    if list(chosen) != sorted(set(chosen)) or any(not 0 <= at < len(task.events) for at in chosen):
        return False
    wishes = [task.events[at].wish for at in chosen]
    stated = (cost_of(task, chosen), int(least_ahead(task)[0][0]))
    return len(set(wishes)) == len(wishes) and (schedule.cost, schedule.bound) == stated


def _watch(
    desk: Desk, case: Case, choices: tuple[Choice, ...]
) -> tuple[Watch, LeafEvidence | HeardLeaf] | None:
    rule = case.directive.rule
    plan = rule.plan
    if not isinstance(plan, Span) or plan.quantifier is not Quantifier.EVERY:
        return None
    if not isinstance(plan.body, Test):
        return None
    further = tuple(_months(desk, case, *choice) for choice in choices)
    widest = case if not max(further) else desk.sight.further(case, max(further))
    if widest is None or widest.evidence is None or len(widest.evidence.leaves) != 1:
        return None
    (known,) = widest.evidence.leaves
    if not _is_total(desk, known):
        return None
    ends = [len(known.days)] * (max(further) + 1)
    for months in sorted(set(further) | {0}):
        looking = case if not months else desk.sight.further(case, months)
        if looking is None:
            return None
        ends[months] = _row_count(looking, known)
    return Watch(tuple(ends), further, rule.over is Over.JOINTLY), known


def _months(desk: Desk, case: Case, wish: int, months: int) -> int:
    """Return how much further a rule looks for a wish put off."""
    is_seen = desk.sees(case, desk.column(wish, months))
    return months if not is_seen and desk.sees(case, desk.column(wish, 0)) else 0


def _is_total(desk: Desk, known: LeafEvidence | HeardLeaf) -> bool:
    """Answer whether a purchase takes its amount from its own day on, and nothing before."""
    days: NDArray[np.int64] = known.days
    return all(
        np.array_equal(known.gradient[:, column], -(days >= day).astype(np.float64))
        for (_, day), column in desk.columns.items()
    )


def _row_count(case: Case, known: LeafEvidence | HeardLeaf) -> int:
    """Return how many rows a window takes in; windows begin alike, so the first ones."""
    assert case.evidence is not None, "a rule that looks further was gathered"
    plan = case.evidence.rule.plan
    assert isinstance(plan, Span), "a longer window has the same form"
    days = days_of(plan.reach, plan.body, case.evidence.today)
    return int(np.searchsorted(known.days, days[-1], side="right"))
