"""The lattice: checking, pulling, asking, healing and idling, held against limits and brokers.

Work is processor time of everybody who takes part; questions and readiness are waited for. Brokers
stand beside the transport rows (`bench/brokers.py`). What is a person's own machine is measured by
`lex7 bench lattice` with the same code.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import tempfile
import time
from math import log2
from pathlib import Path

import brokers
from commands import lex7
from report import Row, cost, finish, rate

from lex7.bark.entry import EntryKind
from lex7.bark.log import Log
from lex7.bark.signature import draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.limits import HEARTBEAT_NS, REPLICA_BYTES_MAX
from lex7.cli import lattice_bench as measured
from lex7.lattice import Authority
from lex7.lattice.membership import Membership, encode_membership
from lex7.runtime.command import UP, ask
from lex7.sample.writing import write_sample
from lex7.sim.node import SETTING, SimulatedNode
from lex7.storage.memory import MemoryStorage
from lex7.transport.simulated import Network

ENTRIES = 99_968
"""1,562 runs of 64: 100,000 in whole runs."""

QUESTIONS = 1_000
HALVES_NODES, HALVES_ENTRIES = 64, 1_000
CURVE = (4, 16, 64, 256)
IDLE_SECONDS = 10
TICK_NS = HEARTBEAT_NS // 4
PROPOSAL = bytes.fromhex("a3016178020103" + "40")


def main() -> None:
    rows = [
        rate(
            "decode, verify and check the chain of runs of 64, one core",
            max(measured.check_rate(64 * 500) for _ in range(3)),
            "entries/s",
            "limit",
            300_000,
            1.0,
        ),
        *process_rows(),
        *simulated_rows(),
        *home_rows(),
    ]
    finish(rows)


def process_rows() -> list[Row]:
    port = measured.free_port()
    with measured.other_process(port, ENTRIES):
        transport = measured.meet(port)
        pulled, peer = measured.pull(transport, ENTRIES)
        asked = measured.ask(transport, peer, QUESTIONS)
        transport.close()
    carried = brokers.measure(run_bytes(), QUESTIONS)
    speed = pulled.entries / pulled.cpu_seconds
    added = 1e3 * asked.added(0.5)
    late = 1e3 * measured.at_share(asked.signed, 0.99)
    plain = 1e3 * measured.at_share(asked.raw, 0.99)
    spread = pulled.bytes_carried / pulled.bytes_missing
    rows = [
        rate("pulled from another process over Zenoh, accepted", speed, "entries/s", "limit",
             60_000, 1.0),
        cost("directive packet: median above the raw round trip", added, "ms", "limit", 1.0, 1.0),
        cost("directive packet: 99 of 100, against the raw round trip's", late, "ms", "Zenoh get",
             plain, 0.0),
        cost("catch up with 100,000 entries, processor time of both", pulled.cpu_seconds, "s",
             "limit", 3.0, 1.0),
        cost("catch up with 100,000 entries, waited", pulled.wall_seconds, "s", "limit", 3.0, 0.0),
        cost("bytes carried for each byte missing", spread, "bytes", "limit", 1.1, 1.0),
    ]  # fmt: skip
    for one in carried:
        through = ENTRIES / one.seconds
        rows.append(
            rate(f"entries accepted, waited, against puts of the same bytes by {one.broker}",
                 pulled.entries / pulled.wall_seconds, "entries/s", one.broker, through, 0.0)
        )  # fmt: skip
        rows.append(
            cost(f"signed question and checked answer, median, against a question by {one.broker}",
                 1e3 * measured.at_share(asked.signed, 0.5), "ms", one.broker,
                 1e3 * measured.at_share(one.questions, 0.5), 0.0)
        )  # fmt: skip
    return rows


def run_bytes() -> list[bytes]:
    """The sealed runs that a catch-up brings, as messages."""
    storage, key = MemoryStorage(), draw_key(SeededEntropy(1))
    entropy = SeededEntropy(4)
    log = Log(storage, key=key, lattice=measured.LATTICE, incarnation=0, entropy=entropy)
    measured.write_runs(log, ENTRIES)
    return [run.sealed for run in storage.rows]


def make_nodes(count: int) -> tuple[Network, list[SimulatedNode]]:
    network, entropy = Network(1), SeededEntropy(1)
    owner = draw_key(entropy)
    authority = Authority(owner.public, measured.LATTICE)
    names = [f"mon@n{place:03}" for place in range(count)]
    nodes = [
        SimulatedNode(name, draw_key(entropy), network, authority, replica_bytes=REPLICA_BYTES_MAX)
        for name in names
    ]
    members = tuple((node.name, node.key.public) for node in nodes)
    membership = Membership(members, SETTING.currency, SETTING.zone)
    signed = encode_membership(membership, owner, measured.LATTICE)
    for node in nodes:
        node.start(signed)
    return network, nodes


def simulated_rows() -> list[Row]:
    beats, hashes = healed_halves()
    counts = [received(count) for count in CURVE]
    growth = max(
        received_there / counts[0] / (log2(count) / log2(CURVE[0]))
        for count, received_there in zip(CURVE, counts, strict=True)
    )
    shown = ", ".join(
        f"{count} nodes {handed:g}" for count, handed in zip(CURVE, counts, strict=True)
    )
    halves = f"{HALVES_NODES} nodes x {HALVES_ENTRIES:,} entries, split in half and healed"
    return [
        cost(f"{halves}: different hashes", hashes, "hashes", "limit", 1, 1.0),
        cost(f"{halves}: heartbeats to one hash", beats, "heartbeats", "limit", 2, 1.0),
        cost(f"messages a node receives in a heartbeat ({shown}), growth above log n",
             growth, "", "limit", 1.0, 1.0),
    ]  # fmt: skip


def healed_halves() -> tuple[int, int]:
    """Two halves write apart; return heartbeats from healing to one hash, and how many hashes."""
    network, nodes = make_nodes(HALVES_NODES)
    half = HALVES_NODES // 2
    network.part([n.name for n in nodes[:half]], [n.name for n in nodes[half:]])
    for node in nodes:
        peer = node.peer
        assert peer is not None
        for place in range(0, HALVES_ENTRIES, 50):
            items = [(EntryKind.ACCESS, b"a record")] * 49
            items = [(EntryKind.PROPOSAL, PROPOSAL), *items[: HALVES_ENTRIES - place - 1]]
            peer.member.append(items, peer.seen_heads)
        peer.note()
    turn(network, nodes, beats=2)
    network.heal()
    beats, hashes = 0, set[bytes]()
    while beats < 8:
        beats += 1
        turn(network, nodes, beats=1)
        hashes = {node.peer.lattice_hash for node in nodes if node.peer is not None}
        heads = {len(node.peer.heads()) for node in nodes if node.peer is not None}
        if len(hashes) == 1 and heads == {HALVES_NODES}:
            break
    return beats, len(hashes)


def turn(network: Network, nodes: list[SimulatedNode], beats: int) -> None:
    for tick in range(4 * beats):
        for place, node in enumerate(nodes):
            delay = place * TICK_NS // len(nodes)
            network.plan(delay, node.name, lambda n=node, b=tick % 4 == 0: n.act(is_beating=b))
        network.run(network.now_ns + TICK_NS)


def received(count: int) -> float:
    """Messages that a node receives in a quiet heartbeat, its own copies among them."""
    network, nodes = make_nodes(count)
    # Everybody sees who is there; what is missing is not pulled, so nothing but beats is carried.
    network.run(network.now_ns + HEARTBEAT_NS)
    before = 0
    for _ in range(2):
        before = sum(network.message_counts.values())
        for node in nodes:
            assert node.peer is not None
            node.peer.beat()
    return (sum(network.message_counts.values()) - before) / count


def home_rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "passphrase").write_text("bench\n")
        write_sample(folder / "files", 7)
        rules = str(folder / "files" / "directives.toml")
        lex7(folder, "init", "--time-zone", "Europe/Berlin", "--directives", rules)
        started, before_up = time.perf_counter(), children_used()
        lex7(folder, "up")
        ready, spent = time.perf_counter() - started, children_used() - before_up
        try:
            pids = list(ask(folder / "home", UP, {"do": "who"})["nodes"].values())
            spent += sum(used(pid) for pid in pids)
            time.sleep(3.0)
            before, since = [used(pid) for pid in pids], time.perf_counter()
            time.sleep(IDLE_SECONDS)
            passed = time.perf_counter() - since
            share = max(used(pid) - one for pid, one in zip(pids, before, strict=True)) / passed
            memory = max(resident(pid) for pid in pids)
        finally:
            subprocess.run(
                [sys.executable, "-m", "lex7.cli.main", "down"],
                env={**os.environ, "LEX7_HOME": str(folder / "home")},
                stdout=subprocess.DEVNULL,
                check=False,
            )
    return [
        cost("an idle node, resident", memory, "MB", "limit", 80, 1.0),
        cost("an idle node, of one core", 100 * share, "%", "limit", 1.0, 1.0),
        cost("three nodes of lex7 up ready, waited", ready, "s", "limit", 3.0, 1.0),
        cost("the same, processor time of all of them", spent, "s", "limit", 3.0, 0.0),
    ]


def children_used() -> float:
    used_by = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used_by.ru_utime + used_by.ru_stime


def used(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> float:
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.partition("VmRSS:")[2].split()[0]) / 1_000


if __name__ == "__main__":
    main()
