"""Writes vectors/ssm/sampler.json: choices of tokens, derived apart from the runtime.

Philox4x32-10 (Salmon et al. 2011) stands here a second time, exponentials and sums are decimals of
40 digits, and the rule is that of docs/adr/0086: the kept tokens in order of weight, then of id,
and the first whose share of the sum lies above the random number of (seed, position).
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal, getcontext
from pathlib import Path

FILE = Path(__file__).resolve().parents[1] / "vectors" / "ssm" / "sampler.json"
MASK_32 = 0xFFFF_FFFF
STREAM = int.from_bytes(b"TOKN", "big")
SETTINGS = (
    (0.0, 1.0, 0),
    (1.0, 1.0, 0),
    (0.7, 0.9, 0),
    (1.5, 1.0, 5),
    (0.25, 0.5, 3),
    (3.0, 0.99, 40),
)
POSITIONS = (0, 1, 2, 17, 159, 4_095, 2**32 - 1, 2**32, 2**40 + 7)
SEEDS = (0, 1, 2**32, 2**64 - 1)


def philox(key: tuple[int, int], counter: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    """Ten rounds."""
    for _ in range(10):
        one, other = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = (
            (other >> 32) ^ counter[1] ^ key[0],
            other & MASK_32,
            (one >> 32) ^ counter[3] ^ key[1],
            one & MASK_32,
        )
        key = ((key[0] + 0x9E3779B9) & MASK_32, (key[1] + 0xBB67AE85) & MASK_32)
    return counter


def unit(seed: int, position: int) -> Decimal:
    """The random number of a position in [0, 1)."""
    counter = (position & MASK_32, position >> 32, STREAM, 0)
    words = philox((seed & MASK_32, seed >> 32), counter)
    return Decimal((words[0] << 32 | words[1]) >> 11) / Decimal(2**53)


def choose(
    logits: list[int], allowed: list[int], settings: tuple[float, float, int], point: Decimal
) -> int:
    """The token of one choice; logits are in quarters."""
    temperature, top_p, top_k = settings
    ordered = sorted(allowed, key=lambda token: (-logits[token], token))
    if temperature == 0:
        return ordered[0]
    most = logits[ordered[0]]
    scale = Decimal(4) * Decimal(temperature)
    weights = [(Decimal(logits[token] - most) / scale).exp() for token in ordered]
    share = Decimal(top_p) * sum(weights)
    kept: list[tuple[int, Decimal]] = []
    total = Decimal(0)
    for token, weight in zip(ordered, weights, strict=True):
        if len(kept) == (top_k or len(ordered)) or (kept and total >= share):
            break
        total += weight
        kept.append((token, total))
    return next((token for token, below in kept if point * total < below), kept[-1][0])


def draws(purpose: str, count: int, below: int) -> list[int]:
    """Numbers that depend on nothing but their purpose."""
    digests = (hashlib.sha256(f"{purpose}:{place}".encode()).digest() for place in range(count))
    return [int.from_bytes(digest[:4], "little") % below for digest in digests]


def main() -> None:
    """Derive every choice and write."""
    getcontext().prec = 40
    cases = []
    for index, size in enumerate((1, 7, 64, 300)):
        logits = [one - 40 for one in draws(f"logits {index}", size, 81)]
        masks = [None, [token for token in range(size) if (token + index) % 3 != 1]]
        for allowed in masks:
            for settings in SETTINGS:
                tokens = [
                    choose(logits, allowed or list(range(size)), settings, unit(seed, position))
                    for seed in SEEDS
                    for position in POSITIONS
                ]
                case = {"quarters": logits, "allowed": allowed, "settings": settings}
                cases.append(case | {"expect": tokens})
    about = {"seeds": [str(seed) for seed in SEEDS], "positions": POSITIONS}
    body = ",\n".join(json.dumps(case) for case in cases)
    FILE.write_text(json.dumps(about)[:-1] + ', "cases": [\n' + body + "\n]}\n")


if __name__ == "__main__":
    main()
