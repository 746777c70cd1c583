from __future__ import annotations

from collections.abc import Callable

import pytest

from lex7.bark.entry import EntryKind
from lex7.bark.log import Log
from lex7.bark.signature import SigningKey, draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import LatticeId, StateHash
from lex7.storage.interface import LogStorage
from lex7.storage.memory import MemoryStorage

LATTICE = LatticeId(b"lattice of tests")


def fill(storage: LogStorage, key: SigningKey, runs: int, entries: int) -> None:
    log = Log(storage, key=key, lattice=LATTICE, incarnation=0, entropy=SeededEntropy(2))
    for number in range(runs):
        items = [(EntryKind.TRANSACTIONS, b"payload %d" % index) for index in range(entries)]
        prepared = log.prepare(items, heads=())
        log.commit(prepared, state_hash=StateHash(bytes([number]) * 32), heads=())


@pytest.fixture
def key() -> SigningKey:
    return draw_key(SeededEntropy(1))


@pytest.fixture
def filled(key: SigningKey) -> Callable[[int, int], MemoryStorage]:
    def make(runs: int, entries: int) -> MemoryStorage:
        storage = MemoryStorage()
        fill(storage, key, runs, entries)
        return storage

    return make
