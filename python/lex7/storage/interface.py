"""What a storage of one log can do: append runs atomically, read them in order, keep small values.

A storage knows no meaning: sequences are row numbers and runs are bytes to it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class StoredRun:
    """The bytes of one run; nobody has checked them.

    Attributes:
        first: the sequence of its first entry.
        last: the sequence of its last entry.
        sealed: headers and seal.
        bodies: salts and payloads; None where they are not kept here.
    """

    first: int
    last: int
    sealed: bytes
    bodies: bytes | None


class LogStorage(Protocol):
    """A log's place on disk or in memory."""

    def append(self, run: StoredRun, values: Mapping[str, bytes]) -> None:
        """Write a run and values in one transaction, durable on return.

        Raises:
            StorageError: nothing of it was written.
        """
        ...

    def append_all(self, runs: Sequence[StoredRun], values: Mapping[str, bytes]) -> None:
        """Write several runs and values in one transaction, durable on return.

        Raises:
            StorageError: nothing of it was written.
        """
        ...

    def cut(self, after: int, values: Mapping[str, bytes]) -> None:
        """Remove every run that ends after a sequence, in one transaction with values.

        Raises:
            StorageError: nothing was removed.
        """
        ...

    def read(self, from_sequence: int) -> Iterator[StoredRun]:
        """Give the runs that end at or after a sequence, in order."""
        ...

    def read_each(self) -> Iterator[StoredRun | tuple[int, str]]:
        """Give every run, or for an unreadable row its first sequence and why."""
        ...

    def last(self) -> StoredRun | None:
        """Give the last run."""
        ...

    def get(self, name: str) -> bytes | None:
        """Give a kept value."""
        ...

    def put(self, name: str, value: bytes) -> None:
        """Keep a value, durable on return."""
        ...

    def sync(self) -> None:
        """Make everything durable that is not yet."""
        ...

    def close(self) -> None:
        """Let go of the place; closing twice is allowed."""
        ...
