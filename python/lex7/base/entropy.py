"""Where randomness comes from: an argument, never a call to the system from inside.

`Entropy` is what pure code is given. `SeededEntropy` gives the same bytes for the same seed and is
for simulation, tests and samples; the system's own source stands in `lex7.storage.entropy`.
"""

from __future__ import annotations

import hashlib
from typing import Protocol


class Entropy(Protocol):
    """A source of bytes that nobody can foresee."""

    def draw(self, count: int, /) -> bytes:
        """Give `count` bytes that were never given before."""
        ...


class SeededEntropy:
    """SHA-256 over seed and counter; foreseeable, so never for keys that guard something."""

    def __init__(self, seed: int) -> None:
        self._seed = seed.to_bytes(16, "big")
        self._counter = 0

    def draw(self, count: int, /) -> bytes:
        """Give the next `count` bytes."""
        blocks: list[bytes] = []
        for _ in range(-(-count // 32)):
            blocks.append(hashlib.sha256(self._seed + self._counter.to_bytes(8, "big")).digest())
            self._counter += 1
        return b"".join(blocks)[:count]
