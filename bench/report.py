"""What every benchmark prints: rows, the machine and the commit, as a table or as JSON.

A benchmark makes rows with `rate` (bigger is better) or `cost` (smaller is better) and ends with
`finish(rows)`. With `--json` the output is one object, `{"machine", "commit", "rows": [{"work",
"ours",
"unit", "peer", "peer_value", "ratio", "reach"}]}`. `ratio` is always written so that bigger is
better, and
`ratio >= reach` means reached. A limit (seconds, MiB) is a peer like any other: its ratio must
reach 1.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of an issue's table: our number, the number it is held against, and their ratio.

    Attributes:
        work: what was done, and on what: `verify 100,000 entries in runs of 64`.
        ours: our number.
        unit: of both numbers: `entries/s`, `s`, `MB/s`, `MiB`.
        peer: what it is held against: a program, or `limit`.
        peer_value: the peer's number in the same run, or the limit.
        ratio: bigger is better.
        reach: the ratio to reach.
    """

    work: str
    ours: float
    unit: str
    peer: str
    peer_value: float
    ratio: float
    reach: float

    @property
    def holds(self) -> bool:
        """Whether the ratio reaches what it must."""
        return self.ratio >= self.reach


def rate(work: str, ours: float, unit: str, peer: str, peer_value: float, reach: float) -> Row:
    """Make a row of numbers of which the bigger is the better."""
    return Row(work, ours, unit, peer, peer_value, ours / peer_value, reach)


def cost(work: str, ours: float, unit: str, peer: str, peer_value: float, reach: float) -> Row:
    """Make a row of numbers of which the smaller is the better."""
    return Row(work, ours, unit, peer, peer_value, peer_value / ours, reach)


def seconds(
    work: Callable[[], object],
    *,
    repeat: int = 5,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """The median time of one call; `clock=time.process_time` ignores what else the machine does."""
    times: list[float] = []
    for _ in range(repeat):
        gc.collect()
        start = clock()
        work()
        times.append(clock() - start)
    return statistics.median(times)


def machine() -> str:
    """Processor, cores, operating system and Python, as one line."""
    name = platform.processor() or platform.machine()
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    python = platform.python_version()
    return f"{name}, {os.cpu_count()} cores, {platform.system()}, Python {python}"


def commit() -> str:
    """The commit that was measured; `+` says that the work tree differed from it."""
    here = Path(__file__).resolve().parent

    def git(*arguments: str) -> str:
        answer = subprocess.run(
            ["git", *arguments], cwd=here, capture_output=True, text=True, check=False
        )
        return answer.stdout.strip()

    name = git("rev-parse", "--short=12", "HEAD") or "unknown"
    return f"{name}+" if git("status", "--porcelain", "--untracked-files=no") else name


def finish(rows: Sequence[Row]) -> None:
    """Print the rows as the command line asks, and exit with 1 if a promise is not kept."""
    parser = argparse.ArgumentParser(description="Runs one benchmark.")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    if parser.parse_args().json:
        listed = [asdict(row) for row in rows]
        print(json.dumps({"machine": machine(), "commit": commit(), "rows": listed}))
    else:
        print_table(rows)
    sys.exit(0 if all(row.holds for row in rows) else 1)


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows for a person."""
    print(f"{machine()}; commit {commit()}")
    for row in rows:
        verdict = "" if row.holds else "  MISSED"
        print(f"{row.work}")
        print(
            f"    {row.ours:,.6g} {row.unit} against {row.peer} {row.peer_value:,.6g}: "
            f"ratio {row.ratio:,.3g}, reach {row.reach:g}{verdict}"
        )
