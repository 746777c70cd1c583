"""Coverage-guided fuzzing in Python: `python fuzz/handlers.py twin|pairing|range -runs=100000`.

`twin` gives any bytes to both codecs, guided by the readable one, and compares. The other two go
past the parser: the input chooses values, not bytes; frames have the layout of their step, sealed
parts are sealed with the key of the exchange, questions and answers are signed by a member. So
every input reaches a handler. What may come out is an answer or a `Lex7Error`; anything else is a
finding, and so is an input that takes longer than five seconds. The instrumentation is that of
atheris (libFuzzer).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import atheris

with atheris.instrument_imports(include=["lex7"]):
    from lex7.bark import canon, canon_reference, pairing
    from lex7.bark.canon import Value
    from lex7.bark.entry import EntryKind
    from lex7.bark.faults import NotCanonicalError
    from lex7.bark.log import Log
    from lex7.bark.packet import PacketKind, seal_packet
    from lex7.bark.pairing import Invitation, Joining
    from lex7.bark.signature import SigningKey, draw_key
    from lex7.base.civil import Zone
    from lex7.base.entropy import SeededEntropy
    from lex7.base.errors import Lex7Error
    from lex7.base.ids import LatticeId, NodeName
    from lex7.lattice import Authority
    from lex7.lattice.evidence import encode_evidence
    from lex7.lattice.membership import Membership, encode_membership
    from lex7.lattice.sync import spell_runs
    from lex7.nodes.council.node import CouncilNode
    from lex7.nodes.interface import Setting
    from lex7.runtime.border import Border, Identity, kind_of
    from lex7.runtime.member import Member
    from lex7.runtime.peer import Clock, Peer
    from lex7.runtime.replica import Replicas
    from lex7.storage.interface import StoredRun
    from lex7.storage.memory import MemoryStorage
    from lex7.transport.memory import MemoryTransport, Wire

LATTICE = LatticeId(b"lattice of tests")
SECONDS_MAX = 5.0
"""On a loaded machine; an input takes a millisecond, one with a share of the group fifty."""

ZONE = Zone("UTC", bytes(32))
Provider = atheris.FuzzedDataProvider


def draw_value(source: Provider, depth: int = 0) -> Value:
    """Draw any canonical value."""
    which = source.ConsumeIntInRange(0, 7 if depth < 4 else 4)
    if which == 0:
        return source.ConsumeIntInRange(-(1 << 63), (1 << 63) - 1)
    if which == 1:
        return source.ConsumeIntInRange(-2, 300)
    if which == 2:
        return source.ConsumeBytes(source.PickValueInList([0, 1, 16, 32, 64, 200]))
    if which == 3:
        return source.ConsumeUnicodeNoSurrogates(12)
    if which == 4:
        return source.PickValueInList([True, False, None])
    count = source.ConsumeIntInRange(0, 6)
    if which == 5:
        return {key + 1: draw_value(source, depth + 1) for key in range(count)}
    return tuple(draw_value(source, depth + 1) for _ in range(count))


def near(source: Provider, right: Value) -> Value:
    """Draw the right value, or one with a part that is another."""
    which = source.ConsumeIntInRange(0, 9)
    if which == 9:
        return draw_value(source)
    if isinstance(right, tuple) and which < 8:
        return tuple(near(source, one) for one in right)
    if isinstance(right, dict) and which < 8:
        return {key: near(source, one) for key, one in right.items()}
    if isinstance(right, bytes) and right and which == 1:
        place = source.ConsumeIntInRange(0, len(right) - 1)
        return right[:place] + source.ConsumeBytes(2) + right[place + 1 :]
    if isinstance(right, int) and which == 1:
        return max(-(1 << 63), min((1 << 63) - 1, right + source.ConsumeIntInRange(-3, 3)))
    return right


class PairingTarget:
    """Both sides of an enrolment, at every step."""

    def __init__(self) -> None:
        entropy = SeededEntropy(3)
        code, owner = "12345678", draw_key(entropy)
        self.entropy = entropy
        self.invited = Invitation(code, owner, LATTICE)
        self.hello, self.begun = pairing.hello(code, entropy)
        self.offer, self.offered = pairing.offer(self.invited, self.hello, entropy)
        self.proof, self.proving = pairing.prove(self.begun, self.offer)
        self.welcome, self.proven = pairing.welcome(self.offered, self.proof)
        self.nodes = tuple((f"{kind}@b", draw_key(entropy), b"extra") for kind in ("vit", "mon"))
        self.wish, self.wishing = pairing.wish(self.proving, self.welcome, self.nodes)
        assert len(pairing.newcomers(self.proven, self.wish)) == len(self.nodes)

    def feed(self, source: Provider) -> None:
        """Give one frame to one step; those that compute in the group cost the most."""
        which = source.ConsumeIntInRange(0, 99)
        if which == 97:
            pairing.offer(self.invited, self._frame(source, self.hello), self.entropy)
        elif which == 98:
            pairing.prove(self.begun, self._frame(source, self.offer))
        elif which == 99:
            pairing.welcome(self.offered, self._frame(source, self.proof))
        elif which < 35:
            frame = self._sealed(source, self.proving, b"welcome", self.welcome, 3)
            pairing.wish(self.proving, frame, self.nodes)
        elif which < 80:
            frame = self._sealed(source, self.proven, b"wish", self.wish, 2)
            pairing.newcomers(self.proven, frame)
        else:
            right = pairing.enrol(self.proven, (1, b"membership", "pem", (), ()))
            pairing.enrolled(self.wishing, self._sealed(source, self.proven, b"enrolled", right, 2))

    def _frame(self, source: Provider, right: bytes) -> bytes:
        return canon.encode(near(source, canon.decode(right)))

    def _sealed(
        self, source: Provider, side: Invitation | Joining, step: bytes, right: bytes, place: int
    ) -> bytes:
        assert side.agreed is not None, "the key was agreed before"
        fields = canon.decode(right)
        assert isinstance(fields, dict), "frames are maps"
        inner = pairing._open(side.agreed, step, fields[place])  # type: ignore[arg-type]
        sealed = pairing._seal(side.agreed, step, near(source, inner))
        return canon.encode(near(source, {**fields, place: sealed}))


@dataclass
class Held:
    """A peer, its wire and its storage."""

    peer: Peer
    storage: MemoryStorage


class RangeTarget:
    """Questions for ranges, and the answers to them, from members that may lie."""

    def __init__(self) -> None:
        entropy = SeededEntropy(5)
        self.owner = draw_key(entropy)
        self.keys = {name: draw_key(entropy) for name in ("mon@a", "vit@a", "wth@a")}
        members = tuple((NodeName(name), key.public) for name, key in self.keys.items())
        genesis = encode_membership(Membership(members, "USD", ZONE), self.owner, LATTICE)
        self.genesis = genesis
        self.runs = self._written(self.keys["vit@a"], 1)
        self.others = self._written(self.keys["vit@a"], 2)
        self.count = 0
        self.renew()

    def renew(self) -> None:
        """Begin with an empty peer, so that one input's entries do not grow for ever."""
        self.wire = Wire()
        self.held = self._peer("mon@a")
        self.answers: list[Value] = []
        liar = self.keys["vit@a"]
        identity = Identity(NodeName("vit@a"), liar, LATTICE, SeededEntropy(9))
        end = MemoryTransport(self.wire)
        border = Border(identity, end, self.held.peer.names)
        border.serve({"range": lambda *_: self.answers.pop() if self.answers else ()})
        self.end = end

    def feed(self, source: Provider) -> None:
        """Ask, answer or tell something as a member."""
        self.count += 1
        if self.count % 100 == 0:
            self.renew()
        which = source.ConsumeIntInRange(0, 9)
        if which < 4:
            self._ask(source)
        elif which < 6:
            self._answer(source)
        elif which < 8:
            self._tell(source)
        else:
            self._write(source)

    def _ask(self, source: Provider) -> None:
        key = source.PickValueInList([*self.keys.values(), self.owner])
        writer = source.PickValueInList([*self.keys.values()]).public
        asked: dict[str, Value] = {
            "range": (writer, 1, source.ConsumeIntInRange(0, 400)),
            "directive": (((writer, 0, 3, 3, bytes(32)),),),
            "epoch": (bytes(range(32)),),
            "membership": (self.genesis,),
            "heads": (),
            "describe": (),
        }
        method = source.PickValueInList(list(asked))
        body = canon.encode(near(source, {1: method, 2: asked[method]}))
        kind = kind_of(method)
        if source.ConsumeIntInRange(0, 9) == 0:
            kind = source.PickValueInList(list(PacketKind))
        packet = seal_packet(key, LATTICE, kind, source.ConsumeBytes(16).ljust(16), body)
        channel = "sync" if method == "range" else "control"
        self.end.request(f"lex7/{LATTICE.hex()[:16]}/{channel}/mon@a", packet)

    def _tell(self, source: Provider) -> None:
        """Tell what a node tells unasked, almost right."""
        key = self.keys["vit@a"]
        member = source.PickValueInList([*self.keys.values()]).public
        told: dict[PacketKind, Value] = {
            PacketKind.DISCOVERY: {1: b"mark of.", 2: ("range",), 3: "0.1.0", 4: 1},
            PacketKind.ROUTING_UPDATE: {1: ((member, 250, bytes(32), b"mark of."),)},
        }
        kind = source.PickValueInList(list(told))
        body = canon.encode(near(source, told[kind]))
        packet = seal_packet(key, LATTICE, kind, bytes(16), body)
        self.end.publish(f"lex7/{LATTICE.hex()[:16]}/beat/vit@a", packet)

    def _answer(self, source: Provider) -> None:
        """Show heads that invite questions, then answer with runs that are almost right."""
        peer, key = self.held.peer, self.keys["vit@a"]
        head = [key.public, 0, 1 + source.ConsumeIntInRange(0, 9), 1, source.ConsumeBytes(32)]
        beat = near(source, {1: 1, 2: bytes(32), 3: (tuple(head),), 4: b"mark of."})
        packet = seal_packet(key, LATTICE, PacketKind.HEARTBEAT, bytes(16), canon.encode(beat))
        self.end.publish(f"lex7/{LATTICE.hex()[:16]}/beat/vit@a", packet)
        branch = self.runs if source.ConsumeBool() else self.others
        start = source.ConsumeIntInRange(0, len(branch) - 1)
        spelled = spell_runs(branch[start : start + 3])
        self.answers = [near(source, spelled) for _ in range(4)]
        peer.pull()

    def _write(self, source: Provider) -> None:
        """Seal an entry of any kind with any payload as a member, and let the peer take it in."""
        name = source.PickValueInList(["vit@a", "wth@a"])
        key, peer = self.keys[name], self.held.peer
        replica = peer.replicas.of(key.public)
        storage = MemoryStorage()
        storage.append_all(list(replica.storage.read(0)), {"end": _end(replica)})
        log = Log(storage, key=key, lattice=LATTICE, incarnation=0, entropy=SeededEntropy(8))
        runs = (self.runs[0], self.others[0])
        frozen = (source.ConsumeIntInRange(0, 9), source.ConsumeBytes(32).ljust(32))
        right = canon.decode(encode_evidence(runs, self.keys["vit@a"].public, 0, frozen))
        kind = source.PickValueInList(list(EntryKind))
        payload = canon.encode(near(source, right))
        made = log.prepare([(kind, payload)], heads=())
        log.commit(made, state_hash=bytes(32), heads=())  # type: ignore[arg-type]
        peer.take(peer.replicas.adopt(key.public, [storage.rows[-1]]))

    def _written(self, key: SigningKey, seed: int) -> list[StoredRun]:
        storage = MemoryStorage()
        entropy = SeededEntropy(seed)
        log = Log(storage, key=key, lattice=LATTICE, incarnation=0, entropy=entropy)
        items = [(EntryKind.MEMBERSHIP, self.genesis)]
        for number in range(6):
            made = log.prepare(items, heads=())
            log.commit(made, state_hash=bytes(32), heads=())  # type: ignore[arg-type]
            items = [(EntryKind.PROPOSAL, canon.encode({1: f"{seed} {number}", 2: 1, 3: b""}))]
        return storage.rows

    def _peer(self, name: str) -> Held:
        storage, entropy = MemoryStorage(), SeededEntropy(1)
        key = self.keys[name]
        log = Log(storage, key=key, lattice=LATTICE, incarnation=0, entropy=entropy)
        member = Member(NodeName(name), log)
        member.load(lambda _: CouncilNode(Setting("USD", ZONE)))
        member.start(CouncilNode(Setting("USD", ZONE)))
        member.append([(EntryKind.MEMBERSHIP, self.genesis)], lambda: ())
        replicas = Replicas(LATTICE, lambda _: MemoryStorage(), bytes_max=1 << 22)
        identity = Identity(NodeName(name), key, LATTICE, entropy)
        authority = Authority(self.owner.public, LATTICE)
        peer = Peer(identity, member, storage, replicas, authority, Clock(lambda: 0, lambda: 0))
        peer.load()
        peer.connect(MemoryTransport(self.wire), {})
        return Held(peer, storage)


