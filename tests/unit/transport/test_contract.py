"""What every transport does, whatever carries it."""

from __future__ import annotations

import queue

import pytest

from lex7.base.errors import StateError
from lex7.base.limits import PAYLOAD_BYTES_MAX
from lex7.transport.interface import (
    MessageTooLargeError,
    Transport,
    UnreachableError,
    is_matching,
)

Pair = tuple[Transport, Transport]
WAIT = 10.0


def linked(pair: Pair) -> Pair:
    """Wait until both ends know each other: a first request is answered in both directions."""
    for asked, asking in (pair, pair[::-1]):
        key = f"lex7/link/{id(asked)}"
        asked.serve(key, lambda message: message)
        for _ in range(20):
            try:
                assert asking.request(key, b"x") == b"x"
                break
            except UnreachableError:
                continue
    return pair


def test_a_request_reaches_its_handler_and_the_answer_comes_back(pair: Pair) -> None:
    one, two = linked(pair)
    one.serve("lex7/vit/ask", lambda message: message[::-1])
    assert two.request("lex7/vit/ask", b"abc") == b"cba"
    assert two.request("lex7/vit/ask", b"") == b""


def test_a_key_that_nobody_serves_is_unreachable(pair: Pair) -> None:
    with pytest.raises(UnreachableError):
        pair[1].request("lex7/nobody/ask", b"x")


def test_a_handler_that_refuses_leaves_no_answer(pair: Pair) -> None:
    one, two = linked(pair)

    def refuse(message: bytes) -> bytes:
        raise StateError("no")

    one.serve("lex7/refuse", refuse)
    with pytest.raises(UnreachableError):
        two.request("lex7/refuse", b"x")


def test_a_large_message_arrives_whole_and_a_larger_one_is_refused(pair: Pair) -> None:
    one, two = linked(pair)
    one.serve("lex7/large", lambda message: message)
    whole = bytes(range(256)) * (PAYLOAD_BYTES_MAX // 256)
    assert two.request("lex7/large", whole) == whole
    with pytest.raises(MessageTooLargeError):
        two.request("lex7/large", whole + b"x")
    with pytest.raises(MessageTooLargeError):
        two.publish("lex7/large", whole + b"x")


def test_what_is_published_is_heard(pair: Pair) -> None:
    one, two = linked(pair)
    heard: queue.Queue[tuple[str, bytes]] = queue.Queue()
    two.subscribe("lex7/beat/*", lambda key, message: heard.put((key, message)))
    for number in range(200):
        one.publish("lex7/beat/vit@a", b"%d" % number)
        one.publish("lex7/other/vit@a", b"not this")
        try:
            key, message = heard.get(timeout=WAIT if number == 199 else 0.05)
        except queue.Empty:
            continue
        break
    assert (key, message.isdigit()) == ("lex7/beat/vit@a", True)


def test_who_is_there_and_who_left_is_seen(pair: Pair) -> None:
    one, two = linked(pair)
    seen: queue.Queue[tuple[str, bool]] = queue.Queue()
    one.announce("lex7/live/vit@a")
    two.watch("lex7/live/*", lambda key, is_there: seen.put((key, is_there)))
    assert seen.get(timeout=WAIT) == ("lex7/live/vit@a", True)
    one.close()
    one.close()
    assert seen.get(timeout=WAIT) == ("lex7/live/vit@a", False)
    with pytest.raises(UnreachableError):
        two.request("lex7/vit/ask", b"x")


def test_a_pattern_reaches_one_step_down() -> None:
    assert is_matching("a/*", "a/b")
    assert is_matching("a/b", "a/b")
    assert not is_matching("a/*", "a/b/c")
    assert not is_matching("a/*", "a/")
    assert not is_matching("a/*", "ab/c")
