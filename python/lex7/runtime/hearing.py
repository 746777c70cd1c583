"""What the council hears when it decides: margins, and for rules over two nodes a transcript.

    council ── open, bounds, room ──► each node      rows solved, points weighed
    council ── the answer and the transcript ──► each node      checked, then countersigned

A transcript holds every question about a rule over several nodes with its answer. A node answers
the questions to itself again and compares, takes the others' answers from it, and so puts the whole
rule together on its own; the other node checks its own answers in the same transcript.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.fields import Fields, PayloadError
from lex7.base.civil import Day
from lex7.base.errors import TransportError
from lex7.base.ids import QuantityName
from lex7.correct.answer import Situation
from lex7.directive.council import Council, reach_within
from lex7.directive.heard import Tells
from lex7.directive.quantity import QuantityInfo
from lex7.nodes.answer import read_infos
from lex7.runtime.enforced import Enforced
from lex7.runtime.remote import QUANTITIES
from lex7.runtime.talk import Ask, Talk

TRANSCRIPT_MAX = 20_000
"""Answers of one node that a transcript holds; a rule over two nodes rarely needs a hundred."""


class TranscriptError(TransportError):
    """A transcript lacks an answer, or holds one that the node would not give."""

    code = "transport.transcript"

    def __init__(self, node: str, what: str) -> None:
        self.node = node
        super().__init__(f"the transcript of a rule over several nodes {what}, node {node}")


class Recorder:
    """Passes questions on and keeps each with its answer."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._kept: dict[bytes, Value] = {}

    def __call__(self, method: str, arguments: tuple[Value, ...]) -> Value:
        """Ask and keep."""
        answer = self._ask(method, arguments)
        self._kept[canon.encode((method, arguments))] = answer
        return answer

    def spelled(self) -> Value:
        """Spell what was asked and answered, in the order of asking."""
        return tuple(self._kept.items())


class Reader:
    """Answers questions from a transcript."""

    def __init__(self, node: str, spelled: Mapping[bytes, Value]) -> None:
        self._node = node
        self._known = dict(spelled)

    def __call__(self, method: str, arguments: tuple[Value, ...]) -> Value:
        """Answer from what was kept.

        Raises:
            TranscriptError: it was not asked.
        """
        key = canon.encode((method, arguments))
        if key not in self._known:
            raise TranscriptError(self._node, "lacks an answer")
        return self._known[key]


class Infos:
    """A node of which only data counts are seen: how many days, how old."""

    def __init__(self, ask: Ask, as_of: Day) -> None:
        self.as_of = as_of
        self._ask = ask
        self._known: dict[QuantityName, QuantityInfo] | None = None

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        """List the quantities the node answers for."""
        if self._known is None:
            self._known = read_infos(self._ask(QUANTITIES, (int(self.as_of),)))
        return self._known


class Heard:
    """What is heard of several nodes at one day of evaluation."""

    def __init__(
        self, asks: Mapping[str, Ask], as_of: Day, here: Mapping[str, Tells] | None = None
    ) -> None:
        """Start to listen.

        Args:
            asks: how each kind of node is asked.
            as_of: the day of evaluation.
            here: nodes whose tests are asked in place instead.
        """
        self._recorders = {kind: Recorder(ask) for kind, ask in asks.items()}
        placed = dict(here or {})
        self._infos = {kind: Infos(one, as_of) for kind, one in self._recorders.items()}
        self._own: dict[str, Tells] = {}
        self._shared: dict[str, Tells] = {}
        for kind, ask in asks.items():
            self._own[kind] = placed.get(kind) or Talk(ask, as_of, ahead=True)
            shared = Talk(self._recorders[kind], as_of, ahead=False)
            self._shared[kind] = placed.get(kind) or shared

    def situation(self, current: Enforced, currency: str, most: Fraction) -> Situation:
        """Return what verdicts are taken on; purchases go up to `most` units of money."""
        reach = reach_within(current.levers, most)
        council = Council(self._infos, self._own, self._shared, reach)
        return Situation(current.directives, current.levers, council, currency)

    def transcript(self) -> Value:
        """Spell what was told about data, and about rules over several nodes."""
        return tuple((kind, one.spelled()) for kind, one in sorted(self._recorders.items()))


def read_transcript(spelled: tuple[Value, ...]) -> dict[str, dict[bytes, Value]]:
    """Read what was told, by kind of node.

    Raises:
        PayloadError: another layout.
    """
    found: dict[str, dict[bytes, Value]] = {}
    for part in Fields("transcript", (spelled,)).rows(1, 2):
        rows = part.rows(2, 2)
        if len(rows) > TRANSCRIPT_MAX:
            raise PayloadError("transcript", f"more than {TRANSCRIPT_MAX} answers")
        found[part.text(1)] = {row.data(1): row.values[1] for row in rows}
    return found
