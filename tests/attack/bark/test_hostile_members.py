"""A member, or anybody with a key of their own, sends what no honest program spells."""

from __future__ import annotations

import pytest

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.packet import PURPOSE, PacketError, PacketKind, PacketVersionError, open_packet
from lex7.bark.run import check
from lex7.bark.signature import draw_key, sign
from lex7.base.entropy import SeededEntropy
from lex7.base.errors import BarkError
from lex7.base.ids import KeyId, LatticeId
from lex7.lattice.evidence import decode_evidence
from lex7.lattice.sync import decode_heartbeat, read_runs
from lex7.storage.interface import StoredRun

LATTICE = LatticeId(b"lattice of tests")
KEY = draw_key(SeededEntropy(5))


def packet(version: Value, kind: Value) -> bytes:
    inner = canon.encode({1: version, 2: kind, 3: bytes(16), 4: b""})
    message = sign(KEY, purpose=PURPOSE, lattice=LATTICE, payload=inner)
    return canon.encode({1: KEY.public, 2: message})


def test_the_helper_spells_a_packet() -> None:
    assert open_packet(packet(1, 5), LATTICE).kind is PacketKind.HEARTBEAT


@pytest.mark.parametrize(
    ("version", "kind"),
    [(1, True), (True, 1), (1, {}), (1, {1: 2}), (1, ()), (1, None), (1, "1"), (1, 0), (1, 9)],
)
def test_a_packet_of_another_kind_is_refused(version: Value, kind: Value) -> None:
    with pytest.raises(PacketError):
        open_packet(packet(version, kind), LATTICE)


def test_a_packet_of_a_later_release_names_both_versions() -> None:
    with pytest.raises(PacketVersionError, match="version 2 and this program reads version 1"):
        open_packet(packet(2, 5), LATTICE)


@pytest.mark.parametrize(
    ("first", "last"), [(0, 0), (-1, 3), (True, 3), (1, True), (4, 3), (-(1 << 63), 1)]
)
def test_a_range_answer_outside_a_log_is_refused(first: Value, last: Value) -> None:
    with pytest.raises(BarkError):
        read_runs(((first, last, b"", None),))


@pytest.mark.parametrize("first", [0, -1, 1 << 63, 1 << 70])
def test_a_run_outside_a_log_has_a_fault(first: int) -> None:
    stored = StoredRun(first, first, b"", None)
    assert isinstance(check(stored, lattice=LATTICE, writer=KEY.public, before=None), tuple)


def test_a_run_of_a_writer_that_is_no_key_has_a_fault() -> None:
    stored = StoredRun(1, 1, b"", None)
    assert isinstance(check(stored, lattice=LATTICE, writer=KeyId(b"x"), before=None), tuple)


@pytest.mark.parametrize("writer", [b"", b"x", bytes(31), bytes(33)])
@pytest.mark.parametrize("first", [1, -1, True])
def test_evidence_about_no_key_proves_nothing(writer: bytes, first: Value) -> None:
    sealed = canon.encode((1, ({3: first},), b""))
    payload = canon.encode({1: writer, 2: 0, 3: 1, 4: bytes(32), 5: sealed, 6: sealed})
    with pytest.raises(BarkError):
        decode_evidence(payload, LATTICE)


@pytest.mark.parametrize(
    "row",
    [
        (b"x", 0, 1, 1, bytes(32)),
        (bytes(32), 0, 1, 1, b"x"),
        (bytes(32), 0, -1, 1, bytes(32)),
        (bytes(32), -1, 1, 1, bytes(32)),
        (bytes(32), 0, 1, True, bytes(32)),
    ],
)
def test_a_head_that_is_none_is_refused(row: tuple[Value, ...]) -> None:
    body = canon.encode({1: 1, 2: bytes(32), 3: (row,), 4: (), 5: "0"})
    with pytest.raises(BarkError):
        decode_heartbeat(body)
