"""The published shapes, with drawn weights: the same bits on every path and on every machine.

Pinned in vectors/ssm/shapes.json by `scripts/ssm_shapes.py`. The smallest shape is always checked,
in q8 and q4; LEX7_SHAPES=370m,780m names others, LEX7_SHAPES=all takes every one that is pinned, in
f32 too (`make shapes`).
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from lex7.ssm import Model, published, read_snapshot, step_many
from lex7.ssm.convert import draw

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "ssm"
PINNED = json.loads((VECTORS / "shapes.json").read_text())
NAMED = os.environ.get("LEX7_SHAPES", "")
SHAPES = list(PINNED) if NAMED == "all" else (NAMED or "130m").split(",")
ALL = [(shape, quant) for shape in SHAPES for quant in PINNED[shape]]
CASES = [case for case in ALL if NAMED or case[1] != "f32"]


@dataclass(frozen=True)
class Case:
    file: Path
    pinned: dict[str, str]
    tokens: list[int]


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Case]:
    shape, quant = request.param
    file = tmp_path_factory.mktemp("shape") / "model.lex7"
    spec = published(shape)
    pinned = PINNED[shape][quant]
    assert draw(file, spec, quant=quant, seed=1).hex() == pinned["model"]
    count = spec.token_count
    tokens = [(index * index * 7_919 + 104_729 * index + 5) % count for index in range(160)]
    yield Case(file, pinned, tokens)
    file.unlink()


def digest(logits: np.ndarray) -> str:
    return hashlib.sha256(logits.astype("<f4").tobytes()).hexdigest()


@pytest.mark.parametrize(("size", "threads"), [(160, 1), (160, 2), (64, 2), (7, 1)])
def test_chunks_and_threads_give_the_pinned_bits(case: Case, size: int, threads: int) -> None:
    session = Model.load(case.file, threads=threads).session()
    for at in range(0, 160, size):
        logits = session.feed(case.tokens[at : at + size])
    assert digest(logits) == case.pinned["last_logits"]
    assert session.hash().hex() == case.pinned["state"]


def test_single_tokens_among_neighbours_give_the_pinned_bits(case: Case) -> None:
    model = Model.load(case.file, threads=2)
    sessions = [model.session() for _ in range(3)]
    for place, token in enumerate(case.tokens[:16]):
        step_many(sessions, [token, (token + place) % 50_000, 7 * place])
    assert sessions[0].hash().hex() == case.pinned["state_after_16"]


GO_ON = """
import hashlib, sys
from pathlib import Path
from lex7.ssm import Model, read_snapshot
tokens = [int(token) for token in sys.argv[3].split(",")]
session = read_snapshot(Path(sys.argv[2]).read_bytes()).resume(Model.load(sys.argv[1]))
logits = session.feed(tokens)
print(hashlib.sha256(logits.astype("<f4").tobytes()).hexdigest(), session.hash().hex())
"""


@pytest.mark.parametrize("level", ["avx2", "avx512"])
def test_a_snapshot_goes_on_in_a_new_process_at_every_level(
    case: Case, level: str, tmp_path: Path
) -> None:
    session = Model.load(case.file).session()
    session.feed(case.tokens[:16])
    place = tmp_path / "session.snapshot"
    place.write_bytes(session.snapshot().to_bytes())
    assert read_snapshot(place.read_bytes()).hash.hex() == case.pinned["state_after_16"]
    rest = ",".join(map(str, case.tokens[16:]))
    done = subprocess.run(
        [sys.executable, "-c", GO_ON, str(case.file), str(place), rest],
        env=os.environ | {"LEX7_KERNELS": level},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == [case.pinned["last_logits"], case.pinned["state"]]


def test_a_fork_and_a_rollback_give_the_pinned_bits(case: Case) -> None:
    session = Model.load(case.file, threads=2).session()
    session.feed(case.tokens[:16])
    mark, fork = session.mark(), session.fork()
    session.feed([1, 2, 3])
    session.rollback(mark)
    for one in (session, fork):
        assert digest(one.feed(case.tokens[16:])) == case.pinned["last_logits"]
        assert one.hash().hex() == case.pinned["state"]
