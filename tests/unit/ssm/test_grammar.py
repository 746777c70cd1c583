"""Text under a grammar, by llguidance."""

from __future__ import annotations

import json
import re

import pytest

from lex7.ssm import Grammar, Kind, Model, Reason, Sampler
from lex7.ssm.errors import GrammarError, ModelArgumentError
from lex7.ssm.tokenizer import ByteTokenizer

pytest.importorskip("llguidance", reason="the grammar extra is not installed")

SCHEMA = {
    "type": "object",
    "properties": {
        "amount": {"type": "integer", "minimum": 1, "maximum": 9_999},
        "what": {"enum": ["couch", "bike"]},
    },
    "required": ["amount", "what"],
    "additionalProperties": False,
}


def text_of(model: Model, grammar: Grammar, seed: int) -> tuple[bytes, Reason | None]:
    session = model.session()
    session.feed(b"buy: ")
    generation = session.generate(200, sampler=Sampler(temperature=1.2, seed=seed), grammar=grammar)
    list(generation)
    return generation.text, generation.reason


@pytest.mark.parametrize("seed", range(6))
def test_text_matches_the_regular_expression(seed: int, tiny: Model) -> None:
    text, reason = text_of(tiny, Grammar(Kind.REGEX, r"[0-9]{4}-(0[1-9]|1[0-2])"), seed)
    assert re.fullmatch(rb"[0-9]{4}-(0[1-9]|1[0-2])", text)
    assert reason is Reason.GRAMMAR


@pytest.mark.parametrize("seed", range(4))
def test_text_is_json_of_the_schema(seed: int, tiny: Model) -> None:
    schema = SCHEMA | {"x-guidance": {"whitespace_flexible": False}}
    text, reason = text_of(tiny, Grammar(Kind.JSON_SCHEMA, json.dumps(schema)), seed)
    value = json.loads(text)
    assert value["what"] in ("couch", "bike")
    assert 1 <= value["amount"] <= 9_999
    assert reason is Reason.GRAMMAR


def test_text_follows_a_lark_grammar(tiny: Model) -> None:
    text, _ = text_of(tiny, Grammar(Kind.LARK, 'start: "yes" | "no"'), 3)
    assert text in (b"yes", b"no")


def test_a_matcher_forks() -> None:
    matcher = Grammar(Kind.REGEX, "ab|ac").start(ByteTokenizer())
    matcher.take(ord("a"))
    fork = matcher.fork()
    matcher.take(ord("b"))
    fork.take(ord("c"))
    assert matcher.is_complete
    assert fork.is_complete
    with pytest.raises(GrammarError):
        Grammar(Kind.REGEX, "ab").start(ByteTokenizer()).take(ord("z"))


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (Kind.REGEX, "[a"),
        (Kind.LARK, "start: missing"),
        (Kind.JSON_SCHEMA, "{"),
        (Kind.JSON_SCHEMA, "3"),
        (Kind.JSON_SCHEMA, '{"type": "nothing"}'),
    ],
)
def test_a_grammar_that_cannot_be_read_is_refused(kind: Kind, text: str, tiny: Model) -> None:
    session = tiny.session()
    session.feed(b"a")
    with pytest.raises(GrammarError) as caught:
        session.generate(3, grammar=Grammar(kind, text))
    assert "\n" not in str(caught.value)


def test_a_grammar_error_is_an_argument_error() -> None:
    assert issubclass(GrammarError, ModelArgumentError)
