"""Other Mamba-2 programs as processes of an environment of their own, timed on demand."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from lex7.ssm import Model
from lex7.ssm.errors import PeerError

WORKER = Path(__file__).with_name("peer_worker.py")
INSTALL = "`make peers` installs llama.cpp and transformers into .peers (compiles for 20 minutes)"
TRANSFORMERS_PARAMETERS_MAX = 500_000_000
"""Above this transformers, which computes in f32, is left out: 2.7b would take 11 GB."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one run: by the wall clock, and of all its threads together."""

    wall: float
    cpu: float

    def best(self, other: Timing) -> Timing:
        """Return the shorter of each."""
        return Timing(min(self.wall, other.wall), min(self.cpu, other.cpu))


class Peer:
    """A loaded model in another program."""

    def __init__(self, name: str, command: list[str]) -> None:
        self.name = name
        # Waiting threads sleep: on a machine with other work spinning ones would take its turns.
        environment = os.environ | {"OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}
        self._process = subprocess.Popen(  # noqa: S603 - an interpreter that the caller named
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
        )
        self._answer()

    def time(self, work: str, tokens: int, threads: int) -> Timing:
        """Return how long one run took.

        Raises:
            PeerError: the program ended.
        """
        wish = {"work": work, "tokens": tokens, "threads": threads}
        if self._process.stdin is None:
            raise PeerError(self.name, "it takes no input")
        try:
            self._process.stdin.write(json.dumps(wish) + "\n")
            self._process.stdin.flush()
        except OSError as error:
            raise PeerError(self.name, "it ended") from error
        told = self._answer()
        return Timing(told["wall"], told["cpu"])

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> dict[str, float]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            self.close()
            raise PeerError(self.name, f"it ended with code {self._process.returncode}")
        told: dict[str, float] = json.loads(line)
        return told


@contextmanager
def peers_of(model: Model, python: Path | None) -> Iterator[list[Peer]]:
    """Start the peers with the same shape and bits a weight; none without an interpreter.

    Raises:
        PeerError: they are not installed, or one cannot load its model.
    """
    if python is None:
        yield []
        return
    if not python.exists():
        raise PeerError("The peers", f"{python} is not there; {INSTALL}")
    facts = asdict(model.spec) | {"quant": model.quant}
    spec = json.dumps(facts)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="lex7-peers-"))
        found: list[Peer] = []
        if model.quant != "f32":
            file = str(Path(folder) / "model.gguf")
            command = [str(python), str(WORKER), "gguf", spec, file]
            made = subprocess.run(  # noqa: S603 - as above
                command, capture_output=True, text=True, check=False
            )
            if made.returncode != 0:
                reason = (made.stderr.strip().splitlines() or ["no reason"])[-1]
                raise PeerError("gguf", f"{reason}; {INSTALL}")
            found.append(Peer("llama.cpp", [str(python), str(WORKER), "llama", file]))
            stack.callback(found[-1].close)
        if model.core.spec.parameters() <= TRANSFORMERS_PARAMETERS_MAX:
            command = [str(python), str(WORKER), "transformers", spec]
            found.append(Peer("transformers", command))
            stack.callback(found[-1].close)
        yield found
