"""What a member answers: forecasts for rules, streams for readers, countersignatures.

Every method passes the gate first. What leaves a node for a forecast is `read` of the kind of
each quantity it speaks of; what leaves it for a reader is `read` of the kind of the stream, raw
where the stream is raw.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import date

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.entry import EntryKind
from lex7.bark.fields import Fields, PayloadError
from lex7.base.civil import Day, day_from_date
from lex7.base.ids import NodeName, QuantityName
from lex7.base.quantise import quantise
from lex7.base.streams import STREAMS
from lex7.correct.proposal import Movable, parse_proposal
from lex7.correct.wish import parse_wishes, split_wishes
from lex7.directive.catalogue import node_of
from lex7.directive.document import Action, Directive
from lex7.directive.plan import leaves
from lex7.directive.quantity import Forecast, Linear, Move
from lex7.nodes.answer import (
    RoundedForecast,
    read_question,
    spell_infos,
    spell_moments,
    spell_scenarios,
)
from lex7.nodes.fold import digest
from lex7.runtime.border import Method
from lex7.runtime.countersign import DisagreementError, check_answer
from lex7.runtime.effects import Purchase, purchase_effects
from lex7.runtime.enforced import Enforced
from lex7.runtime.gate import Gate
from lex7.runtime.hearing import read_transcript
from lex7.runtime.member import Heads, Member
from lex7.runtime.remote import MOMENTS, QUANTITIES, SCENARIOS
from lex7.runtime.telling import Margins

MARGINS = "margins"
READ = "read"
COUNTERSIGN = "countersign"
READ_DAYS_MAX = 400
FORECASTS_KEPT_MAX = 2
"""A forecast is some megabytes; today's and one more day's are kept."""

SCALE = 1 << 30
"""Published probabilities are integers of 2^-30."""


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
        self._told = Margins(gate, rules_on, self.forecast)

    def methods(self) -> Mapping[str, Method]:
        """List the questions by name."""
        return {
            QUANTITIES: self._quantities,
            MOMENTS: self._moments,
            SCENARIOS: self._scenarios,
            MARGINS: self._margins,
            READ: self._read,
            COUNTERSIGN: self._countersign,
            **self._told.methods(),
        }

    def forecast(self, as_of: Day) -> Forecast:
        """Return the member's own forecast, made once for each day, as it crosses to others."""
        if as_of not in self._forecasts:
            made = self._member.kind.forecast(self._member.state, as_of)
            self._forecasts[as_of] = RoundedForecast(made)
            while len(self._forecasts) > FORECASTS_KEPT_MAX:
                self._forecasts.pop(next(iter(self._forecasts)))
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
        if current.file is None or not _is_affected(kind, current, text, as_of):
            return False
        touched: dict[str, tuple[float, float]] = {}
        if node_of(QuantityName("spend")) == kind:
            own = tuple(one for one in current.directives if _is_own(one, kind))
            purchases = _purchases(text, current.file.currency, as_of)
            touched = purchase_effects(own, self.forecast(as_of), purchases)
        rows = tuple(
            (name, quantise(before, SCALE, what=name), quantise(after, SCALE, what=name))
            for name, (before, after) in sorted(touched.items())
        )
        body = canon.encode({1: asked, 2: rows})
        self._member.append([(EntryKind.MARGINS, body)], self._heads)
        return True

    def _countersign(self, asker: NodeName, question: Fields) -> Value:
        """Sign a verdict that says of this node's rules what the node itself finds."""
        asked, decided, spelled = question.data(1), question.data(2), question.data(3)
        self._gate.pass_or_refuse(asker, Action.READ, "margin", is_raw=False)
        answer = json.loads(spelled)
        as_of = day_from_date(date.fromisoformat(answer["as_of"]))
        told = read_transcript(question.items(4))
        kind = self._member.kind.name
        self._check_own(asker, told.get(kind, {}))
        check_answer(kind, self._told.here(as_of), self._rules_on(as_of), answer, told)
        checked = hashlib.sha256(spelled).digest()
        body = canon.encode({1: asked, 2: decided, 3: digest(self._member.state), 4: checked})
        self._member.append([(EntryKind.COUNTERSIGN, body)], self._heads)
        return True

    def _check_own(self, asker: NodeName, told: dict[bytes, Value]) -> None:
        """Answer again whatever a transcript says that this node answered, and compare."""
        methods = self._told.methods()
        for spelled, answer in told.items():
            asked = Fields("transcript", _list(canon.decode(spelled)))
            name, arguments = asked.text(1), asked.items(2)
            if name == QUANTITIES:
                again = self._quantities(asker, Fields(name, arguments))
            elif name in methods:
                again = methods[name](asker, Fields(name, arguments))
            else:
                raise PayloadError("transcript", f"{name!r} is no question about margins")
            if canon.encode(again) != canon.encode(answer):
                raise DisagreementError(self._member.name, "a rule over several nodes")

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


def _is_affected(kind: str, current: Enforced, text: str, as_of: Day) -> bool:
    """Answer whether a proposal, or what may move for it, can touch a rule of a kind of node."""
    assert current.file is not None, "asked of rules in force"
    own = [one for one in current.directives if _speaks_of(one, kind)]
    spending = node_of(QuantityName("spend"))
    if kind == spending or any(_speaks_of(one, spending) for one in own):
        return bool(own)
    if not own or split_wishes(text) is not None:
        return False
    levers = current.levers
    proposal = parse_proposal(text, currency=current.file.currency, as_of=as_of, levers=levers)
    return Movable.LEVERS in proposal.move and any(
        node_of(lever.moves) == kind and proposal.may_move(lever) for lever in levers
    )


def _speaks_of(directive: Directive, kind: str) -> bool:
    return any(leaf.node == kind for leaf in leaves(directive.rule.plan))


def _list(value: Value) -> tuple[Value, ...]:
    if not isinstance(value, tuple):
        raise PayloadError("transcript", "a question is not a list")
    return value


def _privacy(stream: str) -> tuple[str, bool]:
    if stream.startswith("tx."):
        return "transaction", True
    if stream.startswith("balance."):
        return "balance", False
    spec = STREAMS.get(stream)
    if spec is None:
        raise PayloadError(READ, f"{stream!r} is no stream; known: {', '.join(STREAMS)}")
    return stream.split(".")[0], spec.raw
