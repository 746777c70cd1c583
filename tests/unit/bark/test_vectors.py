from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lex7.bark import canon, canon_reference, core_native
from lex7.bark.faults import NotCanonicalError
from lex7.bark.run import Run, check
from lex7.bark.signature import key_from_seed
from lex7.base.ids import LatticeId
from lex7.storage.interface import StoredRun

VECTORS = Path(__file__).resolve().parents[3] / "vectors"
CODECS = [canon, canon_reference]


def read(name: str) -> Any:
    return json.loads((VECTORS / name).read_text())


@pytest.mark.parametrize("codec", CODECS)
def test_good_encodings_are_their_own_only_spelling(codec: Any) -> None:
    for case in read("canon.json")["good"]:
        data = bytes.fromhex(case["hex"])
        assert codec.encode(codec.decode(data)) == data, case["shown"]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("case", read("canon.json")["bad"], ids=lambda case: case["hex"][:24])
def test_bad_encodings_are_refused_by_code_and_place(codec: Any, case: Any) -> None:
    with pytest.raises(NotCanonicalError) as caught:
        codec.decode(bytes.fromhex(case["hex"]))
    assert (caught.value.code, caught.value.offset) == (case["expect"], case["offset"])


def test_a_log_is_written_as_specified() -> None:
    case = read("log.json")
    key = key_from_seed(bytes.fromhex(case["seed"]))
    lattice = LatticeId(bytes.fromhex(case["lattice"]))
    assert key.public.hex() == case["writer"]
    assert core_native.entry_genesis(lattice, key.public).hex() == case["genesis"]
    bodies = [
        (bytes.fromhex(item["salt"]), bytes.fromhex(item["payload"])) for item in case["items"]
    ]
    heads = [
        (bytes.fromhex(head[0]), head[1], head[2], head[3], bytes.fromhex(head[4]))
        for head in case["heads"]
    ]
    before = (key.public, 0, 0, 1 + heads[0][3], bytes.fromhex(case["genesis"]))
    items = [(item["kind"], *body) for item, body in zip(case["items"], bodies, strict=True)]
    chained = core_native.run_chain(before, items)
    assert [header.hex() for header, _ in chained] == case["headers"]
    assert chained[-1][1].hex() == case["hash"]
    state = (bytes.fromhex(case["state_hash"]), heads)
    headers = [header for header, _ in chained]
    sealed, stored = core_native.run_seal(key.seed, lattice, headers, bodies, state)
    assert sealed.hex() == case["sealed"]
    assert stored.hex() == case["bodies"]


def test_a_log_is_read_as_specified() -> None:
    case = read("log.json")
    key = key_from_seed(bytes.fromhex(case["seed"]))
    stored = StoredRun(1, 3, bytes.fromhex(case["sealed"]), bytes.fromhex(case["bodies"]))
    lattice = LatticeId(bytes.fromhex(case["lattice"]))
    run = check(stored, lattice=lattice, writer=key.public, before=None)
    assert isinstance(run, Run)
    assert run.seal.state_hash.hex() == case["state_hash"]
    assert [(entry.payload and entry.payload.hex()) or "" for entry in run.entries] == [
        item["payload"] for item in case["items"]
    ]
