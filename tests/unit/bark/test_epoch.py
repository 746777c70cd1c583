"""Epoch keys open for whom they were wrapped, and for nobody else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lex7.bark import epoch
from lex7.bark.epoch import EpochError, PayloadSealer
from lex7.bark.hkdf import derive
from lex7.bark.signature import draw_key
from lex7.base.entropy import SeededEntropy
from lex7.base.ids import KeyId, LatticeId

LATTICE = LatticeId(b"lattice of tests")
WRITER, READER = (draw_key(SeededEntropy(seed)).public for seed in (1, 2))
DAY_NS = 86_400 * 10**9


def test_a_wrapped_key_opens_for_its_reader_alone() -> None:
    entropy = SeededEntropy(3)
    begun = epoch.next_epoch(None, WRITER, 7, entropy)
    share, other = epoch.draw_share(entropy), epoch.draw_share(entropy)
    wrapped = epoch.wrap(begun, LATTICE, READER, share.public, entropy)
    assert epoch.unwrap(wrapped, WRITER, LATTICE, READER, share) == begun
    for writer, reader, key, data in (
        (READER, READER, share, wrapped),
        (WRITER, WRITER, share, wrapped),
        (WRITER, READER, other, wrapped),
        (WRITER, READER, share, wrapped[:-1]),
        (WRITER, READER, share, b""),
    ):
        with pytest.raises(EpochError):
            epoch.unwrap(data, writer, LATTICE, reader, key)


@pytest.mark.parametrize("share", [bytes(32), (1).to_bytes(32, "little"), b"short"])
def test_a_share_of_small_order_is_refused(share: bytes) -> None:
    begun = epoch.next_epoch(None, WRITER, 7, SeededEntropy(3))
    with pytest.raises(EpochError):
        epoch.wrap(begun, LATTICE, READER, share, SeededEntropy(4))


def test_payloads_open_in_their_epoch_and_nonces_never_repeat() -> None:
    entropy = SeededEntropy(3)
    first = epoch.next_epoch(None, WRITER, 7, entropy)
    second = epoch.next_epoch(first, WRITER, 8, entropy)
    sealer = PayloadSealer(first, entropy)
    sealed = [sealer.seal(b"same") for _ in range(20)]
    assert len({one[8:36] for one in sealed}) == 20
    # A restart draws another salt, so counting from zero again is safe.
    assert PayloadSealer(first, entropy).seal(b"same")[8:24] != sealed[0][8:24]
    assert {epoch.open_payload(first, one) for one in sealed} == {b"same"}
    assert epoch.epoch_number(sealed[0]) == 1
    with pytest.raises(EpochError):
        epoch.open_payload(second, sealed[0])
    with pytest.raises(EpochError):
        epoch.open_payload(first, b"")


def test_an_epoch_lasts_thirty_days_and_a_clock_set_back_ends_it_too() -> None:
    begun = epoch.Epoch(KeyId(WRITER), 1, 100 * DAY_NS, bytes(32))
    assert not epoch.is_due(begun, 129 * DAY_NS)
    assert epoch.is_due(begun, 130 * DAY_NS)
    assert epoch.is_due(begun, 70 * DAY_NS)


def test_key_derivation_follows_the_published_vectors() -> None:
    path = Path(__file__).resolve().parents[3] / "vectors" / "hkdf_sha512.json"
    for case in json.loads(path.read_text()):
        made = derive(
            bytes.fromhex(case["ikm"]), bytes.fromhex(case["salt"]), bytes.fromhex(case["info"]),
            case["size"],
        )  # fmt: skip
        assert made.hex() == case["okm"]
