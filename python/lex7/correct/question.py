"""A proposal made ready for judging: its columns, and every rule's evidence over them.

Columns are the purchase as asked, on later dates, and the levers. A purchase may be put off to a
month that a rule's own window does not reach. That would make any purchase fit, so such a rule then
looks as much further ahead as the purchase is put off: it sees as much of the time after it as it
saw of the purchase asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from lex7.base.civil import Day, add_months
from lex7.base.ids import QuantityName
from lex7.base.limits import HORIZON_DAYS_MAX
from lex7.base.money import minor_digits
from lex7.correct.answer import Situation
from lex7.correct.case import Case, Shift, along, build_cases, is_touched
from lex7.correct.levers import LeverPart, lever_parts
from lex7.correct.proposal import Movable, Proposal
from lex7.directive.document import Directive
from lex7.directive.evidence import collect_days
from lex7.directive.plan import Ahead, AllOf, CompiledRule, Leaf, Plan, Quantifier, Span, Test
from lex7.directive.plan import leaves as leaves_of
from lex7.directive.probability import chance
from lex7.directive.quantity import Forecast, Move, Per
from lex7.directive.syntax import Offset

MONTHS_AHEAD_MAX = 24
MONTH_DAYS_MAX = 31


@dataclass(frozen=True, slots=True, eq=False)
class Question:
    """A proposal with its columns (as asked, later dates, levers) and every rule's evidence."""

    situation: Situation
    proposal: Proposal
    moves: tuple[Move, ...]
    later: tuple[Day, ...]
    levers: tuple[LeverPart, ...]
    cases: tuple[Case, ...]
    sight: Sight

    @property
    def hard(self) -> tuple[Case, ...]:
        """The rules that may never give way."""
        return tuple(case for case in self.cases if case.is_hard)

    @property
    def units(self) -> float:
        """The amount in major units, as forecasts count it."""
        amount = self.proposal.amount
        return float(amount.minor / 10 ** minor_digits(amount.currency))

    def direction(self, column: int) -> Shift:
        """Return one unit of one column."""
        unit = np.zeros(len(self.moves))
        unit[column] = 1.0
        return unit

    def touched(self, column: int) -> tuple[Case, ...]:
        """Narrow the hard rules that one column touches to that column."""
        unit = self.direction(column)
        return tuple(along(case, unit) for case in self.hard if is_touched(case, unit))

    def touched_later(self, column: int, months: int) -> tuple[Case, ...] | None:
        """Return the same for a later date, None where a rule cannot look so far.

        A rule that the purchase as asked touches and the later one does not looks further.
        """
        asked, unit = self.direction(0), self.direction(column)
        found: list[Case] = []
        for case in self.hard:
            if is_touched(case, unit):
                found.append(along(case, unit))
            elif is_touched(case, asked):
                further = self.sight.further(case, months)
                if further is None or not is_touched(further, unit):
                    return None
                found.append(along(further, unit))
        return tuple(found)


@dataclass(slots=True, eq=False)
class Sight:
    """Rules that look further ahead than they say, each asked for once and kept."""

    forecast: Forecast
    moves: tuple[Move, ...]
    known: dict[tuple[str, int], Case] = field(default_factory=dict)
    answered: dict[tuple[str, int], Case | None] = field(default_factory=dict)

    def further(self, case: Case, months: int) -> Case | None:
        """Let a rule look some months further; None where its form or the horizon forbids it.

        Raises:
            StateError: a node cannot answer.
        """
        key = (case.directive.id, months)
        if key not in self.answered:
            self.answered[key] = self._further(case, months)
        return self.answered[key]

    def _further(self, case: Case, months: int) -> Case | None:
        rule = case.directive.rule
        wanted = extended(rule, months)
        if wanted is None or not _is_within(wanted, self.forecast.as_of):
            return None
        reached = self._reached(case, months)
        if (case.directive.id, reached) not in self.known:
            widened = extended(rule, reached)
            assert widened is not None, "what can look one month further can look more"
            directive = replace(case.directive, rule=widened)
            (found,) = build_cases((directive,), self.forecast, self.moves)
            self.known[case.directive.id, reached] = found
        widest = self.known[case.directive.id, reached]
        if widest.evidence is None:
            return None
        directive = replace(case.directive, rule=wanted)
        return weighed(replace(widest, directive=directive), wanted)

    def _reached(self, case: Case, months: int) -> int:
        """Return how far a rule is gathered: as far as it is already, or to a power of two.

        Looking month after month then asks only a few times.
        """
        gathered = [far for name, far in self.known if name == case.directive.id and far >= months]
        if gathered:
            return min(gathered)
        reached = min(1 << (months - 1).bit_length(), MONTHS_AHEAD_MAX)
        widened = extended(case.directive.rule, reached)
        return (
            reached if widened is not None and _is_within(widened, self.forecast.as_of) else months
        )


