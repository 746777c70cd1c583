"""Without uncertainty a rule is plain logic over days.

Random formulas are drawn as nested tuples, spelled as text for LEX-7, and evaluated here by the
definition of the grammar over a list of daily values; the two must agree.
"""

from __future__ import annotations

import calendar
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from lex7.base.civil import Day, day_from_date
from lex7.base.ids import QuantityName
from lex7.directive.catalogue import Catalogue
from lex7.directive.compile import compile_text
from lex7.directive.margin import assess
from lex7.directive.plan import CompiledRule, Over, Plan, Severity
from lex7.directive.problem import RuleError
from lex7.directive.quantity import Aggregate, Linear, Moments, Move, QuantityInfo
from lex7.directive.size import day_reads, days_ahead

TODAY = date(2026, 1, 30)
PAST, AHEAD = 160, 160
SAYS_NOTHING = ("directive.no_quantity", "directive.impossible", "directive.too_wide")

signs = st.sampled_from(["<=", ">=", "<", ">"])
numbers = st.integers(0, 8).map(lambda count: count / 2)
windows = st.one_of(st.integers(1, 9), st.just("month"))
offsets = st.tuples(st.integers(-3, 6), st.integers(0, 6), st.sampled_from(["d", "mo"]))


def expressions() -> st.SearchStrategy[Any]:
    base = st.one_of(
        st.just(("now",)),
        st.tuples(st.sampled_from(["mean", "sum"]), windows),
        st.tuples(st.just("baseline"), st.integers(1, 30)),
    )
    return st.one_of(
        base,
        st.tuples(st.just("twice"), base),
        st.tuples(st.just("less"), base, base),
        st.tuples(st.just("abs"), st.tuples(st.just("less"), base, base)),
        st.tuples(st.sampled_from(["min", "max"]), windows),
    )


def formulas() -> st.SearchStrategy[Any]:
    compare = st.tuples(st.just("compare"), expressions(), signs, numbers)
    return st.recursive(
        compare,
        lambda inner: st.one_of(
            st.tuples(st.sampled_from(["and", "or"]), inner, inner),
            st.tuples(st.just("if"), compare, inner),
            st.tuples(st.sampled_from(["always", "eventually"]), offsets, inner),
        ),
        max_leaves=5,
    )


def spell(node: Any) -> str:
    """Write a formula or expression as a rule."""
    kind = node[0]
    if kind == "now":
        return "sleep"
    if kind in ("mean", "sum", "baseline", "min", "max"):
        return f"{kind}(sleep, {node[1] if node[1] == 'month' else f'{node[1]}d'})"
    if kind == "twice":
        return f"2 * {spell(node[1])}"
    if kind == "less":
        return f"{spell(node[1])} - {spell(node[2])}"
    if kind == "abs":
        return f"abs({spell(node[1])})"
    if kind == "compare":
        return f"{spell(node[1])} {node[2]} {node[3]} h"
    if kind in ("and", "or"):
        return f"(({spell(node[1])}) {kind} ({spell(node[2])}))"
    if kind == "if":
        return f"if {spell(node[1])} then ({spell(node[2])})"
    start, length, unit = node[1]
    return f"{kind}[{start}{unit},{start + length}{unit}] ({spell(node[2])})"


def month_days(day: date) -> list[date]:
    length = calendar.monthrange(day.year, day.month)[1]
    return [day.replace(day=one + 1) for one in range(length)]


def later(day: date, count: int, unit: str) -> date:
    if unit == "d":
        return day + timedelta(days=count)
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def span(day: date, window: Any) -> list[date]:
    if window == "month":
        return month_days(day)
    return [day - timedelta(days=back) for back in range(window)]


def value(node: Any, at: Callable[[date], Fraction], day: date) -> Fraction:
    """Evaluate an expression on a day, by definition."""
    kind = node[0]
    if kind == "now":
        return at(day)
    if kind == "twice":
        return 2 * value(node[1], at, day)
    if kind == "less":
        return value(node[1], at, day) - value(node[2], at, day)
    if kind == "abs":
        return abs(value(node[1], at, day))
    found = [at(one) for one in span(TODAY if kind == "baseline" else day, node[1])]
    if kind in ("mean", "baseline"):
        return sum(found, Fraction(0)) / len(found)
    return {"sum": sum, "min": min, "max": max}[kind](found)


