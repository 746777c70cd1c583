"""What a home holds of other homes' logs while none of its nodes runs."""

from __future__ import annotations

from pathlib import Path

from lex7.bark.entry import VerifiedEntry
from lex7.bark.keys import Keys
from lex7.base.ids import KeyId
from lex7.runtime.home import HomePaths
from lex7.runtime.replica import Replica, control
from lex7.storage.sqlite import SqliteStorage


def replica_path(paths: HomePaths, kind: str, writer: KeyId) -> Path:
    """Return where one node keeps its replica of a writer's log."""
    return paths.root / "replicas" / kind / f"{writer.hex()}.db"


def held_control(paths: HomePaths, keys: Keys, kind: str) -> tuple[VerifiedEntry, ...]:
    """Give the control entries of other homes' nodes, as one node of this home holds them.

    Raises:
        BarkError: a replica is damaged.
        StorageError: the disk said no.
    """
    own = {key.public for key in keys.nodes.values()}
    found: list[VerifiedEntry] = []
    for path in sorted((paths.root / "replicas" / kind).glob("*.db")):
        writer = KeyId(bytes.fromhex(path.stem))
        if writer in own:
            continue
        storage = SqliteStorage(path, key=keys.database_key)
        try:
            replica = Replica(storage, keys.lattice, writer)
            found.extend(control(tuple(replica.runs())))
        finally:
            storage.close()
    return tuple(found)
