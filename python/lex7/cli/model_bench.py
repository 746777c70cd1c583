"""What `lex7 model bench` measures: one model, here and now, beside what bounds it and its peers.

Every row holds our number against another of the same run: a read or a copy of the same bytes, pure
integer products, one thread, or another program. Rows come as soon as they are known.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lex7.cli.bench_row import Note, Row, Timing, Work, cost, race, rate, timed
from lex7.cli.model_peers import Peer, peers_of
from lex7.ssm import Model, Session, core_native, step_many

BATCH = 8
LARGE_PARAMETERS = 1_000_000_000
LOAD_SECONDS_MAX = 0.5
FORK_SECONDS_MAX = 0.001
RSS_SLACK_BYTES = 100_000_000
PEAK_ROUNDS = {"amx": 400_000, "avx512": 3_000_000, "avx2": 3_000_000, "scalar": 10_000_000}
"""Rounds of pure products that take a fraction of a second at each level."""
SECONDS_PER_GIGAPARAMETER = 18.0
PEER_SECONDS_PER_GIGAPARAMETER = 230.0
"""Of a run with 8 rounds and a prompt of 512 tokens; for the sentence before it begins."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run.

    Attributes:
        file: the model file.
        python: the peers' interpreter; None for no peers.
        prefill: tokens of a prompt.
        rounds: timings of each.
    """

    file: Path
    python: Path | None
    prefill: int
    rounds: int

    @property
    def long_rounds(self) -> int:
        """Timings of what takes long."""
        return max(2, self.rounds // 4)


def minutes(model: Model, plan: Plan) -> float:
    """Estimate how long a run takes on a machine like those it was written on."""
    size = model.core.spec.parameters() / 1e9
    each = SECONDS_PER_GIGAPARAMETER
    each += 0.0 if plan.python is None else PEER_SECONDS_PER_GIGAPARAMETER
    share = (plan.prefill / 512 * (plan.long_rounds + 1) / 3 + (plan.rounds + 1) / 9) / 2
    return (5 + each * size * share) / 60


def measure(model: Model, plan: Plan) -> Iterator[Row | Note]:
    """Give rows, and notes on what is missing; a peer that cannot be had costs only its rows."""
    single, double = model.with_threads(1), model.with_threads(2)
    with peers_of(model, plan.python) as (peers, notes):
        yield from notes
        yield from _decoding(single, double, peers, plan)
        yield from _prefilling(single, double, peers, plan)
    yield from _batching(single, plan.rounds)
    yield from _keeping(single, plan.rounds)
    yield from _loading(single, plan.file)


def _decoding(single: Model, double: Model, peers: list[Peer], plan: Plan) -> Iterator[Row | Note]:
    count = 1 if _is_large(single) else 8
    works = {
        "1": _decode(_begun(single), count),
        "2": _decode(_begun(double), count),
        "read 1": _read([_core(single)]),
        "read 2": _read([_core(double)]),
    }
    works |= _peer_works(peers, "decode", count)
    best, notes = race(works, plan.rounds)
    yield from notes
    ours, twice = best["1"], best["2"]
    one, two = best["read 1"], best["read 2"]
    yield rate("decode, 1 thread, CPU", count / ours.cpu, ("pure read", 1 / one.cpu), 0.85)
    work = "decode, 2 threads, wall"
    yield rate(work, count / twice.wall, ("1 thread", count / ours.wall), 1.1)
    yield rate("pure read, 2 threads, wall", 1 / two.wall, ("1 thread", 1 / one.wall))
    reaches = {"llama.cpp": 1.5 if _is_large(single) else 1.2}
    yield from _against_peers("decode", count, best, reaches)
    walls = [best[name].wall for name in ("llama.cpp 1", "llama.cpp 2") if name in best]
    if walls:
        peer = ("llama.cpp, the best of 1 and 2", count / min(walls))
        yield rate(work, count / twice.wall, peer, 1)


def _prefilling(
    single: Model, double: Model, peers: list[Peer], plan: Plan
) -> Iterator[Row | Note]:
    count = plan.prefill
    tokens = [index * 37 % single.spec.token_count for index in range(count)]
    level = core_native.level()
    vectors = "avx512" if level == "amx" else level
    works = {
        "1": timed(lambda: single.session().feed(tokens)),
        "2": timed(lambda: double.session().feed(tokens)),
        "peak 1": _products(level, 1),
        "peak 2": _products(level, 2),
        "vectors 1": _products(vectors, 1),
    }
    works |= _peer_works(peers, "prefill", count)
    best, notes = race(works, plan.long_rounds)
    yield from notes
    ours, twice = best["1"], best["2"]
    peer = ("1 thread", count / ours.wall)
    yield rate(f"prefill {count}, 2 threads, wall", count / twice.wall, peer, 1.8)
    work = "pure integer products, 2 threads, wall"
    yield rate(work, 1 / best["peak 2"].wall, ("1 thread", 1 / best["peak 1"].wall), unit="runs/s")
    reaches = {"llama.cpp": 3.0 if single.quant == "q8" else 2.5}
    yield from _against_peers("prefill", count, best, reaches)
    if single.quant == "f32":
        return
    speed = 1e-9 * count * _products_of_a_token(single) / ours.cpu
    for name, used in (("peak", level), ("vectors", vectors)):
        if name == "vectors" and vectors == level:
            continue
        made = core_native.peak(used, 1, 1) * PEAK_ROUNDS[used]
        peer = (f"integer peak, {used}", 1e-9 * made / best[f"{name} 1"].cpu)
        yield rate("whole prefill, 1 thread, CPU", speed, peer, unit="GMAC/s")


def _against_peers(
    name: str, count: int, best: dict[str, Timing], reaches: dict[str, float]
) -> Iterator[Row]:
    work = f"prefill {count}" if name == "prefill" else name
    for threads, words in ((1, "1 thread"), (2, "2 threads")):
        ours = best[str(threads)]
        for peer in ("llama.cpp", "transformers"):
            other = best.get(f"{peer} {threads}")
            if other is None:
                continue
            reach = reaches.get(peer, 1.0) if threads == 1 else 0
            them = (f"{peer}, {words}", count / other.cpu)
            yield rate(f"{work}, {words}, CPU", count / ours.cpu, them, reach)
            them = (f"{peer}, {words}", count / other.wall)
            yield rate(f"{work}, {words}, wall", count / ours.wall, them)


def _batching(model: Model, rounds: int) -> Iterator[Row]:
    first = _begun(model)
    sessions = [first, *(first.fork() for _ in range(BATCH - 1))]
    tokens = list(range(BATCH))
    step_many(sessions, tokens)
    states = [_core(model) for _ in range(BATCH)]
    works = {"ours": timed(lambda: step_many(sessions, tokens)), "read": _read(states)}
    best, _ = race(works, rounds)
    peer = ("pure read of weights and states", BATCH / best["read"].cpu)
    yield rate(f"decode, {BATCH} sessions in a batch, CPU", BATCH / best["ours"].cpu, peer, 0.75)


def _keeping(model: Model, rounds: int) -> Iterator[Row]:
    session = _begun(model)
    core = _core(model)
    snapshot = core.snapshot()
    view, held = memoryview(bytearray(snapshot)), memoryview(bytearray(snapshot))
    mark = session.mark()

    def copy_over() -> None:
        held[:] = view

    works = {
        "copy": timed(lambda: bytes(view)),
        "copy over": timed(copy_over),
        "snapshot": timed(core.snapshot),
        "restore": timed(lambda: core_native.CoreSession.restore(model.core, snapshot)),
        "fork": timed(session.fork),
        "rollback": timed(lambda: session.rollback(mark)),
    }
    best, _ = race(works, 2 * rounds)
    limit, strict = 1.2 * best["copy"].cpu, 1.2 * best["copy over"].cpu
    size = f"{len(snapshot) / 1e6:.1f} MB"
    yield cost(f"snapshot of {size}, CPU", best["snapshot"].cpu, "1.2 x a copy, new memory", limit)
    # A model keeps the memory of a closed session: the copy beside it finds its memory there too.
    peer = "1.2 x a copy, memory at hand"
    yield cost(f"restore of {size}, CPU", best["restore"].cpu, peer, strict)
    yield cost("fork", best["fork"].wall, "limit", FORK_SECONDS_MAX)
    yield cost("rollback to a mark", best["rollback"].wall, "limit", FORK_SECONDS_MAX)


LOAD_PROGRAM = """
import sys, time
from lex7.ssm import Model
begun = time.perf_counter()
session = Model.load(sys.argv[1]).session()
loaded = time.perf_counter() - begun
session.feed([1])
session.feed([2])
for line in open("/proc/self/status"):
    if line.startswith("VmHWM"):
        print(loaded, 1024 * int(line.split()[1]))
