"""Folding when somebody looks gives what folding at once gives, in whatever parts entries come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from lattice_world import World, make_world

from lex7.bark import canon
from lex7.bark.entry import EntryKind
from lex7.base.ids import NodeName
from lex7.lattice import fold_lattice
from lex7.lattice.membership import evict
from lex7.runtime.shared import Shared


def _told() -> World:
    world = make_world()
    for name in ("vit@a", "wth@a", "mon@b", "vit@a"):
        world.write(name, [(EntryKind.PROPOSAL, canon.encode({1: name, 2: 1, 3: b""}))])
    payload = world.sign(evict(world.membership, NodeName("mon@b"), 1))
    world.write("mon@a", [(EntryKind.MEMBERSHIP, payload)])
    return world


WORLD = _told()


@given(st.permutations(WORLD.entries), st.lists(st.booleans(), min_size=12, max_size=12))
def test_waiting_entries_fold_to_the_same_state(order: list, looks: list[bool]) -> None:  # type: ignore[type-arg]
    shared, taken = Shared(WORLD.authority), []
    for entry, is_looking in zip(order, [*looks, *looks], strict=False):
        shared.take([entry])
        taken.append(entry)
        if is_looking:
            assert shared.timeline.state == fold_lattice(taken, WORLD.authority)
    whole = fold_lattice(WORLD.entries, WORLD.authority)
    assert shared.timeline.state == whole
    assert shared.ruling.membership == whole.membership
    assert all(whole.counts(entry) == shared.ruling.counts(entry) for entry in WORLD.entries)


def test_another_copy_of_the_membership_in_force_is_no_change() -> None:
    shared = Shared(WORLD.authority)
    first, second = WORLD.entries[:2]
    assert shared.take([first])
    assert not shared.take([second])
    assert len(shared.timeline.entries) == 2
