"""What `lex7 model bench` measures: one model, here and now, beside what bounds it and its peers.

Every row holds our number against another of the same run: a read or a copy of the same bytes, one
thread, or another program. The two are timed in turns and the best of each counts, because other
work on the machine makes times longer and never shorter.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lex7.cli.model_peers import Peer, Timing, peers_of
from lex7.ssm import Model, Session, core_native, step_many

BATCH = 8
LARGE_PARAMETERS = 1_000_000_000
LOAD_SECONDS_MAX = 0.5
FORK_SECONDS_MAX = 0.001
RSS_SLACK_BYTES = 100_000_000
Work = Callable[[], Timing]


@dataclass(frozen=True, slots=True)
class Row:
    """Our number, what it is held against, and the ratio to reach (bigger is better).

    Attributes:
        work: what was done.
        value: our number.
        unit: of both numbers.
        peer: what it is held against.
        peer_value: its number in the same run.
        ratio: how many times better we are.
        reach: the ratio to reach.
    """

    work: str
    value: float
    unit: str
    peer: str
    peer_value: float
    ratio: float
    reach: float


def measure(
    model: Model, file: Path, *, python: Path | None, prefill: int, rounds: int
) -> list[Row]:
    """Return the rows; `python` is the peers' interpreter, or None for none.

    Raises:
        PeerError: the peers are not installed, or one failed.
    """
    single, double = model.with_threads(1), model.with_threads(2)
    with peers_of(model, python) as peers:
        rows = _decoding(single, double, peers, rounds)
        rows += _prefilling(single, double, peers, (prefill, max(2, rounds // 4)))
    rows += _batching(single, rounds)
    rows += _keeping(single, rounds)
    return rows + _loading(single, file)


def _decoding(single: Model, double: Model, peers: list[Peer], rounds: int) -> list[Row]:
    count = 1 if _is_large(single) else 8
    works = {
        "1": _decode(_begun(single), count),
        "2": _decode(_begun(double), count),
        "read": _read([_core(single)]),
    }
    for peer in peers:
        for threads in (1, 2) if peer.name == "llama.cpp" else (1,):
            works[f"{peer.name} {threads}"] = _peer(peer, "decode", count, threads)
    best = _race(works, rounds)
    ours, twice = best["1"], best["2"]
    rows = [
        _rate("decode, 1 thread, CPU", count / ours.cpu, "pure read", 1 / best["read"].cpu, 0.85),
        _rate("decode, 2 threads, wall", count / twice.wall, "1 thread", count / ours.wall, 1.1),
    ]
    for peer in peers:
        other = best[f"{peer.name} 1"]
        reach = 1.0
        if peer.name == "llama.cpp":
            reach = 1.5 if _is_large(single) else 1.2
            wall = min(other.wall, best[f"{peer.name} 2"].wall)
            name = "llama.cpp, best of 1 and 2"
            rows.append(_rate("decode, 2 threads, wall", count / twice.wall, name, count / wall, 1))
        name = f"{peer.name}, 1 thread"
        rows.append(
            _rate("decode, 1 thread, CPU", count / ours.cpu, name, count / other.cpu, reach)
        )
    return rows


def _prefilling(
    single: Model, double: Model, peers: list[Peer], sizes: tuple[int, int]
) -> list[Row]:
    count, rounds = sizes
    tokens = [index * 37 % single.spec.token_count for index in range(count)]
    works = {
        "1": _timed(lambda: single.session().feed(tokens)),
        "2": _timed(lambda: double.session().feed(tokens)),
    }
    for peer in peers:
        works[peer.name] = _peer(peer, "prefill", count, 1)
    best = _race(works, rounds)
    ours, twice = best["1"], best["2"]
    work = f"prefill {count}, 1 thread, CPU"
    rows = [
        _rate(
            f"prefill {count}, 2 threads, wall",
            count / twice.wall,
            "1 thread",
            count / ours.wall,
            1.8,
        )
    ]
    for peer in peers:
        reach = 1.0
        if peer.name == "llama.cpp":
            reach = 3.0 if single.quant == "q8" else 2.5
        other = count / best[peer.name].cpu
        rows.append(_rate(work, count / ours.cpu, f"{peer.name}, 1 thread", other, reach))
    return rows


def _batching(model: Model, rounds: int) -> list[Row]:
    first = _begun(model)
    sessions = [first, *(first.fork() for _ in range(BATCH - 1))]
    tokens = list(range(BATCH))
    step_many(sessions, tokens)
    states = [_core(model) for _ in range(BATCH)]
    works = {"ours": _timed(lambda: step_many(sessions, tokens)), "read": _read(states)}
    best = _race(works, rounds)
    ours, bound = BATCH / best["ours"].cpu, BATCH / best["read"].cpu
    return [_rate(f"decode, {BATCH} sessions in a batch, CPU", ours, "pure read", bound, 0.75)]


def _keeping(model: Model, rounds: int) -> list[Row]:
    session = _begun(model)
    core = _core(model)
    snapshot = core.snapshot()
    view = memoryview(bytearray(snapshot))
    mark = session.mark()
    works = {
        "copy": _timed(lambda: bytes(view)),
        "snapshot": _timed(core.snapshot),
        "restore": _timed(lambda: core_native.CoreSession.restore(model.core, snapshot)),
        "fork": _timed(session.fork),
        "rollback": _timed(lambda: session.rollback(mark)),
    }
    best = _race(works, 2 * rounds)
    limit = 1.2 * best["copy"].cpu
    size = f"{len(snapshot) / 1e6:.1f} MB"
    return [
        _cost(f"snapshot of {size}, CPU", best["snapshot"].cpu, "1.2 x a copy", limit),
        _cost(f"restore of {size}, CPU", best["restore"].cpu, "1.2 x a copy", limit),
        _cost("fork", best["fork"].wall, "limit", FORK_SECONDS_MAX),
        _cost("rollback to a mark", best["rollback"].wall, "limit", FORK_SECONDS_MAX),
    ]


LOAD_PROGRAM = """
import sys, time
from lex7.ssm import Model
begun = time.process_time()
session = Model.load(sys.argv[1]).session()
loaded = time.process_time() - begun
session.feed([1])
session.feed([2])
for line in open("/proc/self/status"):
    if line.startswith("VmRSS"):
        print(loaded, 1024 * int(line.split()[1]))
