"""A storage in memory, for simulation and tests; it forgets everything when the process ends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lex7.storage.faults import StorageBusyError
from lex7.storage.interface import StoredRun


class MemoryStorage:
    """Runs in a list, values in a dictionary; stays readable after `close`, as a disk does."""

    def __init__(self) -> None:
        self.rows: list[StoredRun] = []
        self.values: dict[str, bytes] = {}

    def append(self, run: StoredRun, values: Mapping[str, bytes]) -> None:
        """Keep a run and values.

        Raises:
            StorageBusyError: a run with that first sequence is there already.
        """
        if self.rows and run.first <= self.rows[-1].last:
            raise StorageBusyError("memory", f"entry {run.first} is already written")
        self.rows.append(run)
        self.values.update(values)

    def append_all(self, runs: Sequence[StoredRun], values: Mapping[str, bytes]) -> None:
        """Keep several runs and values.

        Raises:
            StorageBusyError: a run with one of those first sequences is there already.
        """
        for run in runs:
            self.append(run, {})
        self.values.update(values)

    def cut(self, after: int, values: Mapping[str, bytes]) -> None:
        """Remove every run that ends after a sequence."""
        self.rows = [row for row in self.rows if row.last <= after]
        self.values.update(values)

    def read(self, from_sequence: int) -> Iterator[StoredRun]:
        """Give the runs that end at or after a sequence, in order."""
        return (row for row in tuple(self.rows) if row.last >= from_sequence)

    def read_each(self) -> Iterator[StoredRun | tuple[int, str]]:
        """Give every run."""
        return iter(tuple(self.rows))

    def last(self) -> StoredRun | None:
        """Give the last run."""
        return self.rows[-1] if self.rows else None

    def get(self, name: str) -> bytes | None:
        """Give a kept value."""
        return self.values.get(name)

    def put(self, name: str, value: bytes) -> None:
        """Keep a value."""
        self.values[name] = value

    def sync(self) -> None:
        """Do nothing: memory has no later."""

    def close(self) -> None:
        """Do nothing: memory has nothing to let go of."""
