"""Whatever bytes stand in a checkpoint, reading it succeeds or gives one typed refusal."""

from __future__ import annotations

import json
import os
import pickle
import tempfile
from contextlib import suppress
from pathlib import Path

from checkpoint_files import HUGGING_FACE, STATE_SPACES, copy, read_zip, write_zip
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lex7.ssm.checkpoint import open_checkpoint
from lex7.ssm.errors import CheckpointError
from lex7.ssm.pickle_reader import PickleRefused, View, read_pickle

EXAMPLES = int(os.environ.get("LEX7_FUZZ_EXAMPLES", "150"))
KEPT = Path(__file__).resolve().parents[3] / "vectors" / "ssm" / "fuzz.json"


def read_all(folder: Path) -> None:
    with suppress(CheckpointError):
        for _, values in open_checkpoint(folder).read_all():
            assert values.dtype == "float32"


def changed(content: bytes, changes: list[tuple[int, int]], cut: int) -> bytes:
    out = bytearray(content[: len(content) - cut % len(content)])
    for place, value in changes:
        out[place % len(out)] = value
    return bytes(out)


CHANGES = st.lists(st.tuples(st.integers(0, 1 << 16), st.integers(0, 255)), max_size=6)
CUTS = st.one_of(st.just(0), st.integers(0, 1 << 16))


@settings(max_examples=EXAMPLES, deadline=None)
@given(changes=CHANGES, cut=CUTS)
def test_a_changed_safetensors_file_is_read_or_refused(
    changes: list[tuple[int, int]], cut: int
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = copy(HUGGING_FACE, Path(place))
        path = folder / "model.safetensors"
        content = path.read_bytes()
        # Most of the file is numbers; what can go wrong stands in the first 2,100 bytes.
        near = [(place % 2_100, value) for place, value in changes]
        path.write_bytes(changed(content, near, cut))
        read_all(folder)


@settings(max_examples=EXAMPLES, deadline=None)
@given(changes=CHANGES, cut=CUTS, is_at_end=st.booleans())
def test_a_changed_torch_archive_is_read_or_refused(
    changes: list[tuple[int, int]], cut: int, is_at_end: bool
) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = copy(STATE_SPACES, Path(place))
        path = folder / "pytorch_model.bin"
        content = path.read_bytes()
        # The directory of the archive stands at its end, the pickle at its start.
        near = [(len(content) - 1 - place % 2_500, value) for place, value in changes]
        path.write_bytes(changed(content, near if is_at_end else changes, cut))
        read_all(folder)


def _kept() -> list[bytes]:
    return [bytes.fromhex(text) for text in json.loads(KEPT.read_text())["pickles"]]


def state_dict_pickle() -> bytes:
    members = read_zip(STATE_SPACES / "pytorch_model.bin")
    return next(content for name, content in members.items() if name.endswith("/data.pkl"))


@settings(max_examples=4 * EXAMPLES, deadline=None)
@given(changes=CHANGES, cut=CUTS)
def test_a_changed_pickle_gives_tensors_or_is_refused(
    changes: list[tuple[int, int]], cut: int
) -> None:
    with suppress(PickleRefused):
        read_pickle(changed(state_dict_pickle(), changes, cut))


@settings(max_examples=4 * EXAMPLES, deadline=None)
@given(data=st.binary(max_size=200))
@example(data=b"\x80\x02\x8a\xff.")
def test_any_bytes_are_a_pickle_or_are_refused(data: bytes) -> None:
    with suppress(PickleRefused):
        read_pickle(b"\x80\x02" + data)


def test_pickles_that_once_did_harm_are_refused_or_inert() -> None:
    for data in _kept():
        with suppress(PickleRefused):
            read_pickle(data)


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
        | st.tuples(inner, inner)
    ),
    max_leaves=12,
)


@settings(max_examples=EXAMPLES, deadline=None)
@given(value=PLAIN, protocol=st.sampled_from([2, 3, 4]))
def test_plain_values_read_as_the_interpreter_reads_them(value: object, protocol: int) -> None:
    assert read_pickle(pickle.dumps(value, protocol)) == value


def test_the_tensors_of_a_torch_pickle_are_read_as_places() -> None:
    state = read_pickle(state_dict_pickle())
    assert isinstance(state, dict)
    assert isinstance(state["lm_head.weight"], View)
    assert state["lm_head.weight"] == state["backbone.embedding.weight"]


def test_an_archive_rewritten_byte_for_byte_reads_the_same(tmp_path: Path) -> None:
    folder = copy(STATE_SPACES, tmp_path)
    before = {name: values.tobytes() for name, values in open_checkpoint(folder).read_all()}
    path = folder / "pytorch_model.bin"
    write_zip(path, read_zip(path))
    after = {name: values.tobytes() for name, values in open_checkpoint(folder).read_all()}
    assert after == before
