"""Which rules see only what has been spent by each day, and the judges made of them.

A rule on cash or runway feels a purchase on its own day and on every later one, by its amount,
whatever was bought. On such rules the schedule of wishes is found by `frontier`, which asks for
sums instead of whole plans. What is found is judged by the rules themselves afterwards.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lex7.base.money import minor_digits
from lex7.correct.case import Case
from lex7.correct.desk import Desk
from lex7.correct.frontier import Judge, PathJudge, RowJudge, Windows
from lex7.correct.schedule import Event
from lex7.directive.evidence import LeafEvidence
from lex7.directive.grid import days_of
from lex7.directive.leaf_chance import sampled_paths_needed
from lex7.directive.native import normal_quantile
from lex7.directive.plan import Over, Quantifier, Span, Test

Choice = tuple[int, int]
"""(wish, months later than asked)."""


def judges_of(
    desk: Desk, events: tuple[Event, ...], choices: tuple[Choice, ...]
) -> tuple[Judge, ...] | None:
    """Make a judge of every hard rule that wishes touch; None where one is of another form."""
    orderly = {case.directive.id for case in desk.orderly()}
    found: list[Judge] = []
    for case in desk.hard:
        if case.evidence is None:
            continue
        if not any(desk.sees(case, desk.column(*choice)) for choice in choices):
            continue
        judge = _judge(desk, case, events, choices) if case.directive.id in orderly else None
        if judge is None:
            return None
        found.append(judge)
    return tuple(found)


def _judge(
    desk: Desk, case: Case, events: tuple[Event, ...], choices: tuple[Choice, ...]
) -> Judge | None:
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
    # What a council only hears as margins holds no paths to count.
    if not isinstance(known, LeafEvidence) or not _is_total(desk, known):
        return None
    ends = [len(known.days)] * (max(further) + 1)
    for months in sorted(set(further) | {0}):
        looking = case if not months else desk.sight.further(case, months)
        if looking is None:
            return None
        ends[months] = _row_count(looking, known)
    windows = Windows(tuple(int(day) for day in known.days), tuple(ends), further)
    days = tuple(event.day for event in events)
    scale = 10 ** minor_digits(desk.wishes[0].amount.currency)
    if rule.over is Over.JOINTLY and known.scenarios is not None:
        room = np.ascontiguousarray(known.scenarios.paths.T) * scale
        needed = sampled_paths_needed(float(rule.confidence), room.shape[1])
        return None if needed is None else PathJudge(windows, days, room, needed)
    if rule.over is Over.POINTWISE and known.scenarios is None:
        z = normal_quantile(float(rule.confidence))
        return RowJudge(windows, days, [float(one) for one in (known.mean - z * known.sd) * scale])
    return None


def _months(desk: Desk, case: Case, wish: int, months: int) -> int:
    """Return how much further a rule looks for a wish put off."""
    is_seen = desk.sees(case, desk.column(wish, months))
    return months if not is_seen and desk.sees(case, desk.column(wish, 0)) else 0


def _is_total(desk: Desk, known: LeafEvidence) -> bool:
    """Answer whether a purchase takes its amount from its own day on, and nothing before."""
    days: NDArray[np.int64] = known.days
    return all(
        np.array_equal(known.gradient[:, column], -(days >= day).astype(np.float64))
        for (_, day), column in desk.columns.items()
    )


def _row_count(case: Case, known: LeafEvidence) -> int:
    """Return how many rows a window takes in; windows begin alike, so the first ones."""
    assert case.evidence is not None, "a rule that looks further was gathered"
    plan = case.evidence.rule.plan
    assert isinstance(plan, Span), "a longer window has the same form"
    days = days_of(plan.reach, plan.body, case.evidence.today)
    return int(np.searchsorted(known.days, days[-1], side="right"))
