"""The simulated world: its laws hold, one seed is one run, and a broken law is seen and shrunk."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from lex7.sim.law import Memory, check_agreement, check_laws
from lex7.sim.node import OWN
from lex7.sim.plan import NODES, SECOND_NS, Kind, Plan, Step, draw_plan, read_plan, spell_plan
from lex7.sim.shrink import shrink
from lex7.sim.world import make_world, run_plan

SEEDS = 200
PARTS = 8


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_every_law_holds_whatever_happens(part: int) -> None:
    for seed in range(part, SEEDS, PARTS):
        outcome = run_plan(draw_plan(seed))
        assert outcome.broken is None, f"make sim SEED={seed}"
        assert outcome.beats <= 2, f"make sim SEED={seed}"


@pytest.mark.parametrize("seed", [3, 72])
def test_one_seed_is_one_run_byte_for_byte(seed: int) -> None:
    program = (
        "from lex7.sim.plan import draw_plan; from lex7.sim.world import run_plan;"
        f"print(run_plan(draw_plan({seed})).trace)"
    )
    traces = {
        subprocess.run(
            [sys.executable, "-c", program],
            env=os.environ | {"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        for hash_seed in ("1", "2")
    }
    assert traces == {run_plan(draw_plan(seed)).trace}


def test_different_seeds_are_different_runs() -> None:
    assert len({run_plan(draw_plan(seed)).trace for seed in range(3)}) == 3


@pytest.mark.parametrize("seed", range(5))
def test_a_plan_reads_back_as_it_was_written(seed: int) -> None:
    plan = draw_plan(seed)
    assert read_plan(spell_plan(plan)) == plan


def test_a_calm_run_heals_within_a_heartbeat() -> None:
    steps = tuple(Step(n * SECOND_NS, Kind.WRITE, name, 3) for n, name in enumerate(NODES))
    outcome = run_plan(Plan(1, steps))
    assert (outcome.broken, outcome.beats) == (None, 1)
    assert outcome.entries > len(NODES)


def test_a_lost_entry_is_seen() -> None:
    world = make_world(Plan(1, ()))
    node = world.nodes["vit@a"]
    node.write(3, "x")
    assert check_laws(world.nodes, Memory()) is None
    node.disk.files[OWN].rows.pop()
    broken = check_laws(world.nodes, Memory())
    assert broken is not None
    assert broken.law == "no acknowledged entry is lost"


def test_a_replica_that_differs_is_seen() -> None:
    world = make_world(Plan(1, ()))
    node = world.nodes["vit@a"]
    node.write(2, "x")
    world.network.run(3 * SECOND_NS)
    held = world.nodes["mon@a"].disk.files[node.key.public.hex()]
    held.rows[-1] = replace(held.rows[-1], sealed=held.rows[-1].sealed[:-1])
    broken = check_laws(world.nodes, Memory())
    assert broken is not None
    assert broken.law == "a replica is a prefix"


def test_nodes_that_are_apart_are_seen() -> None:
    world = make_world(Plan(1, ()))
    world.network.part(["vit@a"], [name for name in world.nodes if name != "vit@a"])
    world.nodes["vit@a"].write(1, "x")
    world.network.run(3 * SECOND_NS)
    broken = check_agreement(world.nodes)
    assert broken is not None
    assert broken.law == "one hash after healing"


def test_shrinking_leaves_the_steps_that_matter() -> None:
    plan = draw_plan(4)
    first, last = plan.steps[0], plan.steps[-1]

    def is_failing(part: Plan) -> bool:
        return first in part.steps and last in part.steps

    assert shrink(plan, is_failing).steps == (first, last)
