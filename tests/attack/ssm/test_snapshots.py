"""Forged and damaged snapshots of sessions, under right and wrong checksums."""

from __future__ import annotations

from pathlib import Path

import pytest

from lex7.ssm import Model, Snapshot, read_snapshot
from lex7.ssm.errors import SnapshotError

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "ssm"


@pytest.fixture(scope="module")
def session_state() -> tuple[Model, Snapshot]:
    model = Model.load(VECTORS / "tiny", quant="q4")
    session = model.session()
    session.feed(b"some text")
    return model, session.snapshot()


@pytest.mark.parametrize(
    ("at", "content", "field"),
    [
        (0, b"lex7-snq", "magic"),
        (8, b"\x02\0\0\0", "version"),
        (12, b"\x01", "head"),
        (16, bytes(32), "model"),
        (56, b"\xff" * 8, "head"),
        (64, b"\x01", "head"),
        (4_095, b"\x01", "head"),
        (4_096, b"\0\0\xc0\x7f", "state"),
        (-4, b"\0\0\x80\xff", "state"),
    ],
)
def test_a_forged_state_under_a_right_checksum_is_refused(
    session_state: tuple[Model, Snapshot], at: int, content: bytes, field: str
) -> None:
    model, snapshot = session_state
    state = bytearray(snapshot.state)
    at = at % len(state)
    state[at : at + len(content)] = content
    forged = read_snapshot(Snapshot(bytes(state), snapshot.logits).to_bytes())
    with pytest.raises(SnapshotError) as caught:
        forged.resume(model)
    assert caught.value.argument == field


@pytest.mark.parametrize("count", [1, 255, 257])
def test_logits_of_another_vocabulary_are_refused(
    session_state: tuple[Model, Snapshot], count: int
) -> None:
    model, snapshot = session_state
    with pytest.raises(SnapshotError) as caught:
        read_snapshot(Snapshot(snapshot.state, bytes(4 * count)).to_bytes()).resume(model)
    assert caught.value.argument == "logits"


@pytest.mark.parametrize(
    ("at", "content", "field"),
    [
        (0, b"LEX7SNAQ", "magic"),
        (8, b"\x02\0\0\0", "version"),
        (12, b"\xff\xff\xff\xff", "lengths"),
        (16, b"\xff" * 8, "lengths"),
        (16, b"\0" * 8, "size"),
        (100, b"\x99\x99", "SHA-256"),
        (-1, b"\x00\x01", "SHA-256"),
    ],
)
def test_a_damaged_envelope_is_refused_by_field(
    session_state: tuple[Model, Snapshot], at: int, content: bytes, field: str
) -> None:
    data = bytearray(session_state[1].to_bytes())
    at = at % len(data)
    data[at : at + len(content)] = content[: len(data) - at]
    with pytest.raises(SnapshotError) as caught:
        read_snapshot(bytes(data))
    assert caught.value.argument == field


def test_a_snapshot_has_one_spelling(session_state: tuple[Model, Snapshot]) -> None:
    data = session_state[1].to_bytes()
    assert read_snapshot(data).to_bytes() == data
    assert read_snapshot(session_state[1].to_bytes(compressed=True)).to_bytes() == data
    for extra in (data + b"\0", b"\0" + data):
        with pytest.raises(SnapshotError):
            read_snapshot(extra)
