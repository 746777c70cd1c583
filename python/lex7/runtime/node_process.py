"""The process of one node: reads its spec from standard input, works until that closes.

It says `ready` on standard output once it can be asked, or `failed` and one sentence. Its keeper's
end closes standard input, so no node outlives its keeper.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from threading import Event, Thread
from typing import TextIO

from lex7.base.errors import Lex7Error
from lex7.base.limits import HEARTBEAT_NS
from lex7.runtime.answers import Answers
from lex7.runtime.command import CommandServer
from lex7.runtime.node import Node
from lex7.runtime.spec import read_spec

DECISIONS_SECONDS = 60
"""What the gate decided is written once a minute, in one entry."""


def main() -> int:
    """Run one node until standard input closes."""
    spec = read_spec(sys.stdin.buffer.readline())
    stopping = Event()
    try:
        node = Node(spec)
        answers = Answers(node)
        node.connect()
        server = CommandServer(spec.home, spec.kind, answers.answer)
    except (Lex7Error, OSError) as error:
        _tell(sys.stdout, f"failed {error}")
        return 1

    def stop(*_: object) -> None:
        stopping.set()
        node.work.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_await_end, args=(stop,), daemon=True).start()
    _tell(sys.stdout, "ready")
    try:
        _work(node, stopping)
    finally:
        server.close()
        node.close()
    return 0


def _work(node: Node, stopping: Event) -> None:
    next_beat = written = time.monotonic()
    while not stopping.is_set():
        node.work.wait(timeout=max(0.0, next_beat - time.monotonic()))
        is_early = node.work.is_set()
        node.work.clear()
        try:
            if node.peer.has_work:
                node.turn()
            now = time.monotonic()
            if is_early or now >= next_beat:
                node.peer.beat()
                next_beat = now + HEARTBEAT_NS / 1e9
            if now - written > DECISIONS_SECONDS:
                node.turn()
                node.write_decisions()
                written = now
        except Lex7Error as error:
            # A full disk or a link that fails is said, and tried again with the next heartbeat.
            _tell(sys.stderr, f"{node.spec.name}: {error}")
            next_beat = time.monotonic() + HEARTBEAT_NS / 1e9


def _tell(stream: TextIO, line: str) -> None:
    stream.write(f"{line}\n")
    stream.flush()


def _await_end(stop: object) -> None:
    # Nothing more is ever sent; the end of input is the end of the keeper.
    while os.read(0, 1024):
        continue
    stop()  # type: ignore[operator]


if __name__ == "__main__":
    sys.exit(main())
