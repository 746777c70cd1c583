"""Mamba-2 of the 130m shape: decode, prefill, batches, load, snapshots.

Weights are random, which costs what trained ones cost. Times are CPU seconds of this process,
medians, except where a row says wall. The bound of a decode step is a pure read of the same bytes
(weights, and the state twice) in the same run; that of a snapshot is a copy of the same bytes.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import numpy as np
from report import Row, cost, finish, rate, seconds

from lex7 import _core

SPEC = {"d_model": 768, "n_layer": 24, "vocab": 50_277, "vocab_padded": 50_288, "d_inner": 1_536}
PROMPT = [index * 37 % 50_277 for index in range(512)]
STEPS = 16
BATCH = 8


def cpu(work: object, repeat: int = 3) -> float:
    return seconds(work, repeat=repeat, clock=time.process_time)  # type: ignore[arg-type]


def read_seconds(data: np.ndarray, state_bytes: int, sessions: int) -> float:
    """The time to read the weights once and the state of every session twice."""
    state = np.ones(state_bytes // 8, np.uint64)

    def read() -> None:
        np.bitwise_xor.reduce(data)
        for _ in range(2 * sessions):
            np.bitwise_xor.reduce(state)

    return cpu(read, 5)


def decoding(path: Path, quant: str) -> list[Row]:
    model = _core.SsmModel.open(str(path), threads=1)
    session = _core.SsmSession(model)
    session.feed(PROMPT[:64])

    def decode() -> None:
        for token in PROMPT[:STEPS]:
            session.feed([token])

    own = STEPS / cpu(decode)
    data = np.memmap(path, np.uint64, mode="r", shape=(path.stat().st_size // 8,))
    bound = 1 / read_seconds(data, model.spec.state_bytes(), 1)
    rows = [rate(f"decode, 130m {quant}, 1 thread", own, "tokens/s", "pure read", bound, 0.85)]
    sessions = [session.fork() for _ in range(BATCH)]
    _core.ssm_step_many(sessions, PROMPT[:BATCH])

    def step() -> None:
        for _ in range(4):
            _core.ssm_step_many(sessions, PROMPT[:BATCH])

    own = 4 * BATCH / cpu(step)
    bound = BATCH / read_seconds(data, model.spec.state_bytes(), BATCH)
    work = f"decode, 130m {quant}, {BATCH} sessions in a batch"
    return [*rows, rate(work, own, "tokens/s", "pure read", bound, 0.75)]


def prefilling(path: Path, quant: str) -> list[Row]:
    rates = []
    for threads in (1, 2):
        model = _core.SsmModel.open(str(path), threads=threads)
        rates.append(
            512 / seconds(lambda model=model: _core.SsmSession(model).feed(PROMPT), repeat=3)
        )
    work = f"prefill 512, 130m {quant}, 2 threads, wall"
    return [rate(work, rates[1], "tokens/s", "1 thread", rates[0], 1.8)]


def keeping(path: Path) -> list[Row]:
    model = _core.SsmModel.open(str(path))
    session = _core.SsmSession(model)
    session.feed(PROMPT[:8])
    snapshot = session.snapshot()
    view = memoryview(bytearray(snapshot))
    copy = cpu(lambda: bytes(view), 9)
    save = cpu(session.snapshot, 9)
    restore = cpu(lambda: _core.SsmSession.restore(model, snapshot), 9)
    fork = seconds(session.fork, repeat=9)
    opening = seconds(lambda: _core.SsmModel.open(str(path)), repeat=5)
    return [
        cost("snapshot, 130m", save, "s", "1.2 x a copy", 1.2 * copy, 1),
        cost("restore, 130m", restore, "s", "1.2 x a copy", 1.2 * copy, 1),
        cost("fork, 130m", fork, "s", "limit", 1e-3, 1),
        cost("open, 130m", opening, "s", "limit", 0.5, 1),
    ]


def main() -> None:
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        for quant in ("q8", "q4"):
            path = Path(folder) / f"{quant}.lex7"
            _core.ssm_random(str(path), _core.SsmSpec(**SPEC), quant, b"", 1)
            rows += [*decoding(path, quant), *prefilling(path, quant)]
        rows += keeping(path)
    finish(rows)


if __name__ == "__main__":
    main()
