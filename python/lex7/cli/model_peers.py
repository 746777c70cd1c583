"""Other Mamba-2 programs as processes of an environment of their own, timed on demand."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path

from lex7.cli.bench_row import Note, Timing, Work
from lex7.ssm import Model
from lex7.ssm.errors import PeerError

WORKER = Path(__file__).with_name("peer_worker.py")
INSTALL = "`make peers` installs llama.cpp and transformers into .peers (compiles for 10 to 30 min)"
TRANSFORMERS_BYTES_PER_PARAMETER = 6
"""transformers computes in f32; beside the weights it needs room for one prompt."""


class Peer:
    """A loaded model in another program."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        # Waiting threads sleep: on a machine with other work spinning ones would take its turns.
        environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}
        try:
            self._process = subprocess.Popen(  # noqa: S603 - an interpreter that the caller named
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=environment,
                text=True,
            )
        except OSError as error:
            raise PeerError(name, f"{command[0]} cannot be run") from error
        self._answer()

    def work(self, work: str, tokens: int, threads: int) -> Work:
        """Return that work, to be timed later."""
        return lambda: self.time(work, tokens, threads)

    def time(self, work: str, tokens: int, threads: int) -> Timing:
        """Return how long one run took.

        Raises:
            PeerError: the program ended.
        """
        wish = {"work": work, "tokens": tokens, "threads": threads}
        if self._process.stdin is None or self._process.stdin.closed:
            raise PeerError(self.name, "it takes no input.")
        try:
            self._process.stdin.write(json.dumps(wish) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            self.close()
            raise PeerError(self.name, "it ended.") from error
        told = self._answer()
        return Timing(told["wall"], told["cpu"])

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:
                    # What was not written yet is for a program that is no longer there.
                    continue
        self._process.wait()

    def _answer(self) -> dict[str, float]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        try:
            told: dict[str, float] = json.loads(line)
        except ValueError as error:
            self.close()
            code = self._process.returncode
            raise PeerError(self.name, f"it ended with code {code}; {INSTALL}.") from error
        return told


@contextmanager
def peers_of(model: Model, python: Path | None) -> Iterator[tuple[list[Peer], list[Note]]]:
    """Start the peers with the same shape and bits a weight, and say which could not be had."""
    found: list[Peer] = []
    notes: list[Note] = []
    if python is None:
        yield found, notes
        return
    facts = json.dumps(asdict(model.spec) | {"quant": model.quant})
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lex7-peers-"))
        file = Path(folder) / "model.gguf"
        for name in ("llama.cpp", "transformers"):
            try:
                if name == "llama.cpp":
                    peer = _llama(model, python, facts, file)
                else:
                    peer = _transformers(model, python, facts)
            except PeerError as error:
                notes.append(Note(str(error)))
                continue
            found.append(peer)
            stack.callback(peer.close)
        yield found, notes


def _llama(model: Model, python: Path, facts: str, file: Path) -> Peer:
    """Write a file of that shape for llama.cpp, and load it there."""
    if model.quant == "f32":
        raise PeerError("llama.cpp", "it is held against files of 8 and 4 bits.")
    if not python.exists():
        raise PeerError("llama.cpp", f"{python} is not there; {INSTALL}.")
    command = [str(python), str(WORKER), "gguf", facts, str(file)]
    try:
        made = subprocess.run(  # noqa: S603 - an interpreter that the caller named
            command, capture_output=True, text=True, check=False
        )
    except OSError as error:
        raise PeerError("llama.cpp", f"{python} cannot be run.") from error
    if made.returncode != 0:
        reason = (made.stderr.strip().splitlines() or ["no reason"])[-1]
        raise PeerError("llama.cpp", f"its model file cannot be written ({reason}); {INSTALL}.")
    return Peer("llama.cpp", [str(python), str(WORKER), "llama", str(file)])


def _transformers(model: Model, python: Path, facts: str) -> Peer:
    """Load a model of that shape in transformers, where there is room for it."""
    if not python.exists():
        raise PeerError("transformers", f"{python} is not there; {INSTALL}.")
    needed = TRANSFORMERS_BYTES_PER_PARAMETER * model.core.spec.parameters()
    free = free_bytes()
    if free is not None and free < needed:
        reason = f"in f32 it needs {needed / 1e9:.1f} GB, {free / 1e9:.1f} GB are free."
        raise PeerError("transformers", reason)
    return Peer("transformers", [str(python), str(WORKER), "transformers", facts])


def free_bytes(listing: Path = Path("/proc/meminfo")) -> int | None:
    """Return how much memory new processes can have; None where the system does not say."""
    if not listing.exists():
        return None
    for line in listing.read_text(encoding="ascii").splitlines():
        if line.startswith("MemAvailable:"):
            return 1024 * int(line.split()[1])
    return None
