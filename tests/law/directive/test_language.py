"""Whatever is written, the answer is a rule or one sentence with a place in the text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lex7.directive import DirectivesFileError, read
from lex7.directive.catalogue import Catalogue
from lex7.directive.compile import compile_text
from lex7.directive.format import FormatError, formatted, say_the_same
from lex7.directive.problem import RuleError
from lex7.directive.rule_text import respell
from lex7.directive.sign import canonical_form
from lex7.directive.starter import starter_text

WORDS = (
    "always eventually within if then and or not abs mean sum min max baseline month sleep cash "
    "cash.checking-1 spend.food runway weight 7 0.5 6 12 7d 6mo h USD kg mo d % [ ] ( ) , + - * / "
    "< > <= >= = ≥ [0d,7d] [0mo,12mo] >= 7 h"
).split()

HEAD = 'format = "lex7-directives/1"\ncurrency = "USD"\ntime_zone = "Europe/Berlin"\n'


@given(words=st.lists(st.sampled_from(WORDS), max_size=30), gap=st.sampled_from(["", " ", "\n"]))
@settings(max_examples=1500, deadline=None)
def test_a_soup_of_words_is_a_rule_or_has_a_place(words: list[str], gap: str) -> None:
    text = gap.join(words)
    try:
        compile_text(text, Catalogue("USD"))
    except RuleError as error:
        outcome = (error.code.startswith("directive."), 0 <= error.offset <= len(text))
        if outcome != (True, True) or not error.sentence:
            pytest.fail(f"{text!r}: {error.code} at {error.offset}")


@given(text=st.text(max_size=200))
@settings(max_examples=500, deadline=None)
def test_any_text_as_a_rule_is_refused_in_words(text: str) -> None:
    try:
        compile_text(text, Catalogue("USD"))
    except RuleError as error:
        if not 0 <= error.offset <= len(text):
            pytest.fail(f"{text!r} at {error.offset}")


@given(tail=st.text(max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_as_a_file_is_read_or_refused(tail: str) -> None:
    for text in (tail, HEAD + tail, f"{HEAD}[[directive]]\n{tail}", f"{HEAD}[[lever]]\n{tail}"):
        try:
            _, findings = read(text)
            form = canonical_form(text)
        except DirectivesFileError as error:
            if not error.sentence:
                pytest.fail(repr(text))
        else:
            assert form.startswith(b"{")
            assert all(finding.sentence and finding.where for finding in findings)


@pytest.mark.parametrize(
    "text",
    [
        "always[0d,1d] " * 200 + "sleep > 1 h",
        "if sleep > 1 h then " * 150 + "sleep > 1 h",
        "abs(" * 600 + "sleep" + ")" * 600 + " > 1 h",
        "mean(" * 500 + "sleep",
        "2 * " * 900 + "sleep > 1 h",
    ],
    ids=["always", "if", "abs", "mean", "times"],
)
def test_a_deep_rule_is_refused(text: str) -> None:
    with pytest.raises(RuleError) as caught:
        compile_text(text, Catalogue("USD"))
    assert caught.value.code == "directive.too_deep"


@pytest.mark.parametrize(
    "text",
    ["sleep + " * 400 + "sleep > 1 h", " and ".join(["sleep > 1 h"] * 250)],
    ids=["plus", "and"],
)
def test_a_long_rule_is_read(text: str) -> None:
    assert compile_text(text, Catalogue("USD"))


EDITS = st.tuples(
    st.integers(0, 2_000), st.integers(0, 12), st.text(alphabet='ab1."[]{}=#\n@,-', max_size=6)
)


@given(edits=st.lists(EDITS, min_size=1, max_size=3))
@settings(max_examples=300, deadline=None)
def test_a_damaged_file_is_read_or_refused_with_places(edits: list[tuple[int, int, str]]) -> None:
    text = starter_text("USD", "Europe/Berlin")
    for at, length, new in edits:
        text = text[:at] + new + text[at + length :]
    lines = text.count("\n") + 1
    try:
        _, findings = read(text)
    except DirectivesFileError:
        return
    for finding in findings:
        place = re.fullmatch(r"directives\.toml, line (\d+), column (\d+)", finding.where)
        assert place is not None, finding
        assert 1 <= int(place[1]) <= lines
        assert finding.sentence


@given(edits=st.lists(EDITS, min_size=1, max_size=3))
@settings(max_examples=200, deadline=None)
def test_formatting_a_damaged_file_changes_nothing_it_says(
    edits: list[tuple[int, int, str]],
) -> None:
    text = starter_text("USD", "Europe/Berlin")
    for at, length, new in edits:
        text = text[:at] + new + text[at + length :]
    try:
        found = formatted(text)
    except (DirectivesFileError, FormatError):
        return
    assert formatted(found) == found
    assert say_the_same(found, text)


@given(words=st.lists(st.sampled_from(WORDS), max_size=12))
@settings(max_examples=500, deadline=None)
def test_a_rule_spelled_canonically_compiles_to_the_same(words: list[str]) -> None:
    text = "always[0d,7d] sleep >= 7 h and " + " ".join(words)
    try:
        plan = compile_text(text, Catalogue("USD"))
    except RuleError:
        return
    assert compile_text(respell(text), Catalogue("USD")) == plan
    assert respell(respell(text)) == respell(text)
