"""Snapshots of sessions at rest: a ring, encrypted, every change found."""

from __future__ import annotations

from pathlib import Path

import pytest

from lex7.base.entropy import SeededEntropy
from lex7.base.errors import StorageError
from lex7.storage.faults import StorageDamagedError, StorageFailedError
from lex7.storage.session_store import SessionStore

CONTENT = bytes(range(256)) * 5_000


@pytest.fixture
def store(tmp_path: Path) -> SessionStore:
    return SessionStore(tmp_path / "sessions", key=b"k" * 32, entropy=SeededEntropy(1))


def test_what_was_saved_is_loaded(store: SessionStore) -> None:
    store.save("one", CONTENT, ring=3)
    assert store.load("one") == CONTENT
    assert store.names() == ("one",)


def test_a_ring_keeps_the_newest(store: SessionStore) -> None:
    for number in range(1, 6):
        store.save("one", bytes([number]), ring=3)
    assert [kept.number for kept in store.list("one")] == [3, 4, 5]
    assert [store.load("one", back=back) for back in range(3)] == [b"\x05", b"\x04", b"\x03"]
    with pytest.raises(StorageFailedError):
        store.load("one", back=3)


def test_nothing_of_the_content_stands_on_disk(store: SessionStore, tmp_path: Path) -> None:
    store.save("one", b"a secret sentence " * 9, ring=1)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 1
    assert b"secret" not in files[0].read_bytes()
    assert files[0].stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("place", [0, 7, 8, 30, 200, -1])
def test_a_changed_byte_is_found(place: int, store: SessionStore, tmp_path: Path) -> None:
    store.save("one", CONTENT, ring=1)
    path = tmp_path / "sessions" / "one" / f"{1:012d}"
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(StorageDamagedError):
        store.load("one")


@pytest.mark.parametrize("cut", [0, 5, 24, 100])
def test_a_cut_file_is_found(cut: int, store: SessionStore, tmp_path: Path) -> None:
    store.save("one", CONTENT, ring=1)
    path = tmp_path / "sessions" / "one" / f"{1:012d}"
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(StorageDamagedError):
        store.load("one")


def test_a_file_under_another_name_or_number_does_not_open(
    store: SessionStore, tmp_path: Path
) -> None:
    store.save("one", CONTENT, ring=2)
    store.save("two", b"other", ring=2)
    folder = tmp_path / "sessions"
    content = (folder / "one" / f"{1:012d}").read_bytes()
    (folder / "two" / f"{1:012d}").write_bytes(content)
    (folder / "one" / f"{2:012d}").write_bytes(content)
    for name in ("one", "two"):
        with pytest.raises(StorageDamagedError):
            store.load(name)


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "A", "x" * 65, "é", "a\x00"])
def test_a_name_that_is_no_plain_word_is_refused(name: str, store: SessionStore) -> None:
    with pytest.raises(StorageError):
        store.save(name, b"", ring=1)
    with pytest.raises(StorageError):
        store.load(name)


@pytest.mark.parametrize("ring", [0, -1, 65])
def test_a_ring_out_of_range_is_refused(ring: int, store: SessionStore) -> None:
    with pytest.raises(StorageFailedError):
        store.save("one", b"", ring=ring)


def test_removed_is_gone(store: SessionStore) -> None:
    store.save("one", b"a", ring=2)
    store.save("one", b"b", ring=2)
    assert store.remove("one") == 2
    assert store.names() == ()
    assert store.remove("one") == 0
