"""Sound bounds on the probability that a rule holds.

An event is a plan on a day. Its bounds (low, high) never lie on the wrong side of the truth:

    test on one day           Φ(μ/s), exact
    band on one day           Φ((c-μ)/s) - Φ((-c-μ)/s), exact
    every day of a window     Hunter-Worsley and a chain (Slepian) below; pair union and
                              Dawson-Sankoff above (lex7-core)
    some day of a window      1 - P(every day fails), at least the best single day
    all of                    Fréchet: Σ low - (n-1) below, the least high above
    any of                    the largest low; Σ high, at most 1

Where a node offers scenarios the share of paths takes the place of Φ, widened by three standard
errors. A day without a value says nothing and drops out. Pointwise rules take the weakest day of
their outermost `always`; everything inside is one event.
"""

from __future__ import annotations

from collections.abc import Callable

from lex7.base.civil import Day
from lex7.directive.chance import Chance
from lex7.directive.evidence import Evidence
from lex7.directive.grid import days_of
from lex7.directive.leaf_chance import LeafJudge, judge_of
from lex7.directive.plan import AllOf, AnyOf, Band, Leaf, Over, Plan, Quantifier, Span, Test


def chance(evidence: Evidence) -> Chance | None:
    """Bound the probability that decides a rule; None where no day has a value."""
    if evidence.rule.over is Over.JOINTLY:
        return _Judge(evidence).whole(evidence.rule.plan, evidence.today)
    return _Judge(evidence).weakest(evidence.rule.plan, evidence.today)


def likelihood(evidence: Evidence) -> Callable[[Plan, Day], float]:
    """Return a function that gives p_low of one part of the rule on one day, 0 without a value."""
    judge = _Judge(evidence)

    def of(plan: Plan, day: Day) -> float:
        found = judge.event(plan, (day,))
        return 0.0 if found is None else found.low

    return of


class _Judge:
    """Walks a plan over one evidence."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._confidence = float(evidence.rule.confidence)
        self._leaves: list[tuple[Leaf, LeafJudge]] = []

    def weakest(self, plan: Plan, day: Day) -> Chance | None:
        """Judge a pointwise rule: the weakest of its days and parts."""
        match plan:
            case AllOf(parts):
                return _least([self.weakest(part, day) for part in parts])
            case Span(Quantifier.EVERY, reach, body):
                days = days_of(reach, body, day)
                if isinstance(body, Test | Band):
                    return self._weakest_row(body, days)
                return _least([self.event(body, (inner,)) for inner in days])
            case _:
                return self.event(plan, (day,))

    def whole(self, plan: Plan, day: Day) -> Chance | None:
        """Judge a joint rule; one test on every day is bounded only as tightly as it takes."""
        match plan:
            case Span(Quantifier.EVERY, reach, Test() | Band() as body):
                return self._every_row(body, days_of(reach, body, day), self._confidence)
            case _:
                return self.event(plan, (day,))

    def event(self, plan: Plan, days: tuple[Day, ...]) -> Chance | None:
        """Bound P(the plan holds on all of these days)."""
        match plan:
            case Test() | Band():
                return self._every_row(plan, days)
            case AllOf(parts):
                return _both([self.event(part, days) for part in parts])
            case Span(Quantifier.EVERY, reach, body):
                inner = {found for day in days for found in days_of(reach, body, day)}
                return self.event(body, tuple(sorted(inner)))
            case AnyOf(parts):
                return self._any_of(parts, days)
            case Span(_, reach, body):
                each = [self._some(body, days_of(reach, body, day)) for day in days]
                return _both(each)

    def _any_of(self, parts: tuple[Plan, ...], days: tuple[Day, ...]) -> Chance | None:
        each = [_either([self.event(part, (day,)) for part in parts]) for day in days]
        found = _both(each)
        if found is None or len(days) == 1:
            return found
        # One part that holds throughout is enough; often far better than day by day.
        known = tuple(day for day, one in zip(days, each, strict=True) if one is not None)
        whole = [self.event(part, known) for part in parts]
        best = max((one.low for one in whole if one is not None), default=0.0)
        return Chance(max(found.low, best), found.high)

    def _some(self, body: Plan, days: tuple[Day, ...]) -> Chance | None:
        if not isinstance(body, Test | Band):
            return _either([self.event(body, (day,)) for day in days], can_miss=True)
        return self._leaf(body).some(days)

    def _every_row(
        self, leaf: Test | Band, days: tuple[Day, ...], asked: float | None = None
    ) -> Chance | None:
        return self._leaf(leaf).every(days, asked)

    def _weakest_row(self, leaf: Test | Band, days: tuple[Day, ...]) -> Chance | None:
        return self._leaf(leaf).weakest(days)

    def _leaf(self, leaf: Leaf) -> LeafJudge:
        # Asked for every day of a window; identity is far quicker than comparing rationals.
        for known, judge in self._leaves:
            if known is leaf:
                return judge
        made = judge_of(self._evidence.of(leaf), self._confidence)
        self._leaves.append((leaf, made))
        return made


def _least(found: list[Chance | None]) -> Chance | None:
    known = [one for one in found if one is not None]
    if not known:
        return None
    return Chance(min(one.low for one in known), min(one.high for one in known))


def _both(found: list[Chance | None]) -> Chance | None:
    known = [one for one in found if one is not None]
    if not known:
        return None
    missing = 0.0
    for one in known:
        missing += 1.0 - one.low
    low = known[0].low if len(known) == 1 else max(0.0, 1.0 - missing)
    return Chance(low, min(one.high for one in known))


def _either(found: list[Chance | None], *, can_miss: bool = False) -> Chance | None:
    known = [one for one in found if one is not None]
    if not known or (len(known) < len(found) and not can_miss):
        return None
    high = 0.0
    for one in known:
        high += one.high
    return Chance(max(one.low for one in known), min(1.0, high))
