"""The torch backend on the CPU, where the torch extra is installed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

REASON = "torch and transformers are not installed (the torch extra)"
pytest.importorskip("torch", reason=REASON)
pytest.importorskip("transformers", reason=REASON)

from lex7.ssm import Model, read_snapshot  # noqa: E402
from lex7.ssm.error_head import ErrorHead, write_head  # noqa: E402
from lex7.ssm.errors import (  # noqa: E402
    CheckpointError,
    ModelArgumentError,
    SnapshotError,
    TokenError,
)
from lex7.ssm.torch_backend import TorchModel  # noqa: E402

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "ssm"
NAMES = ("state-spaces-f16", "hugging-face-f32", "hugging-face-bf16-sharded")


@pytest.mark.parametrize("name", NAMES)
def test_logits_are_those_of_the_compiled_runtime(name: str, cases: dict[str, Any]) -> None:
    tokens = cases[name]["tokens"]
    ours = Model.load(VECTORS / name, quant="f32").session().feed_all(tokens)
    theirs = TorchModel.load(VECTORS / name, dtype="float64").session().feed_all(tokens)
    assert np.abs(ours - theirs).max() < 1e-5 * np.abs(ours).max()


def test_a_session_does_what_every_session_does() -> None:
    model = TorchModel.load(VECTORS / "tiny")
    session = model.session()
    session.feed(b"The node ")
    mark = session.mark()
    fork = session.fork()
    text = list(session.generate(12))
    assert list(fork.generate(12)) == text
    session.rollback(mark)
    resumed = read_snapshot(session.snapshot().to_bytes()).resume(model)
    assert resumed.hash() == session.hash()
    assert list(resumed.generate(12)) == text
    assert session.position == 9
    native = Model.load(VECTORS / "tiny", quant="f32").session()
    native.feed(b"The node ")
    assert list(native.generate(12)) == text


def test_hidden_states_agree() -> None:
    ours = Model.load(VECTORS / "tiny", quant="f32").session().hidden(b"some text")
    theirs = TorchModel.load(VECTORS / "tiny").session().hidden(b"some text")
    assert np.allclose(ours, theirs, rtol=1e-3, atol=1e-4)


def test_an_error_state_head_agrees(tmp_path: Path) -> None:
    folder = tmp_path / "with-head"
    shutil.copytree(VECTORS / "tiny", folder)
    draws = np.random.default_rng(1)
    weight = draws.normal(size=(3, 64)).astype(np.float32)
    write_head(folder / "error_head.safetensors", ErrorHead(weight, np.ones(3, np.float32)))
    ours = Model.load(folder, quant="f32").session().error_state(b"some text")
    theirs = TorchModel.load(folder).session().error_state(b"some text")
    assert np.allclose(ours, theirs, rtol=1e-3, atol=1e-3)


def test_what_does_not_fit_is_refused() -> None:
    model = TorchModel.load(VECTORS / "tiny")
    with pytest.raises(TokenError):
        model.session().feed([256])
    with pytest.raises(ModelArgumentError):
        model.session().error_state([1])
    with pytest.raises(CheckpointError):
        TorchModel.load(VECTORS / "hugging-face-limit")
    with pytest.raises(ModelArgumentError):
        TorchModel.load(VECTORS / "tiny", dtype="int8")
    with pytest.raises(ModelArgumentError):
        TorchModel.load(VECTORS / "tiny", device="mps")
    native = Model.load(VECTORS / "tiny", quant="f32").session()
    native.feed(b"a")
    with pytest.raises(SnapshotError):
        native.snapshot().resume(model)
    session = model.session()
    session.feed(b"a")
    with pytest.raises(SnapshotError):
        session.snapshot().resume(Model.load(VECTORS / "tiny", quant="f32"))
    with pytest.raises(ModelArgumentError):
        model.session().rollback(TorchModel.load(VECTORS / "tiny").session().mark())
