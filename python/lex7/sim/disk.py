"""A node's disk: it outlives the node, can be full, and can lose power around a write.

A write is one transaction, as in the real storage: when power goes before it ends, nothing of it
is there; when power goes after it, all of it is, though nobody was told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum

from lex7.storage.faults import StorageFailedError, StorageFullError
from lex7.storage.interface import StoredRun
from lex7.storage.memory import MemoryStorage


class PowerCut(Enum):
    """When power goes."""

    BEFORE = "before the next write ends"
    AFTER = "after the next write, before anybody is told"


class Disk:
    """The storages of one node, by name."""

    def __init__(self) -> None:
        self.files: dict[str, MemoryStorage] = {}
        self.is_full = False
        self.cut: PowerCut | None = None
        self.life = 0
        self.on_power_cut: Callable[[], None] = lambda: None

    def open(self, name: str) -> SimulatedStorage:
        """Open a storage for the present life of the node; after a crash it fails."""
        return SimulatedStorage(self, self.files.setdefault(name, MemoryStorage()))

    def end_life(self) -> None:
        """Let every open storage fail from now on."""
        self.life += 1
        self.cut = None

    def copy(self) -> Disk:
        """Return a disk with the same content, as a copied home has."""
        other = Disk()
        for name, file in self.files.items():
            other.files[name] = MemoryStorage()
            other.files[name].rows = list(file.rows)
            other.files[name].values = dict(file.values)
        return other


class SimulatedStorage:
    """One storage on a disk, as opened in one life of its node."""

    def __init__(self, disk: Disk, file: MemoryStorage) -> None:
        self._disk = disk
        self._file = file
        self._life = disk.life

    def append(self, run: StoredRun, values: Mapping[str, bytes]) -> None:
        """Write a run and values in one transaction.

        Raises:
            StorageError: the disk is full, or power went.
        """
        self.append_all((run,), values)

    def append_all(self, runs: Sequence[StoredRun], values: Mapping[str, bytes]) -> None:
        """Write several runs and values in one transaction.

        Raises:
            StorageError: the disk is full, or power went.
        """
        self._write(lambda: self._file.append_all(runs, values))

    def cut(self, after: int, values: Mapping[str, bytes]) -> None:
        """Remove every run that ends after a sequence, in one transaction with values.

        Raises:
            StorageError: power went.
        """
        self._write(lambda: self._file.cut(after, values))

    def read(self, from_sequence: int) -> Iterator[StoredRun]:
        """Give the runs that end at or after a sequence, in order."""
        self._must_live()
        return self._file.read(from_sequence)

    def read_each(self) -> Iterator[StoredRun | tuple[int, str]]:
        """Give every run."""
        self._must_live()
        return self._file.read_each()

    def last(self) -> StoredRun | None:
        """Give the last run."""
        self._must_live()
        return self._file.last()

    def get(self, name: str) -> bytes | None:
        """Give a kept value."""
        self._must_live()
        return self._file.get(name)

    def put(self, name: str, value: bytes) -> None:
        """Keep a value.

        Raises:
            StorageError: the disk is full, or power went.
        """
        self._write(lambda: self._file.put(name, value))

    def sync(self) -> None:
        """Do nothing: a write that returned is on the disk."""

    def close(self) -> None:
        """Do nothing: the file outlives this handle."""

    def _write(self, write: Callable[[], None]) -> None:
        self._must_live()
        if self._disk.is_full:
            raise StorageFullError("simulated disk", "the disk is full, nothing was written")
        cut = self._disk.cut
        if cut is not PowerCut.BEFORE:
            write()
        if cut is not None:
            self._disk.on_power_cut()
            raise StorageFailedError("simulated disk", f"power went {cut.value}")

    def _must_live(self) -> None:
        if self._life != self._disk.life:
            raise StorageFailedError("simulated disk", "its node has crashed")
