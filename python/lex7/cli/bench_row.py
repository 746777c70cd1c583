"""Rows of `lex7 model bench`, and how long things take: in turns, and the best of each counts.

Other work on a machine makes times longer and never shorter, so the shortest of several is the
nearest to what the work takes; in turns, so that a busy minute meets everything alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from lex7.ssm.errors import PeerError


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds of one run: by the wall clock, and of all its threads together."""

    wall: float
    cpu: float

    def best(self, other: Timing) -> Timing:
        """Return the shorter of each."""
        return Timing(min(self.wall, other.wall), min(self.cpu, other.cpu))


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
        reach: the ratio to reach; 0 where it is only stated.
    """

    work: str
    value: float
    unit: str
    peer: str
    peer_value: float
    ratio: float
    reach: float


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence beside the rows: what was left out, and why."""

    text: str


def rate(
    work: str, value: float, peer: tuple[str, float], reach: float = 0, unit: str = "tokens/s"
) -> Row:
    """Make a row of numbers of which the bigger is the better."""
    name, other = peer
    return Row(work, value, unit, name, other, value / max(other, 1e-12), reach)


def cost(work: str, value: float, peer: str, limit: float, unit: str = "s") -> Row:
    """Make a row of a number that must stay below a limit."""
    return Row(work, value, unit, peer, limit, limit / max(value, 1e-9), 1)


def timed(work: Callable[[], object]) -> Work:
    """Return the work with a clock around it."""

    def run() -> Timing:
        wall, cpu = time.perf_counter(), time.process_time()
        work()
        return Timing(time.perf_counter() - wall, time.process_time() - cpu)

    return run


def race(works: dict[str, Work], rounds: int) -> tuple[dict[str, Timing], list[Note]]:
    """Run all in turns; the first round warms up, and only then times count.

    A program that ends meanwhile is left out, with a note.
    """
    best: dict[str, Timing] = {}
    notes: list[Note] = []
    left = dict(works)
    for turn in range(rounds + 1):
        for name, work in tuple(left.items()):
            try:
                timing = work()
            except PeerError as error:
                notes.append(Note(f"{error} Its rows are missing."))
                del left[name]
                best.pop(name, None)
                continue
            if turn > 0:
                best[name] = timing.best(best.get(name, timing))
    return best, notes
