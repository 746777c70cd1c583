"""The transport within one process carries bytes, whole, within its limit."""

from __future__ import annotations

import pytest

from lex7.base.limits import PAYLOAD_BYTES_MAX
from lex7.transport.interface import MessageTooLargeError, UnreachableError
from lex7.transport.memory import MemoryTransport


def test_a_request_reaches_its_handler_and_the_answer_comes_back() -> None:
    transport = MemoryTransport()
    transport.serve("lex7/vit/ask", lambda message: message[::-1])
    assert transport.request("lex7/vit/ask", b"abc") == b"cba"


def test_a_key_that_nobody_serves_is_unreachable() -> None:
    with pytest.raises(UnreachableError):
        MemoryTransport().request("lex7/vit/ask", b"")


def test_nothing_answers_after_closing() -> None:
    transport = MemoryTransport()
    transport.serve("k", lambda message: message)
    transport.close()
    with pytest.raises(UnreachableError):
        transport.request("k", b"")


@pytest.mark.parametrize("side", ["question", "answer"])
def test_a_message_over_the_limit_is_refused(side: str) -> None:
    transport = MemoryTransport()
    big = bytes(PAYLOAD_BYTES_MAX + 1)
    transport.serve("k", lambda _: big if side == "answer" else b"")
    with pytest.raises(MessageTooLargeError):
        transport.request("k", big if side == "question" else b"")
