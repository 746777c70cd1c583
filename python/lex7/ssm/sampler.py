"""How the next token is chosen; a choice is a function of logits, settings, seed and position.

The random number of a token belongs to (seed, position), position being the tokens that the session
has seen. So the same seed gives the same text on every machine, in one run or in several, and after
a rollback the same choice comes again unless the logits, the mask or the seed differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.ssm import core_native
from lex7.ssm.errors import ModelArgumentError

SEED_MAX = (1 << 64) - 1


@dataclass(frozen=True, slots=True)
class Sampler:
    """Settings of the choice.

    Attributes:
        temperature: 0 takes the most probable token, the lowest of equals; else logits are divided
            by it.
        top_p: only the fewest most probable tokens that together have this share are kept.
        top_k: only so many of the most probable tokens are kept; 0 keeps all.
        seed: of the random numbers.
    """

    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        checks = (
            ("temperature", "from 0 to 1e6", 0.0 <= self.temperature <= 1e6),
            ("top_p", "above 0, at most 1", 0.0 < self.top_p <= 1.0),
            ("top_k", "0 or more tokens", 0 <= self.top_k < 1 << 32),
            ("seed", "from 0 to 2^64 - 1", 0 <= self.seed <= SEED_MAX),
        )
        for name, expected, is_right in checks:
            if not is_right:
                raise ModelArgumentError(name, expected, repr(getattr(self, name)))

    def choose(
        self,
        logits: NDArray[np.float32],
        *,
        position: int,
        token_count: int | None = None,
        mask: NDArray[np.uint32] | None = None,
    ) -> tuple[int, float]:
        """Return a token and its probability among the tokens that were kept.

        Args:
            logits: one row.
            position: tokens that the session has seen.
            token_count: ids from here on only pad; none means there are none such.
            mask: one bit a token, the lowest first.

        Raises:
            ModelArgumentError: a logit is not finite, or no token is allowed.
        """
        count = logits.size if token_count is None else token_count
        row = np.ascontiguousarray(logits, np.float32)
        settings = (self.temperature, self.top_p, self.top_k)
        return core_native.choose(row, count, mask, settings, (self.seed, position))


GREEDY = Sampler()
