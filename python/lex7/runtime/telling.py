"""What a node answers when it is asked about its margins: four questions, each past the gate.

A search for a schedule of wishes runs here, because it needs what margins do not tell: whole
paths. What leaves is a schedule and how much may be spent by each day, as bounds would tell it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lex7.bark.canon import Value
from lex7.bark.fields import Fields, PayloadError
from lex7.base.civil import Day
from lex7.base.ids import NodeName
from lex7.correct.search import Known, find
from lex7.directive.document import Action
from lex7.directive.heard import Opened, Tells, TestQuestion
from lex7.directive.plan import Band
from lex7.directive.quantity import Forecast
from lex7.directive.telling import Teller, Told, check_test
from lex7.nodes.margins import (
    QUERIES_MAX,
    digest_of,
    read_demand,
    read_query,
    read_test,
    spell_bounds,
    spell_gradient,
    spell_room,
    spell_test,
)
from lex7.nodes.search import read_search, spell_found
from lex7.runtime.border import Method
from lex7.runtime.enforced import Enforced
from lex7.runtime.gate import Gate
from lex7.runtime.talk import BOUNDS, OPEN, ROOM, SEARCH, UnopenedTestError

OPENED_MAX = 512
"""Tests that a node remembers as opened; the oldest is forgotten and told again if needed."""


class Margins:
    """Tells other nodes of one node's margins."""

    def __init__(
        self,
        gate: Gate,
        rules_on: Callable[[Day], Enforced],
        forecast: Callable[[Day], Forecast],
    ) -> None:
        self._gate = gate
        self._rules_on = rules_on
        self._forecast = forecast
        self._opened: dict[tuple[Day, bytes], tuple[TestQuestion, Opened]] = {}

    def methods(self) -> Mapping[str, Method]:
        """List the questions by name."""
        return {OPEN: self._open, BOUNDS: self._bounds, ROOM: self._room, SEARCH: self._search}

    def here(self, as_of: Day) -> Tells:
        """Return the node's own tests, asked in place; what was opened is not opened again."""
        return _Here(self, as_of)

    def opened(self, as_of: Day, spelled: tuple[Value, ...], asked: TestQuestion) -> Opened:
        """Open a test, or find it opened."""
        key = (as_of, digest_of(spelled))
        if key not in self._opened:
            while len(self._opened) >= OPENED_MAX:
                self._opened.pop(next(iter(self._opened)))
            self._opened[key] = (asked, Teller(self._forecast(as_of)).open(asked))
        return self._opened[key][1]

    def _open(self, asker: NodeName, question: Fields) -> Value:
        as_of = self._pass(asker, question)
        asked = read_test(Fields(OPEN, question.items(2)))
        check_test(asked.leaf, self._rules_on(as_of).directives)
        opened = self.opened(as_of, question.items(2), asked)
        days = opened.days.astype("<i8").tobytes()
        return (days, spell_gradient(opened.gradient), opened.is_sampled)

    def _bounds(self, asker: NodeName, question: Fields) -> Value:
        as_of = self._pass(asker, question)
        rows = question.rows(2, 2)
        if len(rows) > QUERIES_MAX:
            raise PayloadError(BOUNDS, f"{len(rows)} questions at once, at most {QUERIES_MAX}")
        return tuple(self._bound(as_of, row) for row in rows)

    def _bound(self, as_of: Day, row: Fields) -> Value:
        asked, opened = self._known(as_of, row.data(1))
        query = read_query(Fields(BOUNDS, row.items(2)))
        if any(not 0 <= move < len(asked.moves) for move, _ in query.shift):
            raise PayloadError(BOUNDS, "a move that was not named when the test was opened")
        return spell_bounds(opened.voice.bounds(query))

    def _room(self, asker: NodeName, question: Fields) -> Value:
        as_of = self._pass(asker, question)
        asked, opened = self._known(as_of, question.data(2))
        demand, shift = read_demand(Fields(ROOM, question.items(3)), asked.leaf)
        if any(not 0 <= move < len(asked.moves) for move, _ in shift or ()):
            raise PayloadError(ROOM, "a move that was not named when the test was opened")
        return spell_room(opened.voice.room(demand, shift))

    def _search(self, asker: NodeName, question: Fields) -> Value:
        as_of = self._pass(asker, question)
        search = read_search(Fields(SEARCH, question.items(3)))
        digests = question.items(2)
        if len(digests) != len(search.watches) or not all(type(one) is bytes for one in digests):
            raise PayloadError(SEARCH, "it names not one test for each rule")
        known = []
        for digest, watch in zip(digests, search.watches, strict=True):
            assert isinstance(digest, bytes), "checked above"
            asked, opened = self._known(as_of, digest)
            voice = opened.voice
            assert isinstance(voice, Told), "a node tells of its own tests"
            if isinstance(asked.leaf, Band) or max(watch.ends) > len(opened.days):
                raise PayloadError(SEARCH, "a window that the test does not have")
            known.append(Known(voice.known, voice.confidence))
        return spell_found(find(search, tuple(known)))

    def _pass(self, asker: NodeName, question: Fields) -> Day:
        self._gate.pass_or_refuse(asker, Action.READ, "margin", is_raw=False)
        return Day(question.integer(1))

    def _known(self, as_of: Day, digest: bytes) -> tuple[TestQuestion, Opened]:
        found = self._opened.get((as_of, digest))
        if found is None:
            raise UnopenedTestError
        return found


class _Here:
    """A node's own tests at one day of evaluation."""

    def __init__(self, margins: Margins, as_of: Day) -> None:
        self._margins = margins
        self._as_of = as_of

    def open(self, question: TestQuestion) -> Opened:
        """Tell of a test."""
        return self._margins.opened(self._as_of, spell_test(question), question)
