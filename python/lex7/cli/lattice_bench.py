"""What `lex7 bench lattice` measures: runs checked, entries pulled from another process, questions.

The other process is started here and meets this one over Zenoh on the loopback. Times of work are
processor time, of both processes together where two take part, so that other programs do not count;
times of questions are what a person waits.
"""

from __future__ import annotations

import argparse
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from lex7.bark.entry import EntryKind
from lex7.bark.log import Log
from lex7.bark.run import genesis, verify
from lex7.bark.signature import SigningKey, draw_key
from lex7.base.civil import Zone
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import LatticeId, NodeName, StateHash
from lex7.base.limits import ENTRIES_PER_SEAL_MAX
from lex7.cli.session import print_json
from lex7.lattice import Authority
from lex7.lattice.membership import Membership, encode_membership
from lex7.lattice.sync import DIRECTIVE
from lex7.nodes.council.node import CouncilNode
from lex7.nodes.interface import Setting
from lex7.runtime.border import Identity
from lex7.runtime.member import Member
from lex7.runtime.peer import Clock, Peer
from lex7.runtime.replica import Replicas
from lex7.storage.interface import LogStorage
from lex7.storage.memory import MemoryStorage
from lex7.storage.sqlite import SqliteStorage
from lex7.transport.interface import Priority, Transport, UnreachableError
from lex7.transport.zenoh import Links, ZenohTransport

