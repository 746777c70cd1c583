"""The keys of a home: one file, readable as to who, sealed as to secrets.

    home/keys.json
      lattice, owner, nodes, incarnation     public; bound to the secrets, so no change passes
      unseen secrets                                seeds and database key, sealed under a random
      master key passphrase, recovery                   the master key, each wrapped under scrypt of
      a secret

Changing the passphrase wraps the master key again and touches no secret. A restored backup moves to
the next incarnation before it writes, so that two lives of one writer are never one log.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

from lex7.bark import canon, core_native
from lex7.bark.faults import KeyFileError, WrongPassphraseError
from lex7.bark.recovery import draw_code, read_code
from lex7.bark.signature import SigningKey, draw_key, key_from_seed
from lex7.base.entropy import Entropy
from lex7.base.ids import KeyId, LatticeId, NodeName
from lex7.storage.files import read_file, replace_file

FORMAT = "lex7-keys/1"
FILE_BYTES_MAX = 1 << 20
NONCE_BYTES = 12
SALT_BYTES = 16
LATTICE_BYTES = 16
SCRYPT_COST = 1 << 15
"""32 MiB and about 0.1 s a guess, so that a cold start stays quick."""

SCRYPT_COST_MAX = 1 << 18
"""A forged file may make unlocking take 256 MiB and a second, and no more."""


# What is sealed: the owner's seed, name and seed of each node, the database key.
_Secrets = tuple[bytes, tuple[tuple[str, bytes], ...], bytes]


@dataclass(frozen=True, slots=True)
class Keys:
    """Unlocked keys; secrets never show in a representation.

    Attributes:
        lattice: the lattice they belong to.
        owner: signs directives and membership.
        nodes: one key per node; signs that node's log only.
        database_key: 32 bytes for everything at rest.
        incarnation: the life these keys write in.
    """

    lattice: LatticeId
    owner: SigningKey
    nodes: Mapping[NodeName, SigningKey]
    database_key: bytes = field(repr=False)
    incarnation: int


@dataclass(frozen=True, slots=True)
class Wrapped:
    """The master key under one secret."""

    cost: int
    salt: bytes
    nonce: bytes
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The keys file, still locked.

    Attributes:
        lattice: the lattice of the home.
        owner: the owner's public key.
        nodes: the public key of each node.
        incarnation: the life the home is in.
        nonce: of the sealed secrets.
        secrets: sealed under the master key.
        passphrase: the master key under the passphrase.
        recovery: the master key under the recovery code.
    """

    lattice: LatticeId
    owner: KeyId
    nodes: Mapping[NodeName, KeyId]
    incarnation: int
    nonce: bytes
    secrets: bytes = field(repr=False)
    passphrase: Wrapped
    recovery: Wrapped

    def unlock(self, passphrase: str) -> Keys:
        """Unwrap the keys with the passphrase.

        Raises:
            WrongPassphraseError: it is another one.
        """
        return _open(self, _unwrap(self.passphrase, passphrase.encode(), "passphrase"))

    def unlock_with_recovery(self, code: str) -> Keys:
        """Unwrap the keys with the printed recovery code.

        Raises:
            WrongPassphraseError: it is mistyped or another one.
        """
        return _open(self, _unwrap(self.recovery, read_code(code), "recovery code"))

    def unlock_with_master(self, master: bytes) -> Keys:
        """Unseal the keys with the master key itself, as an operating system's keyring keeps it.

        Raises:
            WrongPassphraseError: it is another one.
        """
        return _open(self, master)

    def master_key(self, passphrase: str) -> bytes:
        """Give the master key, for a keyring.

        Raises:
            WrongPassphraseError: the passphrase is another one.
        """
        return _unwrap(self.passphrase, passphrase.encode(), "passphrase")

    def change_passphrase(self, old: str, new: str, *, entropy: Entropy) -> KeyFile:
        """Wrap the master key under a new passphrase; `save` makes it last.

        Raises:
            WrongPassphraseError: the old one is another one.
        """
        master = _unwrap(self.passphrase, old.encode(), "passphrase")
        return replace(self, passphrase=_wrap(master, new.encode(), entropy))

    def replace_passphrase(self, code: str, new: str, *, entropy: Entropy) -> KeyFile:
        """Wrap the master key under a new passphrase, by the recovery code.

        Raises:
            WrongPassphraseError: the code is mistyped or another one.
        """
        master = _unwrap(self.recovery, read_code(code), "recovery code")
        return replace(self, passphrase=_wrap(master, new.encode(), entropy))

    def begin_incarnation(self, passphrase: str, *, entropy: Entropy) -> KeyFile:
        """Move to the next incarnation, as a restored home must before it writes.

        Raises:
            WrongPassphraseError: the passphrase is another one.
        """
        master = _unwrap(self.passphrase, passphrase.encode(), "passphrase")
        keys = _open(self, master)
        moved = replace(self, incarnation=self.incarnation + 1, nonce=entropy.draw(NONCE_BYTES))
        keys = replace(keys, incarnation=moved.incarnation)
        return replace(moved, secrets=_seal(moved, keys, master))


