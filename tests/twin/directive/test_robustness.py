"""Without uncertainty a rule means what rtamt, a peer for signal temporal logic, says it means.

`vectors/robustness.json` holds 1,000 random rules and signals with the robustness that rtamt found
(`scripts/robustness_vectors.py`). All numbers are multiples of a half or a quarter, so both sides
are exact.
"""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lex7.base.civil import Day
from lex7.base.ids import QuantityName
from lex7.base.shapes import DayGrid
from lex7.directive.catalogue import Catalogue
from lex7.directive.compile import compile_text
from lex7.directive.margin import assess
from lex7.directive.plan import CompiledRule, Over, Severity
from lex7.directive.problem import RuleError
from lex7.directive.quantity import Linear, Moments, Move, QuantityInfo
from lex7.directive.robustness import robustness

VECTORS = json.loads(
    (Path(__file__).resolve().parents[3] / "vectors" / "robustness.json").read_text()
)
TODAY = Day(20_000)


class Signal:
    """Daily values without uncertainty."""

    def __init__(self, quarters: list[int]) -> None:
        self.as_of = TODAY
        self._values = [Fraction(count, 4) for count in quarters]

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        name = QuantityName("sleep")
        return {name: QuantityInfo(name, "vit", "h", False, 60, 14, TODAY, 3)}

    def value(self, linear: Linear, day: Day) -> Fraction:
        weight = sum((one for one, _ in linear.terms), Fraction(0))
        return weight * self._values[day - TODAY + VECTORS["past"]] + linear.constant

    def moments(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        mean = np.array([float(self.value(linear, Day(int(day)))) for day in days])
        count = len(days)
        return Moments(days, mean, np.zeros((count, count)), np.zeros((count, len(moves))))

    def scenarios(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> None:
        return None


def differences(case: dict[str, Any]) -> list[str]:
    """Compare one case; an empty list is agreement."""
    expected = Fraction(case["expect"])
    try:
        plan = compile_text(case["rule"], Catalogue("USD"))
    except RuleError as error:
        # A size below zero: refused when it is written, never true for the peer either.
        is_impossible = error.code == "directive.impossible"
        return [] if is_impossible else [f"{case['rule']}: {error.sentence}"]
    signal = Signal(case["quarters"])
    found = robustness(plan, TODAY, signal.value)
    if found != expected:
        return [f"{case['rule']}: {found} against {expected}"]
    if expected == 0:
        return []
    rule = CompiledRule("r", plan, Fraction(9, 10), Over.JOINTLY, Severity.HARD, 1, None)
    wanted = "SATISFIED" if expected > 0 else "VIOLATED"
    standing = assess(rule, signal).standing
    return [] if standing == wanted else [f"{case['rule']}: {standing} against {expected}"]


@pytest.mark.parametrize("start", range(0, 1000, 250))
def test_robustness_and_standing_equal_those_of_rtamt(start: int) -> None:
    cases = VECTORS["cases"][start : start + 250]
    assert len(cases) == 250
    assert [line for case in cases for line in differences(case)] == []