CHECKED, PULLED, QUESTIONS = 20_480, 99_968, 200
LATTICE = LatticeId(b"lattice of bench")
BASE = f"lex7/{LATTICE.hex()[:16]}"
ASKING, HOLDING = NodeName("mon@bench"), NodeName("vit@bench")
SETTING = Setting("USD", Zone("UTC", bytes(32)))
RAW, USED = f"{BASE}/raw", f"{BASE}/used"
PAYLOAD = b"one measured value and what it is of" + bytes(28)
SECONDS_TO_MEET = 10.0
DIRECTIVE_BYTES = 350
"""About a directive packet, so that the plain message is as long."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """One catch-up.

    Attributes:
        entries: how many came.
        cpu_seconds: of both processes.
        wall_seconds: what passed.
        bytes_missing: of the runs that were missing, without payloads that may not leave.
        bytes_carried: of all questions and answers.
    """

    entries: int
    cpu_seconds: float
    wall_seconds: float
    bytes_missing: int
    bytes_carried: int


@dataclass(frozen=True, slots=True)
class Asked:
    """Waiting times in seconds, sorted: of plain messages and of signed questions."""

    raw: tuple[float, ...]
    signed: tuple[float, ...]

    def added(self, share: float) -> float:
        """Return by how much signing and checking prolong a question, at a share of all."""
        return at_share(self.signed, share) - at_share(self.raw, share)


def run_bench(options: argparse.Namespace) -> int:
    """Measure and show; nothing of the home is read or written."""
    port = free_port()
    checked = check_rate(CHECKED)
    with other_process(port, PULLED):
        transport = meet(port)
        pulled, peer = pull(transport, PULLED)
        asked = ask(transport, peer, QUESTIONS)
        transport.close()
    rows: dict[str, float] = {
        "entries checked in a second, one core": round(checked),
        "entries pulled from another process in a second": round(
            pulled.entries / pulled.cpu_seconds
        ),
        "seconds to catch up with 100,000 entries": round(pulled.wall_seconds, 2),
        "bytes carried for each byte missing": round(
            pulled.bytes_carried / pulled.bytes_missing, 3
        ),
        "milliseconds of a signed question, median": round(1e3 * at_share(asked.signed, 0.5), 2),
        "milliseconds of a signed question, 99 of 100": round(
            1e3 * at_share(asked.signed, 0.99), 2
        ),
        "milliseconds that signing adds, median": round(1e3 * asked.added(0.5), 2),
    }
    if options.json:
        print_json(rows)
    else:
        print("\n".join(f"{value:>12,g}  {work}" for work, value in rows.items()))
    return 0


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def at_share(times: tuple[float, ...], share: float) -> float:
    """Return the time that a share of all does not exceed."""
    return times[min(int(share * len(times)), len(times) - 1)]


def keys() -> dict[NodeName, SigningKey]:
    """Return the keys that both processes know."""
    entropy = SeededEntropy(1)
    return {name: draw_key(entropy) for name in (ASKING, HOLDING)}


def write_runs(log: Log, count: int) -> None:
    """Append entries in runs of 64."""
    items = [(EntryKind.OBSERVATIONS, PAYLOAD)] * ENTRIES_PER_SEAL_MAX
    for _ in range(count // ENTRIES_PER_SEAL_MAX):
        made = log.prepare(items, heads=())
        log.commit(made, state_hash=StateHash(bytes(32)), heads=())


def make_peer(name: NodeName, own: LogStorage, replica: LogStorage) -> Peer:
    """Make a real peer of a lattice of two."""
    owner, key, entropy = draw_key(SeededEntropy(2)), keys()[name], SeededEntropy(3)
    members = tuple((one, held.public) for one, held in keys().items())
    signed = encode_membership(Membership(members, "USD", SETTING.zone), owner, LATTICE)
    log = Log(own, key=key, lattice=LATTICE, incarnation=0, entropy=entropy)
    member = Member(name, log)
    member.start(CouncilNode(SETTING))
    member.append([(EntryKind.MEMBERSHIP, signed)], lambda: ())
    identity = Identity(name, key, LATTICE, entropy)
    clock = Clock(time.monotonic_ns, time.time_ns)
    replicas = Replicas(LATTICE, lambda _: replica)
    peer = Peer(identity, member, own, replicas, Authority(owner.public, LATTICE), clock)
    peer.load()
    return peer


def check_rate(count: int) -> float:
    """Return how many entries in sealed runs of 64 one core decodes and checks in a second."""
    key, storage = keys()[HOLDING], MemoryStorage()
    log = Log(storage, key=key, lattice=LATTICE, incarnation=0, entropy=SeededEntropy(4))
    write_runs(log, count)
    before = genesis(LATTICE, key.public, 0)
    checked, started = 0, time.process_time()
    for stored in storage.rows:
        run = verify(stored, lattice=LATTICE, writer=key.public, before=before)
        before, checked = run.head, checked + len(run.entries)
    return checked / (time.process_time() - started)


class Counting:
    """A transport that counts the bytes of questions and answers."""

    def __init__(self, inner: Transport) -> None:
        self.inner = inner
        self.bytes = 0
        for name in ("serve", "publish", "subscribe", "announce", "watch", "close"):
            setattr(self, name, getattr(inner, name))

    def request(self, key: str, message: bytes, *, priority: Priority = Priority.QUESTION) -> bytes:
        """Ask, and count."""
        answer = self.inner.request(key, message, priority=priority)
        self.bytes += len(message) + len(answer)
        return answer


@contextmanager
def other_process(port: int, count: int) -> Iterator[None]:
    """Run a holder of so many entries beside this process."""
    command = [sys.executable, "-m", "lex7.cli.lattice_bench", str(port), str(count)]
    # Our own interpreter with two numbers: nothing comes from outside.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:  # noqa: S603
        assert other.stdout is not None, "it was asked for"
        other.stdout.readline()
        try:
            yield
        finally:
            assert other.stdin is not None, "it was asked for"
            other.stdin.close()
            other.wait()


def meet(port: int) -> ZenohTransport:
    """Open a session and wait until the other process answers.

    Raises:
        UnreachableError: it never did.
    """
    transport = ZenohTransport(Links(connect=(f"tcp/127.0.0.1:{port}",), prefix=BASE))
    end = time.monotonic() + SECONDS_TO_MEET
    while time.monotonic() < end:
        with suppress(UnreachableError):
            transport.request(RAW, b"")
            return transport
    transport.close()
    raise UnreachableError(RAW)


def pull(transport: ZenohTransport, count: int) -> tuple[Pulled, Peer]:
    """Catch up with the other process, into an encrypted database on disk."""
    with TemporaryDirectory() as folder:
        replica = SqliteStorage(Path(folder) / "replica.db", key=b"k" * 32)
        peer = make_peer(ASKING, MemoryStorage(), replica)
        counting = Counting(transport)
        peer.connect(counting, {})  # type: ignore[arg-type]
        held = peer.replicas.of(keys()[HOLDING].public)
        used, started = _used(transport), time.monotonic()
        while held.head.sequence < count and time.monotonic() - started < 10 * SECONDS_TO_MEET:
            peer.catch_up(HOLDING)
        wall, spent = time.monotonic() - started, _used(transport) - used
        missing = sum(len(run.sealed) for run in replica.read(0))
        entries = held.head.sequence
        replica.close()
    return Pulled(entries, spent, wall, missing, counting.bytes), peer


def ask(transport: ZenohTransport, peer: Peer, count: int) -> Asked:
    """Ask one directive and one plain message in turn, and note how long each takes."""
    raw: list[float] = []
    signed: list[float] = []
    head = (peer.member.log.head.row(),)
    text = bytes(DIRECTIVE_BYTES)
    for _ in range(count):
        started = time.perf_counter()
        transport.request(RAW, text)
        between = time.perf_counter()
        peer.border.ask(HOLDING, DIRECTIVE, (head,))
        raw.append(between - started)
        signed.append(time.perf_counter() - between)
    return Asked(tuple(sorted(raw)), tuple(sorted(signed)))


def _used(transport: ZenohTransport) -> float:
    """Return the processor time of both processes."""
    return time.process_time() + float(transport.request(USED, b""))


def _serve(port: int, count: int) -> None:
    """Hold entries and answer until standard input closes."""
    peer = make_peer(HOLDING, own := MemoryStorage(), MemoryStorage())
    write_runs(peer.member.log, count)
    assert own.rows, "the runs were written"
    transport = ZenohTransport(Links(listen=(f"tcp/127.0.0.1:{port}",), prefix=BASE))
    peer.connect(transport, {})
    transport.serve(RAW, lambda message: message)
    transport.serve(USED, lambda _: str(_processor_seconds()).encode())
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    transport.close()


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]))
