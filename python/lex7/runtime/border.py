"""The border of a node: what other nodes ask, decided by the access rules first.

Questions and answers are signed packets with canonical bodies:

    question  {1: method, 2: arguments}          answer  whatever the method returns
    refusal   {1: code, 2: sentence}

An answer larger than one message is kept by its node and fetched in parts. Questions travel on
channels, each answered in its own turn: `control` for who is a member and which directives are
new, `ask` for what judging needs, `judge` for a whole judgement, `sync` for the bytes of logs. So a
node that judges or hands out a long log can be told meanwhile that the directives changed; on the
wire, too, control goes before questions and questions before bulk.

Every decision, allowed or denied, is written into the answering node's log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.fields import Fields, read_fields
from lex7.bark.packet import (
    EXCHANGE_BYTES,
    PacketKind,
    VerifiedPacket,
    open_packet,
    seal_packet,
)
from lex7.bark.signature import SigningKey
from lex7.base.entropy import Entropy
from lex7.base.errors import Lex7Error, TransportError
from lex7.base.ids import KeyId, LatticeId, NodeName
from lex7.base.limits import PAYLOAD_BYTES_MAX
from lex7.lattice.discovery import DESCRIBE
from lex7.lattice.snapshot import SNAPSHOT
from lex7.lattice.sync import DIRECTIVE, EPOCH, HEADS, MEMBERSHIP, RANGE
from lex7.transport.interface import Priority, Transport

PART = "part"
CHANNELS = ("control", "ask", "judge", "sync")
PROPOSE = "propose"
STATUS = "status"
_CHANNEL = {
    **dict.fromkeys((DIRECTIVE, DESCRIBE, HEADS, EPOCH, MEMBERSHIP), "control"),
    **dict.fromkeys((RANGE, PART, SNAPSHOT), "sync"),
    PROPOSE: "judge",
    STATUS: "judge",
}
_PRIORITY = {"control": Priority.CONTROL, "sync": Priority.BULK}
_KIND = {
    DIRECTIVE: PacketKind.DIRECTIVE,
    DESCRIBE: PacketKind.DISCOVERY,
    **dict.fromkeys((HEADS, EPOCH, MEMBERSHIP, RANGE, PART, SNAPSHOT), PacketKind.STATE_SYNC),
}
PART_BYTES = PAYLOAD_BYTES_MAX - 4_096
"""What fits one message beside its signature and frame."""

PARTS_MAX = 64
"""64 MiB: a forecast of two years by day on a few thousand paths."""

ANSWERS_REMEMBERED_MAX = 8
"""A question that comes twice, because its answer was lost, is not done twice."""

KEPT_ANSWERS_MAX = 4
"""A node keeps this many large answers until they are fetched."""

Method = Callable[[NodeName, Fields], Value]
"""Answers one question of a node; raises `RefusedError` where the access rules say no."""


class RefusedError(TransportError):
    """A node refused to answer."""

    code = "transport.refused"

    def __init__(self, node: str, code: str, sentence: str) -> None:
        self.node = node
        self.refusal_code = code
        super().__init__(f"{node} refused: {sentence}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a node is on the wire."""

    name: NodeName
    key: SigningKey
    lattice: LatticeId
    entropy: Entropy


def kind_of(method: str) -> PacketKind:
    """Return the kind of packet that asks a question."""
    return _KIND.get(method, PacketKind.PROPOSAL)


