"""The work of `lex7 backup` and `lex7 restore`, around the lock and the passphrase."""

from __future__ import annotations

from pathlib import Path

from lex7.bark.backup import back_up, restore
from lex7.base.config import Config
from lex7.base.errors import BarkError, StateError
from lex7.directive.access import SEALED_KIND
from lex7.directive.document import Action
from lex7.runtime.compose import open_lattice
from lex7.runtime.gate import AccessDeniedError
from lex7.runtime.hold import hold_home
from lex7.runtime.home import HomePaths, load_keys, unlock
from lex7.runtime.secret import ask_passphrase
from lex7.runtime.sessions import hold_sessions
from lex7.storage.entropy import SystemEntropy


def write_backup(config: Config, target: Path) -> int:
    """Write the whole home into one encrypted file and return its size in bytes.

    Raises:
        HomeError: no home, in use, no passphrase, or the target exists.
        AccessDeniedError: a rule of the owner's keeps logs at home, even sealed.
        StorageError: the disk said no; no target is left.
    """
    _pass_gates(config)
    opened = unlock(config, load_keys(config))
    paths = HomePaths(config.home)
    root = paths.root
    with hold_home(root), hold_sessions(paths):
        back_up(root, target, database_key=opened.database_key, entropy=SystemEntropy())
    return target.stat().st_size


def _pass_gates(config: Config) -> None:
    """Ask every node's gate whether its log may leave, sealed, and write down the answers.

    A home that does not fold any more is backed up all the same: its rules cannot be read, and
    that is when a sealed copy is needed most.
    """
    denied: AccessDeniedError | None = None
    try:
        with open_lattice(config) as lattice:
            for kind in lattice.members:
                try:
                    lattice.pass_gate(kind, Action.EXPORT, SEALED_KIND, is_raw=True)
                except AccessDeniedError as error:
                    denied = error
    except (BarkError, StateError):
        return
    if denied is not None:
        raise denied


def restore_backup(config: Config, source: Path) -> int:
    """Make a home from a backup and return the incarnation it writes under.

    Raises:
        HomeError: the home exists, or no passphrase could be had.
        BarkError: the file is no backup, or the passphrase is another one.
        StorageError: the disk said no, or the backup is damaged; no home is left.
    """
    passphrase = ask_passphrase(config)
    moved, _ = restore(source, config.home, passphrase=passphrase, entropy=SystemEntropy())
    return moved.incarnation
