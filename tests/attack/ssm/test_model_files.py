"""Hostile model files and snapshots of ours, and files that change while they are in use."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lex7 import _core
from lex7.ssm import Model, convert
from lex7.ssm.convert import draw
from lex7.ssm.errors import ModelArgumentError, ModelError, ModelFileError
from lex7.ssm.spec import Spec

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "ssm"
WORDS = (
    "version quantisation d_model n_layer vocab vocab_padded d_inner d_state head_dim n_groups "
    "d_conv tied head_outputs norm_eps dt_low dt_high"
).split()


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = tmp_path_factory.mktemp("good") / "model.lex7"
    convert(VECTORS / "tiny", file, quant="q4")
    return file.read_bytes()


def sealed(content: bytes) -> bytes:
    """The same file with the weights hash that its head asks for: a liar who knows the format."""
    data = bytearray(content)
    layers = int.from_bytes(data[20:24], "little")
    start = 128 + 32 * (2 + 9 * min(layers, 1_000))
    notes = data[start : start + int.from_bytes(data[72:80], "little")]
    parts = bytes(data[:88]) + hashlib.sha256(notes).digest() + bytes(data[128:start])
    data[88:120] = hashlib.sha256(parts).digest()
    return bytes(data)


def refusal(content: bytes, place: Path, *, verify: bool = False) -> ModelFileError:
    place.write_bytes(content)
    with pytest.raises(ModelFileError) as caught:
        Model.load(place, verify=verify)
    assert caught.value.file == str(place)
    assert "\n" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("word", "value", "field"),
    [
        ("version", 2, "version"),
        ("version", 0, "version"),
        ("quantisation", 3, "quantisation"),
        ("d_model", 0, "d_model"),
        ("d_model", 2**32 - 1, "d_model"),
        ("n_layer", 2**31, "n_layer"),
        ("vocab", 257, "vocab"),
        ("vocab_padded", 2**32 - 1, "vocab_padded"),
        ("d_inner", 2**31, "d_inner"),
        ("d_inner", 127, "d_inner"),
        ("d_state", 5_000, "d_state"),
        ("head_dim", 0, "head_dim"),
        ("head_dim", 65, "head_dim"),
        ("head_dim", 128, "head_dim"),
        ("n_groups", 3, "n_groups"),
        ("d_conv", 1, "d_conv"),
        ("d_conv", 9, "d_conv"),
        ("tied", 2, "tied"),
        ("tied", 0, "file size"),
        ("head_outputs", 2**31, "head_outputs"),
        ("head_outputs", 1, "file size"),
        ("norm_eps", 0x7FC00000, "norm_eps"),
        ("norm_eps", 0, "norm_eps"),
        ("dt_low", 0x7F800000, "dt_limit"),
        ("dt_high", 0xBF800000, "dt_limit"),
        ("n_layer", 3, "file size"),
        ("d_state", 64, "file size"),
    ],
)
def test_a_head_that_lies_is_refused_by_field(
    good: bytes, word: str, value: int, field: str, tmp_path: Path
) -> None:
    data = bytearray(good)
    at = 8 + 4 * WORDS.index(word)
    data[at : at + 4] = value.to_bytes(4, "little")
    assert refusal(sealed(bytes(data)), tmp_path / "m.lex7").field == field


@pytest.mark.parametrize("size", [2**64 - 1, 2**63, 2**62, 1])
@pytest.mark.parametrize("at", [72, 80])
def test_a_length_that_lies_is_refused(good: bytes, at: int, size: int, tmp_path: Path) -> None:
    data = bytearray(good)
    data[at : at + 8] = size.to_bytes(8, "little")
    # Notes of one byte leave others before the first tensor that nobody owns.
    field = "file size" if (at, size) != (72, 1) else "bytes before backbone.embedding.weight"
    assert refusal(sealed(bytes(data)), tmp_path / "m.lex7").field == field


@pytest.mark.parametrize("size", [0, 1, 127, 128, 600, 5_000, -1])
def test_a_cut_or_grown_file_is_refused(good: bytes, size: int, tmp_path: Path) -> None:
    assert refusal(good[:size], tmp_path / "m.lex7").field in ("size", "the file")
    assert refusal(good + b"x", tmp_path / "m.lex7").field == "size"


def test_a_state_that_would_not_fit_is_refused_before_memory_is_taken(tmp_path: Path) -> None:
    # One channel of residual and 65,536 inside: 9 MB of file would ask for a gigabyte a layer.
    with pytest.raises(ModelArgumentError) as caught:
        Spec(layer_count=1, model_size=1, inner_size=65_536, state_size=4_096)
    assert caught.value.argument == "state_size"
    with pytest.raises(ModelArgumentError, match="state of at most"):
        _core.SsmSpec(d_model=1, n_layer=1, vocab=8, vocab_padded=8, d_inner=65_536, d_state=4_096)


@pytest.mark.parametrize(
    ("field", "most"),
    [
        ("layer_count", 512),
        ("model_size", 65_536),
        ("state_size", 4_096),
        ("head_size", 64),
        ("conv_size", 8),
        ("vocab_size", 1 << 20),
    ],
)
def test_both_halves_of_the_runtime_allow_the_same_sizes(field: str, most: int) -> None:
    names = {
        "layer_count": "n_layer",
        "model_size": "d_model",
        "state_size": "d_state",
        "head_size": "head_dim",
        "conv_size": "d_conv",
        "vocab_size": "vocab_padded",
    }
    sizes = {"layer_count": 1, "model_size": 64, "inner_size": 64, "vocab_size": 8}
    core = {"n_layer": 1, "d_model": 64, "d_inner": 64, "vocab_padded": 8, "vocab": 8}
    assert Spec(**(sizes | {"token_count": 8, field: most})) is not None
    assert _core.SsmSpec(**(core | {names[field]: most})) is not None
    for value in (0, most + 1):
        with pytest.raises(ModelArgumentError):
            Spec(**(sizes | {"token_count": 8, field: value}))
        with pytest.raises(ModelArgumentError):
            _core.SsmSpec(**(core | {names[field]: value}))


def place_of(name: str, quant: str) -> tuple[int, int]:
    """Where a tensor of the tiny model lies, from the specification of the format."""
    sizes = tensor_sizes(quant)
    end = 128 + 32 * len(sizes) + len(NOTES)
    for index, (other, size) in enumerate(sizes.items()):
        end = -(-end // 64) * 64
        if other == name:
            return index, end
        end += size
    raise AssertionError(name)


NOTES = b'{"format":"lex7-notes/1","tokenizer":"bytes"}'


def tensor_sizes(quant: str) -> dict[str, int]:
    """Bytes of the tiny model's tensors: width 64, inner 128, state 32, 4 heads, 4 layers."""
    block = {"f32": 64 * 32 * 4, "q8": 64 + 64 * 32, "q4": 64 + 32 * 32}[quant]

    def matrix(rows: int, columns: int) -> int:
        return -(-rows // 32) * (columns // 64) * block

    sizes = {"backbone.embedding.weight": matrix(256, 64)}
    for layer in range(4):
        own = {
            "norm.weight": 256,
            "mixer.in_proj.weight": matrix(128 + 192 + 4, 64),
            "mixer.conv1d.weight": 192 * 16,
            "mixer.conv1d.bias": 192 * 4,
            "mixer.dt_bias": 16,
            "mixer.A_log": 16,
            "mixer.D": 16,
            "mixer.norm.weight": 512,
            "mixer.out_proj.weight": matrix(64, 128),
        }
        sizes |= {f"backbone.layers.{layer}.{name}": size for name, size in own.items()}
    return sizes | {"backbone.norm_f.weight": 256}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("quant", ["f32", "q8", "q4"])
@pytest.mark.parametrize(
    "name",
    [
        "backbone.embedding.weight",
        "backbone.layers.2.mixer.out_proj.weight",
        "backbone.layers.3.mixer.dt_bias",
        "backbone.norm_f.weight",
    ],
)
def test_numbers_that_are_not_finite_are_found_and_the_tensor_is_named(
    name: str, quant: str, value: float, tmp_path: Path
) -> None:
    place = tmp_path / "m.lex7"
    convert(VECTORS / "tiny", place, quant=quant)
    data = bytearray(place.read_bytes())
    index, start = place_of(name, quant)
    is_scale = quant != "f32" and name.endswith(("embedding.weight", "proj.weight"))
    spelled = np.array([value], "<f2" if is_scale else "<f4").tobytes()
    data[start : start + len(spelled)] = spelled
    # Whoever altered the file made its hashes anew: only the numbers give it away.
    tensor = bytes(data[start : start + tensor_sizes(quant)[name]])
    data[128 + 32 * index : 160 + 32 * index] = hashlib.sha256(tensor).digest()
    found = refusal(sealed(bytes(data)), place, verify=True)
    assert found.field.startswith(name)


def test_an_altered_tensor_is_named_by_verify(good: bytes, tmp_path: Path) -> None:
    data = bytearray(good)
    _, start = place_of("backbone.layers.1.mixer.in_proj.weight", "q4")
    data[start + 500] ^= 1
    found = refusal(bytes(data), tmp_path / "m.lex7", verify=True)
    assert found.field == "hash of backbone.layers.1.mixer.in_proj.weight"


def in_use(tmp_path: Path, *, copied: bool = False) -> tuple[Path, Model]:
    """A model of some megabytes, big enough that one call takes a while."""
    place = tmp_path / "used.lex7"
    spec = Spec(2, 512, 1_024, vocab_size=2_000, token_count=2_000, state_size=64)
    draw(place, spec, quant="q8", seed=1)
    return place, Model.load(place, copied=copied)


def cut(place: Path) -> None:
    os.truncate(place, 8_192)


def write_over(place: Path) -> None:
    with place.open("r+b") as file:
        file.seek(-4_096, os.SEEK_END)
        file.write(b"\xff" * 4_096)
    os.utime(place, ns=(1, 1))


@pytest.mark.parametrize("change", [cut, write_over])
def test_a_file_that_changed_is_refused_at_the_next_call(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    place, model = in_use(tmp_path)
    session = model.session()
    session.feed([1])
    change(place)
    for call in (lambda: session.feed([2]), lambda: model.tensor("backbone.embedding.weight")):
        with pytest.raises(ModelFileError) as caught:
            call()
        assert caught.value.field == "the file in use"


@pytest.mark.parametrize("change", [cut, write_over, Path.unlink])
def test_a_copied_file_may_change(change: Callable[[Path], None], tmp_path: Path) -> None:
    place, model = in_use(tmp_path, copied=True)
    expected = model.session().feed(range(50))
    change(place)
    assert np.array_equal(model.session().feed(range(50)), expected)


def test_a_deleted_file_goes_on(tmp_path: Path) -> None:
    place, model = in_use(tmp_path)
    expected = model.session().feed(range(50))
    place.unlink()
    assert np.array_equal(model.session().feed(range(50)), expected)


def test_a_file_cut_in_the_middle_of_a_call_is_refused_and_the_process_lives(
    tmp_path: Path,
) -> None:
    place, model = in_use(tmp_path)
    session = model.session()
    session.feed([1])
    mark = session.mark()
    entered, failures = threading.Event(), []

    def work() -> None:
        entered.set()
        try:
            while True:
                session.feed(range(2_000))
        except ModelError as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    entered.wait()
    cut(place)
    thread.join()
    assert [type(one) for one in failures] == [ModelFileError]
    session.rollback(mark)
    with pytest.raises(ModelFileError):
        session.feed([2])


# Reads a mapping whose file was cut, without the check of its length: only the guard is left.
FAULT = """
import faulthandler, os, sys
if sys.argv[2] == "before":
    faulthandler.enable()
from lex7.ssm import Model
from lex7.ssm.errors import ModelFileError
import threading
model = Model.load(sys.argv[1])
session = model.session()
thread = threading.Thread(target=lambda: os.truncate(sys.argv[1], 8192))
try:
    thread.start()
    while True:
        session.feed(range(2000))
except ModelFileError as error:
    print("refused", error.field)
thread.join()
"""


@pytest.mark.parametrize("other_handler", ["none", "before"])
def test_a_fault_is_caught_beside_another_handler(other_handler: str, tmp_path: Path) -> None:
    place, _ = in_use(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", FAULT, str(place), other_handler],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("refused the file in use\n", 0), done.stderr


def test_a_fault_elsewhere_still_ends_the_process(tmp_path: Path) -> None:
    place, _ = in_use(tmp_path)
    program = """
import mmap, os, sys
from lex7.ssm import Model
model = Model.load(sys.argv[1])
with open(sys.argv[2], "w+b") as file:
    file.truncate(8192)
    mapped = mmap.mmap(file.fileno(), 8192)
    file.truncate(0)
    print(mapped[5000])
"""
    command = [sys.executable, "-c", program, str(place), str(tmp_path / "other")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    # SIGBUS, as without us; never an endless loop and never a wrong answer.
    assert (done.returncode, done.stdout) == (-7, "")


def test_an_answer_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "wide.lex7"
    spec = Spec(1, 64, 64, vocab_size=300_000, token_count=300_000, state_size=16)
    draw(place, spec, quant="q4", seed=1)
    session = Model.load(place).session()
    with pytest.raises(ModelArgumentError) as caught:
        session.feed_all([1] * 10_000)
    assert (caught.value.argument, session.position) == ("tokens", 0)
