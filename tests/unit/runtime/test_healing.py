"""A copied or restored node notices, stops, and goes on in the life its owner gives it."""

from __future__ import annotations

from peer_world import LATTICE, World, forked, make, make_world

from lex7.bark import canon
from lex7.bark.entry import EntryKind
from lex7.bark.run import verify
from lex7.base.ids import NodeName
from lex7.lattice.membership import encode_membership, revive
from lex7.runtime.peer import Peer
from lex7.storage.memory import MemoryStorage
from lex7.transport.memory import MemoryTransport

WISH = [(EntryKind.PROPOSAL, canon.encode({1: "after", 2: 1, 3: b""}))]


def heal(world: World, peer: Peer) -> None:
    """Let the copy in `peer` go on, as `lex7 forks --heal` does in the owner's home."""
    membership = peer.membership
    assert membership is not None
    head = peer.member.log.head
    healed = revive(
        membership, peer.identity.name, head.incarnation + 1, (head.sequence, head.hash)
    )
    peer.member.log.begin(head.incarnation + 1)
    payload = encode_membership(healed, world.owner, LATTICE)
    peer.member.append([(EntryKind.MEMBERSHIP, payload)], peer.seen_heads)
    peer.note()


def restored(world: World, name: str, rows: int) -> Peer:
    """Bring back an old copy of a node, in place of the one that went on."""
    original = world.peers.pop(name)
    original._transport.close()
    old = MemoryStorage()
    old.rows = list(world.storages[name].rows)[:rows]
    last = old.rows[-1]
    end = dict(world.storages[name].values)
    head = verify(last, lattice=LATTICE, writer=original.identity.key.public, before=None).head
    end["end"] = head.sequence.to_bytes(8, "big") + head.hash
    old.values = end
    peer = make(name, original.identity.key, world.owner, old, 8)
    peer.clock = original.clock
    peer.load()
    peer.connect(MemoryTransport(world.wire), {})
    world.peers[name], world.storages[name] = peer, old
    return peer


def test_a_restored_node_learns_that_others_hold_more_of_its_log() -> None:
    world = make_world()
    world.write("vit@a", 6)
    world.settle()
    peer = restored(world, "vit@a", 3)
    world.settle()
    found = peer.twin.finding(world.now_ns)
    assert found is not None
    assert found.code == "lattice.own_fork"
    assert "forks --heal vit@a" in found.sentence


def test_a_healed_restored_node_goes_on_and_all_agree() -> None:
    world = make_world()
    world.write("vit@a", 6)
    world.settle()
    peer = restored(world, "vit@a", 3)
    world.settle()
    heal(world, peer)
    peer.member.append(WISH, peer.seen_heads)
    peer.note()
    world.settle()
    world.settle()
    assert peer.twin.finding(world.now_ns) is None
    assert len(world.hashes()) == 1
    other = world.peers["mon@b"]
    head = other.heads()[peer.identity.key.public]
    assert (head.incarnation, head.sequence) == (1, peer.member.log.head.sequence)


def test_a_healed_fork_goes_on_and_all_agree() -> None:
    world = forked()
    for _ in range(6):
        world.round()
    original = world.originals["vit@a"]
    original._transport.close()
    original.connect(MemoryTransport(world.wire), {})
    world.peers["vit@a"] = original
    world.settle()
    found = original.twin.finding(world.now_ns)
    assert found is not None
    heal(world, original)
    for _ in range(3):
        world.settle()
    assert original.twin.finding(world.now_ns) is None
    assert len(world.hashes()) == 1
    assert all(peer.state.is_healed(fork) for peer in world.peers.values() for fork in
               peer.state.forks.values())  # fmt: skip
    held = world.peers["mon@b"].heads()[original.identity.key.public]
    assert held.hash == original.member.log.head.hash


def test_a_copy_that_the_owner_passed_over_writes_no_more() -> None:
    world = forked()
    for _ in range(6):
        world.round()
    original, name = world.originals["vit@a"], NodeName("vit@a")
    council = world.peers["mon@a"]
    membership = council.membership
    assert membership is not None
    chosen = revive(membership, name, 1, (2, council.member.log.head.hash))
    payload = encode_membership(chosen, world.owner, LATTICE)
    council.member.append([(EntryKind.MEMBERSHIP, payload)], council.seen_heads)
    council.note()
    original._transport.close()
    original.connect(MemoryTransport(world.wire), {})
    world.peers["vit@a"] = original
    world.settle()
    found = original.twin.finding(world.now_ns)
    assert found is not None
    assert found.code == "lattice.passed_over"


def test_two_processes_of_one_node_are_noticed() -> None:
    world = make_world()
    world.settle()
    original = world.peers["vit@a"]
    copied = MemoryStorage()
    copied.rows = list(world.storages["vit@a"].rows)
    copied.values = dict(world.storages["vit@a"].values)
    twin = make("vit@a", original.identity.key, world.owner, copied, 99)
    twin.clock = original.clock
    twin.load()
    twin.connect(MemoryTransport(world.wire), {})
    world.now_ns += 10**9
    original.beat()
    twin.beat()
    found = original.twin.finding(world.now_ns)
    assert found is not None
    assert found.code == "lattice.twin"
    assert original.twin.finding(world.now_ns + 3600 * 10**9) is None
