"""Links of Zenoh: strangers stay out, taken ports are said, foreign keys do not pass."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lex7.transport.interface import EndpointError, UnreachableError
from lex7.transport.zenoh import Links, ZenohTransport

from .conftest import port, tls

Opened = Callable[[Links], ZenohTransport]
NAMES = ("vit@a", "mon@bb")


def served(opened: Opened) -> str:
    place = f"tls/127.0.0.1:{port()}"
    one = opened(Links(listen=(place,), tls=tls("vit@a", *NAMES)))
    one.serve("lex7/vit/ask", lambda message: message)
    return place


def test_a_member_is_answered(opened: Opened) -> None:
    place = served(opened)
    two = opened(Links(connect=(place,), tls=tls("mon@bb", *NAMES)))
    assert two.request("lex7/vit/ask", b"x") == b"x"


def test_another_authority_gets_no_link(opened: Opened) -> None:
    place = served(opened)
    stranger = opened(Links(connect=(place,), tls=tls("mon@bb", *NAMES, owner_seed=2)))
    with pytest.raises(UnreachableError):
        stranger.request("lex7/vit/ask", b"x")
    assert stranger.peers() == 0


def test_a_certificate_of_nobody_who_is_a_member_learns_nothing(opened: Opened) -> None:
    place = served(opened)
    evicted = opened(Links(connect=(place,), tls=tls("wth@ccc", *NAMES, "wth@ccc")))
    with pytest.raises(UnreachableError):
        evicted.request("lex7/vit/ask", b"x")


def test_without_a_certificate_there_is_no_link(opened: Opened) -> None:
    place = served(opened)
    stranger = opened(Links(connect=(place.replace("tls/", "tcp/"),)))
    with pytest.raises(UnreachableError):
        stranger.request("lex7/vit/ask", b"x")
    assert stranger.peers() == 0


def test_keys_outside_the_lattice_do_not_pass(opened: Opened) -> None:
    place = f"tcp/127.0.0.1:{port()}"
    one = opened(Links(listen=(place,), prefix="lex7/one"))
    two = opened(Links(connect=(place,), prefix="lex7/one"))
    one.serve("lex7/one/ask", lambda message: message)
    one.serve("lex7/two/ask", lambda message: message)
    assert two.request("lex7/one/ask", b"x") == b"x"
    with pytest.raises(UnreachableError):
        two.request("lex7/two/ask", b"x")


def test_a_taken_port_is_said(opened: Opened) -> None:
    place = f"tcp/127.0.0.1:{port()}"
    opened(Links(listen=(place,)))
    with pytest.raises(EndpointError, match="taken"):
        ZenohTransport(Links(listen=(place,)))


@pytest.mark.parametrize("endpoint", ["", "nonsense", "tcp/", "gopher/127.0.0.1:1", "tcp/::::"])
def test_an_endpoint_that_is_none_is_said(endpoint: str) -> None:
    with pytest.raises(EndpointError):
        ZenohTransport(Links(listen=(endpoint,)))


def test_two_peers_meet_through_a_third_and_stay_linked_when_it_leaves(opened: Opened) -> None:
    hub_place, one_place, two_place = (f"tcp/127.0.0.1:{port()}" for _ in range(3))
    hub = opened(Links(listen=(hub_place,)))
    one = opened(Links(listen=(one_place,), connect=(hub_place,)))
    two = opened(Links(listen=(two_place,), connect=(hub_place,)))
    one.serve("lex7/vit/ask", lambda message: message)
    assert two.request("lex7/vit/ask", b"x") == b"x"
    hub.close()
    assert two.request("lex7/vit/ask", b"y") == b"y"
