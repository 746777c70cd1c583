"""The shared state is a function of the set of entries, whatever the order of delivery."""

from __future__ import annotations

import random
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st
from lattice_world import NAMES, World, make_world

from lex7.bark import canon
from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.base.ids import NodeName
from lex7.lattice import Timeline, digest, extend, fold_lattice
from lex7.lattice.membership import evict


def fill(world: World, seed: int, count: int) -> None:
    """Write proposals, margins, verdicts, countersignatures, one eviction and nonsense."""
    draw = random.Random(seed)
    proposals: list[bytes] = [bytes(32)]
    for step in range(count):
        name = draw.choice(NAMES)
        asked = draw.choice(proposals)
        kind = draw.choice("pmvcnn")
        if kind == "p":
            made = world.write(
                name, [(EntryKind.PROPOSAL, canon.encode({1: "x", 2: step, 3: b""}))]
            )
            proposals.append(made[-1].hash)
        elif kind == "m":
            world.write(name, [(EntryKind.MARGINS, canon.encode({1: asked, 2: []}))])
        elif kind == "v":
            keys = [world.keys[draw.choice(NAMES)].public]
            body = canon.encode({1: asked, 2: keys, 3: "ACCEPT", 4: b"{}"})
            made = world.write(name, [(EntryKind.VERDICT, body)])
            signed = canon.encode({1: asked, 2: made[-1].hash, 3: bytes(32)})
            world.write(draw.choice(NAMES), [(EntryKind.COUNTERSIGN, signed)])
        else:
            world.write(name, [(EntryKind.MARGINS, draw.randbytes(5)), (EntryKind.ACCESS, b"x")])
    if draw.random() < 0.5:
        last = draw.randrange(3)
        payload = world.sign(evict(world.membership, NodeName("mon@b"), last))
        world.write("mon@a", [(EntryKind.MEMBERSHIP, payload)])


def pieces(entries: list[VerifiedEntry], draw: random.Random) -> Iterator[list[VerifiedEntry]]:
    while entries:
        size = draw.randrange(1, 12)
        yield entries[:size]
        entries = entries[size:]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), count=st.integers(0, 40))
def test_any_delivery_order_gives_the_same_hash(seed: int, count: int) -> None:
    world = make_world()
    fill(world, seed, count)
    expected = fold_lattice(world.entries, world.authority)
    draw = random.Random(seed)
    for _ in range(3):
        mixed = [*world.entries, *draw.choices(world.entries, k=5)]
        draw.shuffle(mixed)
        timeline = Timeline(world.authority)
        for part in pieces(mixed, draw):
            timeline = extend(timeline, part)
        assert timeline.state == expected
        assert digest(timeline.state) == digest(expected)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_one_entry_less_gives_another_hash(seed: int) -> None:
    world = make_world()
    fill(world, seed, 12)
    whole = fold_lattice(world.entries, world.authority)
    control = [entry for entry in world.entries if entry.kind is not EntryKind.ACCESS]
    left_out = random.Random(seed).choice(control)
    rest = [entry for entry in world.entries if entry is not left_out]
    if whole.counts(left_out):
        assert digest(fold_lattice(rest, world.authority)) != digest(whole)


def test_a_late_entry_is_folded_from_the_checkpoint_before_it(world: World) -> None:
    for step in range(700):
        world.write(
            NAMES[step % 4], [(EntryKind.PROPOSAL, canon.encode({1: "x", 2: step, 3: b""}))]
        )
    late = world.entries[350]
    rest = [entry for entry in world.entries if entry is not late]
    before = extend(Timeline(world.authority), rest)
    after = extend(before, [late])
    assert [mark[0] for mark in after.marks] == [256, 512]
    assert after.marks[0] is before.marks[0]
    assert after.state == fold_lattice(world.entries, world.authority)
