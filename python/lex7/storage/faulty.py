"""A storage that fails on purpose, for tests and simulation.

Full disks, failing syncs, torn writes and writes that were acknowledged and lost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum

from lex7.storage.faults import StorageFailedError, StorageFullError
from lex7.storage.interface import LogStorage, StoredRun


class Failure(Enum):
    """What an append may run into."""

    FULL = "the disk is full, nothing was written"
    SYNC = "the sync failed, nothing is known to be written"
    TORN = "power went while half of the run was written, on a disk without atomic transactions"
    LOST = "the write was acknowledged and never reached the disk"


class FaultyStorage:
    """Another storage whose appends fail as planned.

    Args (of the constructor):
        inner: where everything goes that does not fail.
        plan: which append, counted from 1, meets which failure.
    """

    def __init__(self, inner: LogStorage, plan: Mapping[int, Failure]) -> None:
        self._inner = inner
        self._plan = dict(plan)
        self.append_count = 0

    def append(self, run: StoredRun, values: Mapping[str, bytes]) -> None:
        """Append, or fail as planned.

        Raises:
            StorageFullError: planned.
            StorageFailedError: planned.
        """
        self.append_count += 1
        failure = self._plan.get(self.append_count)
        if failure is Failure.LOST:
            return
        if failure is Failure.FULL:
            raise StorageFullError("faulty storage", failure.value)
        if failure is Failure.TORN:
            torn = replace(run, sealed=run.sealed[: len(run.sealed) // 2])
            self._inner.append(torn, values)
        if failure is not None:
            raise StorageFailedError("faulty storage", failure.value)
        self._inner.append(run, values)

    def append_all(self, runs: Sequence[StoredRun], values: Mapping[str, bytes]) -> None:
        """Append several runs in one transaction, which counts as one append; it fails whole.

        Raises:
            StorageFullError: planned.
            StorageFailedError: planned.
        """
        self.append_count += 1
        failure = self._plan.get(self.append_count)
        if failure is Failure.LOST:
            return
        if failure is Failure.FULL:
            raise StorageFullError("faulty storage", failure.value)
        if failure is not None:
            raise StorageFailedError("faulty storage", failure.value)
        self._inner.append_all(runs, values)

    def cut(self, after: int, values: Mapping[str, bytes]) -> None:
        """Cut the inner storage."""
        self._inner.cut(after, values)

    def read(self, from_sequence: int) -> Iterator[StoredRun]:
        """Read from the inner storage."""
        return self._inner.read(from_sequence)

    def read_each(self) -> Iterator[StoredRun | tuple[int, str]]:
        """Read from the inner storage."""
        return self._inner.read_each()

    def last(self) -> StoredRun | None:
        """Read from the inner storage."""
        return self._inner.last()

    def get(self, name: str) -> bytes | None:
        """Read from the inner storage."""
        return self._inner.get(name)

    def put(self, name: str, value: bytes) -> None:
        """Write to the inner storage."""
        self._inner.put(name, value)

    def sync(self) -> None:
        """Sync the inner storage."""
        self._inner.sync()

    def close(self) -> None:
        """Close the inner storage."""
        self._inner.close()