def holds(node: Any, at: Callable[[date], Fraction], day: date) -> bool:
    """Evaluate a formula on a day, by definition."""
    kind = node[0]
    if kind == "compare":
        left, right = value(node[1], at, day), Fraction(node[3])
        return {
            "<=": left <= right,
            ">=": left >= right,
            "<": left < right,
            ">": left > right,
        }[node[2]]
    if kind == "and":
        return holds(node[1], at, day) and holds(node[2], at, day)
    if kind == "or":
        return holds(node[1], at, day) or holds(node[2], at, day)
    if kind == "if":
        return not holds(node[1], at, day) or holds(node[2], at, day)
    start, length, unit = node[1]
    first, last = later(day, start, unit), later(day, start + length, unit)
    days = [first + timedelta(days=one) for one in range((last - first).days + 1)]
    quantifier = all if kind == "always" else any
    return quantifier(holds(node[2], at, one) for one in days)


class Known:
    """A forecast without uncertainty, on halves and quarters that floats hold exactly."""

    def __init__(self, values: NDArray[np.float64]) -> None:
        self.as_of = day_from_date(TODAY)
        self.values = values
        self.first = self.as_of - PAST

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        name = QuantityName("sleep")
        return {name: QuantityInfo(name, "vit", "h", True, 60, 14, self.as_of, 3)}

    def at(self, day: date) -> Fraction:
        return Fraction(float(self.values[day_from_date(day) - self.first]))

    def moments(self, linear: Linear, days: NDArray[np.int64], moves: tuple[Move, ...]) -> Moments:
        mean = []
        for number in days:
            day = TODAY + timedelta(days=int(number) - self.as_of)
            total = linear.constant
            for weight, atom in linear.terms:
                window = None if atom.window is None else (atom.window.days or "month")
                kind = {Aggregate.VALUE: "now"}.get(atom.aggregate, atom.aggregate.value)
                total += weight * value((kind, window), self.at, day)
            mean.append(float(total))
        count = len(days)
        return Moments(days, np.array(mean), np.zeros((count, count)), np.zeros((count, 0)))

    def scenarios(self, linear: Linear, days: NDArray[np.int64], moves: tuple[Move, ...]) -> None:
        return None


def meaning(text: str) -> Plan:
    """Compile; drop the draws that say nothing (`sleep - sleep`) or look too far."""
    try:
        plan = compile_text(text, Catalogue("USD"))
    except RuleError as error:
        if error.code not in SAYS_NOTHING:
            raise
        plan = None
    assume(plan is not None and day_reads(plan) < 5_000 and days_ahead(plan) < 1_000)
    return plan


@given(
    formula=formulas(),
    seed=st.integers(0, 10**6),
    over=st.sampled_from(list(Over)),
)
@settings(max_examples=400, deadline=None)
def test_a_certain_forecast_makes_a_rule_plain_logic(formula: Any, seed: int, over: Over) -> None:
    values = np.random.default_rng(seed).integers(0, 17, PAST + 8 * AHEAD) / 4.0
    forecast = Known(values)
    text = spell(formula)
    plan = meaning(text)
    rule = CompiledRule("r", plan, Fraction(9, 10), over, Severity.HARD, 1, None)
    expected = "SATISFIED" if holds(formula, forecast.at, TODAY) else "VIOLATED"
    assert assess(rule, forecast).standing == expected, text


def test_the_month_of_a_row_is_the_whole_calendar_month() -> None:
    values = np.zeros(PAST + AHEAD)
    values[PAST + 1] = 5.0  # 31 January
    text = "always[0d,0d] sum(sleep, month) >= 5 h"
    rule = CompiledRule(
        "r",
        compile_text(text, Catalogue("USD")),
        Fraction(9, 10),
        Over.POINTWISE,
        Severity.HARD,
        1,
        None,
    )
    assert assess(rule, Known(values)).standing == "SATISFIED"
    assert Day(day_from_date(TODAY)) == day_from_date(date(2026, 1, 30))
