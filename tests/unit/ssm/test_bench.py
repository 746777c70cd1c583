"""`lex7 model bench`: every row of the table, and peers that cannot be had cost only their rows."""

from __future__ import annotations

import io
import json
import math
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from lex7.cli import peer_worker
from lex7.cli.bench_row import Note, Row, Timing, cost, race, rate
from lex7.cli.model import bench_line
from lex7.cli.model_bench import Plan, measure, minutes
from lex7.cli.model_peers import Peer, free_bytes
from lex7.ssm import Model, published
from lex7.ssm.errors import PeerError

PEERS = Path(__file__).resolve().parents[3] / ".peers" / "bin" / "python"
OWN_ROWS = {
    ("decode, 1 thread, CPU", "pure read"): 0.85,
    ("decode, 2 threads, wall", "1 thread"): 1.1,
    ("pure read, 2 threads, wall", "1 thread"): 0,
    ("prefill 24, 2 threads, wall", "1 thread"): 1.8,
    ("pure integer products, 2 threads, wall", "1 thread"): 0,
    ("decode, 8 sessions in a batch, CPU", "pure read of weights and states"): 0.75,
    ("fork", "limit"): 1,
    ("rollback to a mark", "limit"): 1,
    ("load to the first token's start, wall", "limit"): 1,
    ("most memory", "weights + state + 100 MB"): 1,
}
PROGRAM = """
import json, sys
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    print(json.dumps({"wall": 2.0, "cpu": 1.0}), flush=True)
    if json.loads(line)["tokens"] == 7:
        sys.exit(3)
"""


def plan(file: Path, python: Path | None = None) -> Plan:
    return Plan(file, python, prefill=24, rounds=1)


def test_every_row_is_there_without_peers(tiny_files: dict[str, Path]) -> None:
    file = tiny_files["q8"]
    found = list(measure(Model.load(file), plan(file)))
    rows = [row for row in found if isinstance(row, Row)]
    reaches = {(row.work, row.peer): row.reach for row in rows}
    assert OWN_ROWS.items() <= reaches.items()
    assert any(row.peer.startswith("integer peak") for row in rows)
    kept = {row.work.split(" of ")[0] for row in rows if row.peer.startswith("1.2 x a copy")}
    assert kept == {"snapshot", "restore"}
    assert all(math.isfinite(row.ratio) and row.value > 0 for row in rows)


@pytest.mark.parametrize("name", ["missing/python", "true", "folder"])
def test_peers_that_cannot_be_had_are_named_and_the_rows_are_there(
    name: str, tiny_files: dict[str, Path], tmp_path: Path
) -> None:
    python = {"true": Path("/bin/true"), "folder": tmp_path}.get(name, tmp_path / name)
    file = tiny_files["q4"]
    found = list(measure(Model.load(file), plan(file, python)))
    notes = [note.text for note in found if isinstance(note, Note)]
    assert len(notes) == 2
    assert notes[0].startswith("llama.cpp cannot be measured: ")
    assert notes[1].startswith("transformers cannot be measured: ")
    assert sum(isinstance(row, Row) for row in found) >= len(OWN_ROWS)


def test_a_peer_that_ends_is_left_out_of_the_race() -> None:
    peer = Peer("fragile", [sys.executable, "-c", PROGRAM])
    works = {"well": peer.work("decode", 1, 1), "last": peer.work("decode", 7, 1)}
    best, notes = race(works, 2)
    assert best == {}
    assert [note.text.split(":")[0] for note in notes] == ["fragile cannot be measured"] * 2
    with pytest.raises(PeerError):
        peer.time("decode", 1, 1)
    peer.close()


def test_a_peer_answers_with_its_own_clock() -> None:
    peer = Peer("steady", [sys.executable, "-c", PROGRAM])
    try:
        best, notes = race({"one": peer.work("prefill", 5, 2)}, 2)
    finally:
        peer.close()
    assert best == {"one": Timing(2.0, 1.0)}
    assert notes == []


def test_the_first_round_warms_up_and_the_best_of_the_others_counts() -> None:
    times = iter([Timing(1, 1), Timing(5, 9), Timing(6, 8)])
    best, _ = race({"work": lambda: next(times)}, 2)
    assert best == {"work": Timing(5, 8)}


def test_rows_are_written_so_that_bigger_is_better() -> None:
    assert rate("decode", 30.0, ("other", 20.0), 1.2).ratio == 1.5
    assert cost("restore", 2.0, "limit", 3.0).ratio == 1.5
    assert bench_line(rate("decode", 1.0, ("other", 2.0), 1)).endswith("missed")
    assert "missed" not in bench_line(rate("decode", 1.0, ("other", 2.0)))


def test_longer_plans_are_said_to_take_longer(tiny_files: dict[str, Path]) -> None:
    model = Model.load(tiny_files["q8"])
    short, long = plan(tiny_files["q8"]), plan(tiny_files["q8"], Path("python"))
    assert 0 < minutes(model, short) < minutes(model, long)


def test_free_memory_is_read_from_the_listing(tmp_path: Path) -> None:
    listing = tmp_path / "meminfo"
    assert free_bytes(listing) is None
    listing.write_text("MemTotal: 4 kB\nMemAvailable:     3 kB\n")
    assert free_bytes(listing) == 3 * 1024


def test_the_peers_model_has_the_numbers_of_the_shape() -> None:
    spec = published("130m")

    def matrix(rows: int, columns: int) -> np.ndarray:
        return np.zeros((rows, columns), np.uint8)

    facts = asdict(spec)
    made = peer_worker.tensors(facts, matrix, np, np.random.default_rng(1))
    named = dict(made)
    assert len(named) == len(made) == 2 + 9 * spec.layer_count
    assert sum(value.size for value in named.values()) == spec.parameter_count
    assert named["blk.23.ssm_in.weight"].shape == (spec.projected_size, spec.model_size)
    assert named["blk.0.ssm_conv1d.weight"].shape == (1_792, 4)
    assert (named["blk.0.ssm_a"] < 0).all()


def test_the_worker_answers_each_line_with_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    wishes: list[tuple[str, int, int]] = []
    line = json.dumps({"work": "decode", "tokens": 8, "threads": 2})
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{line}\n{line}\n"))
    peer_worker.answer(lambda work, tokens, threads: wishes.append((work, tokens, threads)))
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[0] == {"ready": True}
    assert [set(one) for one in told[1:]] == [{"wall", "cpu"}] * 2
    assert wishes == [("decode", 8, 2)] * 2


@pytest.mark.slow
@pytest.mark.skipif(not PEERS.exists(), reason="`make peers` was not run")
def test_the_peers_have_rows_of_their_own(tiny_files: dict[str, Path]) -> None:
    file = tiny_files["q8"]
    found = list(measure(Model.load(file), plan(file, PEERS)))
    assert not [note for note in found if isinstance(note, Note)]
    peers = {row.peer for row in found if isinstance(row, Row)}
    assert {"llama.cpp, 1 thread", "llama.cpp, 2 threads", "transformers, 1 thread"} <= peers
