"""Every kind of packet is sent by real peers and has its effect."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from peer_world import LATTICE, NAMES, World, make_world

from lex7.bark import canon
from lex7.bark.entry import EntryKind
from lex7.bark.packet import PacketKind, open_packet, seal_packet
from lex7.base.ids import NodeName
from lex7.lattice.discovery import Description, encode_description
from lex7.lattice.routing import Heard, encode_routing
from lex7.lattice.sync import DIRECTIVE, HEADS
from lex7.lattice.view import View
from lex7.runtime.border import RefusedError
from lex7.transport.interface import Handler, Listener, Priority
from lex7.transport.memory import MemoryTransport

BASE = f"lex7/{LATTICE.hex()[:16]}"
SENT = list[tuple[PacketKind, str]]


def overheard(world: World) -> SENT:
    """Note every packet that peers answer or hear from now on."""
    sent: SENT = []

    def noted(key: str, data: bytes) -> None:
        sent.append((open_packet(data, LATTICE).kind, key))

    def answering(key: str, handler: Handler) -> Callable[[bytes], bytes]:
        def answer(data: bytes) -> bytes:
            noted(key, data)
            answered = handler(data)
            noted(key, answered)
            return answered

        return answer

    def hearing(listener: Listener) -> Listener:
        def hear(key: str, data: bytes) -> None:
            noted(key, data)
            listener(key, data)

        return hear

    for peer in world.peers.values():
        end = peer._transport
        assert isinstance(end, MemoryTransport)
        end.handlers = {key: answering(key, one) for key, one in end.handlers.items()}
        end.listeners = [(pattern, hearing(one)) for pattern, one in end.listeners]
    return sent


def test_all_eight_kinds_are_sent_by_peers_that_meet() -> None:
    world = make_world()
    sent = overheard(world)
    late = world.peers["mon@b"]
    late.beats.connect(MemoryTransport(world.wire))
    late.member.append([(EntryKind.DIRECTIVES, b"new rules")], late.seen_heads)
    late.note()
    world.settle()
    with pytest.raises(RefusedError):
        late.border.ask(NodeName("mon@a"), "nothing known", ())
    assert {kind for kind, _ in sent} == set(PacketKind)


def test_a_node_with_new_directives_asks_those_behind_to_take_them_first() -> None:
    world = make_world()
    world.settle()
    council, other = world.peers["mon@a"], world.peers["vit@a"]
    council.member.append([(EntryKind.DIRECTIVES, b"new rules")], council.seen_heads)
    council.note()
    other.wake = lambda: None
    other.beat()
    sent = overheard(world)
    council.pull()
    assert (PacketKind.DIRECTIVE, f"{BASE}/control/vit@a") in sent
    other.pull()
    assert [entry.payload for entry in other.state.directives] == [b"new rules"]
    sent.clear()
    world.settle()
    assert (PacketKind.DIRECTIVE, f"{BASE}/control/vit@a") not in sent


def test_a_directive_packet_about_another_log_than_the_askers_is_refused() -> None:
    world = make_world()
    other = world.peers["wth@a"].member.log.head
    for wrong in (((other.row(),),), ((),), (5,), ()):
        with pytest.raises(RefusedError):
            world.peers["mon@a"].border.ask(NodeName("vit@a"), DIRECTIVE, wrong)


def test_a_question_under_another_kind_of_packet_is_refused() -> None:
    world = make_world()
    peer = world.peers["mon@a"]
    question = canon.encode({1: HEADS, 2: ()})
    sent = seal_packet(peer.identity.key, LATTICE, PacketKind.HEARTBEAT, bytes(16), question)
    assert peer._transport is not None
    answer = peer._transport.request(f"{BASE}/control/vit@a", sent, priority=Priority.CONTROL)
    assert open_packet(answer, LATTICE).kind is PacketKind.ERROR


def test_what_a_node_can_do_is_known_after_it_was_missed() -> None:
    world = make_world()
    for name in NAMES:
        world.peers[name].capabilities = (f"follow.{name}",)
        world.peers[name].view = View()
    world.settle()
    now = world.now_ns
    view, names = world.peers["mon@a"].view, world.peers["mon@a"].names
    assert view.route("follow.vit@a", names, now) == ("vit@a",)


def test_the_release_a_node_runs_is_told_and_the_lattice_stays_whole() -> None:
    world = make_world()
    world.settle()
    peer = world.peers["vit@a"]
    told = Description(b"newmark.", ("range",), "9.0.0", 1)
    packet = seal_packet(
        peer.identity.key, LATTICE, PacketKind.DISCOVERY, bytes(16), encode_description(told)
    )
    MemoryTransport(world.wire).publish(f"{BASE}/beat/vit@a", packet)
    key = peer.identity.key.public
    assert world.peers["mon@a"].view.descriptions[key].version == "9.0.0"
    world.write("vit@a", 2)
    world.settle()
    assert len(world.hashes()) == 1
    assert world.peers["mon@a"].view.descriptions[key].version != "9.0.0"


def test_a_link_that_is_cut_in_one_direction_shows_who_hears_the_member() -> None:
    world = make_world()
    world.settle()
    one, teller = world.peers["mon@a"], world.peers["wth@a"]
    lost = world.peers["vit@a"].identity.key.public
    world.now_ns += 10**10
    teller.beat()
    MemoryTransport(world.wire).publish(
        f"{BASE}/beat/wth@a",
        seal_packet(
            teller.identity.key,
            LATTICE,
            PacketKind.ROUTING_UPDATE,
            bytes(16),
            encode_routing({lost: Heard(100, bytes(32), bytes(8))}),
        ),
    )
    assert one.beats.heard_elsewhere(lost) == ("wth@a",)
    assert not one.view.is_live(lost, world.now_ns)