"""


def _loading(model: Model, file: Path) -> Iterator[Row | Note]:
    command = [sys.executable, "-c", LOAD_PROGRAM, str(file)]
    # Our own interpreter, on a program that stands above.
    done = subprocess.run(  # noqa: S603
        command, capture_output=True, text=True, check=False
    )
    told = done.stdout.split()
    if len(told) != 2:
        yield Note("Loading was not measured: this system does not tell a process's memory.")
        return
    state = model.core.spec.state_bytes()
    limit = (file.stat().st_size + state + RSS_SLACK_BYTES) / 1e6
    work = "load to the first token's start, wall"
    yield cost(work, float(told[0]), "limit", LOAD_SECONDS_MAX)
    yield cost("most memory", float(told[1]) / 1e6, "weights + state + 100 MB", limit, "MB")


def _products_of_a_token(model: Model) -> int:
    """8-bit products of the projections of one token; logits are asked of the last one only."""
    spec = model.spec
    return spec.layer_count * spec.model_size * (spec.projected_size + spec.inner_size)


def _is_large(model: Model) -> bool:
    return model.core.spec.parameters() > LARGE_PARAMETERS


def _begun(model: Model) -> Session:
    session = model.session()
    session.feed(range(16))
    return session


def _decode(session: Session, count: int) -> Work:
    return timed(lambda: [session.feed((token,)) for token in range(count)])


def _core(model: Model) -> core_native.CoreSession:
    session = core_native.CoreSession(model.core)
    session.feed(list(range(16)))
    return session


def _read(sessions: list[core_native.CoreSession]) -> Work:
    return timed(lambda: core_native.read(sessions))


def _products(level: str, threads: int) -> Work:
    return timed(lambda: core_native.peak(level, threads, PEAK_ROUNDS[level]))


def _peer_works(peers: list[Peer], work: str, tokens: int) -> dict[str, Work]:
    works: dict[str, Work] = {}
    for peer in peers:
        for threads in (1, 2):
            works[f"{peer.name} {threads}"] = peer.work(work, tokens, threads)
    return works
