"""Access decisions, as text above and decisions below."""

from __future__ import annotations

import pytest

from lex7.directive.access import Request, decide
from lex7.directive.document import Action
from lex7.directive.read import read

RULES = """format = "lex7-directives/1"
currency = "USD"
time_zone = "Europe/Berlin"

[[directive]]
id = "raw-heart"
say = "Raw heart data never leaves node vit."
deny = { action = ["read", "publish", "export"], kind = "heart", raw = true, except_node = "vit" }

[[directive]]
id = "balances"
say = "Only wth publishes balances."
only = { node = "wth", action = "publish", kind = "balance" }

[[directive]]
id = "figures"
say = "The council reads daily figures."
only = { node = ["mon", "vit@phone"], action = "read", kind = ["sleep", "heart"] }

[[directive]]
id = "export-steps"
say = "I take my steps with me."
only = { node = "vit", action = "export", kind = "steps", raw = true }
"""

# action, kind, raw, holder, node, allowed, rule
CASES = [
    ("read", "heart.rate", True, "vit", "vit", True, ""),
    ("read", "heart.rate", True, "vit", "mon", False, "raw-heart"),
    ("publish", "heart.rate", True, "vit", "vit", False, "raw-heart"),
    ("export", "heart.rate", True, "vit", "vit", False, "raw-heart"),
    ("read", "heart.resting", False, "vit", "mon", True, "figures"),
    ("read", "heart.resting", False, "vit", "mon@laptop", True, "figures"),
    ("read", "heart.resting", False, "vit", "wth", False, "figures"),
    ("read", "heart.resting", False, "vit@laptop", "vit@phone", True, "figures"),
    ("read", "heart.rate", True, "vit@laptop", "vit@phone", False, ""),
    ("read", "heart.resting", False, "vit@phone", "vit@laptop", False, "figures"),
    ("read", "sleep", True, "vit", "mon", False, ""),
    ("publish", "balance", False, "wth", "wth", True, "balances"),
    ("publish", "balance", False, "wth", "mon", False, "balances"),
    ("read", "balance", False, "wth", "mon", False, ""),
    ("export", "steps", True, "vit", "vit", True, "export-steps"),
    ("export", "steps", False, "vit", "vit", False, ""),
    ("read", "unheard-of", False, "wth", "mon", False, ""),
]


@pytest.mark.parametrize(("action", "kind", "raw", "holder", "node", "allowed", "rule"), CASES)
def test_every_request_has_one_decision_and_its_rule(
    action: str, kind: str, raw: bool, holder: str, node: str, allowed: bool, rule: str
) -> None:
    file, findings = read(RULES)
    assert findings == ()
    decision = decide(Request(Action(action), kind, raw, holder, node), file.access)
    assert (decision.allowed, decision.rule_id) == (allowed, rule)
    assert decision.reason


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize("raw", [True, False])
def test_without_rules_nothing_leaves_a_node(action: Action, raw: bool) -> None:
    assert not decide(Request(action, "cash", raw, "wth", "mon"), ()).allowed
