"""A run: six real nodes of one lattice live through a plan, and the laws are checked on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from lex7.bark.packet import PacketKind, seal_packet
from lex7.bark.seal import Head
from lex7.bark.signature import draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import EntryHash, LatticeId
from lex7.base.limits import HEARTBEAT_NS
from lex7.lattice import Authority
from lex7.lattice.membership import Membership, encode_membership
from lex7.lattice.sync import Heartbeat, encode_heartbeat
from lex7.sim.disk import PowerCut
from lex7.sim.law import Broken, Memory, check_agreement, check_laws
from lex7.sim.node import SETTING, SimulatedNode
from lex7.sim.plan import LIAR, NODES, STORMY_SECONDS, Kind, Plan, Step
from lex7.transport.simulated import CALM, Network, SimulatedTransport, Weather

LATTICE = LatticeId(b"simulated world!")
PREFIX = f"lex7/{LATTICE.hex()[:16]}"
OUTSIDER = "outsider"
TICK_NS = HEARTBEAT_NS // 4
HEALED_BEATS_MAX = 12
"""Periods after healing that a run lasts at most; the laws ask for far fewer."""

KEPT_MESSAGES = 64


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended.

    Attributes:
        trace: a hash over everything that happened; equal runs have equal ones.
        broken: the law that was broken, or None.
        beats: heartbeat periods from healing to one hash on all honest nodes.
        entries: control entries in the shared state at the end.
    """

    trace: str
    broken: Broken | None
    beats: int
    entries: int


@dataclass(slots=True)
class World:
    """The nodes, the network between them, and what must not be forgotten."""

    plan: Plan
    network: Network
    nodes: dict[str, SimulatedNode]
    outsider: SimulatedTransport
    memory: Memory = field(default_factory=Memory)
    overheard: list[tuple[str, bytes]] = field(default_factory=list)
    trace: bytes = b""

    def note(self, what: str) -> None:
        """Chain what happened into the trace."""
        hashes = b"".join(
            bytes(32) if node.peer is None else node.peer.lattice_hash
            for node in self.nodes.values()
        )
        now = self.network.now_ns.to_bytes(8, "big")
        self.trace = hashlib.sha256(self.trace + now + what.encode() + hashes).digest()


def run_plan(plan: Plan) -> Outcome:
    """Run a plan to its end, or to the first broken law."""
    world = make_world(plan)
    for step in plan.steps:
        world.network.run(step.at_ns)
        _do(world, step)
        world.note(f"{step.kind} {step.node} {step.amount}")
        broken = check_laws(world.nodes, world.memory)
        if broken is not None:
            return _outcome(world, broken, 0)
    world.network.run(STORMY_SECONDS * HEARTBEAT_NS)
    _heal(world)
    for beats in range(1, HEALED_BEATS_MAX + 1):
        world.network.run(world.network.now_ns + HEARTBEAT_NS)
        world.note("healed")
        broken = check_laws(world.nodes, world.memory)
        if broken is not None:
            return _outcome(world, broken, beats)
        apart = check_agreement(world.nodes)
        if apart is None:
            return _outcome(world, None, beats)
    return _outcome(world, apart, HEALED_BEATS_MAX)


