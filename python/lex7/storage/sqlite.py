"""One log in one encrypted SQLite file (ChaCha20-Poly1305 per page).

Every append is one transaction in write-ahead mode with a full sync, so an acknowledged run
survives a crash of the process and of the machine. One connection holds the file; a second one is
refused. The schema is on disk and may only be extended under a new `user_version`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

from lex7.base.errors import StorageError
from lex7.storage.faults import (
    NotStorageError,
    StorageBusyError,
    StorageClosedError,
    StorageDamagedError,
    StorageFailedError,
    StorageFullError,
    StorageKeyError,
    StorageMissingError,
    StorageReadOnlyError,
)
from lex7.storage.files import FULL_ERRNOS, make_private, sync_folder, translate
from lex7.storage.interface import StoredRun

if TYPE_CHECKING:
    import apsw

SCHEMA_VERSION = 1
PAGE_BYTES = 4096
SCHEMA = """
CREATE TABLE runs (
  first INTEGER PRIMARY KEY, last INTEGER NOT NULL, sealed BLOB NOT NULL, bodies BLOB
) STRICT;
CREATE TABLE kept (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""
KEEP = "INSERT INTO kept VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
_Row = tuple[int, int, bytes, bytes | None]


class SqliteStorage:
    """A log's database."""

    def __init__(self, path: Path, *, key: bytes, make: bool = True) -> None:
        """Open the database, or make it.

        Args:
            path: the file; its folder must exist.
            key: 32 secret bytes.
            make: whether a missing file is made; where a log has been, its absence is a loss.

        Raises:
            StorageMissingError: there is no file, and none was to be made.
            StorageKeyError: the key is another one.
            NotStorageError: the file is something else.
            StorageError: the disk said no.
        """
        # Imported here because a command that needs no log should not pay for it.
        import apsw

        self._path = path
        self._connection: apsw.Connection | None = None
        try:
            if not path.exists():
                if not make:
                    reason = "expected the log of a node, found none; a backup may hold it"
                    raise StorageMissingError(str(path), reason)
                self._make(key)
            self._refuse_foreign_file()
            self._connection = self._connect(path, key)
        except OSError as error:
            raise translate(error, path) from error
        except apsw.Error as error:
            raise self._translate(error) from error

    def _make(self, key: bytes) -> None:
        """Make the database under another name, so that a crash leaves none or a whole one."""
        partial = self._path.with_name(f".{self._path.name}.partial")
        partial.unlink(missing_ok=True)
        # Made here, because SQLite would let others on the machine open it.
        make_private(partial).close()
        connection = self._connect(partial, key)
        connection.execute(SCHEMA)
        connection.close()
        partial.rename(self._path)
        sync_folder(self._path.parent)

    def _connect(self, path: Path, key: bytes) -> apsw.Connection:
        import apsw

        connection = apsw.Connection(str(path))
        try:
            self._configure(connection, key)
        except (apsw.Error, StorageError):
            connection.close()
            raise
        return connection

    def _configure(self, connection: apsw.Connection, key: bytes) -> None:
        connection.pragma("cipher", "chacha20")
        connection.pragma("key", f"raw:{key.hex()}")
        connection.pragma("locking_mode", "EXCLUSIVE")
        version = connection.pragma("user_version")
        connection.pragma("journal_mode", "WAL")
        connection.pragma("synchronous", "FULL")
        if version == 0:
            connection.pragma("user_version", SCHEMA_VERSION)
        elif version != SCHEMA_VERSION:
            reason = f"expected schema version {SCHEMA_VERSION}, found {version}"
            raise NotStorageError(str(self._path), reason)

    def _refuse_foreign_file(self) -> None:
        """Tell a foreign file from a wrong key, which look alike to the cipher."""
        if self._path.is_dir():
            raise NotStorageError(str(self._path), "expected a database, found a folder")
        size = self._path.stat().st_size
        with self._path.open("rb") as file:
            is_plain = file.read(16) == b"SQLite format 3\x00"
        if is_plain or size == 0 or size % PAGE_BYTES:
            raise NotStorageError(str(self._path), "expected an encrypted database of LEX-7")

    def append(self, run: StoredRun, values: Mapping[str, bytes]) -> None:
        """Write a run and values in one transaction, durable on return.

        Raises:
            StorageFullError: the disk is full; nothing was written.
            StorageBusyError: a run with that first sequence is there already.
            StorageFailedError: the disk failed; open the storage again.
        """
        self.append_all((run,), values)

    def append_all(self, runs: Sequence[StoredRun], values: Mapping[str, bytes]) -> None:
        """Write several runs and values in one transaction, durable on return.

        Raises:
            StorageError: nothing of it was written.
        """
        rows = [(run.first, run.last, run.sealed, run.bodies) for run in runs]
        with self._translated() as connection, connection:
            connection.executemany("INSERT INTO runs VALUES (?, ?, ?, ?)", rows)
            connection.executemany(KEEP, values.items())

    def cut(self, after: int, values: Mapping[str, bytes]) -> None:
        """Remove every run that ends after a sequence, in one transaction with values.

        Raises:
            StorageError: nothing was removed.
        """
        with self._translated() as connection, connection:
            connection.execute("DELETE FROM runs WHERE last > ?", (after,))
            connection.executemany(KEEP, values.items())

    def read(self, from_sequence: int) -> Iterator[StoredRun]:
        """Give the runs that end at or after a sequence, in order."""
        query = (
            "SELECT first, last, sealed, bodies FROM runs WHERE first >="
            " (SELECT coalesce(max(first), 0) FROM runs WHERE first <= ?) ORDER BY first"
        )
        with self._translated() as connection:
            for first, last, sealed, bodies in connection.execute(query, (from_sequence,)):
                if last >= from_sequence:
                    yield StoredRun(first, last, sealed, bodies)

    def read_each(self) -> Iterator[StoredRun | tuple[int, str]]:
        """Give every run, or for an unreadable row its first sequence and why.

        Where even the list of rows is damaged, rows are listed from both ends.
        """
        for first in self._listed():
            try:
                run = self._read_one(first)
            except StorageDamagedError as error:
                yield first, error.reason
            else:
                if run is not None:
                    yield run

    def last(self) -> StoredRun | None:
        """Give the last run."""
        with self._translated() as connection:
            listed = connection.execute("SELECT max(first) FROM runs").fetchall()
        first = listed[0][0]
        return self._read_one(first) if isinstance(first, int) else None

    def get(self, name: str) -> bytes | None:
        """Give a kept value."""
        with self._translated() as connection:
            rows = connection.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchall()
        return cast("bytes", rows[0][0]) if rows else None

    def put(self, name: str, value: bytes) -> None:
        """Keep a value, durable on return."""
        with self._translated() as connection, connection:
            connection.execute(KEEP, (name, value))

    def sync(self) -> None:
        """Move the write-ahead log into the database and make it durable."""
        with self._translated() as connection:
            connection.pragma("wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connection; closing twice is allowed."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _read_one(self, first: int) -> StoredRun | None:
        query = "SELECT first, last, sealed, bodies FROM runs WHERE first = ?"
        with self._translated() as connection:
            rows = connection.execute(query, (first,)).fetchall()
        return StoredRun(*cast("_Row", rows[0])) if rows else None

    def _listed(self) -> list[int]:
        ascending, is_whole = self._list("SELECT first FROM runs ORDER BY first")
        if is_whole:
            return ascending
        descending, _ = self._list("SELECT first FROM runs ORDER BY first DESC")
        # The next row after the readable ones is named even though nobody can list it.
        unreadable = ascending[-1] + 1 if ascending else 1
        return sorted({*ascending, unreadable, *descending})

    def _list(self, query: str) -> tuple[list[int], bool]:
        listed: list[int] = []
        try:
            with self._translated() as connection:
                listed.extend(row[0] for row in connection.execute(query))
        except StorageDamagedError:
            return listed, False
        return listed, True

    def _errno(self) -> int:
        return 0 if self._connection is None else self._connection.system_errno

    @contextmanager
    def _translated(self) -> Iterator[apsw.Connection]:
        """Lend the connection; what the database raises leaves as an error of ours."""
        import apsw

        place = str(self._path)
        connection = self._connection
        if connection is None:
            raise StorageClosedError(place, "expected an open storage")
        try:
            yield connection
        except apsw.Error as error:
            raise self._translate(error) from error

    def _translate(self, error: apsw.Error) -> StorageError:
        import apsw

        place = str(self._path)
        if isinstance(error, apsw.NotADBError):
            return StorageKeyError(
                place, "it does not open with this key, or its first page was changed"
            )
        if isinstance(error, apsw.FullError):
            return StorageFullError(place, "the disk is full; nothing was written")
        if isinstance(error, apsw.IOError) and self._errno() in FULL_ERRNOS:
            return StorageFullError(place, "the file may not grow; nothing was written")
        if isinstance(error, apsw.CantOpenError | apsw.IOError) and not _is_writable(self._path):
            return StorageReadOnlyError(place, "expected a place that may be written")
        if isinstance(error, apsw.CantOpenError):
            return StorageFailedError(place, "expected a file that can be opened or made")
        if isinstance(error, apsw.ReadOnlyError | apsw.PermissionsError):
            return StorageReadOnlyError(place, "expected a place that may be written")
        if isinstance(error, apsw.CorruptError):
            return StorageDamagedError(place, "bytes on disk are not as they were written")
        if isinstance(error, apsw.BusyError | apsw.LockedError | apsw.ConstraintError):
            return StorageBusyError(place, "another writer holds it or wrote the same entry")
        # After a failed write nobody knows what the operating system still holds.
        self.close()
        return StorageFailedError(place, f"the disk failed ({type(error).__name__})")


def _is_writable(path: Path) -> bool:
    by_effective_user = os.access in os.supports_effective_ids
    return all(
        os.access(place, os.W_OK, effective_ids=by_effective_user) for place in (path, path.parent)
    )
