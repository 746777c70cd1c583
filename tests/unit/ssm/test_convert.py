"""Conversion: what a file holds is what the checkpoint held, and who may be in it."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lex7.ssm import Extras, Model, convert, published
from lex7.ssm.checkpoint import open_checkpoint
from lex7.ssm.convert import draw
from lex7.ssm.error_head import ErrorHead, write_head
from lex7.ssm.errors import (
    CheckpointError,
    ModelArgumentError,
    ModelError,
    ModelFileError,
    TokenizerError,
)
from lex7.ssm.spec import Spec, tensor_shapes

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "ssm"
CASES = ("state-spaces-f16", "hugging-face-f32", "hugging-face-bf16-sharded", "hugging-face-limit")


@pytest.mark.parametrize("name", CASES)
def test_f32_logits_are_those_of_transformers_in_float64(name: str, cases: dict[str, Any]) -> None:
    model = Model.load(VECTORS / name, quant="f32")
    ours = model.session().feed_all(cases[name]["tokens"])
    theirs = np.array(cases[name]["logits"])[:, : ours.shape[1]]
    assert np.abs(ours - theirs).max() < 1e-5 * np.abs(theirs).max()


@pytest.mark.parametrize("name", CASES)
def test_an_f32_file_gives_back_every_tensor_exactly(name: str, tmp_path: Path) -> None:
    file = tmp_path / "model.lex7"
    convert(VECTORS / name, file, quant="f32")
    model = Model.load(file, verify=True)
    checkpoint = open_checkpoint(VECTORS / name)
    assert model.spec == replace(
        checkpoint.spec,
        norm_eps=model.spec.norm_eps,
        dt_min=model.spec.dt_min,
        dt_max=model.spec.dt_max,
    )
    for tensor, values in checkpoint.read_all():
        assert np.array_equal(model.tensor(tensor), values), tensor


@pytest.mark.parametrize(("quant", "most"), [("q8", 0.012), ("q4", 0.2)])
def test_a_quantised_tensor_is_within_its_share_of_every_group(quant: str, most: float) -> None:
    model = Model.load(VECTORS / "tiny", quant=quant)
    values = open_checkpoint(VECTORS / "tiny").read("backbone.layers.1.mixer.out_proj.weight")
    kept = model.tensor("backbone.layers.1.mixer.out_proj.weight")
    size = np.sqrt((values**2).reshape(64, -1, 64).mean(axis=2))
    error = np.sqrt(((values - kept) ** 2).reshape(64, -1, 64).mean(axis=2))
    assert np.all(error <= size * most)


def test_an_unknown_quantisation_is_refused(tmp_path: Path) -> None:
    for make in (
        lambda: convert(VECTORS / "tiny", tmp_path / "x", quant="q5"),
        lambda: draw(tmp_path / "x", small(), quant="q5", seed=1),
    ):
        with pytest.raises(ModelArgumentError):
            make()


def small() -> Spec:
    return Spec(layer_count=1, model_size=64, inner_size=128, vocab_size=300, token_count=300)


def test_random_weights_belong_to_their_seed(tmp_path: Path) -> None:
    hashes = [
        draw(tmp_path / f"{index}.lex7", small(), quant="f32", seed=seed)
        for index, seed in enumerate((1, 1, 2))
    ]
    assert hashes[0] == hashes[1]
    assert hashes[0] != hashes[2]
    with pytest.raises(ModelArgumentError):
        draw(tmp_path / "x", small(), quant="f32", seed=-1)


def test_the_published_shapes_have_the_published_sizes() -> None:
    sizes = {name: published(name).parameter_count for name in ("130m", "370m", "1.3b", "2.7b")}
    # state-spaces/mamba, README: 130M, 370M, 1.3B, 2.7B.
    assert sizes["130m"] == pytest.approx(129e6, rel=0.01)
    assert sizes["370m"] == pytest.approx(370e6, rel=0.02)
    assert sizes["1.3b"] == pytest.approx(1.34e9, rel=0.02)
    assert sizes["2.7b"] == pytest.approx(2.7e9, rel=0.02)
    with pytest.raises(ModelArgumentError):
        published("7b")


def test_an_error_state_head_in_the_folder_becomes_part_of_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "with-head"
    shutil.copytree(VECTORS / "tiny", folder)
    draws = np.random.default_rng(1)
    head = ErrorHead(
        draws.normal(size=(3, 64)).astype(np.float32), draws.normal(size=3).astype(np.float32)
    )
    write_head(folder / "error_head.safetensors", head)
    model = Model.load(folder, quant="f32")
    tokens = list(b"some text")
    hidden = model.session().hidden(tokens).astype(np.float64)
    expected = hidden @ head.weight.T + head.bias
    assert model.error_outputs == 3
    assert np.allclose(model.session().error_state(tokens), expected, rtol=1e-4, atol=1e-4)


def test_a_model_without_a_head_says_so(tiny: Model) -> None:
    with pytest.raises(ModelArgumentError):
        tiny.session().error_state([1])


def test_a_head_of_another_width_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "head.safetensors"
    write_head(place, ErrorHead(np.zeros((2, 32), np.float32), np.zeros(2, np.float32)))
    with pytest.raises(CheckpointError) as caught:
        convert(VECTORS / "tiny", tmp_path / "x", quant="f32", extras=Extras(head=place))
    assert caught.value.expected == "(outputs, 64)"
    with pytest.raises(ModelArgumentError):
        ErrorHead(np.zeros((2, 3), np.float32), np.zeros(3, np.float32))


def test_a_tokenizer_with_more_tokens_than_rows_is_refused(tmp_path: Path) -> None:
    place = tmp_path / "tokenizer.json"
    place.write_text(json.dumps({"model": {"vocab": {"a": 0, "b": 300}}}))
    with pytest.raises(TokenizerError):
        convert(VECTORS / "tiny", tmp_path / "x", quant="f32", extras=Extras(tokenizer=place))


def test_a_tokenizer_with_fewer_tokens_says_which_rows_only_pad(tmp_path: Path) -> None:
    place = tmp_path / "tokenizer.json"
    place.write_text(json.dumps({"model": {"vocab": {"a": 0, "b": 199}}}))
    file = tmp_path / "model.lex7"
    convert(VECTORS / "tiny", file, quant="f32", extras=Extras(tokenizer=place))
    model = Model.load(file)
    assert model.spec.token_count == 200
    assert model.session().feed([5]).shape == (200,)


def test_paths_that_are_no_model_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError):
        Model.load(tmp_path)
    with pytest.raises(ModelFileError):
        Model.load(tmp_path / "none.lex7")
    with pytest.raises(ModelError):
        convert(VECTORS / "tiny", tmp_path / "no" / "folder.lex7", quant="q8")


def test_a_refused_conversion_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "cut"
    shutil.copytree(VECTORS / "tiny", folder)
    path = folder / "model.safetensors"
    content = bytearray(path.read_bytes())
    content[-2:] = b"\xff\x7f"
    path.write_bytes(bytes(content))
    with pytest.raises(CheckpointError):
        convert(folder, tmp_path / "out.lex7", quant="q8")
    assert [one.name for one in tmp_path.iterdir()] == ["cut"]


def test_what_is_worth_knowing_is_told(tiny: Model) -> None:
    about = tiny.about()
    assert about["tokenizer"] == "bytes"
    total = sum(int(np.prod(shape)) for shape in tensor_shapes(tiny.spec).values())
    assert about["parameters"] == total == tiny.spec.parameter_count
    assert tiny.with_threads(2).threads == 2
    assert tiny.with_threads(2).hash == tiny.hash
