"""A forecast of another node, asked for through the border.

It has the same face as the node's own, so rules are judged alike wherever they are judged.
Answers are kept for as long as the object lives: the same question is not asked twice.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.fields import Fields, PayloadError
from lex7.base.civil import Day
from lex7.base.ids import NodeName, QuantityName
from lex7.base.shapes import DayGrid
from lex7.directive.catalogue import node_of
from lex7.directive.quantity import Linear, Moments, Move, QuantityInfo, Scenarios
from lex7.nodes.answer import read_infos, read_moments, read_scenarios, spell_question
from lex7.runtime.border import Border

QUANTITIES = "quantities"
MOMENTS = "moments"
SCENARIOS = "scenarios"


class RemoteForecast:
    """What another node can say from one day on."""

    def __init__(self, border: Border, node: NodeName, as_of: Day) -> None:
        self.as_of = as_of
        self._border = border
        self._node = node
        self._known: dict[bytes, Value] = {}

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        """List the quantities the node answers for."""
        return read_infos(self._ask(QUANTITIES, ()))

    def moments(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        """Return the joint Gaussian moments of an expression."""
        own = self._own(moves)
        asked = tuple(moves[index] for index in own)
        answer = self._ask(MOMENTS, (spell_question(linear, days, asked),))
        found = read_moments(_fields(MOMENTS, answer), len(asked))
        gradient = np.zeros((len(found.days), len(moves)))
        gradient[:, own] = found.gradient
        return replace(found, gradient=gradient)

    def scenarios(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Scenarios | None:
        """Return sampled paths where the node says that a Gaussian is not good enough."""
        own = self._own(moves)
        asked = tuple(moves[index] for index in own)
        answer = self._ask(SCENARIOS, (spell_question(linear, days, asked),))
        found = read_scenarios(_fields(SCENARIOS, answer), len(asked))
        if found is None:
            return None
        gradient = np.zeros((*found.gradient.shape[:2], len(moves)))
        gradient[:, :, own] = found.gradient
        return replace(found, gradient=gradient)

    def _own(self, moves: tuple[Move, ...]) -> list[int]:
        """Return which moves are of quantities of the node; the others change nothing there."""
        kind = self._node.split("@")[0]
        return [index for index, move in enumerate(moves) if node_of(move.quantity) == kind]

    def _ask(self, method: str, arguments: tuple[Value, ...]) -> Value:
        question = (int(self.as_of), *arguments)
        key = canon.encode((method, question))
        if key not in self._known:
            self._known[key] = self._border.ask(self._node, method, question)
        return self._known[key]


def _fields(kind: str, answer: Value) -> Fields:
    if not isinstance(answer, tuple):
        raise PayloadError(kind, "the answer is not a list")
    return Fields(kind, answer)
