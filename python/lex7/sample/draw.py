"""Numbers drawn from a seed and a name: the same everywhere, in any order, with no state.

Each purpose has its own Philox stream, keyed by the seed and the purpose's name, so that a new
drawing never moves an old one. Only raw counter bits are taken from numpy, whose distributions may
change between releases; the shapes are made here.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Draws = NDArray[np.float64]
"""(count,) or the shape asked for"""

_KNOTS = 16_384
_HEAVY_SHARE = 0.06
_HEAVY_SCALE = 2.6


def uniform(seed: int, purpose: str, count: int) -> Draws:
    """Draw numbers evenly from [0, 1)."""
    digest = hashlib.blake2b(f"lex7-sample/{seed}/{purpose}".encode(), digest_size=16).digest()
    words = np.random.Philox(key=int.from_bytes(digest, "little")).random_raw(count)
    shifted = np.right_shift(np.asarray(words, dtype=np.uint64), np.uint64(11))
    return shifted.astype(np.float64) * 2.0**-53


def normal(seed: int, purpose: str, count: int) -> Draws:
    """Draw standard normal numbers (within ±4.2) through a table of the inverse distribution."""
    positions, values = _normal_table()
    return np.interp(uniform(seed, purpose, count), positions, values)


def heavy(seed: int, purpose: str, count: int) -> Draws:
    """Draw numbers of about unit spread with heavy tails: now and then 2.6 times as wide."""
    rare = uniform(seed, purpose + "/rare", count) < _HEAVY_SHARE
    return normal(seed, purpose, count) * np.where(rare, _HEAVY_SCALE, 0.95)


def counts(seed: int, purpose: str, rates: Draws) -> NDArray[np.int64]:
    """Draw one Poisson count for each rate, at most 8."""
    chance = uniform(seed, purpose, len(rates))
    term = np.exp(-rates)
    below = term.copy()
    result = np.zeros(len(rates), dtype=np.int64)
    for count in range(1, 9):
        result[chance >= below] = count
        term = term * rates / count
        below = below + term
    return result


def autoregressive(noise: Draws, memory: float) -> Draws:
    """Return x with x_t = memory × x_{t-1} + sqrt(1 - memory²) × noise_t, of unit spread."""
    gain = (1.0 - memory * memory) ** 0.5
    result = np.empty_like(noise)
    previous = float(noise[0]) if len(noise) else 0.0
    for index, value in enumerate(noise):
        previous = memory * previous + (gain * float(value) if index else 0.0)
        result[index] = previous
    return result


@lru_cache(maxsize=1)
def _normal_table() -> tuple[Draws, Draws]:
    # Rounded to nine decimals, so that the last bit of the platform's log() does not matter.
    inverse = NormalDist().inv_cdf
    half = [round(inverse((index + 0.25) / _KNOTS), 9) for index in range(_KNOTS // 2)]
    values = np.array([*half, 0.0, *(-value for value in reversed(half))])
    return np.linspace(0.0, 1.0, len(values)), values
