"""Stories: what a person types and what they see, as plain text files.

A story is a file `*.story` of steps. A line `$ lex7 ...` (or `$ python ...`) is a command, run in
a fresh folder; the lines after it are its output, standard output first, then standard error.
`[1]` on a line of its own is the exit code (0 where there is none). `...` within a line stands
for any text, on a line of its own for any lines. Lines that start with `#` are remarks.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclass
class Step:
    command: str
    line: int
    output: list[str] = field(default_factory=list)
    code: int = 0


def read_story(path: Path) -> list[Step]:
    steps: list[Step] = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if line.startswith("$ "):
            steps.append(Step(line[2:], number))
        elif line.startswith("#") or (not line and (not steps or not steps[-1].output)):
            continue
        elif re.fullmatch(r"\[\d+\]", line):
            steps[-1].code = int(line[1:-1])
        else:
            steps[-1].output.append(line)
    return steps


def pattern(lines: list[str]) -> str:
    while lines and not lines[-1]:
        lines = lines[:-1]
    spelled = []
    for line in lines:
        if line == "...":
            spelled.append(r"(?:.*\n)*?")
        else:
            spelled.append(
                ".*?".join(re.escape(part) for part in line.rstrip().split("...")) + r"[ ]*\n"
            )
    return "".join(spelled)


def run(step: Step, folder: Path) -> subprocess.CompletedProcess[str]:
    words = shlex.split(step.command)
    program = [sys.executable, "-m", "lex7.cli.main"] if words[0] == "lex7" else [sys.executable]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PYTHONPATH": str(ROOT / "python"),
        "LEX7_HOME": str(folder / "home"),
        "LEX7_PASSPHRASE_FILE": str(folder / "passphrase"),
        "COLUMNS": "100",
        "NO_COLOR": "1",
    }
    return subprocess.run(
        [*program, *words[1:]],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("path", sorted(HERE.glob("*.story")), ids=lambda path: path.stem)
def test_story(path: Path, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("correct horse battery staple\n")
    for step in read_story(path):
        done = run(step, tmp_path)
        shown = done.stdout + done.stderr
        place = f"{path.name}, line {step.line}: {step.command}\n{shown}"
        assert done.returncode == step.code, place
        assert "Traceback" not in shown, place
        assert re.fullmatch(pattern(step.output), shown) is not None, place