class Border:
    """Asks other nodes, and answers what they ask."""

    def __init__(
        self, identity: Identity, transport: Transport, members: Mapping[KeyId, NodeName]
    ) -> None:
        self._identity = identity
        self._transport = transport
        self._members = members
        self._kept: dict[bytes, bytes] = {}

    def serve(self, methods: Mapping[str, Method]) -> None:
        """Answer these methods under this node's key."""

        def decide(packet: VerifiedPacket) -> bytes:
            try:
                if (part := self._asked_part(packet)) is not None:
                    return self._seal(PacketKind.RESPONSE, packet.exchange, part)
                body = self._answer(packet, methods)
            except Lex7Error as refusal:
                spelled = canon.encode({1: refusal.code, 2: str(refusal)})
                return self._seal(PacketKind.ERROR, packet.exchange, spelled)
            whole = canon.encode(body, bytes_max=PART_BYTES * PARTS_MAX)
            if len(whole) <= PART_BYTES:
                return self._seal(PacketKind.RESPONSE, packet.exchange, whole)
            return self._keep(packet.exchange, whole)

        for channel in CHANNELS:
            key = self._key(channel, self._identity.name)
            self._transport.serve(key, self._once(decide))

    def _once(self, decide: Callable[[VerifiedPacket], bytes]) -> Callable[[bytes], bytes]:
        """Answer each question once: what comes again gets the answer that was given."""
        answered: dict[tuple[KeyId, bytes], bytes] = {}

        def answer(data: bytes) -> bytes:
            packet = open_packet(data, self._identity.lattice)
            asked = (packet.sender, packet.exchange)
            if (known := answered.get(asked)) is None:
                known = answered[asked] = decide(packet)
                while len(answered) > ANSWERS_REMEMBERED_MAX:
                    answered.pop(next(iter(answered)))
            return known

        return answer

    def ask(self, node: NodeName, method: str, arguments: tuple[Value, ...]) -> Value:
        """Ask another node and return its answer.

        Raises:
            RefusedError: the node answered that it will not.
            TransportError: the node did not answer.
            BarkError: the answer is not signed by a member.
        """
        answer = self._exchange(node, method, arguments)
        if answer.kind is not PacketKind.STATE_SYNC:
            return canon.decode(answer.body)
        kept = read_fields(answer.body, "parts", 2)
        parts = [
            self._exchange(node, PART, (kept.data(1), index)).body
            for index in range(min(kept.integer(2), PARTS_MAX))
        ]
        return canon.decode(b"".join(parts), bytes_max=PART_BYTES * PARTS_MAX)

    def _exchange(
        self, node: NodeName, method: str, arguments: tuple[Value, ...]
    ) -> VerifiedPacket:
        exchange = self._identity.entropy.draw(EXCHANGE_BYTES)
        question = canon.encode({1: method, 2: arguments})
        sent = self._seal(kind_of(method), exchange, question)
        channel = _CHANNEL.get(method, "ask")
        priority = _PRIORITY.get(channel, Priority.QUESTION)
        heard = self._transport.request(self._key(channel, node), sent, priority=priority)
        answer = open_packet(heard, self._identity.lattice)
        if answer.exchange != exchange or self._members.get(answer.sender) != node:
            raise RefusedError(node, "transport.stale", "the answer is not to this question")
        if answer.kind is PacketKind.ERROR:
            refusal = read_fields(answer.body, "refusal", 2)
            raise RefusedError(node, refusal.text(1), refusal.text(2))
        return answer

    def _keep(self, exchange: bytes, whole: bytes) -> bytes:
        while len(self._kept) >= KEPT_ANSWERS_MAX:
            self._kept.pop(next(iter(self._kept)))
        self._kept[exchange] = whole
        count = -(-len(whole) // PART_BYTES)
        return self._seal(PacketKind.STATE_SYNC, exchange, canon.encode({1: exchange, 2: count}))

    def _asked_part(self, packet: VerifiedPacket) -> bytes | None:
        question = read_fields(packet.body, "question", 2)
        if question.text(1) != PART or packet.sender not in self._members:
            return None
        which = Fields(PART, question.items(2))
        start = which.integer(2) * PART_BYTES
        whole = self._kept.get(which.data(1), b"")
        if start + PART_BYTES >= len(whole):
            # The last part: nothing of it is needed after this, and it may be large.
            self._kept.pop(which.data(1), None)
        return whole[start : start + PART_BYTES]

    def _answer(self, packet: VerifiedPacket, methods: Mapping[str, Method]) -> Value:
        name = self._identity.name
        asker = self._members.get(packet.sender)
        if asker is None:
            raise RefusedError(name, "transport.stranger", "the asker is no member")
        question = read_fields(packet.body, "question", 2)
        method = methods.get(question.text(1))
        if packet.kind is not kind_of(question.text(1)):
            kind = packet.kind.name.lower()
            sentence = f"{question.text(1)!r} is not asked by a packet of kind {kind}"
            raise RefusedError(name, "transport.kind", sentence)
        if method is None:
            raise RefusedError(name, "transport.method", f"{question.text(1)!r} is no question")
        return method(asker, Fields(question.text(1), question.items(2)))

    def _seal(self, kind: PacketKind, exchange: bytes, body: bytes) -> bytes:
        identity = self._identity
        return seal_packet(identity.key, identity.lattice, kind, exchange, body)

    def _key(self, channel: str, node: NodeName) -> str:
        return f"lex7/{self._identity.lattice.hex()[:16]}/{channel}/{node}"
