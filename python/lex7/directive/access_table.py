"""One access rule: a `[[directive]]` table with `deny` or `only`."""

from __future__ import annotations

from lex7.directive.catalogue import KINDS, NODES, nearest
from lex7.directive.document import AccessRule, AccessShape, Action
from lex7.directive.example import Example
from lex7.directive.table import Table

ACCESS_KEYS = ("id", "say", "deny", "only", "severity", "priority", "example")
_PRIORITY_MAX = 99


def read_access(
    row: Table, name: str, shape: str, examples: tuple[Example, ...] = ()
) -> AccessRule:
    """Read an access rule whose id is known.

    Raises:
        FieldError: a key is missing, or a node, kind or action is misspelt: a rule that matches
            nothing protects nothing.
    """
    if row.has("severity") and row.choice("severity", ["hard"]) and row.has("priority"):
        row.count("priority", 0, _PRIORITY_MAX)
    inner = row.table(shape)
    node_key = "except_node" if shape == AccessShape.DENY else "node"
    inner.refuse_unknown(("action", "kind", "raw", node_key))
    nodes = inner.words(node_key) if inner.has(node_key) or node_key == "node" else ()
    for node in nodes:
        if node.partition("@")[0] not in NODES:
            sentence = f"unknown node {node!r}; {nearest(node, NODES)}"
            inner.fail("directive.node", node_key, sentence, node)
    kinds = inner.words("kind")
    for kind in kinds:
        if kind != "*" and kind not in KINDS:
            sentence = f"unknown kind {kind!r}; {nearest(kind, KINDS)}"
            inner.fail("directive.kind", "kind", sentence, kind)
    known = tuple(action.value for action in Action)
    actions = inner.words("action")
    for action in actions:
        if action not in known:
            sentence = f"unknown action {action!r}; {nearest(action, known)}"
            inner.fail("directive.action", "action", sentence, action)
    return AccessRule(
        name,
        row.text("say"),
        AccessShape(shape),
        tuple(Action(action) for action in actions),
        kinds,
        inner.flag("raw"),
        nodes,
        row.line,
        examples,
    )
