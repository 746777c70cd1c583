"""Peers over one wire: what one writes all hold, a fork is seen by all, and shares one hash."""

from __future__ import annotations

import pytest
from peer_world import LATTICE, NAMES, forked, make_world

from lex7.bark import canon
from lex7.bark.entry import EntryKind
from lex7.bark.packet import PURPOSE
from lex7.bark.signature import sign
from lex7.base.ids import NodeName
from lex7.lattice.membership import encode_membership, evict
from lex7.transport.interface import UnreachableError
from lex7.transport.memory import MemoryTransport


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


def test_a_member_of_a_later_release_is_named_until_it_can_be_read() -> None:
    world = make_world()
    world.settle()
    one, other = world.peers["vit@a"], world.peers["mon@b"]
    inner = canon.encode({1: 2, 2: 5, 3: bytes(16), 4: b"another layout", 5: b"and more"})
    signed = sign(other.identity.key, purpose=PURPOSE, lattice=LATTICE, payload=inner)
    packet = canon.encode({1: other.identity.key.public, 2: signed})
    stranger = MemoryTransport(world.wire)
    base = f"lex7/{LATTICE.hex()[:16]}/beat"
    stranger.publish(f"{base}/wth@a", packet)
    assert not one.findings, "only a member can say what it runs, and only of itself"
    stranger.publish(f"{base}/mon@b", packet)
    found = one.findings["version mon@b"]
    assert (found.code, found.where) == ("bark.version", "mon@b")
    assert "same release" in found.sentence
    world.settle()
    assert not one.findings
    assert len(world.hashes()) == 1
