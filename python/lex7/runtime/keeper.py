"""The process that keeps a home's nodes running: it starts them, starts them again, and stops them.

    starting ──► running ──suspend──► stepped aside ──(connection ends)──► running ──down──► ended

It holds the home's lock while nodes run. Stepping aside means that a command needs the logs for
itself: the nodes are stopped and the lock let go until that command's connection ends.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Condition, Event, RLock, Thread
from typing import Any

from lex7.base.errors import HomeError, Lex7Error
from lex7.base.limits import RESTARTS_PER_MINUTE_MAX
from lex7.runtime.command import UP, CommandServer, run_folder
from lex7.storage.lock import HomeLock

READY_SECONDS = 60.0
STOP_SECONDS = 10.0
Json = dict[str, Any]


class StartError(HomeError):
    """A node did not start."""

    code = "home.start"

    def __init__(self, node: str, reason: str) -> None:
        self.node = node
        self.reason = reason
        super().__init__(f"{node} did not start: {reason}")


class Kept:
    """One node's process."""

    def __init__(self, kind: str, line: bytes) -> None:
        self.kind = kind
        self._line = line
        self.starts: list[float] = []
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process; `await_ready` waits for it."""
        self.starts = [when for when in self.starts if time.monotonic() - when < 60.0]
        self.starts.append(time.monotonic())
        arguments = [sys.executable, "-m", "lex7.runtime.node_process"]
        self.process = subprocess.Popen(  # noqa: S603 - this program itself
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=_environment()
        )
        assert self.process.stdin is not None, "the process was given a pipe"
        self.process.stdin.write(self._line)
        self.process.stdin.flush()

    def await_ready(self) -> None:
        """Wait until the node can be asked.

        Raises:
            StartError: it failed, and says why.
        """
        assert self.process is not None, "a node is started before it is awaited"
        assert self.process.stdout is not None, "the process was given a pipe"
        line = self.process.stdout.readline().decode(errors="replace").strip()
        if line != "ready":
            raise StartError(self.kind, line.removeprefix("failed ") or "its process ended")

    def stop(self) -> None:
        """Let the node write what is pending and end."""
        process, self.process = self.process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()

    @property
    def is_dead(self) -> bool:
        """Answer whether it ended by itself."""
        return self.process is not None and self.process.poll() is not None


class Keeper:
    """Keeps nodes running until it is told to end."""

    def __init__(self, home: Path, lines: dict[str, bytes]) -> None:
        self._home = home
        self._nodes = [Kept(kind, line) for kind, line in lines.items()]
        self._lock: HomeLock | None = None
        self._guard = RLock()
        self._free = Condition(self._guard)
        self._suspended = False
        self.ending = Event()

    def start(self) -> None:
        """Take the home and start every node.

        Raises:
            HomeBusyError: another process works on it.
            StartError: a node did not start; none is left running.
        """
        with self._guard:
            self._lock = HomeLock(self._home)
            try:
                for node in self._nodes:
                    node.start()
                for node in self._nodes:
                    node.await_ready()
            except BaseException:
                self.stop()
                raise

    def stop(self) -> None:
        """Stop every node and let the home go."""
        with self._guard:
            for node in self._nodes:
                if node.process is not None:
                    node.process.terminate()
            for node in self._nodes:
                node.stop()
            lock, self._lock = self._lock, None
            if lock is not None:
                lock.close()

    def watch(self) -> None:
        """Start nodes again that ended, until it is time to end."""
        while not self.ending.wait(0.5):
            with self._guard:
                for node in self._nodes:
                    if not self._suspended and node.is_dead:
                        self._restart(node)
        self.stop()

    def answer(self, question: Json) -> Json:
        """Answer a command to the keeper.

        Raises:
            HomeError: the command is unknown.
        """
        wish = question.get("do")
        if wish == "down":
            # The process itself ends when the asker has its answer.
            self._suspended = True
            self.stop()
        elif wish == "suspend":
            with self._guard:
                while self._suspended:
                    self._free.wait()
                self._suspended = True
                self.stop()
        elif wish != "who":
            raise HomeError(f"expected a command to the keeper, got {wish!r}")
        with self._guard:
            pids = {
                node.kind: node.process.pid
                for node in self._nodes
                if node.process is not None and not node.is_dead
            }
        return {"keeper": os.getpid(), "nodes": pids}

    def resume(self, question: Json) -> Json:
        """Start again after the command that asked for the home has gone."""
        if question.get("do") == "down":
            self.ending.set()
        if question.get("do") != "suspend":
            return {}
        with self._guard:
            self._suspended = False
            self._free.notify()
            if not self.ending.is_set():
                self._again()
        return {}

    def _again(self) -> None:
        for _ in range(50):
            try:
                self.start()
            except StartError as error:
                _say(f"{error}; tried again")
                time.sleep(0.2)
            except Lex7Error as error:
                _say(str(error))
                time.sleep(0.2)
            else:
                return
        self.ending.set()

    def _restart(self, node: Kept) -> None:
        node.stop()
        if len(node.starts) > RESTARTS_PER_MINUTE_MAX:
            _say(f"{node.kind} ended {len(node.starts)} times within a minute and stays down")
            return
        node.start()
        # Not awaited here: the others must be watched meanwhile.
        Thread(target=_ready_or_said, args=(node,), daemon=True).start()


def main() -> int:
    """Keep the nodes that standard input lists: one line for the home, one for each node."""
    header = json.loads(sys.stdin.buffer.readline())
    home = Path(header["home"])
    lines = {kind: sys.stdin.buffer.readline() for kind in header["nodes"]}
    keeper = Keeper(home, lines)
    signal.signal(signal.SIGTERM, lambda *_: keeper.ending.set())
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        keeper.start()
        server = CommandServer(home, UP, keeper.answer, keeper.resume)
    except (Lex7Error, OSError) as error:
        _tell(f"failed {error}")
        keeper.stop()
        return 1
    _tell("ready")
    keeper.watch()
    server.close()
    return 0


def start_keeper(home: Path, lines: dict[str, bytes]) -> int:
    """Start a keeper in a session of its own and wait until every node can be asked.

    Raises:
        StartError: it says why it did not start.
    """
    run_folder(home).mkdir(mode=0o700, parents=True, exist_ok=True)
    with (run_folder(home) / "lattice.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "lex7.runtime.keeper"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,
            env=_environment(),
        )
    assert process.stdin is not None, "the process was given a pipe"
    assert process.stdout is not None, "the process was given a pipe"
    header = json.dumps({"home": str(home), "nodes": list(lines)}).encode() + b"\n"
    process.stdin.write(header + b"".join(lines.values()))
    process.stdin.close()
    said = process.stdout.readline().decode(errors="replace").strip()
    process.stdout.close()
    if said != "ready":
        process.wait()
        raise StartError("lex7 up", said.removeprefix("failed ") or "its process ended")
    return process.pid


def _ready_or_said(node: Kept) -> None:
    try:
        node.await_ready()
    except StartError as error:
        _say(str(error))


def _environment() -> dict[str, str]:
    # One arena a process is enough, and keeps an idle node small.
    return {**os.environ, "MALLOC_ARENA_MAX": "2"}


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
