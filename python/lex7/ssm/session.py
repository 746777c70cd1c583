"""A session: a model and what it remembers, as a value that can be kept, forked and rolled back.

A session is a function of (weights, snapshot, tokens fed since). How the tokens were split into
calls, how many threads ran, which neighbours stood in the batch: none of it changes a bit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lex7.base.limits import CHECKPOINT_RING_MAX
from lex7.ssm import core_native
from lex7.ssm.core_native import token_list
from lex7.ssm.errors import ModelArgumentError
from lex7.ssm.generation import Generation, Wish
from lex7.ssm.grammar import Grammar
from lex7.ssm.sampler import GREEDY, Sampler
from lex7.ssm.snapshot import Snapshot

if TYPE_CHECKING:
    from lex7.ssm.spec import Spec
    from lex7.ssm.tokenizer import Tokenizer

Row = NDArray[np.float32]
MARKS_KEPT = 4
"""Marks that a session keeps unless it is told otherwise; each holds a state once it is written."""


class Engine(Protocol):
    """What runs beneath a session: the compiled runtime, or PyTorch."""

    @property
    def position(self) -> int:
        """Tokens seen."""
        ...

    def feed(self, tokens: Sequence[int], /) -> Row:
        """Return the logits of the last token."""
        ...

    def feed_all(self, tokens: Sequence[int], /) -> Row:
        """Return the logits of every token."""
        ...

    def feed_hidden(self, tokens: Sequence[int], /) -> Row:
        """Return the hidden state of every token."""
        ...

    def feed_head(self, tokens: Sequence[int], /) -> Row:
        """Return what the error-state head says of every token."""
        ...

    def fork(self) -> Any:  # noqa: ANN401 - an engine of the same kind
        """Return a copy that goes on by itself."""
        ...

    def mark(self) -> Any:  # noqa: ANN401 - each engine's own
        """Return a place to go back to."""
        ...

    def rollback(self, mark: Any, /) -> None:  # noqa: ANN401
        """Go back."""
        ...

    def snapshot(self) -> bytes:
        """Return the state as bytes."""
        ...

    def hash(self) -> bytes:
        """Return the SHA-256 of the state."""
        ...


class Backend(Protocol):
    """A model that sessions share: the compiled runtime's, or PyTorch's."""

    @property
    def spec(self) -> Spec:
        """The shape."""
        ...

    @property
    def hash(self) -> bytes:
        """What names the weights."""
        ...

    @property
    def tokenizer(self) -> Tokenizer | None:
        """How text becomes tokens."""
        ...

    def resume(self, snapshot: Snapshot, /) -> Session:
        """Return a session that goes on from a snapshot."""
        ...


@dataclass(frozen=True, slots=True)
class Mark:
    """A place to go back to.

    Attributes:
        position: tokens seen there.
        inner: the engine's own mark.
        logits: of the token before it.
    """

    position: int
    inner: object
    logits: Row | None


class Session:
    """A running model."""

    def __init__(self, model: Backend, engine: Engine, *, logits: Row | None = None) -> None:
        self.model = model
        self._engine = engine
        self._logits = logits
        self._marks: deque[Mark] = deque(maxlen=MARKS_KEPT)

    @property
    def position(self) -> int:
        """Tokens seen."""
        return self._engine.position

    @property
    def logits(self) -> Row | None:
        """Logits of the last token; none before the first, and after `hidden` or `error_state`."""
        return self._logits

    @property
    def marks(self) -> tuple[Mark, ...]:
        """The marks that are kept, oldest first."""
        return tuple(self._marks)

    def feed(self, tokens: Iterable[int] | ArrayLike) -> Row:
        """Feed tokens and return the logits of the last one, (vocabulary,).

        Raises:
            ModelArgumentError: no token, or not integers.
            TokenError: a token outside of the vocabulary; nothing was fed.
        """
        self._logits = self._engine.feed(token_list(tokens))
        return self._logits

    def feed_all(self, tokens: Iterable[int] | ArrayLike) -> Row:
        """Feed tokens and return the logits of each, (tokens, vocabulary).

        Raises:
            ModelError: as `feed`.
        """
        rows = self._engine.feed_all(token_list(tokens))
        self._logits = rows[-1].copy()
        return rows

    def hidden(self, tokens: Iterable[int] | ArrayLike) -> Row:
        """Feed tokens and return the hidden state of each, (tokens, D): an embedding.

        Raises:
            ModelError: as `feed`.
        """
        rows = self._engine.feed_hidden(token_list(tokens))
        self._logits = None
        return rows

    def error_state(self, tokens: Iterable[int] | ArrayLike) -> Row:
        """Feed tokens and return what the error-state head says of each, (tokens, outputs).

        Raises:
            ModelError: as `feed`, or the model has no such head.
        """
        rows = self._engine.feed_head(token_list(tokens))
        self._logits = None
        return rows

    def fork(self) -> Session:
        """Return a session that goes on by itself from here; nothing is copied until one writes."""
        return Session(self.model, self._engine.fork(), logits=self._logits)

    def mark(self) -> Mark:
        """Return a place to go back to; the session keeps the last few."""
        mark = Mark(self.position, self._engine.mark(), self._logits)
        self._marks.append(mark)
        return mark

    def keep_marks(self, count: int) -> None:
        """Set how many marks the session keeps.

        Raises:
            ModelArgumentError: none, or too many.
        """
        if not 1 <= count <= CHECKPOINT_RING_MAX:
            raise ModelArgumentError("count", f"from 1 to {CHECKPOINT_RING_MAX}", str(count))
        self._marks = deque(self._marks, maxlen=count)

    def rollback(self, mark: Mark | None = None) -> None:
        """Go back to a mark; without one, to the newest that is kept.

        Raises:
            ModelArgumentError: the mark is of another model, or none is kept.
        """
        if mark is None and not self._marks:
            raise ModelArgumentError("mark", "one, because the session keeps none", "none")
        chosen = self._marks[-1] if mark is None else mark
        self._engine.rollback(chosen.inner)
        self._logits = chosen.logits
        newer = [kept for kept in self._marks if kept.position <= chosen.position]
        self._marks = deque(newer, maxlen=self._marks.maxlen)

    def snapshot(self) -> Snapshot:
        """Return the session as a value."""
        logits = b"" if self._logits is None else self._logits.astype("<f4").tobytes()
        return Snapshot(self._engine.snapshot(), logits)

    def hash(self) -> bytes:
        """Return the SHA-256 that names the state: weights, tokens seen, recurrent numbers."""
        return self._engine.hash()

    def generate(
        self,
        max_tokens: int,
        *,
        sampler: Sampler = GREEDY,
        grammar: Grammar | None = None,
        stop: Sequence[str | bytes] = (),
    ) -> Generation:
        """Return a stream of tokens, each chosen and fed when it is asked for.

        Raises:
            ModelError: a setting is out of range, or the grammar cannot be read.
        """
        return Generation(self, Wish(max_tokens, sampler, grammar, stop))

    @property
    def engine(self) -> Engine:
        """What runs beneath."""
        return self._engine

    def adopt(self, logits: Row) -> None:
        """Take the logits of a token that was fed in a batch."""
        self._logits = logits


def step_many(sessions: Sequence[Session], tokens: Sequence[int]) -> Row:
    """Feed one token to each of several sessions in one batch; return (sessions, vocabulary).

    The bits are those of feeding each session alone.

    Raises:
        ModelError: as `Session.feed`; sessions of different models; counts that differ.
    """
    engines = []
    for session in sessions:
        if not isinstance(session.engine, core_native.CoreSession):
            got = type(session.engine).__name__
            raise ModelArgumentError("sessions", "sessions of the compiled runtime", got)
        engines.append(session.engine)
    rows = core_native.step_many(engines, token_list(tokens))
    for session, row in zip(sessions, rows, strict=True):
        session.adopt(row.copy())
    return rows
