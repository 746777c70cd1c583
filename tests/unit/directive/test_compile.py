"""Rules that mean something, and what they mean; rules that do not, and what is said."""

from __future__ import annotations

from fractions import Fraction

import pytest

from lex7.directive.catalogue import Catalogue
from lex7.directive.compile import compile_text
from lex7.directive.plan import AllOf, AnyOf, Band, Quantifier, Span, Test, leaves
from lex7.directive.problem import RuleError, place_of
from lex7.directive.quantity import Aggregate, Atom, Linear, Window

# rule, code, line, column, a word the sentence must hold
BAD = [
    ("slep >= 6 h", "directive.unknown_quantity", 1, 1, "'sleep'"),
    ("cash.x >= 1 USD and slep > 1 h", "directive.unknown_quantity", 1, 21, "'sleep'"),
    ("sleep >= 6", "directive.unit", 1, 7, "unit"),
    ("sleep >= 6 USD", "directive.unit", 1, 7, "USD"),
    ("cash >= 6 EUR", "directive.unit", 1, 6, "EUR"),
    ("sleep >= 6 hh", "directive.unknown_unit", 1, 12, "'h'"),
    ("sleep / 2 >= 6 h", "directive.division", 1, 7, "divide"),
    ("weight * 2 >= 3 kg", "directive.product", 1, 8, "first"),
    ("2 h * sleep >= 3 h", "directive.product", 1, 1, "plain number"),
    ("sleep = 7 h", "directive.comparison", 1, 7, "<="),
    ("sleep ≥ 7 h", "directive.comparison", 1, 7, ">="),
    ("sleep >= 7 h >= 3 h", "directive.syntax", 1, 14, "once"),
    ("sleep >= 1,000 h", "directive.syntax", 1, 11, "thousands"),
    ("sleep >=\n  7 h and", "directive.syntax", 2, 10, "end of the rule"),
    ("", "directive.syntax", 1, 1, "quantity"),
    ("sleep", "directive.syntax", 1, 6, "comparison"),
    ("(sleep >= 7 h", "directive.syntax", 1, 14, "')'"),
    ("sleep >= 7 h)", "directive.syntax", 1, 13, "parenthesis"),
    ("not sleep >= 7 h", "directive.syntax", 1, 1, "around"),
    ("sleep >= 7 h; cash", "directive.character", 1, 13, "';'"),
    ("always sleep >= 7 h", "directive.syntax", 1, 8, "always[0d,28d]"),
    ("always[0d 28d] sleep >= 7 h", "directive.syntax", 1, 11, "','"),
    ("always[9d,2d] sleep >= 7 h", "directive.window", 1, 11, "before"),
    ("always[0d,9999d] sleep >= 7 h", "directive.window", 1, 11, "1830"),
    ("always[0d,0.5d] sleep >= 7 h", "directive.window", 1, 11, "whole"),
    ("always[0,7d] sleep >= 7 h", "directive.syntax", 1, 9, "unit"),
    ("mean(sleep, 7) >= 7 h", "directive.syntax", 1, 14, "unit"),
    ("mean(sleep) >= 7 h", "directive.syntax", 1, 11, "window"),
    ("mean(sleep, 0d) >= 7 h", "directive.window", 1, 13, "between 1"),
    ("mean(sleep, 6mo) >= 7 h", "directive.syntax", 1, 14, "month"),
    ("mean(mean(sleep, 7d), 7d) >= 7 h", "directive.window", 1, 1, "gathered"),
    ("mean(abs(sleep), 7d) >= 7 h", "directive.nested", 1, 1, "abs"),
    ("mean(7 h, 7d) >= sleep", "directive.no_quantity", 1, 1, "quantity"),
    ("baseline(sleep, month) >= 7 h", "directive.window", 1, 1, "days"),
    ("sum(cash, 7d) >= 7 USD", "directive.sum", 1, 1, "level"),
    ("sum(spend - 5 USD, month) >= 7 USD", "directive.sum", 1, 1, "length"),
    ("mean(runway, 7d) >= 6 mo", "directive.runway", 1, 1, "runway"),
    ("runway >= 0 mo", "directive.runway", 1, 8, "positive"),
    ("5 h < 6 h", "directive.no_quantity", 1, 5, "quantity"),
    ("sleep - sleep > 1 h", "directive.no_quantity", 1, 15, "quantity"),
    ("abs(sleep - sleep) <= 3 h", "directive.no_quantity", 1, 20, "cancel"),
    ("abs(sleep) <= -3 h", "directive.impossible", 1, 12, "never"),
    ("min(sleep, 7d) + sleep >= 9 h", "directive.nested", 1, 24, "number"),
    ("always[0d,7d] sleep > 1 h or always[0d,1d] sleep > 6 h", "directive.ambiguous", 1, 30, "own"),
    ("(" * 200 + "sleep > 1 h" + ")" * 200, "directive.too_deep", 1, 65, "64"),
    ("- " * 200 + "sleep > 1 h", "directive.too_deep", 1, 127, "64"),
    ("sleep > 1 h or " * 400, "directive.too_long", 1, 1, "4000"),
    ("always[0d,1800d] within[0d,90d] sleep > 1 h", "directive.too_wide", 1, 1, "1890"),
    ("always[0d,900d] min(sleep, 90d) > 1 h", "directive.too_wide", 1, 1, "81090"),
    ("sleep > 1234567890123456789 h", "directive.number", 1, 9, "18"),
]


