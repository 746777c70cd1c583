from __future__ import annotations

from collections.abc import Callable

import pytest

from lex7.bark.log import Log
from lex7.bark.signature import SigningKey, draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import LatticeId
from lex7.storage.interface import LogStorage
from lex7.storage.memory import MemoryStorage

LATTICE = LatticeId(b"lattice of tests")


@pytest.fixture
def key() -> SigningKey:
    return draw_key(SeededEntropy(1))


@pytest.fixture
def storage() -> MemoryStorage:
    return MemoryStorage()


@pytest.fixture
def open_log(key: SigningKey) -> Callable[[LogStorage], Log]:
    def make(storage: LogStorage, incarnation: int = 0) -> Log:
        return Log(
            storage, key=key, lattice=LATTICE, incarnation=incarnation, entropy=SeededEntropy(2)
        )

    return make
