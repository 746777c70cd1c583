"""One protocol between nodes: bytes under a key, asked and answered.

A transport carries bytes and knows nothing of what they mean. It may lose, repeat, delay and
reorder; an error or an empty answer proves nothing. Keys are paths such as `lex7/vit/assess`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from lex7.base.errors import TransportError

Handler = Callable[[bytes], bytes]
"""Answers one request; runs in the receiver."""


class UnreachableError(TransportError):
    """Nobody answers under a key."""

    code = "transport.unreachable"

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"expected an answer under {key!r}, got none; is that node running?")


class MessageTooLargeError(TransportError):
    """A message is larger than the transport carries."""

    code = "transport.too_large"

    def __init__(self, key: str, size: int, size_max: int) -> None:
        self.key = key
        self.size = size
        self.size_max = size_max
        super().__init__(f"expected at most {size_max} bytes under {key!r}, got {size}")


class Transport(Protocol):
    """Ask and answer."""

    def serve(self, key: str, handler: Handler) -> None:
        """Answer requests under a key until the transport is closed."""
        ...

    def request(self, key: str, message: bytes) -> bytes:
        """Send a message and return the answer.

        Raises:
            TransportError: nobody answers, or the message is too large.
        """
        ...

    def close(self) -> None:
        """Stop answering."""
        ...
