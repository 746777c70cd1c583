"""Packets of all eight kinds are the bytes that a second derivation gives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lex7.bark.packet import PacketKind, open_packet, seal_packet
from lex7.bark.signature import key_from_seed
from lex7.base.ids import LatticeId
from lex7.lattice.discovery import decode_description, encode_description
from lex7.lattice.routing import decode_routing, encode_routing
from lex7.lattice.sync import decode_heartbeat, encode_heartbeat

CASE = json.loads((Path(__file__).parents[3] / "vectors" / "packets.json").read_text())
ROWS = {row["name"]: row for row in CASE["packets"]}
LATTICE = LatticeId(bytes.fromhex(CASE["lattice"]))


@pytest.mark.parametrize("kind", list(PacketKind))
def test_a_packet_of_each_kind_has_the_bytes_of_the_specification(kind: PacketKind) -> None:
    row = ROWS[kind.name.lower()]
    key, exchange = key_from_seed(bytes.fromhex(CASE["seed"])), bytes.fromhex(CASE["exchange"])
    packet, body = bytes.fromhex(row["packet"]), bytes.fromhex(row["body"])
    assert seal_packet(key, LATTICE, kind, exchange, body) == packet
    opened = open_packet(packet, LATTICE)
    assert (opened.kind, opened.exchange, opened.body) == (kind, exchange, body)


def test_bodies_that_nodes_send_unasked_read_and_spell_alike() -> None:
    bodies = {name: bytes.fromhex(row["body"]) for name, row in ROWS.items()}
    assert encode_heartbeat(decode_heartbeat(bodies["heartbeat"])) == bodies["heartbeat"]
    assert encode_description(decode_description(bodies["discovery"])) == bodies["discovery"]
    assert encode_routing(decode_routing(bodies["routing_update"])) == bodies["routing_update"]