def weighed(case: Case, rule: CompiledRule) -> Case:
    """Judge gathered evidence by another window of the same rule."""
    assert case.evidence is not None, "only evidence can be judged"
    evidence = replace(case.evidence, rule=rule)
    return replace(case, evidence=evidence, before=chance(evidence))


def ask(situation: Situation, proposal: Proposal) -> Question:
    """Gather everything a verdict on a proposal needs.

    Raises:
        StateError: a node cannot answer.
        DirectiveError: a node's answer cannot be used.
    """
    as_of = situation.forecast.as_of
    later: tuple[Day, ...] = ()
    if Movable.DATE in proposal.move:
        ahead = (add_months(proposal.day, count) for count in range(1, MONTHS_AHEAD_MAX + 1))
        later = tuple(day for day in ahead if day <= as_of + HORIZON_DAYS_MAX)
    parts: tuple[LeverPart, ...] = ()
    if Movable.LEVERS in proposal.move:
        allowed = tuple(lever for lever in situation.levers if proposal.may_move(lever))
        last = situation.last
        last = last_day(situation.directives, as_of) if last is None else last
        parts = lever_parts(allowed, as_of, last)
    name = QuantityName(f"spend.{proposal.category}")
    purchases = tuple(Move(name, Per.ONCE, day, day) for day in (proposal.day, *later))
    moves = (*purchases, *(part.move for part in parts))
    cases = build_cases(situation.directives, situation.forecast, moves)
    sight = Sight(situation.forecast, moves)
    return Question(situation, proposal, moves, later, parts, cases, sight)


def last_day(directives: tuple[Directive, ...], as_of: Day) -> Day:
    """Return the last day that any rule looks at."""
    return max((_last(directive.rule, as_of) for directive in directives), default=as_of)


def _last(rule: CompiledRule, as_of: Day) -> Day:
    needed: dict[Leaf, set[Day]] = {}
    collect_days(rule.plan, as_of, needed)
    return max((max(days) for days in needed.values() if days), default=as_of)


def extended(rule: CompiledRule, months: int) -> CompiledRule | None:
    """Let the outermost windows ahead end some months later; None where a part has none."""
    plan = _extended(rule.plan, months)
    return None if plan is None else replace(rule, plan=plan)


def _extended(plan: Plan, months: int) -> Plan | None:
    if isinstance(plan, AllOf):
        parts = tuple(found for part in plan.parts if (found := _extended(part, months)))
        return AllOf(parts) if len(parts) == len(plan.parts) else None
    if not isinstance(plan, Span) or plan.quantifier is not Quantifier.EVERY:
        return None
    if not isinstance(plan.reach, Ahead):
        return None
    end = plan.reach.end
    more = months if end.is_months else months * MONTH_DAYS_MAX
    reach = Ahead(plan.reach.start, Offset(end.count + more, end.is_months))
    return replace(plan, reach=reach)


def _is_within(rule: CompiledRule, as_of: Day) -> bool:
    """Answer whether everything a rule looks at lies within the horizon."""
    runways = [leaf.runway_months for leaf in leaves_of(rule.plan) if isinstance(leaf, Test)]
    beyond = max((int(months) + 1 for months in runways if months is not None), default=0)
    return _last(rule, as_of) + beyond * MONTH_DAYS_MAX <= as_of + HORIZON_DAYS_MAX
