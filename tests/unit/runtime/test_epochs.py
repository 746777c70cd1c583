"""Payloads travel sealed, go only where rules allow, and the chain verifies without them."""

from __future__ import annotations

import pytest
from peer_world import LATTICE, World, make_world

from lex7.bark import canon
from lex7.bark.entry import EntryKind
from lex7.base.ids import KeyId, NodeName
from lex7.directive.document import AccessRule, AccessShape, Action
from lex7.lattice.membership import encode_membership, evict
from lex7.runtime.gate import Gate
from lex7.runtime.permission import permission
from lex7.transport.interface import Priority

SECRET = b"a line that nobody on the way may read"


def spied(world: World) -> list[bytes]:
    """Hear every answer that goes over the wire."""
    heard: list[bytes] = []
    for peer in world.peers.values():
        transport = peer._transport
        assert transport is not None
        asked = transport.request

        def listen(key: str, message: bytes, *, priority: Priority, ask: object = asked) -> bytes:
            answer = ask(key, message, priority=priority)  # type: ignore[operator]
            heard.append(answer)
            return bytes(answer)

        transport.request = listen  # type: ignore[method-assign]
    return heard


def test_nothing_of_a_payload_stands_readable_on_the_wire() -> None:
    world = make_world()
    heard = spied(world)
    peer = world.peers["vit@a"]
    peer.member.append(
        [(EntryKind.PROPOSAL, canon.encode({1: SECRET.decode(), 2: 1, 3: b""}))], peer.seen_heads
    )
    peer.note()
    world.settle()
    assert len(world.hashes()) == 1
    assert len(world.peers["mon@b"].state.decisions) == 1
    assert sum(len(one) for one in heard) > 1_000
    assert not any(SECRET in one for one in heard)


def test_reading_goes_on_after_the_keys_were_rotated() -> None:
    world = make_world()
    world.write("vit@a", 1)
    world.settle()
    first = world.peers["vit@a"].epochs.number
    assert world.peers["vit@a"].epochs.begin() == first + 1
    world.write("vit@a", 1)
    world.settle()
    assert len(world.hashes()) == 1


def test_an_evicted_member_is_given_no_key_any_more() -> None:
    world = make_world()
    world.write("mon@a", 1)
    world.settle()
    council, gone = world.peers["mon@a"], world.peers["mon@b"]
    before = council.epochs.number
    ended = evict(world.membership, NodeName("mon@b"), gone.member.log.head.sequence)
    payload = encode_membership(ended, world.owner, LATTICE)
    council.member.append([(EntryKind.MEMBERSHIP, payload)], council.seen_heads)
    council.note()
    asked = council.epochs.seal(b"x")
    assert council.epochs.number == before + 1
    assert int.from_bytes(asked[:8], "big") == before + 1
    with pytest.raises(Exception, match="no member"):
        gone.border.ask(NodeName("mon@a"), "epoch", (gone.epochs.share,))


def observation(stream: str) -> bytes:
    return canon.encode({1: "0" * 12, 2: stream, 3: 1, 4: (), 5: 0, 6: 0, 7: 0, 8: 0})


def test_records_go_where_the_rules_allow_and_headers_everywhere() -> None:
    world = make_world()
    peer = world.peers["vit@a"]
    rule = AccessRule(
        id="second",
        say="",
        shape=AccessShape.ONLY,
        actions=(Action.READ,),
        kinds=("weight",),
        raw=None,
        nodes=("mon@b",),
        line=1,
    )
    gate = Gate(peer.identity.name, (rule,))
    peer.permit = lambda asker: permission(gate, asker)
    items = [
        (EntryKind.OBSERVATIONS, observation("weight")),
        (EntryKind.OBSERVATIONS, observation("heart.rate")),
        (EntryKind.ACCESS, b"decisions"),
    ]
    peer.member.append(items, peer.seen_heads)
    peer.note()
    world.settle()
    held = {name: payloads(world, name, peer.identity.key.public) for name in ("mon@a", "mon@b")}
    assert held["mon@b"] == [True, False, False]
    assert held["mon@a"] == [False, False, False]
    assert gate.take(0) is not None


def payloads(world: World, name: str, writer: KeyId) -> list[bool]:
    last = list(world.peers[name].replicas.of(writer).runs())[-1]
    return [entry.payload is not None for entry in last.entries]
