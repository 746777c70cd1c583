"""The owner's list of rules and its payload."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lex7.bark import canon
from lex7.base.errors import Lex7Error
from lex7.nodes.wealth.category import CategoryRule, CategoryRuleError, Flow, Looks
from lex7.nodes.wealth.rulebook import (
    add_rule,
    decode_rules,
    effective_rules,
    encode_rules,
    next_number,
    remove_rule,
)
from lex7.nodes.wealth.starter import STARTER_RULES

rules = st.builds(
    CategoryRule,
    st.from_regex(r"own-[0-9]{1,3}", fullmatch=True),
    st.from_regex(r"[a-z][a-z0-9-]{0,10}", fullmatch=True),
    st.sampled_from([Looks.WORDS, Looks.TEXT, Looks.GLOB, Looks.KIND]),
    st.lists(st.from_regex(r"[a-zé]{1,9}", fullmatch=True), min_size=1, max_size=4).map(tuple),
    st.sampled_from(list(Flow)),
    st.sampled_from(["", "checking-1"]),
)


@given(st.lists(rules, max_size=6).map(tuple))
def test_decoding_undoes_encoding(own: tuple[CategoryRule, ...]) -> None:
    assert decode_rules(encode_rules(own)) == own


@pytest.mark.parametrize(
    "value",
    [
        (),
        {1: 2, 2: ()},
        {1: 1, 2: ({1: "a"},)},
        {1: 1, 2: ({1: "a", 2: "b", 3: 9, 4: ("x",), 5: 0, 6: ""},)},
        {1: 1, 2: ({1: "a", 2: "b", 3: "1", 4: ("x",), 5: 0, 6: ""},)},
        {1: 1, 2: ({1: "a", 2: "b", 3: 1, 4: (1,), 5: 0, 6: ""},)},
        {1: 1, 2: ({1: "a", 2: "B C", 3: 1, 4: ("x",), 5: 0, 6: ""},)},
    ],
)
def test_other_payloads_are_refused(value: object) -> None:
    with pytest.raises(CategoryRuleError):
        decode_rules(canon.encode(value))


def test_bytes_that_are_not_canonical_are_refused() -> None:
    with pytest.raises(Lex7Error):
        decode_rules(b"\xff\x00")


def test_the_newest_rule_stands_first_and_ids_are_unique() -> None:
    first = CategoryRule("own-1", "x", Looks.TEXT, ("a",))
    second = CategoryRule("own-7", "y", Looks.TEXT, ("a",))
    own = add_rule(add_rule((), first), second)
    assert own == (second, first)
    assert next_number(own) == 8
    assert effective_rules(own) == (second, first, *STARTER_RULES)
    with pytest.raises(CategoryRuleError):
        add_rule(own, first)
    assert remove_rule(own, "own-1") == (second,)
    with pytest.raises(CategoryRuleError):
        remove_rule(own, "own-2")
