"""A rule as rows for a solver: for every way to satisfy it, linear demands with their z.

A way (branch) is a conjunction of demands: this test, on these days, jointly or day by day, with
that confidence. `and` splits the permitted failure evenly over its parts; `or`, `eventually` and
`if` are choices, one per day. All combinations are listed while there are at most BRANCHES_MAX;
beyond that only the uniform ones (the same choice on every day) and the one that looks best now,
and the result says that it is not exhaustive.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from lex7.base.civil import Day
from lex7.base.limits import BRANCHES_MAX
from lex7.directive.grid import days_of
from lex7.directive.plan import (
    AllOf,
    AnyOf,
    Band,
    CompiledRule,
    Leaf,
    Over,
    Plan,
    Quantifier,
    Span,
    Test,
)

Likelihood = Callable[[Plan, Day], float]


@dataclass(frozen=True, slots=True)
class Demand:
    """One test on some days.

    Attributes:
        leaf: the test or band.
        days: the days it must hold on, ascending.
        confidence: the probability asked for.
        is_joint: for all days at once, or for each day by itself.
    """

    leaf: Leaf
    days: tuple[Day, ...]
    confidence: Fraction
    is_joint: bool


Branch = tuple[Demand, ...]


@dataclass(frozen=True, slots=True)
class Branches:
    """The ways to satisfy a rule, the one that looks best now first.

    Attributes:
        ways: at least one conjunction of demands.
        is_exhaustive: whether these are all ways there are.
    """

    ways: tuple[Branch, ...]
    is_exhaustive: bool


def branches(rule: CompiledRule, today: Day, likelihood: Likelihood) -> Branches:
    """List the ways to satisfy a rule.

    Args:
        rule: the rule.
        today: the day of evaluation.
        likelihood: how likely a plan holds on a day as things are; it only orders choices.

    Returns:
        The ways, without duplicates.
    """
    walk = _Walk(likelihood, BRANCHES_MAX)
    ways = walk.rule(rule, today)
    return Branches(tuple(dict.fromkeys(_merged(way) for way in ways)), walk.is_exhaustive)


def best_branch(rule: CompiledRule, today: Day, likelihood: Likelihood) -> Branch:
    """Return the way that looks best as things are: the likeliest choice wherever there is one."""
    return _merged(_Walk(likelihood, 1).rule(rule, today)[0])


class _Walk:
    """Expands a plan into at most `most` ways; remembers whether any choice had to be cut."""

    def __init__(self, likelihood: Likelihood, most: int) -> None:
        self._likelihood = likelihood
        self._most = most
        self.is_exhaustive = True

    def rule(self, rule: CompiledRule, today: Day) -> list[Branch]:
        if rule.over is Over.POINTWISE:
            return self.pointwise(rule.plan, today, rule.confidence)
        return self.event(rule.plan, (today,), rule.confidence, is_joint=True)

    def pointwise(self, plan: Plan, day: Day, confidence: Fraction) -> list[Branch]:
        match plan:
            case AllOf(parts):
                return self._product([self.pointwise(part, day, confidence) for part in parts])
            case Span(Quantifier.EVERY, reach, body):
                days = days_of(reach, body, day)
                return self.event(body, days, confidence, is_joint=False)
            case _:
                return self.event(plan, (day,), confidence, is_joint=True)

    def event(
        self, plan: Plan, days: tuple[Day, ...], confidence: Fraction, *, is_joint: bool
    ) -> list[Branch]:
        match plan:
            case Test() | Band():
                return [(Demand(plan, days, confidence, is_joint),)]
            case AllOf(parts):
                each = _split(confidence, len(parts))
                return self._product(
                    [self.event(part, days, each, is_joint=is_joint) for part in parts]
                )
            case Span(Quantifier.EVERY, reach, body):
                groups = [days_of(reach, body, day) for day in days]
                if is_joint:
                    groups = [tuple(sorted({day for group in groups for day in group}))]
                return self._product(
                    [self.event(body, group, confidence, is_joint=True) for group in groups]
                )
            case AnyOf(parts):
                options = [[(part, day) for part in parts] for day in days]
            case Span(_, reach, body):
                options = [[(body, inner) for inner in days_of(reach, body, day)] for day in days]
        return self._choices(options, confidence, is_joint=is_joint)

    def _choices(
        self, options: list[list[tuple[Plan, Day]]], confidence: Fraction, *, is_joint: bool
    ) -> list[Branch]:
        picks: list[tuple[tuple[Plan, Day], ...]] = [tuple(self._best(row) for row in options)]
        count = 1
        for row in options:
            count = min(count * len(row), self._most + 1)
        if count <= self._most:
            picks += list(product(*options))
        else:
            self.is_exhaustive = False
            widest = 0 if self._most == 1 else min(max(len(row) for row in options), self._most)
            picks += [
                tuple(row[min(choice, len(row) - 1)] for row in options) for choice in range(widest)
            ]
        found: list[Branch] = []
        for pick in dict.fromkeys(picks):
            found += self._chosen(pick, confidence, is_joint=is_joint)
        return self._capped(found)

    def _chosen(
        self, pick: tuple[tuple[Plan, Day], ...], confidence: Fraction, *, is_joint: bool
    ) -> list[Branch]:
        groups: dict[Plan, set[Day]] = {}
        for plan, day in pick:
            groups.setdefault(plan, set()).add(day)
        each = _split(confidence, len(groups)) if is_joint else confidence
        return self._product(
            [
                self.event(plan, tuple(sorted(days)), each, is_joint=is_joint)
                for plan, days in groups.items()
            ]
        )

    def _best(self, row: list[tuple[Plan, Day]]) -> tuple[Plan, Day]:
        return max(row, key=lambda option: self._likelihood(*option))

    def _product(self, parts: list[list[Branch]]) -> list[Branch]:
        found: list[Branch] = [()]
        for part in parts:
            found = self._capped([(*left, *right) for left in found for right in part])
        return found

    def _capped(self, found: list[Branch]) -> list[Branch]:
        if len(found) > self._most:
            self.is_exhaustive = False
        return found[: self._most]


def _split(confidence: Fraction, parts: int) -> Fraction:
    return 1 - (1 - confidence) / parts


def _merged(way: Branch) -> Branch:
    """Join the day-by-day demands of one test and confidence."""
    apart: list[Demand] = []
    grouped: dict[tuple[Leaf, Fraction], set[Day]] = {}
    for demand in way:
        if demand.is_joint and len(demand.days) > 1:
            apart.append(demand)
        else:
            grouped.setdefault((demand.leaf, demand.confidence), set()).update(demand.days)
    joined = [
        Demand(leaf, tuple(sorted(days)), confidence, is_joint=False)
        for (leaf, confidence), days in grouped.items()
    ]
    return (*joined, *apart)
