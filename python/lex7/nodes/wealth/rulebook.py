"""The owner's list of category rules: editing it, and the payload in which it is logged.

Payload, canonical CBOR (`lex7.bark.canon`), version 1, never to change:

    {1: 1, 2: ({1: id, 2: category, 3: looks, 4: (pattern, ...), 5: flow, 6: account}, ...)}

`looks` and `flow` are the numbers below. The list in the newest entry is the whole list; starter
rules are not in it, they stand behind it in every version of the program.
"""

from __future__ import annotations

from collections.abc import Iterable

from lex7.bark import canon
from lex7.base.limits import CATEGORY_RULES_MAX
from lex7.nodes.wealth.category import (
    CategoryRule,
    CategoryRuleError,
    Flow,
    Looks,
    check_rule,
)
from lex7.nodes.wealth.starter import STARTER_RULES

VERSION = 1
LOOKS_NUMBERS = {Looks.WORDS: 1, Looks.TEXT: 2, Looks.GLOB: 3, Looks.KIND: 4, Looks.MCC: 5}
FLOW_NUMBERS = {Flow.ANY: 0, Flow.OUT: 1, Flow.IN: 2}

_LOOKS = {number: looks for looks, number in LOOKS_NUMBERS.items()}
_FLOWS = {number: flow for flow, number in FLOW_NUMBERS.items()}
_KEYS = {1, 2, 3, 4, 5, 6}


def effective_rules(own: Iterable[CategoryRule]) -> tuple[CategoryRule, ...]:
    """Return the rules in force: the owner's own, then the starter rules."""
    return (*own, *STARTER_RULES)


def add_rule(own: tuple[CategoryRule, ...], rule: CategoryRule) -> tuple[CategoryRule, ...]:
    """Return the list with a rule in front, where it decides before the others.

    Raises:
        CategoryRuleError: the rule means nothing, its id is taken, or the list is full.
    """
    check_rule(rule)
    if rule.id in {known.id for known in effective_rules(own)}:
        raise CategoryRuleError(rule.id, "a rule of that id is on the list")
    if len(own) >= CATEGORY_RULES_MAX:
        raise CategoryRuleError(rule.id, f"the list holds {CATEGORY_RULES_MAX} rules, its limit")
    return (rule, *own)


def remove_rule(own: tuple[CategoryRule, ...], rule_id: str) -> tuple[CategoryRule, ...]:
    """Return the list without a rule.

    Raises:
        CategoryRuleError: no rule of the owner has that id.
    """
    kept = tuple(rule for rule in own if rule.id != rule_id)
    if len(kept) == len(own):
        raise CategoryRuleError(rule_id, "the owner's list holds no rule of that id")
    return kept


def next_number(own: tuple[CategoryRule, ...]) -> int:
    """Return the first number that no id `own-N` has used, counting up from the highest."""
    numbers = (rule.id.removeprefix("own-") for rule in own)
    return 1 + max((int(number) for number in numbers if number.isdecimal()), default=0)


def encode_rules(own: Iterable[CategoryRule]) -> bytes:
    """Return the payload of a list of rules."""
    rows = tuple(
        {
            1: rule.id,
            2: rule.category,
            3: LOOKS_NUMBERS[rule.looks],
            4: rule.patterns,
            5: FLOW_NUMBERS[rule.flow],
            6: rule.account,
        }
        for rule in own
    )
    return canon.encode({1: VERSION, 2: rows})


def decode_rules(payload: bytes) -> tuple[CategoryRule, ...]:
    """Return the list of rules of a payload.

    Raises:
        NotCanonicalError: the bytes are not canonical.
        CategoryRuleError: they hold something else, or a rule that means nothing.
    """
    value = canon.decode(payload)
    if not isinstance(value, dict) or set(value) != {1, 2} or value[1] != VERSION:
        raise CategoryRuleError("payload", f"expected a list of rules of version {VERSION}")
    rows = value[2]
    if not isinstance(rows, tuple) or len(rows) > CATEGORY_RULES_MAX:
        raise CategoryRuleError("payload", f"expected at most {CATEGORY_RULES_MAX} rules")
    return tuple(_rule(row) for row in rows)


def _rule(row: canon.Value) -> CategoryRule:
    if not isinstance(row, dict) or set(row) != _KEYS:
        raise CategoryRuleError("payload", "a rule has other fields than version 1")
    looks, flow, patterns = row[3], row[5], row[4]
    texts = [text for text in (row[1], row[2], row[6]) if isinstance(text, str)]
    is_known = type(looks) is int and type(flow) is int
    if not is_known or len(texts) != 3 or not isinstance(patterns, tuple):
        raise CategoryRuleError("payload", "a field of a rule has another type than version 1")
    if looks not in _LOOKS or flow not in _FLOWS:
        raise CategoryRuleError(texts[0], "it looks at something that version 1 does not know")
    written = tuple(pattern for pattern in patterns if isinstance(pattern, str))
    if len(written) != len(patterns):
        raise CategoryRuleError(texts[0], "a pattern is not text")
    return check_rule(
        CategoryRule(texts[0], texts[1], _LOOKS[looks], written, _FLOWS[flow], texts[2])
    )
