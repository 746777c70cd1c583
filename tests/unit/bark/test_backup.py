from __future__ import annotations

from pathlib import Path

import pytest

from lex7.bark import keys
from lex7.bark.backup import HomeExistsError, back_up, restore, restore_with_recovery
from lex7.bark.entry import EntryKind
from lex7.bark.faults import KeyFileError, WrongPassphraseError
from lex7.bark.log import Log
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import NodeName, StateHash
from lex7.storage.faults import NotStorageError, StorageDamagedError
from lex7.storage.sqlite import SqliteStorage

VIT = NodeName("vit@laptop")
ITEM = (EntryKind.MODEL, b"a private payload")


def open_log(home: Path, passphrase: str) -> Log:
    opened = keys.load(home / "keys.json").unlock(passphrase)
    return Log(
        SqliteStorage(home / "vit" / "log.db", key=opened.database_key),
        key=opened.nodes[VIT],
        lattice=opened.lattice,
        incarnation=opened.incarnation,
        entropy=SeededEntropy(5),
    )


def append(log: Log) -> None:
    log.commit(log.prepare([ITEM], heads=()), state_hash=StateHash(bytes(32)), heads=())


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    (home / "vit").mkdir(parents=True)
    (home / "raw").mkdir()
    (home / "raw" / "blob").write_bytes(b"raw" * 1000)
    (home / "lock").write_bytes(b"1\n")
    (home / "directives.toml").write_text("format = 1\n")
    locked, code = keys.create("old", (VIT,), entropy=SeededEntropy(1))
    keys.save(locked, home / "keys.json")
    (tmp_path / "code").write_text(code)
    with open_log(home, "old") as log:
        append(log)
    return home


def make_backup(home: Path, target: Path) -> None:
    opened = keys.load(home / "keys.json").unlock("old")
    back_up(home, target, database_key=opened.database_key, entropy=SeededEntropy(6))


def test_a_restored_home_holds_everything_and_starts_a_new_incarnation(
    home: Path, tmp_path: Path
) -> None:
    make_backup(home, tmp_path / "backup")
    restored = tmp_path / "new" / "home"
    restored.parent.mkdir()
    moved, names = restore(
        tmp_path / "backup", restored, passphrase="old", entropy=SeededEntropy(7)
    )
    assert moved.incarnation == 1
    assert names == ("keys.json", "directives.toml", "raw/blob", "vit/log.db")
    assert (restored / "raw" / "blob").read_bytes() == b"raw" * 1000
    with open_log(restored, "old") as log:
        append(log)
        assert [run.seal.incarnation for run in log.runs()] == [0, 1]
        assert log.verify() == ()
    assert not (restored / "lock").exists()


def test_the_recovery_code_restores_under_a_new_passphrase(home: Path, tmp_path: Path) -> None:
    make_backup(home, tmp_path / "backup")
    restored = tmp_path / "restored"
    code = (tmp_path / "code").read_text()
    restore_with_recovery(
        tmp_path / "backup", restored, code=code, passphrase="new", entropy=SeededEntropy(7)
    )
    assert keys.load(restored / "keys.json").unlock("new").incarnation == 1


def test_nothing_is_overwritten(home: Path, tmp_path: Path) -> None:
    make_backup(home, tmp_path / "backup")
    with pytest.raises(HomeExistsError):
        make_backup(home, tmp_path / "backup")
    with pytest.raises(HomeExistsError):
        restore(tmp_path / "backup", home, passphrase="old", entropy=SeededEntropy(7))


def test_a_wrong_passphrase_leaves_no_home(home: Path, tmp_path: Path) -> None:
    make_backup(home, tmp_path / "backup")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(WrongPassphraseError):
        restore(
            tmp_path / "backup", tmp_path / "other", passphrase="wrong", entropy=SeededEntropy(7)
        )
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("place", [0, 3, 9, 40, -1, -40, -2000])
def test_a_changed_backup_leaves_no_home(home: Path, tmp_path: Path, place: int) -> None:
    make_backup(home, tmp_path / "backup")
    content = bytearray((tmp_path / "backup").read_bytes())
    content[place] ^= 1
    (tmp_path / "backup").write_bytes(content)
    before = sorted(tmp_path.iterdir())
    with pytest.raises((NotStorageError, StorageDamagedError, KeyFileError, WrongPassphraseError)):
        restore(tmp_path / "backup", tmp_path / "x", passphrase="old", entropy=SeededEntropy(7))
    assert sorted(tmp_path.iterdir()) == before


def test_a_cut_backup_leaves_no_home(home: Path, tmp_path: Path) -> None:
    make_backup(home, tmp_path / "backup")
    content = (tmp_path / "backup").read_bytes()
    before = sorted(tmp_path.iterdir())
    for size in (0, 8, 11, 500, len(content) // 2, len(content) - 1):
        (tmp_path / "backup").write_bytes(content[:size])
        with pytest.raises(
            (NotStorageError, StorageDamagedError, KeyFileError, WrongPassphraseError)
        ):
            restore(tmp_path / "backup", tmp_path / "x", passphrase="old", entropy=SeededEntropy(7))
        assert sorted(tmp_path.iterdir()) == before


def test_a_backup_shows_nothing_private(home: Path, tmp_path: Path) -> None:
    make_backup(home, tmp_path / "backup")
    content = (tmp_path / "backup").read_bytes()
    assert b"private" not in content
    assert b"directives.toml" not in content
