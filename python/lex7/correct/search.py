"""A search for the cheapest schedule of wishes, run where the tests of the rules are.

Who asks names events, caps and, for each rule, a test with its windows; who holds the tests makes
judges of them (`frontier`) and answers with a schedule and two hints: the most that may have been
spent by each day, and which events their rules accept alone. Nothing of this is taken on trust:
the rules are asked about the schedule, and about every cap that a certificate states.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from lex7.correct.frontier import Judge, PathJudge, RowJudge, Windows, cheapest_on_totals
from lex7.correct.schedule import Schedule, Task
from lex7.directive.branch import Demand
from lex7.directive.evidence import LeafEvidence
from lex7.directive.leaf_chance import sampled_paths_needed
from lex7.directive.native import normal_quantile
from lex7.directive.rows import block_of


@dataclass(frozen=True, slots=True)
class Watch:
    """How one rule looks at purchases; its test is named beside it.

    Attributes:
        ends: for each number of months that the rule looks further, how many rows count.
        further: for each event the months that the rule looks further for it.
        is_joint: whether the rule speaks of all its days together.
    """

    ends: tuple[int, ...]
    further: tuple[int, ...]
    is_joint: bool


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for.

    Attributes:
        task: events with caps, amounts and costs.
        lead: for each event the event of its day that rules look least further for.
        digits: minor units of the currency, as a power of ten.
        watches: one for each rule.
    """

    task: Task
    lead: tuple[int, ...]
    digits: int
    watches: tuple[Watch, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What was found.

    Attributes:
        caps: for each event the largest sum of wishes that may have been spent by its day.
        fits: for each event whether its wish is accepted alone.
        schedule: the cheapest schedule within these caps.
        is_exact: whether every judge decides as its rule does; else the rules may accept more.
    """

    caps: tuple[int, ...]
    fits: tuple[bool, ...]
    schedule: Schedule
    is_exact: bool


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A test as who holds it knows it, and the confidence that its rule asks for."""

    evidence: LeafEvidence
    confidence: float


def find(search: Search, tests: tuple[Known, ...]) -> Found:
    """Search on sums with the tests at hand."""
    judges, exact = [], []
    for watch, known in zip(search.watches, tests, strict=True):
        judge, is_exact = _judge(search, watch, known)
        judges.append(judge)
        exact += [judge] if is_exact else []
    caps, fits = _hints(search, tuple(exact))
    task = narrowed(search.task, caps, fits)
    schedule = cheapest_on_totals(task, tuple(judges))
    is_exact = len(exact) == len(judges)
    if not is_exact:
        is_cheapest = schedule.is_cheapest and schedule.cost == schedule.bound
        schedule = replace(schedule, is_cheapest=is_cheapest)
    return Found(caps, fits, schedule, is_exact)


def narrowed(task: Task, caps: tuple[int, ...], fits: tuple[bool, ...]) -> Task:
    """Return a task with these caps, and none for events that are refused alone."""
    events = tuple(
        replace(event, cap=cap if is_open else 0)
        for event, cap, is_open in zip(task.events, caps, fits, strict=True)
    )
    return replace(task, events=events)


def ladder_of(amounts: tuple[int, ...]) -> list[int]:
    """List every sum that some of the wishes make, ascending."""
    sums = {0}
    for amount in amounts:
        sums |= {total + amount for total in sums}
    return sorted(sums)


def _judge(search: Search, watch: Watch, known: Known) -> tuple[Judge, bool]:
    evidence = known.evidence
    windows = Windows(tuple(int(day) for day in evidence.days), watch.ends, watch.further)
    days = tuple(event.day for event in search.task.events)
    scale, asked = 10**search.digits, known.confidence
    if evidence.scenarios is None:
        if watch.is_joint and len(evidence.days) > 1:
            # Rows at the common z hold all together; the rule itself may accept a little more.
            test, all_days = evidence.leaf, evidence.row_days
            demand = Demand(test, all_days, Fraction(asked), is_joint=True)
            room = block_of(demand, evidence).room
            return RowJudge(windows, days, [float(one) for one in room * scale]), False
        room = evidence.mean - normal_quantile(asked) * evidence.sd
        return RowJudge(windows, days, [float(one) for one in room * scale]), True
    paths = np.ascontiguousarray(evidence.scenarios.paths.T) * scale
    needed = sampled_paths_needed(asked, paths.shape[1])
    if needed is None:
        return RowJudge(windows, days, [-1.0] * len(evidence.days)), True
    if watch.is_joint:
        return PathJudge(windows, days, paths, needed), True
    enough = np.sort(paths, axis=1)[:, paths.shape[1] - needed]
    return RowJudge(windows, days, [float(one) for one in enough]), True


def _hints(search: Search, judges: tuple[Judge, ...]) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    task = search.task
    ladder = ladder_of(task.amounts)

    def is_open(at: int, spent: int) -> bool:
        day = task.events[at].day
        for judge in judges:
            known = judge.settle(judge.start(), day, 0)
            if known is None or judge.buy(known, at, spent) is None:
                return False
        return True

    most: dict[int, int] = {}
    for lead in sorted(set(search.lead)):
        low, high = 0, len(ladder)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if is_open(lead, ladder[middle]) else (low, middle)
        most[lead] = ladder[low]
    caps = tuple(
        min(event.cap, most[lead]) for event, lead in zip(task.events, search.lead, strict=True)
    )
    fits = tuple(
        task.amounts[event.wish] <= caps[at] and is_open(at, task.amounts[event.wish])
        for at, event in enumerate(task.events)
    )
    return caps, fits