def create(
    passphrase: str, nodes: tuple[NodeName, ...], *, entropy: Entropy
) -> tuple[KeyFile, str]:
    """Draw the keys of a new home: the locked file and the recovery code to print."""
    master = entropy.draw(32)
    code = draw_code(entropy)
    keys = Keys(
        lattice=LatticeId(entropy.draw(LATTICE_BYTES)),
        owner=draw_key(entropy),
        nodes={name: draw_key(entropy) for name in nodes},
        database_key=entropy.draw(32),
        incarnation=0,
    )
    locked = KeyFile(
        lattice=keys.lattice,
        owner=keys.owner.public,
        nodes={name: key.public for name, key in keys.nodes.items()},
        incarnation=0,
        nonce=entropy.draw(NONCE_BYTES),
        secrets=b"",
        passphrase=_wrap(master, passphrase.encode(), entropy),
        recovery=_wrap(master, read_code(code), entropy),
    )
    return replace(locked, secrets=_seal(locked, keys, master)), code


def adopt(
    passphrase: str,
    belongs: tuple[LatticeId, KeyId],
    nodes: Mapping[NodeName, SigningKey],
    *,
    entropy: Entropy,
) -> tuple[KeyFile, str]:
    """Lock the keys of a home that joined a lattice; the owner's secret stays where it was made.

    Args:
        passphrase: of the new home.
        belongs: the lattice and the owner's public key.
        nodes: drawn for the enrolment.
        entropy: for the master key and the database key.
    """
    master, code = entropy.draw(32), draw_code(entropy)
    lattice, owner = belongs
    keys = Keys(lattice, SigningKey(b"", owner), nodes, entropy.draw(32), 0)
    locked = KeyFile(
        lattice=lattice,
        owner=owner,
        nodes={name: key.public for name, key in nodes.items()},
        incarnation=0,
        nonce=entropy.draw(NONCE_BYTES),
        secrets=b"",
        passphrase=_wrap(master, passphrase.encode(), entropy),
        recovery=_wrap(master, read_code(code), entropy),
    )
    return replace(locked, secrets=_seal(locked, keys, master)), code


def save(keys: KeyFile, path: Path) -> None:
    """Replace the file atomically and durably.

    Raises:
        StorageError: the disk said no; the old file is as it was.
    """
    replace_file(path, write(keys))


def load(path: Path) -> KeyFile:
    """Read the file.

    Raises:
        KeyFileError: it is not a keys file.
        StorageError: it cannot be read.
    """
    return read(read_file(path, bytes_max=FILE_BYTES_MAX), place=str(path))


def write(keys: KeyFile) -> bytes:
    """Write the file's content."""
    content = {
        "format": FORMAT,
        "lattice": keys.lattice.hex(),
        "owner": keys.owner.hex(),
        "nodes": {name: key.hex() for name, key in keys.nodes.items()},
        "incarnation": keys.incarnation,
        "secrets": {"nonce": keys.nonce.hex(), "sealed": keys.secrets.hex()},
        "passphrase": _wrapped_fields(keys.passphrase),
        "recovery": _wrapped_fields(keys.recovery),
    }
    return json.dumps(content, indent=2).encode() + b"\n"


