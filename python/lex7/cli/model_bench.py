"""What `lex7 model bench` measures: one model, here and now."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from lex7.ssm import Model

PREFILL_TOKENS = 128
DECODE_TOKENS = 16
Row = dict[str, object]


def measure(model: Model) -> list[Row]:
    """Return medians of prefill, decode, snapshot, restore, fork and the copy of the same bytes."""
    count = model.spec.token_count
    prompt = [(7 * index + 3) % count for index in range(PREFILL_TOKENS)]
    prefill = _seconds(lambda: model.session().feed(prompt), 3)
    session = model.session()
    session.feed(prompt)
    decode = _seconds(lambda: [session.feed((token,)) for token in prompt[:DECODE_TOKENS]], 3)
    snapshot = session.snapshot()
    state_bytes = len(snapshot.state)
    took = _seconds(session.snapshot, 5)
    restored = _seconds(lambda: snapshot.resume(model), 5)
    copied = _seconds(lambda: bytes(bytearray(snapshot.state)), 5) / 2
    forked = _seconds(session.fork, 5)
    return [
        _row(f"prefill of {PREFILL_TOKENS} tokens", PREFILL_TOKENS / prefill, "tokens/s"),
        _row("decode, one token at a time", DECODE_TOKENS / decode, "tokens/s"),
        _row("state of one session", state_bytes / 1e6, "MB"),
        _row("snapshot", took * 1e3, "ms"),
        _row("restore", restored * 1e3, "ms"),
        _row("copy of the same bytes", copied * 1e3, "ms"),
        _row("fork", forked * 1e6, "µs"),
    ]


def _seconds(work: Callable[[], object], repeat: int) -> float:
    times = []
    for _ in range(repeat):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return max(statistics.median(times), 1e-9)


def _row(work: str, value: float, unit: str) -> Row:
    return {"work": work, "value": value, "unit": unit}
