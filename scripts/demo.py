"""The main job, from files to verdicts, on a sample person; `make demo` runs it.

Every step is a `lex7` command that a person could type, and is shown before it runs. The verdicts
come from three nodes that run as processes of their own and talk over Zenoh. The home and
the files lie in `demo-home/`, which is made anew each time.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from lex7.cli.page import page_for
from lex7.cli.report import render_report
from lex7.sample.writing import AS_OF

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "demo-home"
FILES = FOLDER / "files"


def main() -> int:
    """Run every step and print the report."""
    start = time.perf_counter()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    (FOLDER / "passphrase").write_text(secrets.token_urlsafe(18) + "\n")
    as_of = AS_OF.isoformat()
    run("sample", str(FILES), "--seed", "7")
    run("init", "--currency", "USD", "--time-zone", "Europe/Berlin", "--directives",
        str(FILES / "directives.toml"))  # fmt: skip
    imported = run_json(
        "ingest", *sorted(str(path) for path in exports(FILES)), "--as-of", as_of, codes=(0, 1)
    )
    run("directives", "sign")
    proposals = [line for line in (FILES / "proposals.txt").read_text().splitlines() if line]
    wishes = [line for line in proposals if not line.startswith("#")]
    status, verdicts = ask_lattice(as_of, wishes)
    record = run_json("record", "--as-of", as_of)
    run("explain", "--check")
    run("read", "heart.rate", "--node", "mon", codes=(2,))
    run("log", "verify")
    verified = run_json("replay", "--verify")
    page = page_for(sys.stdout, os.environ)
    print(render_report(status | record, verdicts, verified, imported["findings"], imported, page))
    print(f"All of this took {time.perf_counter() - start:.0f} seconds.")
    print(f"The home is {FOLDER / 'home'}; its passphrase is in {FOLDER / 'passphrase'}.")
    return 0


def ask_lattice(as_of: str, wishes: list[str]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Run the three nodes as processes over Zenoh and let them answer."""
    run("up")
    try:
        status = run_json("status", "--as-of", as_of)
        verdicts = [run_json("propose", wish, "--as-of", as_of) for wish in wishes]
        run("nodes")
        run("sync", "--verify")
    finally:
        run("down")
    return status, verdicts


def exports(folder: Path) -> list[Path]:
    """List the files a person would have exported; the truth beside them is not one."""
    return [path for path in folder.rglob("*") if path.suffix in (".zip", ".ofx", ".qfx", ".csv")]


def run(*arguments: str, codes: tuple[int, ...] = (0,)) -> str:
    """Show a command, run it, show what it printed, and stop on an unexpected exit code."""
    spoken = " ".join(
        argument if " " not in argument else f'"{argument}"' for argument in arguments
    )
    print(f"$ lex7 {spoken.replace(str(ROOT) + '/', '')}", flush=True)
    done = subprocess.run(
        [sys.executable, "-m", "lex7.cli.main", *arguments],
        env={
            **os.environ,
            "LEX7_HOME": str(FOLDER / "home"),
            "LEX7_PASSPHRASE_FILE": str(FOLDER / "passphrase"),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if "--json" not in arguments:
        print(done.stdout, end="")
    if "--json" not in arguments or done.returncode not in codes:
        print(done.stderr, end="")
    if done.returncode not in codes:
        print(f"expected exit code {codes[0]}, got {done.returncode}", file=sys.stderr)
        sys.exit(1)
    print(flush=True)
    return done.stdout


def run_json(*arguments: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Run a command with --json and return its object."""
    answer: dict[str, Any] = json.loads(run(*arguments, "--json", codes=codes))
    return answer


if __name__ == "__main__":
    sys.exit(main())
