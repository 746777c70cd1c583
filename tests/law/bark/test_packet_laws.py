"""Packets: one packet has one spelling, and what was changed on the way is not one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lex7.bark import canon
from lex7.bark.packet import (
    EXCHANGE_BYTES,
    PacketKind,
    VerifiedPacket,
    open_packet,
    seal_packet,
)
from lex7.bark.signature import draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.errors import BarkError
from lex7.base.ids import LatticeId

LATTICE = LatticeId(b"lattice of tests")
KEY = draw_key(SeededEntropy(5))

packets = st.builds(
    lambda kind, exchange, body: seal_packet(KEY, LATTICE, kind, exchange, body),
    st.sampled_from(list(PacketKind)),
    st.binary(min_size=EXCHANGE_BYTES, max_size=EXCHANGE_BYTES),
    st.binary(max_size=200),
)


def reseal(packet: VerifiedPacket) -> bytes:
    return seal_packet(KEY, LATTICE, packet.kind, packet.exchange, packet.body)


def opened(data: bytes) -> VerifiedPacket | None:
    try:
        return open_packet(data, LATTICE)
    except BarkError:
        return None


@given(packets)
def test_an_accepted_packet_encodes_to_its_own_bytes(data: bytes) -> None:
    packet = open_packet(data, LATTICE)
    assert reseal(packet) == data
    assert canon.encode(canon.decode(data)) == data


@given(packets, st.integers(min_value=0), st.integers(1, 255))
def test_a_changed_byte_is_refused(data: bytes, place: int, mask: int) -> None:
    at = place % len(data)
    assert opened(data[:at] + bytes([data[at] ^ mask]) + data[at + 1 :]) is None


@given(packets, st.integers(min_value=0), st.binary(max_size=4), st.integers(0, 4))
def test_bytes_put_in_or_taken_out_are_refused(
    data: bytes, place: int, put: bytes, taken: int
) -> None:
    at = place % (len(data) + 1)
    changed = data[:at] + put + data[at + taken :]
    packet = opened(changed)
    assert packet is None or (changed == data and reseal(packet) == data)


@given(st.binary(max_size=300))
def test_any_other_bytes_are_refused_with_a_code(data: bytes) -> None:
    assert opened(data) is None
