"""How much of a calendar a rule looks at, so that no rule takes forever to judge."""

from __future__ import annotations

from lex7.base.limits import HORIZON_DAYS_MAX, RULE_READS_MAX
from lex7.directive.plan import Ahead, AllOf, AnyOf, Band, Plan, Span, Test
from lex7.directive.problem import RuleError
from lex7.directive.window import DAYS_PER_MONTH_MAX, roughly_days


def check_size(plan: Plan) -> None:
    """Refuse a plan that looks too far ahead or at too many days.

    Raises:
        RuleError: nested windows reach beyond any forecast, or multiply to too many days.
    """
    ahead = days_ahead(plan)
    if ahead > HORIZON_DAYS_MAX:
        sentence = f"windows together reach {ahead} days ahead; at most {HORIZON_DAYS_MAX} are"
        raise RuleError("directive.too_wide", 0, f"{sentence} forecast")
    reads = day_reads(plan)
    if reads > RULE_READS_MAX:
        sentence = f"windows inside windows make {reads} days to look at; at most {RULE_READS_MAX}"
        raise RuleError("directive.too_wide", 0, f"{sentence} are allowed")


def days_ahead(plan: Plan) -> int:
    """Return how many days ahead a plan looks, months counted as 31 days."""
    match plan:
        case Test() | Band():
            return 0
        case AllOf(parts) | AnyOf(parts):
            return max(days_ahead(part) for part in parts)
        case Span(_, Ahead(_, end), body):
            return max(int(roughly_days(end)), 0) + days_ahead(body)
        case Span(body=body):
            return days_ahead(body)


def day_reads(plan: Plan) -> int:
    """Return how many days a plan looks at, nested windows multiplied."""
    match plan:
        case Test() | Band():
            return 1
        case AllOf(parts) | AnyOf(parts):
            return sum(day_reads(part) for part in parts)
        case Span(_, Ahead(start, end), body):
            return (int(roughly_days(end) - roughly_days(start)) + 1) * day_reads(body)
        case Span(_, reach, body):
            assert not isinstance(reach, Ahead), "matched above"
            return (reach.days or DAYS_PER_MONTH_MAX) * day_reads(body)
