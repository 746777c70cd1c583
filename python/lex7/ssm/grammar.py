"""Grammars that generated text must follow, by llguidance (the `grammar` extra).

A grammar is a value; a `Matcher` follows one text through it and says which tokens may come next.
Matchers copy, so a fork of a session can go on in a fork of its grammar.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lex7.ssm.core_native import mask_words
from lex7.ssm.errors import GrammarError, MissingExtraError
from lex7.ssm.tokenizer import Tokenizer

if TYPE_CHECKING:
    import llguidance


class Kind(StrEnum):
    """The language a grammar is written in."""

    REGEX = "regex"
    LARK = "lark"
    JSON_SCHEMA = "json-schema"


@dataclass(frozen=True, slots=True)
class Grammar:
    """A grammar in one of three languages.

    Attributes:
        kind: the language.
        text: the regular expression, Lark grammar, or JSON schema.
    """

    kind: Kind
    text: str

    def start(self, tokenizer: Tokenizer) -> Matcher:
        """Return a matcher before the first token.

        Raises:
            GrammarError: the grammar cannot be read.
            MissingExtraError: llguidance is not installed.
        """
        library = _library()
        make = {
            Kind.REGEX: library.LLMatcher.grammar_from_regex,
            Kind.LARK: library.LLMatcher.grammar_from_lark,
            Kind.JSON_SCHEMA: library.LLMatcher.grammar_from_json_schema,
        }[self.kind]
        if self.kind is Kind.JSON_SCHEMA:
            _check_json(self.text)
        matcher = library.LLMatcher(_prepared(tokenizer), make(self.text), log_level=0)
        if matcher.is_error():
            reason = " ".join(matcher.get_error().split())[:200]
            raise GrammarError("grammar", f"a {self.kind} grammar", reason)
        return Matcher(matcher)


class Matcher:
    """One text on its way through a grammar."""

    def __init__(self, inner: llguidance.LLMatcher) -> None:
        self._inner = inner

    def mask(self) -> NDArray[np.uint32]:
        """Return which tokens may come next, one bit each, the lowest first."""
        return mask_words(self._inner.compute_bitmask())

    def take(self, token: int) -> None:
        """Go on by one token.

        Raises:
            GrammarError: the grammar does not allow it here.
        """
        if not self._inner.consume_token(token):
            raise GrammarError("token", "one that the grammar allows here", str(token))

    @property
    def is_complete(self) -> bool:
        """Whether the text so far is a whole one."""
        return bool(self._inner.is_accepting())

    @property
    def is_over(self) -> bool:
        """Whether nothing may follow."""
        return bool(self._inner.is_stopped())

    def fork(self) -> Matcher:
        """Return a matcher that goes on by itself from here."""
        return Matcher(self._inner.deep_copy())


class _Vocabulary:
    """A tokenizer as llguidance wants to see one."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        count = tokenizer.token_count
        ends = sorted(tokenizer.end_tokens)
        # A tokenizer without an end needs one here: an id past the last token is never allowed.
        extra = [] if ends else [b"<|end|>"]
        self.tokens = [_spelled(tokenizer, token) for token in range(count)] + extra
        self.eos_token_id = ends[0] if ends else count
        self.bos_token_id = None
        specials = set(tokenizer.special_tokens) | {self.eos_token_id}
        self.special_token_ids = sorted(specials)
        self._tokenizer = tokenizer

    def __call__(self, text: str | bytes) -> list[int]:
        given = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
        return self._tokenizer.encode(given)


def _spelled(tokenizer: Tokenizer, token: int) -> bytes:
    # llguidance asks for some spelling even of tokens that stand for no text.
    if token in tokenizer.special_tokens:
        return f"<|special {token}|>".encode()
    return tokenizer.token_bytes(token)


@lru_cache(maxsize=4)
def _prepared(tokenizer: Tokenizer) -> Any:  # noqa: ANN401 - llguidance's own
    """Made once for a tokenizer: 50,000 tokens take half a second."""
    library = _library()
    return library.LLTokenizer(library.TokenizerWrapper(_Vocabulary(tokenizer)))


def _library() -> Any:  # noqa: ANN401 - a module
    try:
        import llguidance
    except ImportError as error:
        raise MissingExtraError("A grammar", "llguidance", "grammar") from error
    return llguidance


def _check_json(text: str) -> None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise GrammarError("grammar", "a JSON schema", str(error)[:120]) from error
    if not isinstance(value, dict | bool):
        raise GrammarError("grammar", "a JSON schema", type(value).__name__)
