"""The examples of a file tried: what the owner expects beside what the rules say.

A trial compares names of standings, never sentences. Values without a spread are certain, so a
rule then holds or fails whatever confidence it asks for; with a spread the confidence decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from lex7.base.errors import Lex7Error
from lex7.directive.access import Request, decide
from lex7.directive.assessment import Assessment
from lex7.directive.catalogue import BURN, CASH, RUNWAY
from lex7.directive.describe import number
from lex7.directive.document import AccessRule, Action, Directive, DirectiveFile
from lex7.directive.example import ALLOWED, DENIED, Example
from lex7.directive.given import GivenForecast
from lex7.directive.margin import assess
from lex7.directive.plan import leaves, quantities
from lex7.directive.reason import amount
from lex7.directive.robustness import robustness


@dataclass(frozen=True, slots=True)
class Trial:
    """One example and what came of it.

    Attributes:
        id: the rule's id.
        example: the example.
        got: what the rule says; empty where the example could not be judged.
        sentence: why, in one sentence.
    """

    id: str
    example: Example
    got: str
    sentence: str

    @property
    def is_passed(self) -> bool:
        """Answer whether the rule says what the owner expects."""
        return self.got == self.example.expect


def try_examples(file: DirectiveFile) -> tuple[Trial, ...]:
    """Try every example of a file, rules in order of the file."""
    found = []
    for directive in file.directives:
        found += [_judged(directive, example) for example in directive.examples]
    for rule in file.access:
        found += [_decided(rule, example, file.access) for example in rule.examples]
    return tuple(sorted(found, key=lambda trial: trial.example.line))


def _judged(directive: Directive, example: Example) -> Trial:
    given: set[str] = {one.quantity for one in example.given}
    if RUNWAY in given:
        given |= {CASH, BURN}
    missing = [name for name in quantities(directive.rule.plan) if name not in given]
    if missing:
        sentence = f"the example says nothing of {missing[0]}, which the rule asks about"
        return Trial(directive.id, example, "", sentence)
    forecast = GivenForecast(example)
    try:
        found = assess(directive.rule, forecast)
    except Lex7Error as error:
        return Trial(directive.id, example, "", str(error))
    return Trial(directive.id, example, found.standing.value, _reason(directive, found, forecast))


def _reason(directive: Directive, found: Assessment, forecast: GivenForecast) -> str:
    """Say by how much a certain rule holds or fails; otherwise what the assessment says."""
    tests = tuple(leaves(directive.rule.plan))
    is_certain = all((rows.sd == 0.0).all() for rows in found.rows)
    is_runway = any(getattr(leaf, "runway_months", None) is not None for leaf in tests)
    if found.p_low is None or not is_certain or is_runway or len({one.unit for one in tests}) > 1:
        return found.reason
    size = robustness(directive.rule.plan, forecast.as_of, forecast.value)
    if size is None:
        return found.reason
    if size == 0:
        return "the rule is met exactly"
    words = "holds with" if size > 0 else "fails by"
    ending = " to spare" if size > 0 else ""
    exact, unit = number(abs(size)), tests[0].unit
    spelled = f"{exact} {unit}" if "/" not in exact else f"about {amount(float(abs(size)), unit)}"
    return f"the rule {words} {spelled}{ending}"


def _decided(rule: AccessRule, example: Example, rules: tuple[AccessRule, ...]) -> Trial:
    wish = example.wish
    assert wish is not None, "an example of an access rule states a wish"
    request = Request(Action(wish.action), wish.kind, wish.raw, wish.holder, wish.node)
    decision = decide(request, rules)
    return Trial(rule.id, example, ALLOWED if decision.allowed else DENIED, decision.reason)
