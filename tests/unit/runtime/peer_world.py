"""Several peers over one wire, with an owner: what the tests of peers begin with."""

from __future__ import annotations

from dataclasses import dataclass, field

from lex7.bark import canon
from lex7.bark.entry import EntryKind
from lex7.bark.log import Log
from lex7.bark.signature import SigningKey, draw_key
from lex7.base.civil import Zone
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import LatticeId, NodeName
from lex7.lattice import Authority
from lex7.lattice.membership import Membership, encode_membership
from lex7.nodes.council.node import CouncilNode
from lex7.nodes.interface import Setting
from lex7.runtime.border import Identity
from lex7.runtime.member import Member
from lex7.runtime.peer import Clock, Peer
from lex7.runtime.replica import Replicas
from lex7.storage.memory import MemoryStorage
from lex7.transport.memory import MemoryTransport, Wire

LATTICE = LatticeId(b"lattice of tests")
NAMES = ("mon@a", "vit@a", "wth@a", "mon@b")
ZONE = Zone("UTC", bytes(32))


@dataclass
class World:
    """Several peers over one wire, with an owner."""

    owner: SigningKey
    wire: Wire
    peers: dict[str, Peer]
    storages: dict[str, MemoryStorage]
    membership: Membership
    now_ns: int = 0
    originals: dict[str, Peer] = field(default_factory=dict)

    def round(self) -> None:
        self.now_ns += 10**9
        for peer in self.peers.values():
            peer.beat()
        for peer in self.peers.values():
            peer.pull()

    def settle(self) -> None:
        for _ in range(3):
            self.round()

    def hashes(self) -> set[bytes]:
        return {peer.lattice_hash for peer in self.peers.values()}

    def write(self, name: str, count: int = 1) -> None:
        peer = self.peers[name]
        body = canon.encode({1: "x", 2: 1, 3: b""})
        for _ in range(count):
            peer.member.append([(EntryKind.PROPOSAL, body)], peer.seen_heads)
        peer.note()


def make(name: str, key: SigningKey, owner: SigningKey, storage: MemoryStorage, seed: int) -> Peer:
    entropy = SeededEntropy(seed)
    log = Log(storage, key=key, lattice=LATTICE, incarnation=0, entropy=entropy)
    member = Member(NodeName(name), log)
    member.load(lambda _: CouncilNode(Setting("USD", ZONE)))
    held: dict[bytes, MemoryStorage] = {}
    replicas = Replicas(LATTICE, lambda writer: held.setdefault(writer, MemoryStorage()))
    identity = Identity(NodeName(name), key, LATTICE, entropy)
    return Peer(
        identity,
        member,
        storage,
        replicas,
        Authority(owner.public, LATTICE),
        Clock(lambda: 0, lambda: 0),
    )


def make_world() -> World:
    entropy = SeededEntropy(5)
    owner = draw_key(entropy)
    keys = {name: draw_key(entropy) for name in NAMES}
    members = tuple((NodeName(name), keys[name].public) for name in NAMES)
    membership = Membership(members, "USD", ZONE)
    world = World(owner, Wire(), {}, {}, membership)
    genesis = encode_membership(membership, owner, LATTICE)
    for seed, name in enumerate(NAMES):
        storage = MemoryStorage()
        peer = make(name, keys[name], owner, storage, seed)
        peer.member.start(CouncilNode(Setting("USD", ZONE)))
        peer.member.append([(EntryKind.MEMBERSHIP, genesis)], lambda: ())
        peer.clock = Clock(lambda: world.now_ns, lambda: world.now_ns)
        peer.load()
        peer.connect(MemoryTransport(world.wire), {})
        world.peers[name], world.storages[name] = peer, storage
    return world


def forked() -> World:
    """A world in which the home of vit@a was copied and both copies wrote on."""
    world = make_world()
    world.write("vit@a", 2)
    world.settle()
    copied = MemoryStorage()
    copied.rows = list(world.storages["vit@a"].rows)
    copied.values = dict(world.storages["vit@a"].values)
    original = world.peers["vit@a"]
    twin = make("vit@a", original.identity.key, world.owner, copied, 99)
    twin.clock = original.clock
    # The original reaches mon@a, its twin mon@b, and then everybody meets.
    half = Wire()
    for name in ("mon@a", "vit@a"):
        world.peers[name]._transport.close()
        world.peers[name].connect(MemoryTransport(half), {})
    world.write("vit@a", 3)
    other_half = Wire()
    for name in ("mon@b", "wth@a"):
        world.peers[name]._transport.close()
        world.peers[name].connect(MemoryTransport(other_half), {})
    twin.load()
    twin.connect(MemoryTransport(other_half), {})
    twin.member.append(
        [(EntryKind.PROPOSAL, canon.encode({1: "y", 2: 1, 3: b""}))] * 3, twin.seen_heads
    )
    twin.note()
    for _ in range(3):
        world.now_ns += 10**9
        twin.beat()
        world.round()
    world.originals["vit@a"] = world.peers.pop("vit@a")
    wire = world.wire = Wire()
    for peer in world.peers.values():
        peer._transport.close()
        peer.connect(MemoryTransport(wire), {})
    return world