@pytest.mark.parametrize(("text", "code", "line", "column", "word"), BAD, ids=str)
def test_a_bad_rule_gets_one_sentence_with_its_place(
    catalogue: Catalogue, text: str, code: str, line: int, column: int, word: str
) -> None:
    with pytest.raises(RuleError) as caught:
        compile_text(text, catalogue)
    assert (caught.value.code, *place_of(text, caught.value.offset)) == (code, line, column)
    assert word in caught.value.sentence
    assert "\n" not in caught.value.sentence


def only_test(text: str, catalogue: Catalogue) -> Test:
    (leaf,) = leaves(compile_text(text, catalogue))
    assert isinstance(leaf, Test)
    return leaf


def test_a_window_mean_becomes_one_linear_row(catalogue: Catalogue) -> None:
    leaf = only_test("always[0d,28d] mean(sleep, 7d) >= 7 h", catalogue)
    mean = Atom("sleep", Aggregate.MEAN, Window(7))
    assert leaf.linear == Linear(((Fraction(1), mean),), Fraction(-7))
    assert (leaf.unit, leaf.node, leaf.direction) == ("h", "vit", 1)


def test_units_are_converted_exactly(catalogue: Catalogue) -> None:
    minutes = only_test("sleep >= 410 min", catalogue)
    hours = only_test("60 * sleep >= 410 h", catalogue)
    pounds = only_test("weight <= 1 lb", catalogue)
    assert minutes.linear.constant == Fraction(-41, 6)
    assert hours.linear.terms[0][0] == 60
    assert pounds.linear.constant == Fraction(45_359_237, 100_000_000)


def test_percentages_multiply(catalogue: Catalogue) -> None:
    leaf = only_test("spend <= 110 % * mean(spend, 90d)", catalogue)
    assert [weight for weight, _ in leaf.linear.terms] == [-1, Fraction(11, 10)]


def test_runway_becomes_cash_against_months_of_burn(catalogue: Catalogue) -> None:
    leaf = only_test("always[0mo,12mo] runway >= 6 mo", catalogue)
    assert [(weight, atom.quantity) for weight, atom in leaf.linear.terms] == [
        (1, "cash"),
        (-6, "burn"),
    ]
    assert leaf.runway_months == 6
    assert only_test("12 mo >= 2 * runway", catalogue).runway_months == 6
    assert only_test("12 mo >= 2 * runway", catalogue).direction == -1


def test_an_absolute_value_below_a_number_is_a_band(catalogue: Catalogue) -> None:
    text = "always[0d,14d] 2 * abs(resting_heart - baseline(resting_heart, 60d)) <= 10 bpm"
    (leaf,) = leaves(compile_text(text, catalogue))
    assert isinstance(leaf, Band)
    assert leaf.half_width == 5


def test_an_absolute_value_above_a_number_is_a_choice(catalogue: Catalogue) -> None:
    plan = compile_text("abs(sleep - 7 h) > 1 h", catalogue)
    assert isinstance(plan, AnyOf)
    assert [leaf.linear.constant for leaf in leaves(plan)] == [-8, 6]


@pytest.mark.parametrize(
    ("text", "quantifier"),
    [
        ("min(sleep, 7d) >= 6 h", Quantifier.EVERY),
        ("max(sleep, 7d) >= 6 h", Quantifier.SOME),
        ("min(sleep, 7d) <= 6 h", Quantifier.SOME),
        ("max(sleep, 7d) <= 6 h", Quantifier.EVERY),
        ("-1 * max(sleep, 7d) >= -6 h", Quantifier.EVERY),
    ],
)
def test_least_and_largest_become_every_or_some_day(
    catalogue: Catalogue, text: str, quantifier: Quantifier
) -> None:
    plan = compile_text(text, catalogue)
    assert isinstance(plan, Span)
    assert (plan.quantifier, plan.reach) == (quantifier, Window(7))


def test_and_binds_tighter_than_or(catalogue: Catalogue) -> None:
    plan = compile_text("sleep > 1 h or sleep > 2 h and sleep > 3 h", catalogue)
    assert isinstance(plan, AnyOf)
    assert isinstance(plan.parts[1], AllOf)


def test_if_then_is_a_choice_with_the_condition_turned(catalogue: Catalogue) -> None:
    plan = compile_text(
        "always[0d,28d] if sleep < 5 h then within[1d,2d] steps <= 8000 steps", catalogue
    )
    assert isinstance(plan, Span)
    assert isinstance(plan.body, AnyOf)
    condition = plan.body.parts[0]
    assert isinstance(condition, Test)
    assert (condition.linear.constant, condition.is_strict) == (-5, False)


def test_a_window_reaches_as_far_right_as_it_can(catalogue: Catalogue) -> None:
    plan = compile_text("always[0d,7d] sleep > 6 h and steps > 1 steps", catalogue)
    apart = compile_text("(always[0d,7d] sleep > 6 h) and steps > 1 steps", catalogue)
    assert isinstance(plan, Span)
    assert isinstance(apart, AllOf)


def test_minutes_after_a_number_are_not_a_function(catalogue: Catalogue) -> None:
    assert only_test(["sleep >= 30 min", "sleep >= 30 min"][0], catalogue)
    assert compile_text("min(sleep, 7d) >= 30 min", catalogue)


def test_known_names_narrow_the_open_ones() -> None:
    narrow = Catalogue("USD", accounts=("checking-4711",), categories=("groceries",))
    assert only_test("cash.checking-4711 >= 5 USD", narrow)
    with pytest.raises(RuleError) as caught:
        compile_text("spend.grocery <= 5 USD", narrow)
    assert "spend.groceries" in caught.value.sentence
