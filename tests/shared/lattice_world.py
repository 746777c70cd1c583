"""A lattice of four writers over memory, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.bark.log import Log
from lex7.bark.run import Run
from lex7.bark.seal import Head
from lex7.bark.signature import SigningKey, draw_key
from lex7.base.civil import Zone
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import LatticeId, NodeName, StateHash
from lex7.lattice import Authority
from lex7.lattice.membership import Membership, encode_membership
from lex7.storage.interface import StoredRun
from lex7.storage.memory import MemoryStorage

LATTICE = LatticeId(b"lattice of tests")
NAMES = ("mon@a", "vit@a", "wth@a", "mon@b")


@dataclass
class World:
    """Logs of several writers over memory, with an owner who signs memberships."""

    owner: SigningKey
    keys: dict[str, SigningKey]
    logs: dict[str, Log]
    storages: dict[str, MemoryStorage]
    membership: Membership
    entries: list[VerifiedEntry] = field(default_factory=list)

    @property
    def authority(self) -> Authority:
        return Authority(self.owner.public, LATTICE)

    def heads(self) -> tuple[Head, ...]:
        return tuple(log.head for log in self.logs.values())

    def write(
        self, name: str, items: Sequence[tuple[EntryKind, bytes]]
    ) -> tuple[VerifiedEntry, ...]:
        log, heads = self.logs[name], self.heads()
        made = log.prepare(items, heads=heads)
        log.commit(made, state_hash=StateHash(bytes(32)), heads=heads)
        self.entries.extend(made)
        return made

    def sign(self, membership: Membership) -> bytes:
        self.membership = membership
        return encode_membership(membership, self.owner, LATTICE)

    def runs(self, name: str) -> list[Run]:
        return list(self.logs[name].runs())

    def stored(self, name: str) -> list[StoredRun]:
        return self.storages[name].rows


def make_world() -> World:
    entropy = SeededEntropy(5)
    owner = draw_key(entropy)
    keys = {name: draw_key(entropy) for name in NAMES}
    storages = {name: MemoryStorage() for name in NAMES}
    logs = {
        name: Log(storages[name], key=keys[name], lattice=LATTICE, incarnation=0, entropy=entropy)
        for name in NAMES
    }
    members = tuple((NodeName(name), keys[name].public) for name in NAMES)
    world = World(owner, keys, logs, storages, Membership(members, "USD", Zone("UTC", bytes(32))))
    genesis = world.sign(world.membership)
    for name in NAMES:
        world.write(name, [(EntryKind.MEMBERSHIP, genesis)])
    return world