def make_world(plan: Plan) -> World:
    """Make the world of a plan, at the instant before anything happens."""
    network = Network(plan.seed)
    entropy = SeededEntropy(plan.seed)
    owner = draw_key(entropy)
    authority = Authority(owner.public, LATTICE)
    nodes = {
        name: SimulatedNode(name, draw_key(entropy), network, authority) for name in (*NODES, LIAR)
    }
    members = tuple((node.name, node.key.public) for node in nodes.values())
    genesis = encode_membership(Membership(members, SETTING.currency, SETTING.zone), owner, LATTICE)
    world = World(plan, network, nodes, network.join(OUTSIDER))
    world.outsider.subscribe(f"{PREFIX}/beat/*", partial(_overhear, world))
    for place, node in enumerate(nodes.values()):
        node.start(genesis)
        # Nodes are not in step: each has its own place within the period.
        network.plan(place * TICK_NS // len(nodes), node.name, partial(_tick, world, node, 0))
    world.memory.keep_backup(nodes[LIAR])
    return world


def _tick(world: World, node: SimulatedNode, count: int) -> None:
    node.act(is_beating=count % (HEARTBEAT_NS // TICK_NS) == 0)
    world.network.plan(TICK_NS, node.name, partial(_tick, world, node, count + 1))


def _overhear(world: World, key: str, message: bytes) -> None:
    world.overheard.append((key, message))
    del world.overheard[:-KEPT_MESSAGES]


def _do(world: World, step: Step) -> None:
    if step.kind in _NODE_STEPS:
        _NODE_STEPS[step.kind](world, world.nodes[step.node], step.amount)
    elif step.kind is Kind.PART:
        names = [*world.nodes]
        groups = (
            [n for i, n in enumerate(names) if step.amount >> i & 1 == side] for side in (0, 1)
        )
        world.network.part(*groups)
    elif step.kind is Kind.CUT:
        names = [name for name in world.nodes if name != step.node]
        world.network.cut([(step.node, names[step.amount % len(names)])])
    elif step.kind is Kind.HEAL:
        world.network.heal()
    elif step.kind is Kind.STORM:
        lost, longest = step.amount % 400, 1_000_000 * (1 + step.amount % 600)
        world.network.weather = Weather(lost, step.amount % 200, (100_000, longest))
    elif step.kind is Kind.REPLAY:
        for key, message in world.overheard[:: 1 + step.amount % 4]:
            world.outsider.publish(key, message)
    else:
        _flood(world, step)


def _write(world: World, node: SimulatedNode, amount: int) -> None:
    node.write(1 + amount % 6, f"{node.name} at {world.network.now_ns}")


def _crash(world: World, node: SimulatedNode, amount: int) -> None:
    node.stop()


def _power(world: World, node: SimulatedNode, amount: int, *, is_after: bool) -> None:
    node.disk.cut = PowerCut.AFTER if is_after else PowerCut.BEFORE


def _start(world: World, node: SimulatedNode, amount: int) -> None:
    if node.peer is None:
        node.start()


def _disk(world: World, node: SimulatedNode, amount: int, *, is_full: bool) -> None:
    node.disk.is_full = is_full


def _clock(world: World, node: SimulatedNode, amount: int) -> None:
    node.drift_ns += (amount - (1 << 15)) * 10**9


def _fork(world: World, node: SimulatedNode, amount: int) -> None:
    """Bring an old copy of a home back, and write on from there."""
    node.stop()
    old = world.memory.backup(node)
    old.life = node.disk.life + 1
    node.disk = old
    node.start()
    node.write(1 + amount % 6, f"forked at {world.network.now_ns}")
    world.memory.forked.add(node.name)


def _forge(world: World, node: SimulatedNode, amount: int) -> None:
    """Claim, under a real key, the ends of logs that nobody wrote."""
    peer = node.peer
    if peer is None:
        return
    heads = {
        other.key.public: Head(
            other.key.public, 0, 1 + amount % 300, 1 + amount, EntryHash(amount.to_bytes(32, "big"))
        )
        for other in world.nodes.values()
    }
    beat = Heartbeat(world.network.now_ns, bytes(32), heads, bytes(8))
    entropy = SeededEntropy(amount)
    packet = seal_packet(
        node.key, LATTICE, PacketKind.HEARTBEAT, entropy.draw(16), encode_heartbeat(beat)
    )
    world.outsider.publish(f"{PREFIX}/beat/{node.name}", packet)


def _flood(world: World, step: Step) -> None:
    entropy = SeededEntropy(step.amount)
    for number in range(20 + step.amount % 100):
        nonsense = entropy.draw(1 + number * 7)
        world.outsider.publish(f"{PREFIX}/beat/{step.node}", nonsense)


def _heal(world: World) -> None:
    """Mend links, weather and disks, and start whoever stopped."""
    world.network.heal()
    world.network.weather = CALM
    for node in world.nodes.values():
        node.disk.is_full = False
        node.disk.cut = None
        if node.peer is None:
            node.start()


def _outcome(world: World, broken: Broken | None, beats: int) -> Outcome:
    peer = world.nodes[NODES[0]].peer
    entries = 0 if peer is None else len(peer.shared.timeline.entries)
    return Outcome(world.trace.hex(), broken, beats, entries)


_NODE_STEPS: dict[Kind, Callable[[World, SimulatedNode, int], None]] = {
    Kind.WRITE: _write,
    Kind.CRASH: _crash,
    Kind.CUT_BEFORE: partial(_power, is_after=False),
    Kind.CUT_AFTER: partial(_power, is_after=True),
    Kind.START: _start,
    Kind.FULL: partial(_disk, is_full=True),
    Kind.ROOM: partial(_disk, is_full=False),
    Kind.CLOCK: _clock,
    Kind.FORK: _fork,
    Kind.FORGE: _forge,
}
