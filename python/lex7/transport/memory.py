"""A transport within one process: every message is bytes, as on a wire, and nothing is shared."""

from __future__ import annotations

from lex7.base.limits import PAYLOAD_BYTES_MAX
from lex7.transport.interface import Handler, MessageTooLargeError, UnreachableError


class MemoryTransport:
    """Carries messages between the nodes of one process."""

    def __init__(self) -> None:
        self._handlers: dict[str, Handler] = {}

    def serve(self, key: str, handler: Handler) -> None:
        """Answer requests under a key until the transport is closed."""
        self._handlers[key] = handler

    def request(self, key: str, message: bytes) -> bytes:
        """Send a message and return the answer.

        Raises:
            UnreachableError: nobody serves the key.
            MessageTooLargeError: the message or its answer is over the limit.
        """
        handler = self._handlers.get(key)
        if handler is None:
            raise UnreachableError(key)
        answer = handler(_within_limit(key, message))
        return _within_limit(key, answer)

    def close(self) -> None:
        """Stop answering."""
        self._handlers.clear()


def _within_limit(key: str, message: bytes) -> bytes:
    if len(message) > PAYLOAD_BYTES_MAX:
        raise MessageTooLargeError(key, len(message), PAYLOAD_BYTES_MAX)
    return bytes(message)
