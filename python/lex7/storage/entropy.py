"""The system's source of randomness, for keys and salts of real homes."""

from __future__ import annotations

import secrets


class SystemEntropy:
    """Draws from the operating system."""

    def draw(self, count: int, /) -> bytes:
        """Give `count` bytes."""
        return secrets.token_bytes(count)
