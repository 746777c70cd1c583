"""Backups: a whole home in one encrypted file, and a home from it.

    8 bytes "LEX7BAK1", 4 bytes size, the keys file as it is, then a sealed archive of everything
    else

The keys file opens with the passphrase or the recovery code and gives the key of the rest. A
restored home starts a new incarnation: the home it was copied from may live on, and one writer must
not be two.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lex7.bark import keys
from lex7.bark.keys import KeyFile
from lex7.base.entropy import Entropy
from lex7.base.errors import HomeError
from lex7.storage.archive import read_archive, write_archive
from lex7.storage.faults import NotStorageError
from lex7.storage.files import make_private, read_file, replace_file, sync_folder, translate
from lex7.storage.lock import LOCK_NAME
from lex7.storage.sqlite import SqliteStorage

MAGIC = b"LEX7BAK1"
KEYS_NAME = "keys.json"
SKIPPED_SUFFIXES = (".partial", "-wal", "-shm", "-journal")


class HomeExistsError(HomeError):
    """A backup would overwrite something."""

    code = "home.exists"

    def __init__(self, place: str) -> None:
        self.place = place
        super().__init__(f"{place} is already there; nothing was overwritten")


def back_up(home: Path, target: Path, *, database_key: bytes, entropy: Entropy) -> int:
    """Write a backup of a home that nobody else has open; gives the number of files in it.

    The caller holds the home's lock and has closed its logs.

    Raises:
        HomeExistsError: the target is already there.
        StorageError: the disk said no; no target is left.
    """
    if target.exists():
        raise HomeExistsError(str(target))
    for path in sorted(home.rglob("*.db")):
        _settle(path, database_key)
    locked = read_file(home / KEYS_NAME, bytes_max=keys.FILE_BYTES_MAX)
    names = _names(home, target)
    partial = target.with_name(f".{target.name}.partial")
    try:
        with make_private(partial) as file:
            file.write(MAGIC + len(locked).to_bytes(4, "big") + locked)
            write_archive(file, home, names, secret=database_key, entropy=entropy)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(target)
        sync_folder(target.parent)
    except OSError as error:
        raise translate(error, target) from error
    finally:
        with suppress(OSError):
            partial.unlink()
    return len(names) + 1


def restore(
    source: Path, home: Path, *, passphrase: str, entropy: Entropy
) -> tuple[KeyFile, tuple[str, ...]]:
    """Make a home from a backup, in a new incarnation; gives its keys and the names of its files.

    Raises:
        HomeExistsError: the home is already there.
        WrongPassphraseError: the passphrase is not the backup's.
        NotStorageError: the file is no backup.
        StorageDamagedError: the backup was changed or cut; no home is left.
    """

    def advance(locked: KeyFile) -> tuple[KeyFile, bytes]:
        database_key = locked.unlock(passphrase).database_key
        return locked.begin_incarnation(passphrase, entropy=entropy), database_key

    return _restore(source, home, advance, entropy)


def restore_with_recovery(
    source: Path, home: Path, *, code: str, passphrase: str, entropy: Entropy
) -> tuple[KeyFile, tuple[str, ...]]:
    """Make a home from a backup by its recovery code, under a new passphrase.

    Raises:
        HomeExistsError: the home is already there.
        WrongPassphraseError: the code is mistyped or not the backup's.
        NotStorageError: the file is no backup.
        StorageDamagedError: the backup was changed or cut; no home is left.
    """

    def advance(locked: KeyFile) -> tuple[KeyFile, bytes]:
        opened = locked.replace_passphrase(code, passphrase, entropy=entropy)
        database_key = opened.unlock(passphrase).database_key
        return opened.begin_incarnation(passphrase, entropy=entropy), database_key

    return _restore(source, home, advance, entropy)


def _restore(
    source: Path,
    home: Path,
    advance: Callable[[KeyFile], tuple[KeyFile, bytes]],
    entropy: Entropy,
) -> tuple[KeyFile, tuple[str, ...]]:
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise HomeExistsError(str(home))
    partial = home.with_name(f".{home.name}.{entropy.draw(4).hex()}.partial")
    try:
        with source.open("rb") as file:
            if file.read(len(MAGIC)) != MAGIC:
                raise NotStorageError(str(source), "expected a backup of LEX-7")
            size = min(int.from_bytes(file.read(4), "big"), keys.FILE_BYTES_MAX)
            moved, database_key = advance(keys.read(file.read(size), place=str(source)))
            partial.mkdir(mode=0o700, parents=True)
            names = read_archive(file, partial, secret=database_key, place=source)
        replace_file(partial / KEYS_NAME, keys.write(moved))
        _sync_all(partial)
        if home.exists():
            home.rmdir()
        partial.rename(home)
        sync_folder(home.parent)
    except OSError as error:
        raise translate(error, home) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return moved, (KEYS_NAME, *names)


def _settle(path: Path, database_key: bytes) -> None:
    """Bring what a crash left in the write-ahead file into the database file."""
    storage = SqliteStorage(path, key=database_key)
    try:
        storage.sync()
    finally:
        storage.close()


def _names(home: Path, target: Path) -> tuple[str, ...]:
    names: list[str] = []
    for path in sorted(home.rglob("*")):
        name = path.relative_to(home).as_posix()
        is_left_out = name in (LOCK_NAME, KEYS_NAME) or name.endswith(SKIPPED_SUFFIXES)
        if path.is_symlink() or not path.is_file() or is_left_out or path == target:
            continue
        names.append(name)
    return tuple(names)


def _sync_all(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
        else:
            sync_folder(path)
    sync_folder(folder)
