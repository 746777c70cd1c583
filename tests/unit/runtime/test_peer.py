"""Peers over one wire: what one writes all hold, a fork is seen by all, and shares one hash."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lex7.bark import canon
from lex7.bark.entry import EntryKind
from lex7.bark.log import Log
from lex7.bark.signature import SigningKey, draw_key
from lex7.base.civil import Zone
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import LatticeId, NodeName
from lex7.lattice import Authority
from lex7.lattice.membership import Membership, encode_membership, evict
from lex7.nodes.council.node import CouncilNode
from lex7.nodes.interface import Setting
from lex7.runtime.border import Identity
from lex7.runtime.member import Member
from lex7.runtime.peer import Clock, Peer
from lex7.runtime.replica import Replicas
from lex7.storage.memory import MemoryStorage
from lex7.transport.interface import UnreachableError
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


def test_what_one_writes_all_hold_and_the_hash_is_one() -> None:
    world = make_world()
    for name in NAMES:
        world.write(name, 5)
    world.settle()
    assert len(world.hashes()) == 1
    assert all(len(peer.state.decisions) == 20 for peer in world.peers.values())


def test_records_stay_with_their_node_and_the_chain_still_verifies() -> None:
    world = make_world()
    peer = world.peers["vit@a"]
    items = [
        (EntryKind.ACCESS, b"secret"),
        (EntryKind.PROPOSAL, canon.encode({1: "x", 2: 1, 3: b""})),
    ]
    peer.member.append(items, peer.seen_heads)
    peer.note()
    world.settle()
    runs = list(world.peers["mon@b"].replicas.of(peer.identity.key.public).runs())
    assert [entry.payload is None for entry in runs[-1].entries] == [True, False]
    assert not any(b"secret" in (run.bodies or b"") for run in world.peers["mon@b"].replicas.of(
        peer.identity.key.public).storage.read(0))  # fmt: skip
    assert len(world.hashes()) == 1


def test_a_member_that_was_away_catches_up_through_any_other() -> None:
    world = make_world()
    away = world.peers.pop("mon@b")
    away._transport.close()
    for name in ("mon@a", "vit@a"):
        world.write(name, 80)
    world.settle()
    gone = world.peers.pop("vit@a")
    gone._transport.close()
    away.connect(MemoryTransport(world.wire), {})
    world.peers["mon@b"] = away
    world.settle()
    assert len(world.hashes()) == 1
    assert len(away.state.decisions) == 160


def test_an_evicted_member_is_heard_no_more() -> None:
    world = make_world()
    world.settle()
    key = world.peers["mon@b"].identity.key.public
    last = world.peers["mon@b"].member.log.head.sequence
    payload = encode_membership(
        evict(world.membership, NodeName("mon@b"), last), world.owner, LATTICE
    )
    council = world.peers["mon@a"]
    council.member.append([(EntryKind.MEMBERSHIP, payload)], council.seen_heads)
    council.note()
    world.settle()
    world.write("mon@b", 3)
    world.settle()
    world.peers.pop("mon@b")
    assert all(key not in peer.names for peer in world.peers.values())
    assert len(world.hashes()) == 1
    assert len(council.state.decisions) == 0


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
    world.peers.pop("vit@a")
    wire = Wire()
    for peer in world.peers.values():
        peer._transport.close()
        peer.connect(MemoryTransport(wire), {})
    return world


def test_a_copied_home_that_wrote_on_is_caught_by_all_and_they_agree() -> None:
    world = forked()
    for _ in range(6):
        world.round()
    frozen = {
        (fork.frozen, fork.frozen_hash)
        for peer in world.peers.values()
        for fork in peer.state.forks.values()
    }
    assert len(frozen) == 1
    assert all(peer.state.forks for peer in world.peers.values())
    assert len(world.hashes()) == 1


def test_nonsense_on_the_wire_changes_nothing() -> None:
    world = make_world()
    world.settle()
    before = world.hashes()
    stranger = MemoryTransport(world.wire)
    base = f"lex7/{LATTICE.hex()[:16]}"
    for data in (b"", b"\xa0", bytes(1_000), b"\xff" * 50):
        stranger.publish(f"{base}/beat/mon@a", data)
        for name in NAMES:
            with pytest.raises(UnreachableError):
                stranger.request(f"{base}/ask/{name}", data)
    world.settle()
    assert world.hashes() == before
