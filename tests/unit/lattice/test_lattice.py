"""Members, evictions, forks, ranges and views, each against what the design says."""

from __future__ import annotations

import pytest
from lattice_world import LATTICE, World

from lex7.bark import canon
from lex7.bark.entry import EntryKind
from lex7.bark.fields import PayloadError
from lex7.bark.log import Log
from lex7.bark.signature import draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.errors import BarkError
from lex7.base.ids import EntryHash, NodeName, StateHash
from lex7.lattice import digest, fold_lattice
from lex7.lattice.discovery import Description
from lex7.lattice.evidence import contradiction, decode_evidence, encode_evidence, frozen_at
from lex7.lattice.membership import (
    NameTakenError,
    NotAMemberError,
    admit,
    decode_membership,
    encode_membership,
    evict,
    revive,
)
from lex7.lattice.sync import (
    Heartbeat,
    compare,
    decode_heartbeat,
    encode_heartbeat,
    read_runs,
    spell_runs,
)
from lex7.lattice.view import AWAY_NS, View, council
from lex7.storage.memory import MemoryStorage

PROPOSAL = (EntryKind.PROPOSAL, canon.encode({1: "x", 2: 1, 3: b""}))


def test_entries_of_a_stranger_do_not_count(world: World) -> None:
    stranger = draw_key(SeededEntropy(99))
    log = Log(
        MemoryStorage(), key=stranger, lattice=LATTICE, incarnation=0, entropy=SeededEntropy(1)
    )
    made = log.prepare([PROPOSAL], heads=world.heads())
    before = fold_lattice(world.entries, world.authority)
    assert fold_lattice([*world.entries, *made], world.authority) == before


def test_a_membership_that_another_key_signed_says_nothing(world: World) -> None:
    forger = draw_key(SeededEntropy(98))
    forged = encode_membership(evict(world.membership, NodeName("mon@a"), 0), forger, LATTICE)
    world.write("mon@b", [(EntryKind.MEMBERSHIP, forged)])
    state = fold_lattice(world.entries, world.authority)
    assert state.membership == world.membership


def test_an_evicted_writers_later_entries_do_not_count(world: World) -> None:
    kept = world.write("mon@b", [PROPOSAL])[0]
    dropped = world.write("mon@b", [PROPOSAL])[0]
    payload = world.sign(evict(world.membership, NodeName("mon@b"), kept.sequence))
    world.write("mon@a", [(EntryKind.MEMBERSHIP, payload)])
    state = fold_lattice(world.entries, world.authority)
    assert kept.hash in state.decisions
    assert dropped.hash not in state.decisions
    without_it = [entry for entry in world.entries if entry.hash != dropped.hash]
    assert digest(fold_lattice(without_it, world.authority)) == digest(state)


def test_a_membership_is_read_as_it_was_written(world: World) -> None:
    newcomer = (NodeName("vit@b"), draw_key(SeededEntropy(4)).public)
    second = evict(admit(world.membership, (newcomer,)), NodeName("mon@b"), 7)
    third = revive(second, NodeName("vit@a"), 2, (9, EntryHash(bytes(32))))
    for membership in (world.membership, second, third):
        payload = encode_membership(membership, world.owner, LATTICE)
        assert decode_membership(payload, world.owner.public, LATTICE) == membership


def test_a_name_is_given_once(world: World) -> None:
    newcomer = (NodeName("vit@a"), draw_key(SeededEntropy(4)).public)
    with pytest.raises(NameTakenError):
        admit(world.membership, (newcomer,))
    with pytest.raises(NotAMemberError):
        evict(world.membership, NodeName("vit@nowhere"), 0)


def fork(world: World) -> tuple[World, MemoryStorage, Log]:
    """Write three entries, copy the log, and let both copies go on."""
    world.write("vit@a", [PROPOSAL, PROPOSAL])
    copied = MemoryStorage()
    copied.rows = list(world.stored("vit@a"))
    copied.values = dict(world.storages["vit@a"].values)
    other = Log(
        copied, key=world.keys["vit@a"], lattice=LATTICE, incarnation=0, entropy=SeededEntropy(77)
    )
    made = other.prepare([PROPOSAL], heads=())
    other.commit(made, state_hash=StateHash(bytes(32)), heads=())
    world.write("vit@a", [PROPOSAL])
    return world, copied, other


def test_a_fork_freezes_its_incarnation_and_a_new_one_heals_it(world: World) -> None:
    world, copied, other = fork(world)
    mine, theirs = world.runs("vit@a")[-1], next(iter(other.runs(4)))
    assert contradiction(mine, theirs) == 4
    key = world.keys["vit@a"].public
    before = world.runs("vit@a")[-2].entries[-1].hash
    frozen = frozen_at(mine.entries, 4, 0, before)
    assert frozen == (3, before)
    runs = (world.stored("vit@a")[-1], copied.rows[-1])
    payload = encode_evidence(runs, key, 0, frozen)
    assert decode_evidence(payload, LATTICE).common == 3
    world.write("mon@a", [(EntryKind.EVIDENCE, payload)])
    state = fold_lattice(world.entries, world.authority)
    assert not state.counts(mine.entries[0])
    healed = world.sign(revive(world.membership, NodeName("vit@a"), 1, frozen))
    world.write("mon@a", [(EntryKind.MEMBERSHIP, healed)])
    state = fold_lattice(world.entries, world.authority)
    assert state.counts(mine.entries[0]._replace(incarnation=1))
    assert not state.counts(mine.entries[0])


