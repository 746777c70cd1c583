"""A transport within one process: every message is bytes, as on a wire, and nothing is shared.

Messages are delivered at once, on the caller's thread. Several transports over one `Wire` are
several nodes; each is gone when it closes.
"""

from __future__ import annotations

from lex7.base.errors import Lex7Error
from lex7.base.limits import PAYLOAD_BYTES_MAX
from lex7.transport.interface import (
    Handler,
    Listener,
    Priority,
    UnreachableError,
    Watcher,
    is_matching,
    verify_size,
)


class Wire:
    """What connects memory transports; one that is made alone has its own."""

    def __init__(self) -> None:
        self.ends: list[MemoryTransport] = []


class MemoryTransport:
    """Carries messages between the nodes of one process."""

    def __init__(self, wire: Wire | None = None) -> None:
        self._wire = Wire() if wire is None else wire
        self._wire.ends.append(self)
        self.handlers: dict[str, Handler] = {}
        self.listeners: list[tuple[str, Listener]] = []
        self.announced: list[str] = []
        self.watchers: list[tuple[str, Watcher]] = []

    def serve(self, key: str, handler: Handler) -> None:
        """Answer requests under a key until the transport is closed."""
        self.handlers[key] = handler

    def request(self, key: str, message: bytes, *, priority: Priority = Priority.QUESTION) -> bytes:
        """Send a message and return the answer.

        Raises:
            UnreachableError: nobody serves the key.
            MessageTooLargeError: the message or its answer is over the limit.
        """
        sent = verify_size(key, message, PAYLOAD_BYTES_MAX)
        for end in tuple(self._wire.ends):
            handler = end.handlers.get(key)
            if handler is not None:
                return verify_size(key, _answer(key, handler, sent), PAYLOAD_BYTES_MAX)
        raise UnreachableError(key)

    def publish(self, key: str, message: bytes, *, priority: Priority = Priority.QUESTION) -> None:
        """Tell whoever listens.

        Raises:
            MessageTooLargeError: the message is over the limit.
        """
        sent = verify_size(key, message, PAYLOAD_BYTES_MAX)
        for end in tuple(self._wire.ends):
            for pattern, listener in tuple(end.listeners):
                if is_matching(pattern, key):
                    listener(key, sent)

    def subscribe(self, pattern: str, listener: Listener) -> None:
        """Hear what is published under keys of a pattern until the transport is closed."""
        self.listeners.append((pattern, listener))

    def announce(self, key: str) -> None:
        """Let watchers know that this transport is there, until it is closed."""
        self.announced.append(key)
        self._tell(key, is_there=True)

    def watch(self, pattern: str, watcher: Watcher) -> None:
        """Hear which keys of a pattern are announced, now and later, and which are gone."""
        self.watchers.append((pattern, watcher))
        for end in tuple(self._wire.ends):
            for key in end.announced:
                if is_matching(pattern, key):
                    watcher(key, True)  # noqa: FBT003 - the face of a watcher

    def close(self) -> None:
        """Stop answering, hearing and being there; closing twice is allowed."""
        self.handlers.clear()
        self.listeners.clear()
        self.watchers.clear()
        if self in self._wire.ends:
            self._wire.ends.remove(self)
        announced, self.announced = self.announced, []
        for key in announced:
            self._tell(key, is_there=False)

    def _tell(self, key: str, *, is_there: bool) -> None:
        for end in tuple(self._wire.ends):
            for pattern, watcher in tuple(end.watchers):
                if is_matching(pattern, key):
                    watcher(key, is_there)


def _answer(key: str, handler: Handler, message: bytes) -> bytes:
    try:
        return handler(message)
    except Lex7Error as error:
        raise UnreachableError(key) from error
