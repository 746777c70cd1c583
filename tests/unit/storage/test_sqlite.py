from __future__ import annotations

from pathlib import Path

import pytest

from lex7.storage.faults import (
    NotStorageError,
    StorageBusyError,
    StorageClosedError,
    StorageKeyError,
    StorageMissingError,
)
from lex7.storage.interface import StoredRun
from lex7.storage.sqlite import SqliteStorage

KEY = b"k" * 32
RUN = StoredRun(1, 3, b"sealed", b"bodies")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.db"


def test_runs_and_values_survive_closing(path: Path) -> None:
    first = SqliteStorage(path, key=KEY)
    first.append(RUN, {"end": b"3"})
    first.append(StoredRun(4, 4, b"more", None), {"end": b"4"})
    first.close()
    second = SqliteStorage(path, key=KEY)
    assert list(second.read(0)) == [RUN, StoredRun(4, 4, b"more", None)]
    assert list(second.read_each()) == list(second.read(1))
    assert [run.first for run in second.read(3)] == [1, 4]
    assert [run.first for run in second.read(4)] == [4]
    assert second.last() == StoredRun(4, 4, b"more", None)
    assert second.get("end") == b"4"
    assert second.get("nothing") is None
    second.close()


def test_nothing_readable_is_on_disk(path: Path) -> None:
    storage = SqliteStorage(path, key=KEY)
    storage.append(StoredRun(1, 1, b"a readable secret", b"another secret"), {})
    storage.sync()
    storage.close()
    content = path.read_bytes()
    assert b"secret" not in content
    assert not content.startswith(b"SQLite")


def test_another_key_is_refused(path: Path) -> None:
    SqliteStorage(path, key=KEY).close()
    with pytest.raises(StorageKeyError):
        SqliteStorage(path, key=b"x" * 32)


@pytest.mark.parametrize("content", [b"SQLite format 3\x00" + bytes(4080), b"hello", bytes(5000)])
def test_a_file_that_is_no_database_is_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(NotStorageError):
        SqliteStorage(path, key=KEY)


def test_a_missing_file_is_only_made_where_one_was_never_written(path: Path) -> None:
    with pytest.raises(StorageMissingError):
        SqliteStorage(path, key=KEY, make=False)
    assert not path.exists()


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotStorageError):
        SqliteStorage(tmp_path, key=KEY)


def test_a_second_connection_is_refused(path: Path) -> None:
    first = SqliteStorage(path, key=KEY)
    with pytest.raises(StorageBusyError):
        SqliteStorage(path, key=KEY)
    first.close()


def test_the_same_entry_is_not_written_twice(path: Path) -> None:
    storage = SqliteStorage(path, key=KEY)
    storage.append(RUN, {"end": b"3"})
    with pytest.raises(StorageBusyError):
        storage.append(RUN, {"end": b"other"})
    assert storage.get("end") == b"3"
    storage.close()


def test_a_closed_storage_says_so(path: Path) -> None:
    storage = SqliteStorage(path, key=KEY)
    storage.close()
    storage.close()
    with pytest.raises(StorageClosedError):
        storage.last()