"""


def _loading(model: Model, file: Path) -> list[Row]:
    command = [sys.executable, "-c", LOAD_PROGRAM, str(file)]
    # Our own interpreter, on a program that stands above.
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False
    )
    told = done.stdout.split()
    if len(told) != 2:
        return []
    state = model.core.spec.state_bytes()
    limit = (file.stat().st_size + state + RSS_SLACK_BYTES) / 1e6
    return [
        _cost("load to the first token's start, CPU", float(told[0]), "limit", LOAD_SECONDS_MAX),
        _cost("memory", float(told[1]) / 1e6, "weights + state + 100 MB", limit, "MB"),
    ]


def _is_large(model: Model) -> bool:
    return model.core.spec.parameters() > LARGE_PARAMETERS


def _begun(model: Model) -> Session:
    session = model.session()
    session.feed(range(16))
    return session


def _decode(session: Session, count: int) -> Work:
    return _timed(lambda: [session.feed((token,)) for token in range(count)])


def _core(model: Model) -> core_native.CoreSession:
    session = core_native.CoreSession(model.core)
    session.feed(list(range(16)))
    return session


def _read(sessions: list[core_native.CoreSession]) -> Work:
    return _timed(lambda: core_native.read(sessions))


def _peer(peer: Peer, work: str, tokens: int, threads: int) -> Work:
    return lambda: peer.time(work, tokens, threads)


def _timed(work: Callable[[], object]) -> Work:
    def run() -> Timing:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        return Timing(time.perf_counter() - wall, time.process_time() - cpu)

    return run


def _race(works: dict[str, Work], rounds: int) -> dict[str, Timing]:
    """Run all in turns; the first round warms up, and only then times count."""
    best = {name: Timing(float("inf"), float("inf")) for name in works}
    for turn in range(rounds + 1):
        for name, work in works.items():
            timing = work()
            if turn > 0:
                best[name] = best[name].best(timing)
    return best


def _rate(work: str, value: float, peer: str, peer_value: float, reach: float) -> Row:
    return Row(work, value, "tokens/s", peer, peer_value, value / peer_value, reach)


def _cost(work: str, value: float, peer: str, peer_value: float, unit: str = "s") -> Row:
    ratio = peer_value / max(value, 1e-9)
    return Row(work, value, unit, peer, peer_value, ratio, 1)