def read(content: bytes, *, place: str) -> KeyFile:
    """Read the file's content.

    Raises:
        KeyFileError: it is not a keys file.
    """
    try:
        fields = json.loads(content)
        if fields["format"] != FORMAT:
            raise KeyFileError(place, f"expected format {FORMAT}, found {fields['format']!r}")
        return KeyFile(
            lattice=LatticeId(_bytes(fields["lattice"], LATTICE_BYTES)),
            owner=KeyId(_bytes(fields["owner"], 32)),
            nodes={NodeName(name): KeyId(_bytes(key, 32)) for name, key in fields["nodes"].items()},
            incarnation=_count(fields["incarnation"], 1 << 32),
            nonce=_bytes(fields["secrets"]["nonce"], NONCE_BYTES),
            secrets=bytes.fromhex(fields["secrets"]["sealed"]),
            passphrase=_read_wrapped(fields["passphrase"]),
            recovery=_read_wrapped(fields["recovery"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise KeyFileError(place, "a field is missing or damaged") from error


def _read_wrapped(fields: dict[str, object]) -> Wrapped:
    cost = _count(fields["cost"], SCRYPT_COST_MAX)
    if cost < 2 or cost & (cost - 1):
        raise ValueError("the cost of scrypt is a power of two")
    return Wrapped(
        cost,
        _bytes(fields["salt"], SALT_BYTES),
        _bytes(fields["nonce"], NONCE_BYTES),
        _bytes(fields["sealed"], 48),
    )


def _wrapped_fields(wrapped: Wrapped) -> dict[str, object]:
    return {
        "cost": wrapped.cost,
        "salt": wrapped.salt.hex(),
        "nonce": wrapped.nonce.hex(),
        "sealed": wrapped.sealed.hex(),
    }


def _bytes(value: object, size: int) -> bytes:
    if not isinstance(value, str) or len(value) != 2 * size:
        raise ValueError(f"expected {size} bytes in hexadecimal")
    return bytes.fromhex(value)


def _count(value: object, highest: int) -> int:
    if not isinstance(value, int) or not 0 <= value <= highest:
        raise ValueError(f"expected a count up to {highest}")
    return value


def _stretch(secret: bytes, salt: bytes, cost: int) -> bytes:
    memory = 256 * cost * 8
    return hashlib.scrypt(secret, salt=salt, n=cost, r=8, p=1, maxmem=memory, dklen=32)


def _wrap(master: bytes, secret: bytes, entropy: Entropy) -> Wrapped:
    salt, nonce = entropy.draw(SALT_BYTES), entropy.draw(NONCE_BYTES)
    key = _stretch(secret, salt, SCRYPT_COST)
    sealed = core_native.aead_seal(key, nonce, FORMAT.encode(), master)
    return Wrapped(SCRYPT_COST, salt, nonce, sealed)


def _unwrap(wrapped: Wrapped, secret: bytes, what: str) -> bytes:
    key = _stretch(secret, wrapped.salt, wrapped.cost)
    master = core_native.aead_open(key, wrapped.nonce, FORMAT.encode(), wrapped.sealed)
    if master is None:
        raise WrongPassphraseError(what)
    return master


def _associated(locked: KeyFile) -> bytes:
    """The public part, bound to the secrets."""
    nodes = tuple((name, key) for name, key in sorted(locked.nodes.items()))
    return canon.encode((FORMAT, locked.lattice, locked.owner, nodes, locked.incarnation))


def _seal(locked: KeyFile, keys: Keys, master: bytes) -> bytes:
    seeds = tuple((name, key.seed) for name, key in sorted(keys.nodes.items()))
    plain = canon.encode((keys.owner.seed, seeds, keys.database_key))
    return core_native.aead_seal(master, locked.nonce, _associated(locked), plain)


def _open(locked: KeyFile, master: bytes) -> Keys:
    plain = core_native.aead_open(master, locked.nonce, _associated(locked), locked.secrets)
    if plain is None:
        raise WrongPassphraseError("master key (or the public part of the file was changed)")
    # The cipher has shown that this is what `_seal` wrote.
    owner, seeds, database_key = cast("_Secrets", canon.decode(plain))
    nodes = {NodeName(name): key_from_seed(seed) for name, seed in seeds}
    # A home that joined holds only the owner's public key.
    owner_key = key_from_seed(owner) if owner else SigningKey(b"", locked.owner)
    return Keys(locked.lattice, owner_key, nodes, database_key, locked.incarnation)
