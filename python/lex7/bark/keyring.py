"""The operating system's keyring, where there is one: keeps the master key so that no one types.

Optional: without the `keyring` package, or without a keyring behind it, only the passphrase opens a
home.
"""

from __future__ import annotations

import importlib
from types import ModuleType

from lex7.base.ids import LatticeId

SERVICE = "lex7"


def remember(lattice: LatticeId, master: bytes) -> bool:
    """Keep the master key; false where there is no keyring."""
    ring = _ring()
    if ring is None:
        return False
    try:
        ring.set_password(SERVICE, lattice.hex(), master.hex())
    except _errors(ring):
        return False
    return True


def recall(lattice: LatticeId) -> bytes | None:
    """Give the master key, or None where there is no keyring or it holds none."""
    ring = _ring()
    if ring is None:
        return None
    try:
        kept = ring.get_password(SERVICE, lattice.hex())
        return None if kept is None else bytes.fromhex(kept)
    except _errors(ring):
        return None


def forget(lattice: LatticeId) -> None:
    """Remove the master key, if it is there."""
    ring = _ring()
    if ring is not None:
        try:
            ring.delete_password(SERVICE, lattice.hex())
        except _errors(ring):
            return


def _ring() -> ModuleType | None:
    try:
        return importlib.import_module("keyring")
    except ImportError:
        return None


def _errors(ring: ModuleType) -> tuple[type[Exception], ...]:
    # A keyring speaks to a service of the desktop, which may fail below the package's own errors.
    return (ring.errors.KeyringError, OSError, RuntimeError, ValueError)
