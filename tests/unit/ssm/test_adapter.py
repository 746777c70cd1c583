"""LoRA adapters: merged and applied are the same change; others are refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from checkpoint_files import write_safetensors

from lex7.ssm import Extras, Model, convert
from lex7.ssm.adapter import read_adapter
from lex7.ssm.checkpoint import open_checkpoint
from lex7.ssm.errors import AdapterError

VECTORS = Path(__file__).resolve().parents[3] / "vectors" / "ssm"
IN = "backbone.layers.0.mixer.in_proj"
OUT = "backbone.layers.2.mixer.out_proj"
SHAPES = {IN: (324, 64), OUT: (64, 128)}
RANK = 4


def config(**fields: object) -> dict[str, object]:
    return {"peft_type": "LORA", "r": RANK, "lora_alpha": 8, "bias": "none"} | fields


def save(folder: Path, about: dict[str, object], parts: dict[str, np.ndarray]) -> Path:
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps(about))
    header, data = {}, b""
    for name, values in parts.items():
        content = values.astype("<f4").tobytes()
        ends = [len(data), len(data) + len(content)]
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": ends}
        data += content
    write_safetensors(folder / "adapter_model.safetensors", header, data)
    return folder


def parts(names: tuple[str, ...] = (IN, OUT)) -> dict[str, np.ndarray]:
    draws = np.random.default_rng(4)
    made = {}
    for name in names:
        rows, columns = SHAPES.get(name, (64, 64))
        before = f"base_model.model.{name}.lora_"
        made[f"{before}A.weight"] = draws.normal(size=(RANK, columns)) * 0.1
        made[f"{before}B.weight"] = draws.normal(size=(rows, RANK)) * 0.1
    return made


@pytest.mark.parametrize("is_rank_stabilised", [False, True])
def test_a_merged_adapter_is_weight_plus_scaled_product(
    is_rank_stabilised: bool, tmp_path: Path
) -> None:
    made = parts()
    folder = save(tmp_path / "a", config(use_rslora=is_rank_stabilised), made)
    file = tmp_path / "merged.lex7"
    convert(VECTORS / "tiny", file, quant="f32", extras=Extras(adapter=folder))
    model = Model.load(file)
    checkpoint = open_checkpoint(VECTORS / "tiny")
    scale = 8 / RANK**0.5 if is_rank_stabilised else 8 / RANK
    for name in SHAPES:
        a, b = (
            made[f"base_model.model.{name}.lora_{part}.weight"].astype("f4").astype(float)
            for part in "AB"
        )
        expected = checkpoint.read(f"{name}.weight") + scale * (b @ a)
        assert np.allclose(model.tensor(f"{name}.weight"), expected, rtol=1e-5, atol=1e-6)
    untouched = "backbone.layers.1.mixer.in_proj.weight"
    assert np.array_equal(model.tensor(untouched), checkpoint.read(untouched))


def test_an_applied_adapter_gives_the_logits_of_a_merged_one(tmp_path: Path) -> None:
    folder = save(tmp_path / "a", config(), parts())
    merged, base = tmp_path / "merged.lex7", tmp_path / "base.lex7"
    convert(VECTORS / "tiny", merged, quant="f32", extras=Extras(adapter=folder))
    convert(VECTORS / "tiny", base, quant="f32")
    tokens = list(b"two ways to the same place")
    once = Model.load(merged).session().feed_all(tokens)
    beside = Model.load(base, adapter=folder)
    applied = beside.session().feed_all(tokens)
    plain = Model.load(base).session().feed_all(tokens)
    assert np.abs(applied - once).max() < 1e-4 * np.abs(once).max()
    assert np.abs(plain - once).max() > 1e-2 * np.abs(once).max()
    assert beside.hash != Model.load(base).hash


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("peft_type", "LOHA"),
        ("use_dora", True),
        ("fan_in_fan_out", True),
        ("bias", "all"),
        ("modules_to_save", ["lm_head"]),
        ("alpha_pattern", {"in_proj": 3}),
        ("init_lora_weights", "pissa"),
        ("lora_alpha", "8"),
        ("lora_alpha", None),
    ],
)
def test_an_adapter_of_another_kind_is_refused_by_field(
    field: str, value: object, tmp_path: Path
) -> None:
    folder = save(tmp_path / "a", config(**{field: value}), parts())
    with pytest.raises(AdapterError) as caught:
        read_adapter(folder, open_checkpoint(VECTORS / "tiny").spec)
    assert caught.value.field == field


@pytest.mark.parametrize(
    "name",
    [
        "backbone.layers.0.mixer.conv1d",
        "backbone.embeddings",
        "lm_head",
        "backbone.layers.9.mixer.in_proj",
    ],
)
def test_a_change_of_what_cannot_change_is_refused(name: str, tmp_path: Path) -> None:
    folder = save(tmp_path / "a", config(), parts((name,)))
    with pytest.raises(AdapterError):
        read_adapter(folder, open_checkpoint(VECTORS / "tiny").spec)


def test_half_of_a_change_is_refused(tmp_path: Path) -> None:
    made = parts((IN,))
    del made[f"base_model.model.{IN}.lora_A.weight"]
    folder = save(tmp_path / "a", config(), made)
    with pytest.raises(AdapterError) as caught:
        read_adapter(folder, open_checkpoint(VECTORS / "tiny").spec)
    assert caught.value.field.endswith("lora_A")


def test_a_change_of_another_shape_is_refused(tmp_path: Path) -> None:
    made = parts((IN,))
    made[f"base_model.model.{IN}.lora_B.weight"] = np.zeros((10, RANK))
    folder = save(tmp_path / "a", config(), made)
    with pytest.raises(AdapterError) as caught:
        read_adapter(folder, open_checkpoint(VECTORS / "tiny").spec)
    assert "B (324, 4)" in caught.value.expected


def test_a_folder_without_an_adapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AdapterError):
        read_adapter(tmp_path, open_checkpoint(VECTORS / "tiny").spec)
