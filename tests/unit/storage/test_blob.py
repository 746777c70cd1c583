from __future__ import annotations

import hashlib
import io
import random
from pathlib import Path

import pytest

from lex7.base.entropy import SeededEntropy
from lex7.storage.blob import BlobStore
from lex7.storage.chunks import CHUNK_BYTES
from lex7.storage.faults import StorageDamagedError, StorageFailedError

KEY = b"k" * 32
SIZES = [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 2 * CHUNK_BYTES + 9]


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "raw", key=KEY, entropy=SeededEntropy(1))


def only_file(tmp_path: Path) -> Path:
    (path,) = (tmp_path / "raw").iterdir()
    return path


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kind", ["noise", "text"])
def test_content_reads_back(store: BlobStore, size: int, kind: str) -> None:
    content = random.Random(1).randbytes(size) if kind == "noise" else (b"<row/>" * size)[:size]
    blob = store.put(io.BytesIO(content))
    assert blob.digest == hashlib.sha256(content).digest()
    assert blob.size == size
    assert b"".join(store.read(blob.digest)) == content
    assert store.has(blob.digest)
    assert store.check() == ()


def test_the_same_content_is_kept_once(store: BlobStore, tmp_path: Path) -> None:
    first, second = store.put(io.BytesIO(b"same")), store.put(io.BytesIO(b"same"))
    assert first == second
    assert store.digests() == (first.digest,)
    assert only_file(tmp_path).name == first.digest.hex()


def test_text_takes_less_room_and_cannot_be_read(store: BlobStore, tmp_path: Path) -> None:
    store.put(io.BytesIO(b"a private line\n" * 100_000))
    content = only_file(tmp_path).read_bytes()
    assert len(content) < 100_000
    assert b"private" not in content


def test_a_changed_byte_anywhere_is_found(store: BlobStore, tmp_path: Path) -> None:
    digest = store.put(io.BytesIO(random.Random(2).randbytes(300))).digest
    path = only_file(tmp_path)
    content = path.read_bytes()
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(StorageDamagedError):
            b"".join(store.read(digest))


@pytest.mark.parametrize("left", [0, 7, 20, 24, 200, CHUNK_BYTES + 45, CHUNK_BYTES + 300])
def test_a_cut_file_is_found(store: BlobStore, tmp_path: Path, left: int) -> None:
    digest = store.put(io.BytesIO(random.Random(3).randbytes(CHUNK_BYTES + 500))).digest
    path = only_file(tmp_path)
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(StorageDamagedError):
        b"".join(store.read(digest))
    assert [finding.code for finding in store.check()] == ["storage.damaged"]


def test_a_file_under_another_name_is_found(store: BlobStore, tmp_path: Path) -> None:
    digest = store.put(io.BytesIO(b"one")).digest
    other = hashlib.sha256(b"two").digest()
    (tmp_path / "raw" / digest.hex()).rename(tmp_path / "raw" / other.hex())
    with pytest.raises(StorageDamagedError):
        b"".join(store.read(other))


def test_another_key_opens_nothing(store: BlobStore, tmp_path: Path) -> None:
    digest = store.put(io.BytesIO(b"one")).digest
    other = BlobStore(tmp_path / "raw", key=b"x" * 32, entropy=SeededEntropy(1))
    with pytest.raises(StorageDamagedError):
        b"".join(other.read(digest))


def test_a_missing_file_is_said(store: BlobStore) -> None:
    with pytest.raises(StorageFailedError):
        b"".join(store.read(bytes(32)))
    assert store.digests() == ()


def test_what_an_interrupted_write_left_is_cleaned(store: BlobStore, tmp_path: Path) -> None:
    kept = store.put(io.BytesIO(b"one")).digest
    (tmp_path / "raw" / "0011.partial").write_bytes(b"half")
    assert store.clean() == 1
    assert store.digests() == (kept,)
