"""The virtual network: what it loses, repeats, delays and cuts, and that one seed gives one run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lex7.base.errors import StateError
from lex7.base.limits import PAYLOAD_BYTES_MAX
from lex7.transport.interface import MessageTooLargeError, UnreachableError
from lex7.transport.simulated import LEASE_NS, PATIENCE_NS, REACH_NS, Network, Weather

SECOND = 1_000_000_000
STORM = Weather(lost=200, repeated=100, delay_ns=(100_000, 50_000_000))


def test_a_request_is_answered_after_two_delays() -> None:
    network = Network(1, Weather(delay_ns=(2_000_000, 2_000_000)))
    network.join("one").serve("lex7/ask", lambda message: message[::-1])
    assert network.join("two").request("lex7/ask", b"abc") == b"cba"
    assert network.now_ns == 4_000_000


def test_nobody_and_a_refusal_are_both_no_answer() -> None:
    network = Network(1)
    one, two = network.join("one"), network.join("two")

    def refuse(message: bytes) -> bytes:
        raise StateError("no")

    with pytest.raises(UnreachableError):
        two.request("lex7/ask", b"")
    one.serve("lex7/ask", refuse)
    with pytest.raises(UnreachableError):
        two.request("lex7/ask", b"")
    assert network.now_ns == PATIENCE_NS
    with pytest.raises(MessageTooLargeError):
        two.request("lex7/ask", bytes(PAYLOAD_BYTES_MAX + 1))


def test_two_nodes_that_ask_each_other_both_get_answers() -> None:
    network = Network(1)
    one, two = network.join("one"), network.join("two")
    one.serve("lex7/one", lambda message: b"from one")
    two.serve("lex7/two", lambda message: b"from two")
    got: list[bytes] = []
    network.plan(0, "one", lambda: got.append(one.request("lex7/two", b"")))
    network.plan(0, "two", lambda: got.append(two.request("lex7/one", b"")))
    network.run(SECOND)
    assert sorted(got) == [b"from one", b"from two"]


def test_what_is_told_to_a_waiting_node_is_heard_afterwards() -> None:
    network = Network(1)
    one, two = network.join("one"), network.join("two")
    heard: list[str] = []
    one.subscribe("lex7/beat/*", lambda key, message: heard.append(key))

    def ask() -> None:
        with pytest.raises(UnreachableError):
            one.request("lex7/two", b"")
        heard.append("asked")

    two.serve("lex7/two", lambda message: (_ for _ in ()).throw(StateError("no")))
    network.plan(0, "one", ask)
    network.plan(1_000, "two", lambda: two.publish("lex7/beat/two", b""))
    network.run(3 * SECOND)
    assert heard == ["asked", "lex7/beat/two"]


def test_a_half_open_link_carries_one_way_only() -> None:
    network = Network(1)
    one, two = network.join("one"), network.join("two")
    heard: list[str] = []
    for end in (one, two):
        end.subscribe("lex7/beat/*", lambda key, message: heard.append(key))
    network.cut([("one", "two")])
    one.publish("lex7/beat/one", b"")
    two.publish("lex7/beat/two", b"")
    network.run(SECOND)
    assert heard.count("lex7/beat/one") == 1
    assert heard.count("lex7/beat/two") == 2


def test_a_parted_node_is_missed_after_its_lease_and_seen_again() -> None:
    network = Network(1)
    one, two = network.join("one"), network.join("two")
    seen: list[tuple[int, bool]] = []
    one.watch("lex7/live/*", lambda key, is_there: seen.append((network.now_ns, is_there)))
    two.announce("lex7/live/two")
    network.run(SECOND)
    network.part(["one"], ["two"])
    network.run(5 * SECOND)
    network.heal()
    network.run(6 * SECOND)
    two.close()
    two.close()
    network.run(7 * SECOND)
    assert seen == [
        (REACH_NS, True),
        (SECOND + LEASE_NS, False),
        (5 * SECOND + REACH_NS, True),
        (6 * SECOND + REACH_NS, False),
    ]


def told(seed: int, weather: Weather) -> list[tuple[int, bytes]]:
    network = Network(seed, weather)
    one, two = network.join("one"), network.join("two")
    heard: list[tuple[int, bytes]] = []
    two.subscribe("lex7/beat/*", lambda key, message: heard.append((network.now_ns, message)))
    for number in range(200):
        one.publish("lex7/beat/one", b"%d" % number)
    network.run(SECOND)
    return heard


@given(st.integers(0, 2**32))
def test_one_seed_gives_one_run(seed: int) -> None:
    assert told(seed, STORM) == told(seed, STORM)


def test_weather_loses_repeats_and_reorders_in_its_measure() -> None:
    messages = [message for _, message in told(7, STORM)]
    assert len(set(messages)) < 200
    assert len(set(messages)) < len(messages)
    assert messages != sorted(messages, key=int)
    assert len(told(7, Weather())) == 200
