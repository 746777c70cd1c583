"""The errors of storage: the disk or the database said no."""

from __future__ import annotations

from lex7.base.errors import StorageError


class _PlaceError(StorageError):
    """An error about one file or folder."""

    def __init__(self, place: str, reason: str) -> None:
        self.place = place
        self.reason = reason
        super().__init__(f"{place}: {reason}")


class StorageKeyError(_PlaceError):
    """A database does not open with this key."""

    code = "storage.key"


class StorageMissingError(_PlaceError):
    """A database that must be there is not."""

    code = "storage.missing"


class NotStorageError(_PlaceError):
    """A file is not a database of ours."""

    code = "storage.format"


class StorageFullError(_PlaceError):
    """The disk is full or the file may not grow; nothing was written."""

    code = "storage.full"


class StorageReadOnlyError(_PlaceError):
    """The place may not be written."""

    code = "storage.read_only"


class StorageDamagedError(_PlaceError):
    """Bytes on disk are not as they were written."""

    code = "storage.damaged"


class StorageBusyError(_PlaceError):
    """Another process or connection holds the place."""

    code = "storage.busy"


class StorageFailedError(_PlaceError):
    """The disk failed; the storage must be opened again before it is used."""

    code = "storage.failed"


class StorageClosedError(_PlaceError):
    """The storage was closed, or failed and must be opened again."""

    code = "storage.closed"
