"""Generation: tokens chosen one after the other, as a stream that can be cancelled.

Every token that is given has been fed: after the loop, or after leaving it early, the session
stands behind the last token given and can go on, be marked, or be snapshotted. The token that ends
a text is neither given nor fed. Feeding releases the interpreter, so other threads run meanwhile.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from lex7.ssm.errors import GrammarError, ModelArgumentError
from lex7.ssm.grammar import Grammar, Matcher
from lex7.ssm.sampler import GREEDY, Sampler
from lex7.ssm.stop import StopScanner

if TYPE_CHECKING:
    from lex7.ssm.session import Session


class Reason(StrEnum):
    """Why a generation ended."""

    LENGTH = "length"
    STOP = "stop"
    END = "end"
    GRAMMAR = "grammar"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be generated.

    Attributes:
        max_tokens: at most so many.
        sampler: how each is chosen.
        grammar: what the text must follow; none allows all.
        stop: sequences that end the text and are no part of it.
    """

    max_tokens: int
    sampler: Sampler = GREEDY
    grammar: Grammar | None = None
    stop: Sequence[str | bytes] = ()


class Generation(Iterator[int]):
    """Tokens as they are chosen; `text` holds what they spell, `reason` why they ended."""

    def __init__(self, session: Session, wish: Wish) -> None:
        """Begin; nothing is chosen before the first `next`.

        Raises:
            ModelArgumentError: the session has seen nothing, or a number is out of range.
            GrammarError: the grammar cannot be read.
        """
        if wish.max_tokens < 0:
            raise ModelArgumentError("max_tokens", "0 or more", str(wish.max_tokens))
        tokenizer = session.model.tokenizer
        if tokenizer is None and (wish.stop or wish.grammar):
            what = "stop" if wish.stop else "grammar"
            raise ModelArgumentError(what, "none for a model without a tokenizer", "one")
        self._session = session
        self._tokenizer = tokenizer
        self._sampler = wish.sampler
        self._left = wish.max_tokens
        self._stops = StopScanner(wish.stop)
        self._matcher: Matcher | None = None
        if wish.grammar is not None and tokenizer is not None:
            self._matcher = wish.grammar.start(tokenizer)
        self._is_cancelled = False
        self.reason: Reason | None = None
        self.text = b""
        self.tokens: list[int] = []

    def __iter__(self) -> Generation:
        return self

    def __next__(self) -> int:
        """Choose, feed and give the next token."""
        if self.reason is None:
            self.reason = self._end_before()
        if self.reason is not None:
            raise StopIteration
        token = self._choose()
        if self._tokenizer is not None and token in self._tokenizer.end_tokens:
            self._finish(Reason.END)
            raise StopIteration
        self._session.feed((token,))
        self._left -= 1
        self.tokens.append(token)
        self._take(token)
        return token

    def cancel(self) -> None:
        """End before the next token; may be called from another thread."""
        self._is_cancelled = True

    def pieces(self) -> Iterator[str]:
        """Give the text as it comes, in whole letters, without the stop sequence.

        Raises:
            ModelArgumentError: the model has no tokenizer.
        """
        if self._tokenizer is None:
            raise ModelArgumentError("model", "one with a tokenizer", "one without")
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        shown = len(self.text)
        for _ in self:
            piece = decoder.decode(self.text[shown:])
            shown = len(self.text)
            if piece:
                yield piece
        last = decoder.decode(self.text[shown:], final=True)
        if last:
            yield last

    def _end_before(self) -> Reason | None:
        if self._is_cancelled:
            return self._finish(Reason.CANCELLED)
        if self._stops.is_found:
            return self._finish(Reason.STOP)
        if self._matcher is not None and self._matcher.is_over:
            return self._finish(Reason.GRAMMAR)
        return self._finish(Reason.LENGTH) if self._left == 0 else None

    def _finish(self, reason: Reason) -> Reason:
        self.text += self._stops.finish()
        self.reason = reason
        return reason

    def _choose(self) -> int:
        logits = self._session.logits
        if logits is None:
            raise ModelArgumentError("session", "one that was fed a prompt", "one without logits")
        mask = None if self._matcher is None else self._matcher.mask()
        position = self._session.position
        token, _ = self._sampler.choose(logits, position=position, mask=mask)
        return token

    def _take(self, token: int) -> None:
        if self._matcher is not None:
            try:
                self._matcher.take(token)
            except GrammarError:
                self._finish(Reason.GRAMMAR)
                raise
        if self._tokenizer is not None:
            self.text += self._stops.push(self._tokenizer.token_bytes(token))
