"""The access function against Cedar, a peer with a schema: equal decisions, equal reasons."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from lex7.directive.access import Request, decide
from lex7.directive.cedar import SCHEMA, policies, request_json
from lex7.directive.document import AccessRule, AccessShape, Action

cedarpy = pytest.importorskip("cedarpy", reason="cedarpy has no wheel for this platform")

KINDS = ("heart", "sleep", "cash", "payee", "backup")
NODES = ("vit", "wth", "mon", "vit@phone", "mon@laptop")
SEED = 20_261_122
CASES = 1_000


def random_rule(draw: random.Random, name: str) -> AccessRule:
    shape = draw.choice(list(AccessShape))
    nodes = draw.sample(NODES, draw.randint(0 if shape is AccessShape.DENY else 1, 3))
    return AccessRule(
        name,
        "say",
        shape,
        tuple(draw.sample(list(Action), draw.randint(1, 3))),
        tuple(draw.sample((*KINDS, "*"), draw.randint(1, 3))),
        draw.choice([True, False, None]),
        tuple(nodes),
        1,
    )


def random_request(draw: random.Random) -> Request:
    return Request(
        draw.choice(list(Action)),
        draw.choice(("heart.rate", "sleep", "cash.bank", "payee", "other", "backup")),
        raw=draw.random() < 0.5,
        holder=draw.choice(("vit@phone", "vit@laptop", "wth@laptop")),
        node=draw.choice(("vit@phone", "vit@laptop", "wth@laptop", "mon@laptop", "mon@phone")),
    )


def asked(request: Request, spelled: str) -> Any:
    question = request_json(request)
    entities = question.pop("entities")
    answer = cedarpy.is_authorized(question, spelled, entities, schema=SCHEMA)
    assert answer.diagnostics.errors == []
    return answer


def test_a_thousand_random_rule_sets_and_requests_are_decided_alike() -> None:
    draw = random.Random(SEED)
    wrong, allowed = [], 0
    for case in range(CASES):
        rules = tuple(random_rule(draw, f"r{at}") for at in range(draw.randint(0, 6)))
        request, spelled = random_request(draw), policies(rules)
        decision, answer = decide(request, rules), asked(request, spelled)
        names = re.findall(r'@id\("([^"]*)"\)', spelled)
        reasons = {names[int(one.removeprefix("policy"))] for one in answer.diagnostics.reasons}
        allowed += decision.allowed
        is_named = not decision.rule_id or decision.rule_id in reasons
        if decision.allowed != answer.allowed or not is_named:
            wrong.append((case, request, rules, decision, answer.decision, reasons))
    assert wrong == []
    assert 100 < allowed < CASES - 100


def test_the_policies_follow_the_schema() -> None:
    draw = random.Random(SEED)
    rules = tuple(random_rule(draw, f"r{at}") for at in range(40))
    assert cedarpy.validate_policies(policies(rules), SCHEMA).validation_passed
