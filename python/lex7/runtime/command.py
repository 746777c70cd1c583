"""Commands to a running lattice: one JSON object asked and one answered over a socket in the home.

    HOME/run/NODE.sock      one for each running node
    HOME/run/up.sock        the process that keeps the nodes running

A frame is 4 bytes of length, big-endian, and that many bytes of JSON. The folder is the owner's
alone, so whoever can open a socket is the owner.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import BoundedSemaphore, Thread
from typing import Any

from lex7.base.errors import HomeError, Lex7Error
from lex7.base.limits import COMMAND_BYTES_MAX, COMMAND_SECONDS_MAX, COMMANDS_AT_ONCE_MAX

Json = dict[str, Any]
Answer = Callable[[Json], Json]
UP = "up"


class NotRunningError(HomeError):
    """No node of this home is running."""

    code = "home.not_running"

    def __init__(self, home: Path, node: str) -> None:
        self.home = home
        self.node = node
        said = f"{home} is not running (no answer from {node})"
        super().__init__(f"{said}; `lex7 up` starts its nodes")


class CommandError(HomeError):
    """A running node refused a command, or its answer cannot be read."""

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)


def run_folder(home: Path) -> Path:
    """Return where the sockets lie."""
    return home / "run"


def ask(home: Path, node: str, question: Json, seconds: float = COMMAND_SECONDS_MAX) -> Json:
    """Ask a running node.

    Raises:
        NotRunningError: it is not running, or ended before it answered.
        CommandError: it refused.
    """
    with connected(home, node, seconds) as link:
        return exchange(link, home, node, question)


def exchange(link: socket.socket, home: Path, node: str, question: Json) -> Json:
    """Ask one question over an open connection.

    Raises:
        NotRunningError: it ended before it answered.
        CommandError: it refused.
    """
    try:
        _send(link, question)
        answer = _receive(link)
    except (OSError, ValueError) as error:
        raise NotRunningError(home, node) from error
    if answer is None:
        raise NotRunningError(home, node)
    if "error" in answer:
        raise CommandError(str(answer["error"]["code"]), str(answer["error"]["sentence"]))
    return answer


@contextmanager
def connected(home: Path, node: str, seconds: float) -> Iterator[socket.socket]:
    """Open a connection to a running node.

    Raises:
        NotRunningError: it is not running.
    """
    link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        link.settimeout(seconds)
        with _short(run_folder(home)) as folder:
            link.connect(f"{folder}/{node}.sock")
    except OSError as error:
        link.close()
        raise NotRunningError(home, node) from error
    with link:
        yield link


def is_running(home: Path) -> bool:
    """Answer whether a process keeps the nodes of a home running."""
    try:
        with connected(home, UP, 5.0):
            return True
    except NotRunningError:
        return False


class CommandServer:
    """Answers commands on one socket, each connection on a thread of its own."""

    def __init__(self, home: Path, node: str, answer: Answer, on_end: Answer | None = None) -> None:
        """Listen.

        Raises:
            OSError: the socket cannot be made.
        """
        folder = run_folder(home)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder / f"{node}.sock"
        self._answer = answer
        self._on_end = on_end
        self._slots = BoundedSemaphore(COMMANDS_AT_ONCE_MAX)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._path.unlink(missing_ok=True)
        with _short(folder) as short:
            self._socket.bind(f"{short}/{node}.sock")
        self._path.chmod(0o600)
        self._socket.listen(COMMANDS_AT_ONCE_MAX)
        Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop listening; what is being answered is answered."""
        self._path.unlink(missing_ok=True)
        # Nobody may be listening any more; then there is nothing to shut.
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _accept(self) -> None:
        while True:
            try:
                link, _ = self._socket.accept()
            except OSError:
                # `close` has ended the socket.
                return
            if not self._slots.acquire(blocking=False):
                link.close()
                continue
            Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        asked: Json = {}
        try:
            with link:
                while (question := _receive(link)) is not None:
                    asked = question
                    _send(link, self._answered(question))
        except (OSError, ValueError):
            # The asker went away or sent nonsense; there is nobody to tell.
            return
        finally:
            self._slots.release()
            if self._on_end is not None:
                self._on_end(asked)

    def _answered(self, question: Json) -> Json:
        try:
            return self._answer(question)
        except Lex7Error as error:
            return {"error": {"code": error.code, "sentence": str(error)}}
        except OSError as error:
            return {"error": {"code": "system", "sentence": f"{error.filename}: {error.strerror}"}}


def _send(link: socket.socket, value: Json) -> None:
    data = json.dumps(value, ensure_ascii=False).encode()
    link.sendall(len(data).to_bytes(4, "big") + data)


def _receive(link: socket.socket) -> Json | None:
    head = _exactly(link, 4)
    if head is None:
        return None
    size = int.from_bytes(head, "big")
    if size > COMMAND_BYTES_MAX:
        raise ValueError("a command is larger than allowed")
    body = _exactly(link, size)
    if body is None:
        return None
    value = json.loads(body)
    if not isinstance(value, dict):
        raise ValueError("a command is no object")  # noqa: TRY004 - it came from outside
    return value


def _exactly(link: socket.socket, count: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < count:
        part = link.recv(min(count - len(parts), 1 << 16))
        if not part:
            return None
        parts += part
    return bytes(parts)


@contextmanager
def _short(folder: Path) -> Iterator[str]:
    # A socket's path may have 107 bytes; a home may lie deeper.
    if len(os.fsencode(folder)) < 80 or not Path("/proc/self/fd").is_dir():
        yield str(folder)
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