def _end(replica: object) -> bytes:
    head = replica.head  # type: ignore[attr-defined]
    return bytes(head.sequence.to_bytes(8, "big") + head.hash)


class TwinTarget:
    """The two codecs, on any bytes: one outcome."""

    def feed(self, source: Provider) -> None:
        """Decode with both; what is accepted encodes to itself."""
        data = source.ConsumeBytes(4_096)
        outcomes = []
        for codec in (canon, canon_reference):
            try:
                value = codec.decode(data)
                assert codec.encode(value) == data, "an accepted value has one spelling"
                outcomes.append(repr(value))
            except NotCanonicalError as error:
                outcomes.append(str(error))
        assert outcomes[0] == outcomes[1], outcomes


TARGETS: dict[str, Callable[[], TwinTarget | PairingTarget | RangeTarget]] = {
    "twin": TwinTarget,
    "pairing": PairingTarget,
    "range": RangeTarget,
}


def main() -> None:
    """Run one target as the command line asks."""
    target = TARGETS[sys.argv.pop(1)]()
    counts = {"answered": 0, "refused": 0}

    def feed(data: bytes) -> None:
        started = time.process_time()
        try:
            target.feed(Provider(data))
            counts["answered"] += 1
        except Lex7Error:
            counts["refused"] += 1
        taken = time.process_time() - started
        assert taken < SECONDS_MAX, f"one input took {taken:.1f} s"
        if (done := sum(counts.values())) % 10_000 == 0:
            print(done, counts, flush=True)

    atheris.Setup(sys.argv, feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
