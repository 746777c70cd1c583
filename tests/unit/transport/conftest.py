"""Pairs of transports that are linked: within one process, as peers, over TLS, through a router."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from lex7.bark.certificate import authority_pem, link_public, member_pem, private_pem
from lex7.bark.signature import draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import LatticeId, NodeName
from lex7.transport.interface import Transport
from lex7.transport.memory import MemoryTransport, Wire
from lex7.transport.zenoh import Links, Tls, ZenohTransport

LATTICE = LatticeId(b"lattice of tests")
OWNER = draw_key(SeededEntropy(1))
Pair = tuple[Transport, Transport]


def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        number: int = probe.getsockname()[1]
        return number


def tls(name: str, *members: str, owner_seed: int = 1) -> Tls:
    owner, key = draw_key(SeededEntropy(owner_seed)), draw_key(SeededEntropy(len(name)))
    certificate = member_pem(owner, LATTICE, NodeName(name), link_public(key))
    return Tls(authority_pem(owner, LATTICE), certificate, private_pem(key), members)


def open_pair(kind: str, stack: ExitStack) -> Pair:
    def opened(links: Links) -> ZenohTransport:
        transport = ZenohTransport(links)
        stack.callback(transport.close)
        return transport

    if kind == "memory":
        wire = Wire()
        return MemoryTransport(wire), MemoryTransport(wire)
    secured = kind == "tls"
    place = f"{'tls' if secured else 'tcp'}/127.0.0.1:{port()}"
    names = ("vit@a", "mon@bb")
    if kind == "router":
        opened(Links(mode="router", listen=(place,)))
        one = opened(Links(mode="client", connect=(place,)))
        return one, opened(Links(mode="client", connect=(place,)))
    one = opened(Links(listen=(place,), tls=tls("vit@a", *names) if secured else None))
    two = opened(Links(connect=(place,), tls=tls("mon@bb", *names) if secured else None))
    return one, two


@pytest.fixture(params=["memory", "peer", "tls", "router"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield open_pair(request.param, stack)


@pytest.fixture
def opened() -> Iterator[Callable[[Links], ZenohTransport]]:
    with ExitStack() as stack:

        def make(links: Links) -> ZenohTransport:
            transport = ZenohTransport(links)
            stack.callback(transport.close)
            return transport

        yield make
