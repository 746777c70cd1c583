"""Laws of access: total, deny by default, and no deny rule ever opens a door."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lex7.directive.access import Request, decide
from lex7.directive.document import AccessRule, AccessShape, Action

KINDS = ("heart", "sleep", "cash", "payee")
NODES = ("vit", "wth", "mon", "vit@phone")

rules = st.builds(
    AccessRule,
    id=st.sampled_from("abcdef"),
    say=st.just("…"),
    shape=st.sampled_from(list(AccessShape)),
    actions=st.lists(st.sampled_from(list(Action)), min_size=1, unique=True).map(tuple),
    kinds=st.lists(st.sampled_from((*KINDS, "*")), min_size=1, unique=True).map(tuple),
    raw=st.sampled_from([True, False, None]),
    nodes=st.lists(st.sampled_from(NODES), max_size=3, unique=True).map(tuple),
    line=st.just(1),
)
requests = st.builds(
    Request,
    action=st.sampled_from(list(Action)),
    kind=st.sampled_from(("heart.rate", "sleep", "cash.x", "payee", "other", "backup")),
    raw=st.booleans(),
    holder=st.sampled_from(("vit", "vit@phone", "wth")),
    node=st.sampled_from((*NODES, "mon@laptop")),
)


def cedar_like(request: Request, given_rules: list[AccessRule]) -> bool:
    """The same meaning, as sets of permits and forbids: allowed if some permit and no forbid."""

    def names(rule: AccessRule) -> bool:
        return bool({request.node, request.node.split("@")[0]} & set(rule.nodes))

    if request.action == "read" and request.node == request.holder:
        return True
    is_sealed = (request.action, request.kind) == ("export", "backup")
    speaks = [
        rule
        for rule in given_rules
        if request.action in rule.actions
        and {"*", request.kind.split(".")[0]} & set(rule.kinds)
        and rule.raw in (None, request.raw)
    ]
    forbids = [
        rule
        for rule in speaks
        if (rule.shape == "deny" and not (request.action == "read" and names(rule)))
        or (rule.shape == "only" and not names(rule))
    ]
    permits = [
        rule
        for rule in speaks
        if rule.shape == "only" and names(rule) and (rule.raw or not request.raw)
    ]
    may = bool(permits) or (is_sealed and request.node == request.holder)
    return may and not forbids


@given(request=requests, given_rules=st.lists(rules, max_size=6))
def test_the_decision_equals_permits_without_forbids(
    request: Request, given_rules: list[AccessRule]
) -> None:
    assert decide(request, given_rules).allowed == cedar_like(request, given_rules)


@given(request=requests, given_rules=st.lists(rules, max_size=5), more=rules)
def test_a_further_deny_rule_opens_nothing(
    request: Request, given_rules: list[AccessRule], more: AccessRule
) -> None:
    after = decide(request, [*given_rules, more])
    before = decide(request, given_rules)
    assert more.shape is AccessShape.ONLY or before.allowed or not after.allowed


@given(request=requests, given_rules=st.lists(rules, max_size=5))
def test_the_deciding_rule_is_one_of_the_rules(
    request: Request, given_rules: list[AccessRule]
) -> None:
    decision = decide(request, given_rules)
    assert decision.rule_id in {"", *(rule.id for rule in given_rules)}
    assert decision.allowed <= bool(decision.rule_id or request.node == request.holder)


@given(request=requests, given_rules=st.lists(rules, max_size=5))
def test_the_order_of_rules_never_changes_the_outcome(
    request: Request, given_rules: list[AccessRule]
) -> None:
    backwards = decide(request, given_rules[::-1])
    assert decide(request, given_rules).allowed == backwards.allowed
