"""A person at the command line: a folder with files, a passphrase and a home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AS_OF = "2026-11-20"


@dataclass(frozen=True)
class Person:
    """A folder with files, a passphrase and a home."""

    folder: Path

    @property
    def files(self) -> tuple[str, ...]:
        found = (self.folder / "files").rglob("*")
        suffixes = (".zip", ".ofx", ".qfx", ".csv")
        return tuple(sorted(str(path) for path in found if path.suffix in suffixes))

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "PYTHONPATH": str(ROOT / "python"),
            "LEX7_HOME": str(self.folder / "home"),
            "LEX7_PASSPHRASE_FILE": str(self.folder / "passphrase"),
            "NO_COLOR": "1",
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "lex7.cli.main", *arguments]

    def lex7(self, *arguments: str, code: int | tuple[int, ...] = 0) -> str:
        done = subprocess.run(
            self.command(*arguments),
            env=self.environment(),
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        shown = f"lex7 {' '.join(arguments)}\n{done.stdout}{done.stderr}"
        assert "Traceback" not in shown, shown
        assert done.returncode in (code if isinstance(code, tuple) else (code,)), shown
        return done.stdout if code == 0 else done.stdout + done.stderr

    def copy(self, folder: Path) -> Person:
        shutil.copytree(self.folder, folder)
        return Person(folder)
