"""What a home holds of other homes' logs while none of its nodes runs."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from lex7.bark.entry import VerifiedEntry
from lex7.bark.keys import Keys
from lex7.base.errors import BarkError
from lex7.base.ids import KeyId
from lex7.lattice import Authority
from lex7.lattice.snapshot import decode_snapshot
from lex7.runtime.home import HomePaths
from lex7.runtime.replica import Replica, control
from lex7.storage.sqlite import SqliteStorage


def replica_path(paths: HomePaths, kind: str, writer: KeyId) -> Path:
    """Return where one node keeps its replica of a writer's log."""
    return paths.root / "replicas" / kind / f"{writer.hex()}.db"


def held_control(
    paths: HomePaths, keys: Keys, kind: str, kept: bytes | None
) -> tuple[VerifiedEntry, ...]:
    """Give the control entries of other homes' nodes, as one node of this home holds them.

    Args:
        paths: of the home.
        keys: of the home.
        kind: which node.
        kept: the snapshot that node keeps, if any.

    Raises:
        BarkError: a replica is damaged.
        StorageError: the disk said no.
    """
    own = {key.public for key in keys.nodes.values()}
    found: list[VerifiedEntry] = []
    before = _entries(kept, keys)
    for path in sorted((paths.root / "replicas" / kind).glob("*.db")):
        writer = KeyId(bytes.fromhex(path.stem))
        if writer in own:
            continue
        storage = SqliteStorage(path, key=keys.database_key)
        try:
            replica = Replica(storage, keys.lattice, writer)
            base = replica.base.sequence
            found += [one for one in before if one.writer == writer and one.sequence <= base]
            found.extend(control(tuple(replica.runs())))
        finally:
            storage.close()
    return tuple(found)


def _entries(kept: bytes | None, keys: Keys) -> tuple[VerifiedEntry, ...]:
    if kept is None:
        return ()
    with suppress(BarkError):
        # What does not stand is not used; its node pulls the logs again when it starts.
        return decode_snapshot(kept, Authority(keys.owner.public, keys.lattice)).entries
    return ()
