"""One protocol between nodes: bytes under a key, asked and answered, told and heard.

A transport carries bytes and knows nothing of what they mean. It may lose, repeat, delay and
reorder; an error or an empty answer proves nothing. Keys are paths such as `lex7/vit/ask`; a
pattern is a key, or a path that ends in `/*` for everything one step below it. Handlers and
listeners run in the receiver, possibly on another thread; a listener must not call `serve`,
`subscribe`, `announce` or `watch`.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Protocol

from lex7.base.errors import TransportError


class Priority(IntEnum):
    """What goes first where not everything can go at once."""

    CONTROL = 0
    QUESTION = 1
    BULK = 2


Handler = Callable[[bytes], bytes]
"""Answers one request; runs in the receiver. A `Lex7Error` means that there is no answer."""

Listener = Callable[[str, bytes], None]
"""Hears what was published under a key."""

Watcher = Callable[[str, bool], None]
"""Hears that a key was announced, or that it is gone."""


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


class EndpointError(TransportError):
    """An endpoint cannot be listened on or is no endpoint."""

    code = "transport.endpoint"

    def __init__(self, endpoint: str, reason: str) -> None:
        self.endpoint = endpoint
        self.reason = reason
        super().__init__(f"endpoint {endpoint}: {reason}")


class Transport(Protocol):
    """Ask and answer, tell and hear."""

    def serve(self, key: str, handler: Handler) -> None:
        """Answer requests under a key until the transport is closed."""
        ...

    def request(self, key: str, message: bytes, *, priority: Priority = Priority.QUESTION) -> bytes:
        """Send a message and return the answer.

        Raises:
            TransportError: nobody answers, or the message is too large.
        """
        ...

    def publish(self, key: str, message: bytes, *, priority: Priority = Priority.QUESTION) -> None:
        """Tell whoever listens; nobody may, and nothing says so.

        Raises:
            MessageTooLargeError: the message is over the limit.
        """
        ...

    def subscribe(self, pattern: str, listener: Listener) -> None:
        """Hear what is published under keys of a pattern until the transport is closed."""
        ...

    def announce(self, key: str) -> None:
        """Let watchers know that this transport is there, until it closes or its process ends."""
        ...

    def watch(self, pattern: str, watcher: Watcher) -> None:
        """Hear which keys of a pattern are announced, now and later, and which are gone."""
        ...

    def close(self) -> None:
        """Stop answering, hearing and being there; closing twice is allowed."""
        ...


def is_matching(pattern: str, key: str) -> bool:
    """Answer whether a key is one of a pattern's."""
    if not pattern.endswith("/*"):
        return pattern == key
    head, _, last = key.rpartition("/")
    return head == pattern[:-2] and bool(last)


def verify_size(key: str, message: bytes, size_max: int) -> bytes:
    """Give a message that may be carried.

    Raises:
        MessageTooLargeError: it is over the limit.
    """
    if len(message) > size_max:
        raise MessageTooLargeError(key, len(message), size_max)
    return bytes(message)
