"""Where the passphrase comes from: a file, or the owner at the terminal."""

from __future__ import annotations

import getpass
import os
import stat
import sys
import warnings
from pathlib import Path

from lex7.base.config import Config
from lex7.base.errors import HomeError

PASSPHRASE_BYTES_MAX = 1_024


class PassphraseError(HomeError):
    """No passphrase could be had, or it is not usable."""

    code = "home.passphrase"

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def ask_passphrase(config: Config) -> str:
    """Return the passphrase of an existing home.

    Raises:
        PassphraseError: the file cannot be read, or there is no terminal to ask at.
    """
    named = config.text("passphrase_file")
    if named:
        return read_passphrase(Path(named).expanduser())
    return _prompt("Passphrase: ")


def new_passphrase(config: Config, new_file: str | None = None) -> str:
    """Return a passphrase for a new home, asked twice at the terminal.

    Raises:
        PassphraseError: empty, typed differently, or there is no terminal to ask at.
    """
    named = new_file or config.text("passphrase_file")
    if named:
        return read_passphrase(Path(named).expanduser())
    first = _prompt("New passphrase: ")
    if first != _prompt("The same again: "):
        raise PassphraseError("expected the same passphrase twice, got two different ones")
    return first


def read_passphrase(path: Path) -> str:
    """Read the first line of a passphrase file.

    Raises:
        PassphraseError: not a regular file, too large, not UTF-8, or empty.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise PassphraseError(f"expected a regular file with the passphrase, got {path}")
        with path.open("rb") as stream:
            data = stream.read(PASSPHRASE_BYTES_MAX + 1)
        line = data.decode().splitlines()
    except OSError as exc:
        raise PassphraseError(f"the passphrase file {path}: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise PassphraseError(f"the passphrase file {path} is not UTF-8 text") from exc
    if len(data) > PASSPHRASE_BYTES_MAX:
        raise PassphraseError(f"the passphrase file {path} is over {PASSPHRASE_BYTES_MAX} bytes")
    if not line or not line[0]:
        raise PassphraseError(f"the passphrase file {path} has an empty first line")
    return line[0]


def _prompt(text: str) -> str:
    if not sys.stdin.isatty() and not os.path.exists("/dev/tty"):
        raise PassphraseError("no terminal to ask for the passphrase at; set LEX7_PASSPHRASE_FILE")
    try:
        # Without a terminal getpass would warn and read on, where the passphrase can be seen.
        with warnings.catch_warnings():
            warnings.simplefilter("error", getpass.GetPassWarning)
            answer = getpass.getpass(text)
    except (EOFError, OSError, getpass.GetPassWarning) as exc:
        raise PassphraseError(
            "no terminal to ask for the passphrase at; set LEX7_PASSPHRASE_FILE"
        ) from exc
    if not answer:
        raise PassphraseError("expected a passphrase, got an empty line")
    return answer
