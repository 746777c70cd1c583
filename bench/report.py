"""What every benchmark prints: rows, the machine and the commit, as a table or as JSON.

A benchmark makes `Row`s and ends with `finish(rows)`. With `--json` the output is one object,
`{"machine", "commit", "rows": [...]}`. A row that states what it must reach and does not reach it
is marked, and the benchmark exits with 1.
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
    """One measured number.

    Attributes:
        name: dotted and stable, for example `log.verify`.
        value: the number.
        unit: `entries/s`, `s`, `MB/s`, `MiB`, `x` (a ratio against `peer` in the same run).
        size: what it was measured on: `100,000 entries in runs of 64`.
        peer: what it is compared with, or empty.
        at_least: what the number must reach, or None.
        at_most: what the number must stay under, or None.
    """

    name: str
    value: float
    unit: str
    size: str
    peer: str = ""
    at_least: float | None = None
    at_most: float | None = None

    @property
    def holds(self) -> bool:
        """Whether the number keeps its promise; true if it makes none."""
        low = self.at_least is None or self.value >= self.at_least
        return low and (self.at_most is None or self.value <= self.at_most)


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
        listed = [asdict(row) | {"holds": row.holds} for row in rows]
        print(json.dumps({"machine": machine(), "commit": commit(), "rows": listed}))
    else:
        print_table(rows)
    sys.exit(0 if all(row.holds for row in rows) else 1)


def print_table(rows: Sequence[Row]) -> None:
    """Print the rows for a person."""
    print(f"{machine()}; commit {commit()}")
    for row in rows:
        promise = ""
        if row.at_least is not None:
            promise = f"  (at least {row.at_least:,.6g})"
        elif row.at_most is not None:
            promise = f"  (at most {row.at_most:,.6g})"
        verdict = "" if row.holds else "  MISSED"
        against = f" against {row.peer}" if row.peer else ""
        number = f"{row.value:>14,.6g} {row.unit}"
        print(f"{row.name:<28}{number:<28}{row.size}{against}{promise}{verdict}")
