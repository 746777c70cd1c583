"""What a member answers: forecasts for rules, streams for readers, countersignatures.

Every method passes the gate first. What leaves a node for a forecast is `read` of the kind of
each quantity it speaks of; what leaves it for a reader is `read` of the kind of the stream, raw
where the stream is raw.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.entry import EntryKind
from lex7.bark.fields import Fields, PayloadError
from lex7.base.civil import Day
from lex7.base.errors import TransportError
from lex7.base.ids import NodeName, QuantityName
from lex7.base.quantise import quantise
from lex7.base.streams import STREAMS
from lex7.correct.proposal import parse_proposal
from lex7.correct.wish import parse_wishes, split_wishes
from lex7.directive.catalogue import node_of
from lex7.directive.document import Action, Directive
from lex7.directive.plan import leaves
from lex7.directive.quantity import Forecast, Linear, Move
from lex7.nodes.answer import read_question, spell_infos, spell_moments, spell_scenarios
from lex7.nodes.fold import digest
from lex7.runtime.border import Method
from lex7.runtime.effects import Purchase, purchase_effects
from lex7.runtime.enforced import Enforced
from lex7.runtime.gate import Gate
from lex7.runtime.member import Heads, Member
from lex7.runtime.remote import MOMENTS, QUANTITIES, SCENARIOS

MARGINS = "margins"
READ = "read"
COUNTERSIGN = "countersign"
READ_DAYS_MAX = 400
SCALE = 1 << 30
"""Published probabilities are integers of 2^-30."""

AGREEMENT = 1e-6
"""An answer is rounded once on its way to the council; more than this is another answer."""


class DisagreementError(TransportError):
    """A verdict states another probability for a rule than the node found."""

    code = "transport.disagreement"

    def __init__(self, node: str, directive: str) -> None:
        self.node = node
        self.directive = directive
        super().__init__(
            f"{node} does not countersign: the verdict states another probability for {directive} "
            "than the node found"
        )


class Service:
    """Answers what other nodes ask of one member."""

    def __init__(
        self, member: Member, gate: Gate, rules_on: Callable[[Day], Enforced], heads: Heads
    ) -> None:
        self._member = member
        self._gate = gate
        self._rules_on = rules_on
        self._heads = heads
        self._forecasts: dict[Day, Forecast] = {}
        self._published: dict[bytes, dict[str, tuple[float, float]]] = {}

    def methods(self) -> Mapping[str, Method]:
        """List the questions by name."""
        return {
            QUANTITIES: self._quantities,
            MOMENTS: self._moments,
            SCENARIOS: self._scenarios,
            MARGINS: self._margins,
            READ: self._read,
            COUNTERSIGN: self._countersign,
        }

    def forecast(self, as_of: Day) -> Forecast:
        """Return the member's own forecast, made once for each day."""
        if as_of not in self._forecasts:
            self._forecasts[as_of] = self._member.kind.forecast(self._member.state, as_of)
        return self._forecasts[as_of]

    def _quantities(self, asker: NodeName, question: Fields) -> Value:
        self._gate.pass_or_refuse(asker, Action.READ, "margin", is_raw=False)
        return spell_infos(self.forecast(Day(question.integer(1))).quantities())

    def _moments(self, asker: NodeName, question: Fields) -> Value:
        linear, days, moves = read_question(Fields(MOMENTS, question.items(2)))
        self._pass(asker, linear, moves)
        return spell_moments(self.forecast(Day(question.integer(1))).moments(linear, days, moves))

    def _scenarios(self, asker: NodeName, question: Fields) -> Value:
        linear, days, moves = read_question(Fields(SCENARIOS, question.items(2)))
        self._pass(asker, linear, moves)
        forecast = self.forecast(Day(question.integer(1)))
        return spell_scenarios(forecast.scenarios(linear, days, moves))

    def _read(self, asker: NodeName, question: Fields) -> Value:
        stream, last = question.text(1), min(question.integer(2), READ_DAYS_MAX)
        kind, is_raw = _privacy(stream)
        self._gate.pass_or_refuse(asker, Action.READ, kind, is_raw=is_raw)
        days = list(self._member.state.archive.days(stream))[-last:]
        return tuple((int(day), tuple(item.payload for item in items)) for day, items in days)

    def _margins(self, asker: NodeName, question: Fields) -> Value:
        """Publish how a proposal changes this node's own rules; answer whether it touches any."""
        asked, text, as_of = question.data(1), question.text(2), Day(question.integer(3))
        self._gate.pass_or_refuse(asker, Action.READ, "margin", is_raw=False)
        kind, current = self._member.kind.name, self._rules_on(as_of)
        own = tuple(one for one in current.directives if _is_own(one, kind))
        if current.file is None or not own:
            return False
        if node_of(QuantityName("spend")) != kind:
            return False
        purchases = _purchases(text, current.file.currency, as_of)
        touched = purchase_effects(own, self.forecast(as_of), purchases)
        self._published[asked] = touched
        if not touched:
            return False
        rows = tuple(
            (name, quantise(before, SCALE, what=name), quantise(after, SCALE, what=name))
            for name, (before, after) in sorted(touched.items())
        )
        body = canon.encode({1: asked, 2: rows})
        self._member.append([(EntryKind.MARGINS, body)], self._heads)
        return True

    def _countersign(self, asker: NodeName, question: Fields) -> Value:
        """Sign a verdict that says of this node's rules what the node itself found."""
        asked, decided = question.data(1), question.data(2)
        stated = json.loads(question.data(3))
        own = self._published.get(asked, {})
        for rule in stated:
            known = own.get(rule["directive"])
            if known is not None and not _agrees(known, (rule["before"], rule["after"])):
                raise DisagreementError(self._member.name, rule["directive"])
        body = canon.encode({1: asked, 2: decided, 3: digest(self._member.state)})
        self._member.append([(EntryKind.COUNTERSIGN, body)], self._heads)
        return True

    def _pass(self, asker: NodeName, linear: Linear, moves: tuple[Move, ...]) -> None:
        names = {atom.quantity for _, atom in linear.terms} | {move.quantity for move in moves}
        for kind in sorted({name.split(".")[0] for name in names}):
            self._gate.pass_or_refuse(asker, Action.READ, kind, is_raw=False)


def _purchases(text: str, currency: str, as_of: Day) -> tuple[Purchase, ...]:
    wishes = split_wishes(text)
    if wishes is not None:
        return parse_wishes(wishes, currency=currency, as_of=as_of)
    return (parse_proposal(text, currency=currency, as_of=as_of),)


def _is_own(directive: Directive, kind: str) -> bool:
    return all(leaf.node == kind for leaf in leaves(directive.rule.plan))


def _agrees(own: tuple[float, float], stated: tuple[float, float]) -> bool:
    return all(abs(one - other) <= AGREEMENT for one, other in zip(own, stated, strict=True))


def _privacy(stream: str) -> tuple[str, bool]:
    if stream.startswith("tx."):
        return "transaction", True
    if stream.startswith("balance."):
        return "balance", False
    spec = STREAMS.get(stream)
    if spec is None:
        raise PayloadError(READ, f"{stream!r} is no stream; known: {', '.join(STREAMS)}")
    return stream.split(".")[0], spec.raw
