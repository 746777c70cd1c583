"""The work of `lex7 session`: sessions of a model in the home's encrypted storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from lex7.base.config import Config
from lex7.base.limits import SESSION_SNAPSHOT_BYTES_MAX
from lex7.directive.access import SESSION_KIND
from lex7.directive.document import Action
from lex7.runtime.compose import COUNCIL, open_lattice
from lex7.runtime.home import HomePaths, load_keys, unlock
from lex7.ssm import Model, Session, Snapshot, read_snapshot
from lex7.ssm.errors import ModelFileError, SnapshotError
from lex7.storage.entropy import SystemEntropy
from lex7.storage.files import read_file, replace_file, translate
from lex7.storage.lock import HomeLock
from lex7.storage.session_store import SessionStore

HELD = ".held"
"""Folder of the lock; no session can have this name."""

RING = 4
"""Checkpoints kept of a session unless the owner says otherwise."""


@dataclass(frozen=True, slots=True)
class Held:
    """A session as the home holds it.

    Attributes:
        name: of the session.
        number: of the checkpoint; counts up with every save.
        checkpoints: how many are kept.
        size: bytes on disk of this one.
        snapshot: what it holds.
    """

    name: str
    number: int
    checkpoints: int
    size: int
    snapshot: Snapshot

    def as_json(self) -> dict[str, object]:
        """Spell it for JSON."""
        return {
            "name": self.name,
            "number": self.number,
            "checkpoints": self.checkpoints,
            "bytes_on_disk": self.size,
            "tokens": self.snapshot.position,
            "hash": self.snapshot.hash.hex(),
            "model": self.snapshot.model_hash.hex(),
        }


@contextmanager
def open_sessions(config: Config) -> Iterator[SessionStore]:
    """Unlock a home and give its sessions, while no other process works on them.

    Sessions have a lock of their own: nodes may be running meanwhile, and go on running.

    Raises:
        HomeError: no home, no passphrase, or the sessions are in use.
        StorageError: the disk said no.
    """
    keys = unlock(config, load_keys(config))
    paths = HomePaths(config.home)
    with hold_sessions(paths):
        yield SessionStore(paths.sessions, key=keys.database_key, entropy=SystemEntropy())


def allow_export(config: Config) -> None:
    """Ask the council's gate whether a session may leave the home, and write down its answer.

    Raises:
        AccessDeniedError: a rule of the owner's keeps sessions at home.
        HomeError: no home, no passphrase, or in use.
        BarkError: the log is damaged.
    """
    with open_lattice(config) as lattice:
        lattice.pass_gate(COUNCIL, Action.EXPORT, SESSION_KIND, is_raw=True)


@contextmanager
def hold_sessions(paths: HomePaths) -> Iterator[None]:
    """Let no other process change the sessions of a home.

    Raises:
        HomeBusyError: another does.
        StorageError: the disk said no.
    """
    held = paths.sessions / HELD
    try:
        held.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise translate(error, held) from error
    with HomeLock(held):
        yield


def keep(store: SessionStore, name: str, snapshot: Snapshot, *, ring: int, packed: bool) -> Held:
    """Keep a snapshot as the newest of a session.

    Raises:
        StorageError: the disk said no.
    """
    store.save(name, snapshot.to_bytes(compressed=packed), ring=ring)
    return held(store, name)


def held(store: SessionStore, name: str, *, back: int = 0) -> Held:
    """Return a session as it is kept.

    Raises:
        StorageError: there is none, or its file is damaged.
        SnapshotError: it is not what it must be.
    """
    snapshot = read_snapshot(store.load(name, back=back))
    kept = store.list(name)
    chosen = kept[-1 - back]
    return Held(name, chosen.number, len(kept), chosen.size, snapshot)


def resume(name: str, snapshot: Snapshot, model: Model) -> Session:
    """Return a session that goes on from a kept or imported snapshot.

    Raises:
        ModelFileError: it was taken of another model, or is damaged.
    """
    try:
        return snapshot.resume(model)
    except SnapshotError as refusal:
        raise ModelFileError(
            f"session {name}", refusal.argument, refusal.expected, refusal.got
        ) from refusal


def read_snapshot_file(path: Path) -> Snapshot:
    """Read a snapshot that another node wrote into a file.

    Raises:
        StorageError: the file cannot be read.
        ModelFileError: it is not a snapshot.
    """
    try:
        return read_snapshot(read_file(path, bytes_max=2 * SESSION_SNAPSHOT_BYTES_MAX))
    except SnapshotError as refusal:
        raise ModelFileError(
            str(path), refusal.argument, refusal.expected, refusal.got
        ) from refusal


def write_snapshot_file(path: Path, snapshot: Snapshot, *, packed: bool) -> None:
    """Write a snapshot for another node; it is not encrypted.

    Raises:
        StorageError: the disk said no.
    """
    replace_file(path, snapshot.to_bytes(compressed=packed))