@pytest.mark.parametrize("frozen", [(3, bytes(32)), (4, bytes(32)), (9, bytes(32)), (2, None)])
def test_evidence_that_freezes_at_an_entry_of_neither_run_is_refused(
    world: World, frozen: tuple[int, bytes | None]
) -> None:
    world, copied, _ = fork(world)
    before = world.runs("vit@a")[-2].entries[-1].hash
    place = (frozen[0], EntryHash(frozen[1] or before))
    runs = (world.stored("vit@a")[-1], copied.rows[-1])
    payload = encode_evidence(runs, world.keys["vit@a"].public, 0, place)
    with pytest.raises(PayloadError):
        decode_evidence(payload, LATTICE)


def test_an_acknowledged_entry_of_the_branch_stays(world: World) -> None:
    world, _, _ = fork(world)
    mine = world.runs("vit@a")[-1]
    assert frozen_at(mine.entries, 4, 4, EntryHash(bytes(32))) == (4, mine.entries[-1].hash)
    assert frozen_at(mine.entries, 4, 900, EntryHash(bytes(32)))[0] == 4


def test_evidence_of_an_honest_writer_is_refused(world: World) -> None:
    world.write("vit@a", [PROPOSAL])
    runs = world.stored("vit@a")
    payload = encode_evidence(
        (runs[0], runs[1]), world.keys["vit@a"].public, 0, (1, EntryHash(bytes(32)))
    )
    with pytest.raises(PayloadError):
        decode_evidence(payload, LATTICE)
    same = encode_evidence(
        (runs[1], runs[1]), world.keys["vit@a"].public, 0, (1, EntryHash(bytes(32)))
    )
    with pytest.raises(PayloadError):
        decode_evidence(same, LATTICE)


def beat(world: World, *names: str) -> Heartbeat:
    heads = {world.keys[name].public: world.logs[name].head for name in names}
    return Heartbeat(5, bytes(32), heads, b"mark of.")


def test_a_heartbeat_is_read_as_it_was_written(world: World) -> None:
    said = beat(world, "mon@a", "vit@a")
    assert decode_heartbeat(encode_heartbeat(said)) == said
    with pytest.raises(BarkError):
        decode_heartbeat(encode_heartbeat(said)[:-1])


def test_who_is_behind_asks_for_what_is_missing(world: World) -> None:
    theirs = beat(world, "mon@a", "vit@a").heads
    members = [key.public for key in world.keys.values()]
    wanted, conflicts = compare({}, theirs, members)
    assert [(one.first, one.last) for one in wanted] == [(1, 1), (1, 1)]
    assert compare(theirs, theirs, members) == ((), ())
    assert conflicts == ()
    assert compare({}, theirs, ())[0] == ()


def test_different_entries_at_one_place_are_a_conflict(world: World) -> None:
    world, _, other = fork(world)
    key = world.keys["vit@a"].public
    _, conflicts = compare({key: world.logs["vit@a"].head}, {key: other.head}, [key])
    assert [(one.writer, one.sequence) for one in conflicts] == [(key, 4)]


def test_ranges_are_read_as_they_were_spelled(world: World) -> None:
    runs = tuple(world.stored("vit@a"))
    assert read_runs(spell_runs(runs)) == runs
    for nonsense in (1, ((1, 2),), ((1, 2, 3, 4),)):
        with pytest.raises(PayloadError):
            read_runs(nonsense)


def test_a_member_is_live_for_three_periods(world: World) -> None:
    key = world.keys["mon@a"].public
    told = Description(b"mark of.", ("council",), "0.1.0", 1)
    view = View().see(key, beat(world, "mon@a"), 100, 5).describe(key, told)
    assert view.is_live(key, 100 + AWAY_NS - 1)
    assert not view.is_live(key, 100 + AWAY_NS)
    assert not view.lose(key).is_live(key, 101)
    names = world.membership.names
    assert view.route("council", names, 101) == ("mon@a",)
    assert view.route("moments", names, 101) == ()


def test_a_clock_that_is_a_day_off_is_seen(world: World) -> None:
    key = world.keys["mon@a"].public
    view = View().see(key, beat(world, "mon@a"), 100, 5 + 86_400 * 10**9)
    assert view.sightings[key].is_drifting
    assert view.is_live(key, 101)


def test_the_lowest_live_council_serves_and_else_the_lowest_member(world: World) -> None:
    names = world.membership.names
    key = {name: pair.public for name, pair in world.keys.items()}
    assert council(names, key.values()) == key["mon@a"]
    assert council(names, [key["vit@a"], key["mon@b"]]) == key["mon@b"]
    assert council(names, [key["wth@a"], key["vit@a"]]) == key["vit@a"]
    assert council(names, []) is None
