"""What happens in a simulated run: writes and faults, each at an instant, drawn from a seed.

A plan is data. It can be written down, cut to a part of itself, and run again.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from lex7.base.entropy import SeededEntropy

SECOND_NS = 1_000_000_000
NODES = ("mon@a", "vit@a", "wth@a", "mon@b", "vit@b")
LIAR = "wth@b"
"""The member that may turn against the others; the laws promise nothing about its own log."""

STORMY_SECONDS = 8
STEPS_MAX = 24


class Kind(StrEnum):
    """What a step does; `amount` means what stands in parentheses."""

    WRITE = "write"  # entries (how many)
    PART = "part"  # split into two groups (a bit for each node)
    CUT = "cut"  # half-open link from one node to another (which)
    HEAL = "heal"  # every link works
    CRASH = "crash"  # stop at once
    CUT_BEFORE = "power-before"  # power goes before the next write ends
    CUT_AFTER = "power-after"  # power goes right after the next write
    START = "start"  # start if stopped
    FULL = "full"  # disk full
    ROOM = "room"  # disk has room again
    CLOCK = "clock"  # wall clock jumps (seconds)
    STORM = "storm"  # messages lost, repeated, delayed (of a thousand)
    FORK = "fork"  # a copy of the liar's home writes on (entries)
    FORGE = "forge"  # the liar claims heads that do not exist
    REPLAY = "replay"  # an outsider repeats old packets
    FLOOD = "flood"  # an outsider sends nonsense (how many)


_OFTEN = (Kind.WRITE,) * 8
_FAULTS = tuple(kind for kind in Kind if kind is not Kind.WRITE)
_ABOUT_LIAR = (Kind.FORK, Kind.FORGE)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens."""

    at_ns: int
    kind: Kind
    node: str
    amount: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One run: the seed of everything drawn while it runs, and its steps in order of time."""

    seed: int
    steps: tuple[Step, ...]


def draw_plan(seed: int) -> Plan:
    """Draw the plan of a seed."""
    entropy = SeededEntropy(seed)

    def below(count: int) -> int:
        return int.from_bytes(entropy.draw(8), "big") % count

    steps = []
    for _ in range(4 + below(STEPS_MAX - 3)):
        kinds = _OFTEN + _FAULTS
        kind = kinds[below(len(kinds))]
        node = LIAR if kind in _ABOUT_LIAR else (*NODES, LIAR)[below(len(NODES) + 1)]
        steps.append(Step(below(STORMY_SECONDS * SECOND_NS), kind, node, below(1 << 16)))
    return Plan(seed, tuple(sorted(steps, key=lambda step: step.at_ns)))


def spell_plan(plan: Plan) -> str:
    """Write a plan as JSON, one step a line."""
    rows = [
        json.dumps([step.at_ns, step.kind.value, step.node, step.amount]) for step in plan.steps
    ]
    return f'{{"seed": {plan.seed}, "steps": [\n' + ",\n".join(rows) + "\n]}\n"


def read_plan(text: str) -> Plan:
    """Read a plan that `spell_plan` wrote."""
    body = json.loads(text)
    steps = (Step(at, Kind(kind), node, amount) for at, kind, node, amount in body["steps"])
    return Plan(body["seed"], tuple(steps))
