"""Who may read, publish or export what: one small total function that denies by default.

    1. A node reads what it holds itself: allowed.
    2. A `deny` rule matches: denied. `except_node` excepts reading by that node; publishing and
       exporting leave every node, so they are never excepted.
    3. An `only` rule matches and does not name the node: denied.
    4. An `only` rule matches, names the node, and covers the data: allowed. It covers raw data
       only where it says `raw = true`.
    5. A node exports a backup that is sealed with its owner's key, or a session of a model that
       the owner carries away: allowed.
    6. Otherwise: denied.

A rule matches when it names the action and the kind (or `*`), and its `raw`, if it has one,
equals the request's. `vit` names every device of that kind, `vit@phone` names one. Every answer
names the rule that decided; there is no request for which the function fails.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lex7.directive.document import AccessRule, AccessShape, Action

ANY_KIND = "*"
SEALED_KIND = "backup"
"""Whole logs, sealed so that only the owner opens them."""

SESSION_KIND = "session"
"""What a model keeps of the owner's words; no stream and no quantity."""

OWN_EXPORTS = {
    SEALED_KIND: "a backup is sealed with your key, and only you open it",
    SESSION_KIND: "a session of a model goes where you carry it",
}
"""What a node may export of its own unless a rule says otherwise, and why."""


@dataclass(frozen=True, slots=True)
class Request:
    """One wish to use data.

    Attributes:
        action: read, publish or export.
        kind: the name of the stream or quantity, or its first part.
        raw: whether the data are measurements as the device gave them.
        holder: the node that holds the data, as kind or kind@device.
        node: the node that would read, publish or export them.
    """

    action: Action
    kind: str
    raw: bool
    holder: str
    node: str


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer to a request.

    Attributes:
        allowed: whether it may go ahead.
        rule_id: the rule that decided, empty where no rule did.
        reason: one sentence.
    """

    allowed: bool
    rule_id: str
    reason: str


def decide(request: Request, rules: Iterable[AccessRule]) -> Decision:
    """Decide a request; total, deterministic, deny by default."""
    if request.action is Action.READ and request.node == request.holder:
        return Decision(
            allowed=True, rule_id="", reason=f"{request.node} reads what it holds itself"
        )
    matching = [rule for rule in rules if _matches(rule, request)]
    for rule in matching:
        if rule.shape is AccessShape.DENY and not _is_excepted(rule, request):
            return Decision(
                allowed=False,
                rule_id=rule.id,
                reason=f"your rule {rule.id!r} denies it: {rule.say}",
            )
    only = [rule for rule in matching if rule.shape is AccessShape.ONLY]
    for rule in only:
        if not _names(rule.nodes, request.node):
            others = " and ".join(rule.nodes)
            return Decision(
                allowed=False,
                rule_id=rule.id,
                reason=f"your rule {rule.id!r} leaves it to {others}",
            )
    for rule in only:
        if rule.raw is True or not request.raw:
            return Decision(
                allowed=True, rule_id=rule.id, reason=f"your rule {rule.id!r} permits it"
            )
    is_own = request.node == request.holder
    if request.kind in OWN_EXPORTS and request.action is Action.EXPORT and is_own:
        return Decision(allowed=True, rule_id="", reason=OWN_EXPORTS[request.kind])
    wish = f"{request.node} {request.action.value}s {'raw ' if request.raw else ''}{request.kind}"
    return Decision(allowed=False, rule_id="", reason=f"no rule of yours permits that {wish}")


def _matches(rule: AccessRule, request: Request) -> bool:
    kind = request.kind.partition(".")[0]
    return (
        request.action in rule.actions
        and (ANY_KIND in rule.kinds or kind in rule.kinds)
        and (rule.raw is None or rule.raw == request.raw)
    )


def _is_excepted(rule: AccessRule, request: Request) -> bool:
    return request.action is Action.READ and _names(rule.nodes, request.node)


def _names(nodes: tuple[str, ...], node: str) -> bool:
    return node in nodes or node.partition("@")[0] in nodes
