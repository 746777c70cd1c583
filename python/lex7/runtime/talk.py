"""A node's margins, asked for through messages.

Opened tests are named by their digest. A node that has forgotten one (it was started anew) is told
it again. Where several tests are weighed at one point, the first question about a new point asks
for all that were asked at the point before: one message instead of many.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from lex7.bark.canon import Value
from lex7.bark.fields import Fields, PayloadError
from lex7.base.civil import Day
from lex7.base.errors import StateError
from lex7.correct.search import Found, Search
from lex7.directive.branch import Demand
from lex7.directive.chance import Chance
from lex7.directive.heard import Mode, Opened, Query, Reals, TestQuestion, Voice
from lex7.directive.quantity import Move
from lex7.nodes.answer import read_days
from lex7.nodes.margins import (
    QUERIES_MAX,
    digest_of,
    read_bounds,
    read_gradient,
    read_room,
    spell_demand,
    spell_query,
    spell_test,
)
from lex7.nodes.search import read_found, spell_search
from lex7.runtime.border import RefusedError

OPEN = "margins.open"
BOUNDS = "margins.bounds"
ROOM = "margins.room"
SEARCH = "margins.search"

Ask = Callable[[str, tuple[Value, ...]], Value]
Shift = tuple[tuple[int, Fraction], ...]
Shape = tuple[bytes, Mode, tuple[Day, ...], float | None]


class UnopenedTestError(StateError):
    """A bound was asked of a test that was not opened, or long ago."""

    code = "state.unopened_test"

    def __init__(self) -> None:
        super().__init__("expected a question about an opened test, got one about another")


class Talk:
    """Asks one node about its tests."""

    def __init__(self, ask: Ask, as_of: Day, *, ahead: bool) -> None:
        """Start to talk.

        Args:
            ask: sends a question to the node and returns its answer.
            as_of: the day of evaluation.
            ahead: whether to ask for what will probably be asked next as well.
        """
        self._ask = ask
        self._as_of = int(as_of)
        self._ahead = ahead
        self._opened: dict[bytes, tuple[tuple[Value, ...], Opened]] = {}
        self._known: dict[tuple[Shape, Shift], tuple[Chance | None, ...]] = {}
        self._asked: dict[Shape, int] = {}
        self._point: tuple[int, Shift] = (0, ())
        self._moves: dict[bytes, tuple[Move, ...]] = {}

    def open(self, question: TestQuestion) -> Opened:
        """Tell of a test."""
        spelled = spell_test(question)
        digest = digest_of(spelled)
        if digest not in self._opened:
            answer = Fields(OPEN, _items(self._ask(OPEN, (self._as_of, spelled))))
            days = read_days(answer, 1)
            if len(days) > 1 and not bool((np.diff(days) > 0).all()):
                raise PayloadError(OPEN, "the days are not ascending")
            gradient = read_gradient(answer.data(2), (len(days), len(question.moves)))
            opened = Opened(days, gradient, answer.flag(3), _Heard(self, digest))
            self._opened[digest] = (spelled, opened)
            self._moves[digest] = question.moves
        return self._opened[digest][1]

    def bounds(self, digest: bytes, query: Query) -> tuple[Chance | None, ...]:
        """Answer one question, and perhaps those that will follow it."""
        shape = (digest, query.mode, query.days, query.asked)
        if self._ahead and query.shift:
            self._note(shape, query.shift)
        if (shape, query.shift) not in self._known:
            shapes = [shape]
            if self._ahead and query.shift:
                shapes += [one for one in self._asked if self._follows(one, digest, query.shift)]
                shapes = [shape, *(one for one in shapes[1:] if one != shape)][:QUERIES_MAX]
            told = self._send(shapes, query.shift)
            self._known |= {(one, query.shift): told[at] for at, one in enumerate(shapes)}
        return self._known[shape, query.shift]

    def room(self, digest: bytes, demand: Demand, shift: Shift | None) -> Reals:
        """Return the margin left on each row of a demand."""
        question = (self._as_of, digest, spell_demand(demand, shift))
        return read_room(self._patiently(ROOM, question, (digest,)))

    def find(self, digests: tuple[bytes, ...], search: Search) -> Found:
        """Have the node search a schedule of wishes with its own tests."""
        question = (self._as_of, digests, spell_search(search))
        return read_found(Fields(SEARCH, _items(self._patiently(SEARCH, question, digests))))

    def _note(self, shape: Shape, shift: Shift) -> None:
        """Remember at which point a question was asked last."""
        number, point = self._point
        if shift != point:
            number += 1
            self._point = (number, shift)
        self._asked[shape] = number

    def _follows(self, shape: Shape, digest: bytes, shift: Shift) -> bool:
        """Answer whether a question will probably be asked at the same point, and is not known.

        What was asked at the point before will be asked again.
        """
        same = self._moves[shape[0]] == self._moves[digest]
        recent = self._asked[shape] >= self._point[0] - 1
        return recent and same and (shape, shift) not in self._known

    def _send(self, shapes: list[Shape], shift: Shift) -> list[tuple[Chance | None, ...]]:
        queries = tuple(
            (digest, spell_query(Query(mode, days, asked, shift)))
            for digest, mode, days, asked in shapes
        )
        digests = tuple(dict.fromkeys(digest for digest, *_ in shapes))
        answer = _items(self._patiently(BOUNDS, (self._as_of, queries), digests))
        if len(answer) != len(shapes):
            raise PayloadError(BOUNDS, f"{len(shapes)} answers expected, got {len(answer)}")
        return [read_bounds(one) for one in answer]

    def _patiently(
        self, method: str, question: tuple[Value, ...], digests: tuple[bytes, ...]
    ) -> Value:
        try:
            return self._ask(method, question)
        except RefusedError as refusal:
            if refusal.refusal_code != UnopenedTestError.code:
                raise
        for digest in digests:
            self._ask(OPEN, (self._as_of, self._opened[digest][0]))
        return self._ask(method, question)


class _Heard:
    """One opened test at another node."""

    def __init__(self, talk: Talk, digest: bytes) -> None:
        self.talk = talk
        self.digest = digest

    def bounds(self, query: Query) -> tuple[Chance | None, ...]:
        return self.talk.bounds(self.digest, query)

    def room(self, demand: Demand, shift: Shift | None) -> Reals:
        return self.talk.room(self.digest, demand, shift)

    def find(self, search: Search, others: tuple[Voice, ...]) -> Found | None:
        known = [one for one in others if isinstance(one, _Heard) and one.talk is self.talk]
        if len(known) < len(others):
            return None
        return self.talk.find(tuple(one.digest for one in known), search)


def _items(answer: Value) -> tuple[Value, ...]:
    if not isinstance(answer, tuple):
        raise PayloadError("margins", "the answer is not a list")
    return answer
