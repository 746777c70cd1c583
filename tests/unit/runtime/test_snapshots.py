"""A late joiner takes a council's signed snapshot; forged, wrong and old ones are refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from peer_world import LATTICE, World, make, make_world

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.bark.signature import SigningKey, sign
from lex7.base.errors import BarkError
from lex7.base.ids import NodeName
from lex7.lattice import digest, fold_lattice
from lex7.lattice.membership import encode_membership, evict
from lex7.lattice.snapshot import PURPOSE, SNAPSHOT, SnapshotError, _entry, decode_snapshot
from lex7.runtime.peer import Peer
from lex7.transport.memory import MemoryTransport

COUNCIL, LATE = "mon@a", "mon@b"


def long_world() -> tuple[World, Peer]:
    """A lattice that has written much while one member was never there."""
    world = make_world()
    late = world.peers.pop(LATE)
    assert late._transport is not None
    late._transport.close()
    world.write("vit@a", 300)
    world.write("wth@a", 300)
    world.settle()
    return world, late


def come(world: World, late: Peer) -> None:
    late.connect(MemoryTransport(world.wire), {})
    world.peers[LATE] = late


def snapshot_of(world: World, name: str = COUNCIL) -> bytes:
    return world.peers[name].snapshots.make()


def signed_again(data: bytes, key: SigningKey, change: Callable[[dict[int, Value]], None]) -> bytes:
    """Change the body of a snapshot and sign it with a key."""
    outer = canon.decode(data, bytes_max=1 << 24)
    assert isinstance(outer, dict)
    body = canon.decode(outer[3], bytes_max=1 << 24)  # type: ignore[arg-type]
    assert isinstance(body, dict)
    change(body)
    spelled = canon.encode(body, bytes_max=1 << 24)
    digest = hashlib.sha256(spelled).digest()
    message = sign(key, purpose=PURPOSE, lattice=LATTICE, payload=digest)
    return canon.encode({1: key.public, 2: message, 3: spelled}, bytes_max=1 << 24)


def test_a_late_joiner_takes_a_snapshot_and_pulls_only_what_is_after_it() -> None:
    world, late = long_world()
    come(world, late)
    world.settle()
    assert len(world.hashes()) == 1
    assert len(late.state.decisions) == 600
    key = world.peers["vit@a"].identity.key.public
    assert late.replicas.of(key).base.sequence == 301
    assert list(late.replicas.of(key).runs()) == []
    world.write("vit@a", 3)
    world.settle()
    assert len(world.hashes()) == 1
    assert [run.seal.first for run in late.replicas.of(key).runs()] == [302, 303, 304]
    assert not late.findings


def test_older_parts_are_pulled_later_and_the_state_stays() -> None:
    world, late = long_world()
    come(world, late)
    world.settle()
    seen = {late.lattice_hash}
    for _ in range(130):
        world.round()
        seen.add(late.lattice_hash)
    assert len(seen) == 1
    assert late.replicas.based() == ()
    key = world.peers["vit@a"].identity.key.public
    assert next(late.replicas.of(key).runs()).seal.first == 1
    assert not late.findings


def test_a_snapshot_that_named_another_end_is_found_when_the_log_is_pulled() -> None:
    world, late = long_world()
    council = world.peers[COUNCIL]
    key = world.peers["vit@a"].identity.key.public

    def another_end(body: dict[int, Value]) -> None:
        items = [tuple(one) for one in body[4]]  # type: ignore[union-attr, arg-type]
        named = [canon.decode(header) for header, _, _ in items]  # type: ignore[arg-type]
        place = max(at for at, one in enumerate(named) if one[1] == key)  # type: ignore[index, call-overload]
        header = {**named[place], 6: bytes(32)}  # type: ignore[dict-item]
        spelled = canon.encode(header)
        items[place] = (spelled, *items[place][1:])
        heads = [list(one) for one in body[1]]  # type: ignore[union-attr, arg-type]
        for head in heads:
            if head[0] == key:
                head[4] = hashlib.sha256(spelled).digest()
        body[1], body[4] = tuple(map(tuple, heads)), tuple(items)
        body[2] = digest(fold_lattice(entries_of(body), council.shared.timeline.authority))

    forged = signed_again(snapshot_of(world), council.identity.key, another_end)
    council.snapshots.make = lambda: forged  # type: ignore[method-assign]
    come(world, late)
    world.settle()
    world.settle()
    assert len(world.hashes()) == 1
    assert "snapshot" in late.findings


def entries_of(body: dict[int, Value]) -> list[VerifiedEntry]:
    return [_entry(tuple(one)) for one in body[4]]  # type: ignore[union-attr, arg-type]


def test_a_node_that_began_with_a_snapshot_starts_again_with_the_same_state() -> None:
    world, late = long_world()
    come(world, late)
    world.write("vit@a", 3)
    world.settle()
    again = make(LATE, late.identity.key, world.owner, world.storages[LATE], 7)
    again.replicas = late.replicas
    again.load()
    assert again.lattice_hash == late.lattice_hash
    late.snapshots.keep()
    assert decode_snapshot(late.snapshots.make(), late.shared.timeline.authority).state == (
        late.state
    )


def test_a_start_reads_only_the_runs_after_the_kept_snapshot() -> None:
    world, _ = long_world()
    peer = world.peers["vit@a"]
    peer.snapshots.keep()
    world.write("wth@a", 2)
    world.settle()
    again = make("vit@a", peer.identity.key, world.owner, world.storages["vit@a"], 7)
    again.replicas = peer.replicas
    kept, writer = again.snapshots.kept(), world.peers["wth@a"].identity.key.public
    again.note()
    start = again.snapshots.start(kept, writer)
    assert start is not None
    assert len(list(peer.replicas.of(writer).runs(start))) == 2
    again.load()
    assert again.lattice_hash == peer.lattice_hash


def test_a_snapshot_whose_beginning_is_lost_is_pulled_whole_again() -> None:
    world, late = long_world()
    come(world, late)
    world.settle()
    world.storages[LATE].put("snapshot", b"damaged")
    again = make(LATE, late.identity.key, world.owner, world.storages[LATE], 7)
    again.replicas, again.clock = late.replicas, late.clock
    assert late._transport is not None
    late._transport.close()
    again.load()
    assert "snapshot" in again.findings
    again.connect(MemoryTransport(world.wire), {})
    world.peers[LATE] = again
    world.settle()
    assert len(world.hashes()) == 1
    assert len(again.state.decisions) == 600


def _hash(body: dict[int, Value]) -> None:
    body[2] = bytes(32)


def _without_one(body: dict[int, Value]) -> None:
    body[4] = tuple(body[4])[:-1]  # type: ignore[arg-type]


def _payload(body: dict[int, Value]) -> None:
    items = list(body[4])  # type: ignore[arg-type]
    items[-1] = (items[-1][0], items[-1][1], b"another payload")  # type: ignore[index]
    body[4] = tuple(items)


def _twice(body: dict[int, Value]) -> None:
    items = tuple(body[4])  # type: ignore[arg-type]
    body[4] = (*items, items[-1])


def _shorter(body: dict[int, Value]) -> None:
    heads = [tuple(one) for one in body[1]]  # type: ignore[union-attr, arg-type]
    body[1] = tuple((one[0], one[1], 1, *one[3:]) for one in heads)


def _nonsense(body: dict[int, Value]) -> None:
    body[4] = ((b"", b"", b""),)


@pytest.mark.parametrize("change", [_hash, _without_one, _payload, _twice, _shorter, _nonsense])
def test_a_snapshot_that_a_council_forged_is_refused_and_the_logs_are_pulled(
    change: Callable[[dict[int, Value]], None],
) -> None:
    world, late = long_world()
    council = world.peers[COUNCIL]
    forged = signed_again(snapshot_of(world), council.identity.key, change)
    with pytest.raises(BarkError):
        decode_snapshot(forged, council.shared.timeline.authority)
    council.snapshots.make = lambda: forged  # type: ignore[method-assign]
    come(world, late)
    world.settle()
    assert f"snapshot {COUNCIL}" in late.findings
    assert len(world.hashes()) == 1
    assert len(late.state.decisions) == 600
    key = world.peers["vit@a"].identity.key.public
    assert late.replicas.of(key).base.sequence == 0


def test_a_changed_byte_or_another_signer_is_refused() -> None:
    world, late = long_world()
    data = snapshot_of(world)
    for place in (3, 60, 150, len(data) // 2, len(data) - 1):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(BarkError):
            decode_snapshot(changed, late.shared.timeline.authority)
    stranger = signed_again(data, world.owner, lambda _: None)
    with pytest.raises(SnapshotError, match="no member"):
        decode_snapshot(stranger, late.shared.timeline.authority)
    with pytest.raises(SnapshotError, match="not the node"):
        late.snapshots.adopt(snapshot_of(world, "vit@a"), NodeName(COUNCIL), {})


def test_a_snapshot_older_than_the_councils_heartbeat_is_refused() -> None:
    world, late = long_world()
    council, old = world.peers[COUNCIL], snapshot_of(world)
    world.write("vit@a", 5)
    world.settle()
    council.snapshots.make = lambda: old  # type: ignore[method-assign]
    come(world, late)
    world.settle()
    assert "older" in late.findings[f"snapshot {COUNCIL}"].sentence
    assert len(world.hashes()) == 1
    assert len(late.state.decisions) == 605


def test_a_snapshot_before_an_eviction_is_refused_by_those_who_know_of_it() -> None:
    world, late = long_world()
    council, old = world.peers[COUNCIL], snapshot_of(world)
    later = encode_membership(evict(world.membership, NodeName("wth@a"), 301), world.owner, LATTICE)
    late.member.append([(EntryKind.MEMBERSHIP, later)], late.seen_heads)
    late.note()
    with pytest.raises(SnapshotError, match="membership is older"):
        late.snapshots.adopt(old, council.identity.name, {})


def test_every_node_answers_for_a_snapshot_and_only_a_councils_is_taken() -> None:
    world, late = long_world()
    come(world, late)
    answer = late.border.ask(NodeName("vit@a"), SNAPSHOT, ())
    assert isinstance(answer, bytes)
    vit = world.peers["vit@a"].identity.key.public
    assert not late.snapshots.ask([vit])
    assert late.replicas.heads() == {}
    assert late.snapshots.ask([vit, world.peers[COUNCIL].identity.key.public])
