"""The home folder: where everything lies, how it is made, and how it is unlocked.

HOME/keys.json             public keys, and secrets sealed under the passphrase and the recovery
code HOME/config.toml           settings HOME/directives.toml       the owner's rules, free to
edit; in force is what was signed last HOME/directives.toml.sig   the detached signature of the
last signed version HOME/nodes/vit.db ...      one encrypted log for each node HOME/raw/ imported
files, encrypted, by hash HOME/profiles/             the owner's own bank profiles HOME/lock held
by the process that works on the home
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lex7.bark import keyring, keys
from lex7.bark.keys import KeyFile, Keys
from lex7.base.config import Config, starter_text
from lex7.base.errors import HomeError
from lex7.base.ids import NodeName
from lex7.runtime.secret import ask_passphrase
from lex7.storage.entropy import SystemEntropy
from lex7.storage.files import replace_file, sync_folder

NODE_KINDS = ("vit", "wth", "mon")


class NoHomeError(HomeError):
    """There is no home where one was expected."""

    code = "home.missing"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(
            f"expected a home at {path}, found none; make one with `lex7 init`, or name another "
            "with --home or LEX7_HOME"
        )


class HomeExistsError(HomeError):
    """A home, or something else, is where a new one should be."""

    code = "home.exists"

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"expected an empty or new folder for a home, but {path} holds something")


@dataclass(frozen=True, slots=True)
class HomePaths:
    """Where everything lies in a home."""

    root: Path

    @property
    def keys(self) -> Path:
        """The keys file."""
        return self.root / "keys.json"

    @property
    def config(self) -> Path:
        """The settings."""
        return self.root / "config.toml"

    @property
    def directives(self) -> Path:
        """The owner's rules."""
        return self.root / "directives.toml"

    @property
    def signature(self) -> Path:
        """The detached signature of the last signed rules."""
        return self.root / "directives.toml.sig"

    @property
    def raw(self) -> Path:
        """Imported files by hash."""
        return self.root / "raw"

    @property
    def sessions(self) -> Path:
        """Snapshots of model sessions, encrypted."""
        return self.root / "sessions"

    @property
    def nodes(self) -> Path:
        """The folder of logs."""
        return self.root / "nodes"

    def log(self, kind: str) -> Path:
        """The log of one node."""
        return self.nodes / f"{kind}.db"


def node_names(device: str) -> tuple[NodeName, ...]:
    """Return the names of a home's nodes on a device."""
    return tuple(NodeName(f"{kind}@{device}") for kind in NODE_KINDS)


def make_home(config: Config, passphrase: str, device: str, directives: str) -> tuple[KeyFile, str]:
    """Make the folders, keys and starter files of a home; return the keys and the recovery code.

    Raises:
        HomeExistsError: the folder is not empty.
        StorageError: the disk said no.
    """
    paths = HomePaths(config.home)
    if paths.root.exists() and (not paths.root.is_dir() or any(paths.root.iterdir())):
        raise HomeExistsError(paths.root)
    for folder in (paths.root, paths.nodes, paths.raw, paths.root / "profiles"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    locked, code = keys.create(passphrase, node_names(device), entropy=SystemEntropy())
    replace_file(paths.config, starter_text().encode())
    replace_file(paths.directives, directives.encode())
    keys.save(locked, paths.keys)
    sync_folder(paths.root)
    return locked, code


def load_keys(config: Config) -> KeyFile:
    """Read the keys file of a home.

    Raises:
        NoHomeError: there is no home.
        BarkError: the file is damaged.
    """
    paths = HomePaths(config.home)
    if not paths.keys.is_file():
        raise NoHomeError(paths.root)
    return keys.load(paths.keys)


def unlock(config: Config, locked: KeyFile) -> Keys:
    """Unlock a home with the keyring, the passphrase file, or the owner at the terminal.

    Raises:
        PassphraseError: no passphrase could be had.
        WrongPassphraseError: it is another one.
    """
    if config.text("keyring") == "yes":
        master = keyring.recall(locked.lattice)
        if master is not None:
            return locked.unlock_with_master(master)
    passphrase = ask_passphrase(config)
    if config.text("keyring") == "yes":
        keyring.remember(locked.lattice, locked.master_key(passphrase))
    return locked.unlock(passphrase)
