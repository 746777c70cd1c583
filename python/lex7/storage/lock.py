"""One process per home: a lock that the operating system lets go when its holder dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType

from lex7.base.errors import HomeError
from lex7.storage.files import translate

LOCK_NAME = "lock"


class HomeBusyError(HomeError):
    """Another process works on the same home."""

    code = "home.busy"

    def __init__(self, home: str, pid: int | None) -> None:
        self.home = home
        self.pid = pid
        who = "another process" if pid is None else f"process {pid}"
        super().__init__(f"{home} is in use by {who}; wait for it or end it")


class HomeLock:
    """Holds a home while it is open; use it as a context manager."""

    def __init__(self, home: Path) -> None:
        """Take the lock.

        Raises:
            HomeBusyError: another process holds it.
            StorageError: the home cannot be written.
        """
        path = home / LOCK_NAME
        try:
            self._file: int | None = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise translate(error, path) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            named = os.pread(self._file, 20, 0).decode("ascii", "replace").strip()
            self.close()
            raise HomeBusyError(str(home), int(named) if named.isdigit() else None) from error
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def close(self) -> None:
        """Let go; the file stays, because removing it would let two processes hold two locks."""
        descriptor, self._file = self._file, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> HomeLock:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
