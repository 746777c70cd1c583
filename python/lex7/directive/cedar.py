"""Access rules as Cedar policies, for tools that speak Cedar.

The policies say exactly what `lex7.directive.access.decide` says; the tests compare both on random
rules and requests. They are for use with the schema: without one, a Cedar `forbid` that reads a
missing attribute is skipped, which would open what it closes. LEX-7 itself never evaluates Cedar.

    principal  Node::"vit@phone" in NodeKind::"vit"
    action     Action::"read" | Action::"publish" | Action::"export"
    resource   Data with kind (first part of the name), raw, and holder (a Node)
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from lex7.directive.access import ANY_KIND, OWN_EXPORTS, Request
from lex7.directive.document import AccessRule, AccessShape

SCHEMA = """entity NodeKind;
entity Node in [NodeKind];
entity Data = { kind: String, raw: Bool, holder: Node };
action "read", "publish", "export" appliesTo { principal: [Node], resource: [Data] };
"""

_OWN_READ = """// A node reads what it holds itself.
@id("lex7-own")
permit (principal, action == Action::"read", resource)
when { principal == resource.holder };
"""

_CARRIED = f"""// A backup leaves sealed with its owner's key, a session where the owner carries it.
@id("lex7-carried")
permit (principal, action == Action::"export", resource)
when {{
  principal == resource.holder && {json.dumps(sorted(OWN_EXPORTS))}.contains(resource.kind)
}};
"""


def policies(rules: Iterable[AccessRule]) -> str:
    """Spell access rules as Cedar policies; everything they do not permit is denied."""
    spelled = [_OWN_READ, _CARRIED]
    for rule in rules:
        spelled += [_deny(rule)] if rule.shape is AccessShape.DENY else _only(rule)
    return "\n".join(spelled)


def request_json(request: Request) -> dict[str, object]:
    """Spell a request as Cedar's principal, action, resource and entities."""
    nodes = sorted({request.node, request.holder})
    entities: list[dict[str, object]] = [
        {
            "uid": {"type": "Node", "id": node},
            "attrs": {},
            "parents": [{"type": "NodeKind", "id": node.partition("@")[0]}],
        }
        for node in nodes
    ]
    attributes = {
        "kind": request.kind.partition(".")[0],
        "raw": request.raw,
        "holder": {"__entity": {"type": "Node", "id": request.holder}},
    }
    entities.append({"uid": {"type": "Data", "id": "asked"}, "attrs": attributes, "parents": []})
    return {
        "principal": f"Node::{_quoted(request.node)}",
        "action": f"Action::{_quoted(request.action.value)}",
        "resource": 'Data::"asked"',
        "context": {},
        "entities": entities,
    }


_OWN = '(action == Action::"read" && principal == resource.holder)'


def _deny(rule: AccessRule) -> str:
    return _policy("forbid", rule, _matches(rule), _excepted(rule))


def _only(rule: AccessRule) -> list[str]:
    named = _named(rule)
    may = f"{named} && {'true' if rule.raw else '!resource.raw'}"
    return [
        _policy("forbid", rule, _matches(rule), f"({named}) || {_OWN}"),
        _policy("permit", rule, f"{_matches(rule)} && ({may})", ""),
    ]


def _excepted(rule: AccessRule) -> str:
    """Reading by an excepted node, and reading what one holds, is not forbidden."""
    own = "principal == resource.holder"
    who = f"({own} || {_named(rule)})" if rule.nodes else own
    return f'action == Action::"read" && {who}'


def _named(rule: AccessRule) -> str:
    found = [
        f"principal == Node::{_quoted(node)}"
        if "@" in node
        else f"principal in NodeKind::{_quoted(node)}"
        for node in rule.nodes
    ]
    return f"({' || '.join(found)})" if found else "false"


def _matches(rule: AccessRule) -> str:
    parts = []
    if ANY_KIND not in rule.kinds:
        listed = ", ".join(_quoted(kind) for kind in rule.kinds)
        parts.append(f"[{listed}].contains(resource.kind)")
    if rule.raw is not None:
        parts.append("resource.raw" if rule.raw else "!resource.raw")
    return " && ".join(parts) or "true"


def _policy(effect: str, rule: AccessRule, when: str, unless: str) -> str:
    actions = ", ".join(f"Action::{_quoted(one.value)}" for one in dict.fromkeys(rule.actions))
    ending = f"\nunless {{ {unless} }}" if unless else ""
    say = " ".join(rule.say.split())
    return (
        f"// {say}\n@id({_quoted(rule.id)})\n"
        f"{effect} (principal, action in [{actions}], resource)\nwhen {{ {when} }}{ending};\n"
    )


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
