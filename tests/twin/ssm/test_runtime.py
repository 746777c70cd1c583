"""The compiled runtime against its mathematics in NumPy, and against itself in every other way."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from lex7 import _core
from lex7.ssm import reference
from lex7.ssm.errors import ModelArgumentError, ModelFileError, SnapshotError, TokenError
from lex7.ssm.spec import EMBEDDING, FINAL_NORM, LAYER_TENSORS, Spec, layer_tensor

SHAPE = {
    "d_model": 96,
    "n_layer": 3,
    "vocab": 290,
    "vocab_padded": 300,
    "d_inner": 256,
    "d_state": 16,
    "n_groups": 2,
    "head_outputs": 5,
}
TOKENS = [index * 37 % 290 for index in range(160)]
QUANTS = ("f32", "q8", "q4")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("models")
    paths = {quant: str(folder / f"{quant}.lex7") for quant in QUANTS}
    for quant, path in paths.items():
        _core.ssm_random(path, _core.SsmSpec(**SHAPE), quant, b"notes", 7)
    return paths


def opened(path: str, threads: int = 1) -> _core.SsmModel:
    return _core.SsmModel.open(path, verify=True, threads=threads)


def test_logits_are_those_of_the_mathematics(files: dict[str, str]) -> None:
    model = opened(files["f32"])
    spec = Spec(3, 96, 256, 64, 16, 2, 4, 300, 290)
    names = [EMBEDDING, FINAL_NORM]
    names += [layer_tensor(layer, name) for layer in range(3) for name in LAYER_TENSORS]
    weights = {name: model.tensor(name).astype(np.float64) for name in names}
    for layer in range(3):
        taps = layer_tensor(layer, "mixer.conv1d.weight")
        weights[taps] = weights[taps].reshape(-1, 1, 4)
    truth, hidden = reference.feed(spec, weights, reference.start(spec), TOKENS)
    logits = _core.SsmSession(model).feed_all(TOKENS)
    assert np.abs(logits - truth[:, :290]).max() < 1e-5 * np.abs(truth).max()
    own = _core.SsmSession(model).feed_hidden(TOKENS)
    assert np.abs(own - hidden).max() < 1e-5 * np.abs(hidden).max()
    head = hidden @ model.tensor("head.weight").T + model.tensor("head.bias")
    assert np.abs(_core.SsmSession(model).feed_head(TOKENS) - head).max() < 1e-4


@pytest.mark.parametrize("quant", QUANTS)
def test_no_chunking_and_no_thread_changes_a_bit(files: dict[str, str], quant: str) -> None:
    whole = _core.SsmSession(opened(files[quant]))
    logits = whole.feed_all(TOKENS)
    model = opened(files[quant], 2)
    for size in (1, 2, 4, 7, 64):
        session = _core.SsmSession(model)
        parts = [session.feed_all(TOKENS[at : at + size]) for at in range(0, 160, size)]
        assert np.array_equal(np.concatenate(parts), logits)
        assert session.hash() == whole.hash()
    for split in range(1, 160):
        session = _core.SsmSession(model)
        session.feed(TOKENS[:split])
        assert np.array_equal(session.feed(TOKENS[split:]), logits[-1])


@pytest.mark.parametrize("quant", QUANTS)
def test_neighbours_in_a_batch_change_no_bit(files: dict[str, str], quant: str) -> None:
    model = opened(files[quant], 2)
    sessions = [_core.SsmSession(model) for _ in range(11)]
    alone = [_core.SsmSession(model) for _ in range(11)]
    for step in range(4):
        tokens = [(step * 11 + 5 * at) % 290 for at in range(11)]
        rows = _core.ssm_step_many(sessions, tokens)
        for session, token, row in zip(alone, tokens, rows, strict=True):
            assert np.array_equal(session.feed([token]), row)
    assert [one.hash() for one in sessions] == [one.hash() for one in alone]


PRINT_HASH = """
import sys
from lex7 import _core
session = _core.SsmSession(_core.SsmModel.open(sys.argv[1], threads=int(sys.argv[2])))
session.feed([index * 37 % 290 for index in range(160)])
print(session.hash().hex())
"""


@pytest.mark.parametrize("quant", QUANTS)
@pytest.mark.parametrize("level", ["scalar", "avx2", "avx512", "amx"])
def test_no_level_changes_a_bit(files: dict[str, str], quant: str, level: str) -> None:
    session = _core.SsmSession(opened(files[quant]))
    session.feed(TOKENS)
    command = [sys.executable, "-c", PRINT_HASH, files[quant], "2"]
    setting = {**os.environ, "LEX7_KERNELS": level}
    found = subprocess.run(command, env=setting, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == session.hash().hex()


def test_forks_marks_and_snapshots_go_on_with_the_same_bits(files: dict[str, str]) -> None:
    model = opened(files["q8"])
    session = _core.SsmSession(model)
    session.feed(TOKENS[:50])
    mark, snapshot, fork = session.mark(), session.snapshot(), session.fork()
    first = session.feed(TOKENS[50:])
    assert np.array_equal(fork.feed(TOKENS[50:]), first)
    session.rollback(mark)
    assert session.position == 50
    assert session.snapshot() == snapshot
    assert np.array_equal(session.feed(TOKENS[50:]), first)
    other = _core.SsmSession.restore(opened(files["q8"], 2), snapshot)
    assert np.array_equal(other.feed(TOKENS[50:]), first)


def test_an_adapter_beside_the_weights_is_the_adapter_merged(
    files: dict[str, str], tmp_path: Path
) -> None:
    model, draw = opened(files["f32"]), np.random.default_rng(3)
    name = "backbone.layers.1.mixer.in_proj.weight"
    weight = model.tensor(name)
    a = draw.normal(size=(4, 96)).astype(np.float32)
    b = draw.normal(size=(weight.shape[0], 4)).astype(np.float32)
    merged = _core.ssm_merge(weight, a, b, 0.05)
    assert np.allclose(merged, weight + 0.05 * (b @ a), atol=1e-5)
    changed = [
        (each, merged if each == name else model.tensor(each))
        for each, _ in reversed(model.spec.tensors())
    ]
    path = str(tmp_path / "merged.lex7")
    _core.ssm_write(path, model.spec, "f32", b"", changed)
    beside = model.with_adapters([(name, a, b, 0.05)])
    assert beside.hash != model.hash
    truth = _core.SsmSession(opened(path)).feed_all(TOKENS)
    logits = _core.SsmSession(beside).feed_all(TOKENS)
    assert np.abs(logits - truth).max() < 1e-4 * np.abs(truth).max()
    assert not np.array_equal(truth, _core.SsmSession(model).feed_all(TOKENS))


def test_a_file_written_from_its_own_tensors_is_the_same_file(
    files: dict[str, str], tmp_path: Path
) -> None:
    model = opened(files["f32"])
    path = tmp_path / "again.lex7"
    tensors = [(name, model.tensor(name)) for name, _ in model.spec.tensors()]
    assert _core.ssm_write(str(path), model.spec, "f32", b"notes", tensors) == model.hash
    assert path.read_bytes() == Path(files["f32"]).read_bytes()


def test_what_does_not_fit_is_named(files: dict[str, str], tmp_path: Path) -> None:
    model = opened(files["q8"])
    session = _core.SsmSession(model)
    for tokens in ([290], [-1], [0, 1 << 40]):
        with pytest.raises(TokenError):
            session.feed(tokens)
    with pytest.raises(ModelArgumentError):
        session.feed([])
    with pytest.raises(ModelArgumentError):
        _core.ssm_step_many([session, session], [1, 1])
    with pytest.raises(SnapshotError, match="model"):
        _core.SsmSession.restore(opened(files["q4"]), session.snapshot())
    with pytest.raises(SnapshotError, match="size"):
        _core.SsmSession.restore(model, session.snapshot()[:-4])
    with pytest.raises(ModelFileError, match="readable"):
        _core.SsmModel.open(str(tmp_path / "none.lex7"))
    assert session.position == 0


def test_a_deleted_file_is_still_read_and_a_cut_one_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.lex7"
    _core.ssm_random(str(path), _core.SsmSpec(**SHAPE), "q8", b"", 1)
    data = path.read_bytes()
    session = _core.SsmSession(_core.SsmModel.open(str(path)))
    path.unlink()
    assert np.isfinite(session.feed(TOKENS)).all()
    path.write_bytes(data)
    session = _core.SsmSession(_core.SsmModel.open(str(path)))
    with path.open("r+b") as file:
        file.truncate(4_096)
    with pytest.raises(ModelFileError, match="in use"):
        session.feed(TOKENS)


@pytest.mark.parametrize("quant", QUANTS)
def test_every_altered_byte_and_every_cut_is_found(
    files: dict[str, str], tmp_path: Path, quant: str
) -> None:
    data = bytearray(Path(files[quant]).read_bytes())
    path = tmp_path / "bad.lex7"
    draw = np.random.default_rng(5)
    places = [*range(0, 128), *draw.integers(128, len(data), 40).tolist()]
    survivors = []
    for place in places:
        data[place] ^= 1 << int(draw.integers(8))
        path.write_bytes(data)
        data[:] = Path(files[quant]).read_bytes()
        try:
            opened(str(path))
        except ModelFileError:
            continue
        survivors.append(place)
    # What is left are bytes between tensors, which nobody reads.
    assert len(survivors) <= 2
    for size in (0, 7, 127, 128, 4_000, len(data) - 1):
        path.write_bytes(data[:size])
        with pytest.raises(ModelFileError):
            opened(str(path))
