"""Damaged, inconsistent and hostile checkpoints are refused by file and field."""

from __future__ import annotations

import os
import pickle
import zipfile
from pathlib import Path

import pytest
from checkpoint_files import (
    HUGGING_FACE,
    SHARDED,
    STATE_SPACES,
    copy,
    edit_config,
    read_safetensors,
    read_zip,
    set_value,
    write_safetensors,
    write_zip,
)

from lex7.ssm.checkpoint import open_checkpoint
from lex7.ssm.errors import CheckpointError
from lex7.ssm.stored_tensor import StoredTensor, read
from lex7.ssm.torch_zip import LEGACY_MAGIC


def refuse(folder: Path) -> CheckpointError:
    with pytest.raises(CheckpointError) as caught:
        for _ in open_checkpoint(folder).read_all():
            pass
    return caught.value


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model_type", "mamba"),
        ("hidden_act", "gelu"),
        ("use_bias", True),
        ("use_bias", 0),
        ("num_heads", 5),
        ("num_heads", "6"),
        ("hidden_size", -24),
        ("hidden_size", 2**40),
        ("vocab_size", 48),
        ("num_hidden_layers", 0),
        ("time_step_limit", [0.0]),
        ("time_step_limit", ["NaN", 1.0]),
        ("tie_word_embeddings", "yes"),
        ("layer_norm_epsilon", None),
    ],
)
def test_a_config_that_is_not_computed_here_is_refused_by_field(
    field: str, value: object, tmp_path: Path
) -> None:
    folder = copy(HUGGING_FACE, tmp_path)
    edit_config(folder, **{field: value})
    refusal = refuse(folder)
    assert (refusal.file, refusal.field) == (str(folder / "config.json"), field)


@pytest.mark.parametrize(
    ("ssm", "field"),
    [
        ({"d_state": 16}, "ssm_cfg.layer"),
        ({"layer": "Mamba3"}, "ssm_cfg.layer"),
        ({"layer": "Mamba2", "norm_before_gate": True}, "ssm_cfg.norm_before_gate"),
        ({"layer": "Mamba2", "D_has_hdim": True}, "ssm_cfg.D_has_hdim"),
        ({"layer": "Mamba2", "rmsnorm": False}, "ssm_cfg.rmsnorm"),
        ({"layer": "Mamba2", "d_ssm": 24}, "ssm_cfg.d_ssm"),
        ({"layer": "Mamba2", "surprise": 1}, "ssm_cfg.surprise"),
        ([], "ssm_cfg"),
    ],
)
def test_a_state_spaces_variant_is_refused_by_field(
    ssm: object, field: str, tmp_path: Path
) -> None:
    folder = copy(STATE_SPACES, tmp_path)
    edit_config(folder, ssm_cfg=ssm)
    assert refuse(folder).field == field


@pytest.mark.parametrize(
    ("name", "value"), [("attn_layer_idx", [3]), ("d_intermediate", 4), ("rms_norm", False)]
)
def test_layers_of_another_kind_are_refused(name: str, value: object, tmp_path: Path) -> None:
    folder = copy(STATE_SPACES, tmp_path)
    edit_config(folder, **{name: value})
    assert refuse(folder).field == name


def test_another_padding_is_named(tmp_path: Path) -> None:
    folder = copy(STATE_SPACES, tmp_path)
    edit_config(folder, pad_vocab_size_multiple=16)
    refusal = refuse(folder)
    assert refusal.field == "pad_vocab_size_multiple"
    assert refusal.expected == "37 padded to the embedding's 40 rows"


def test_the_default_of_eight_groups_is_named_where_one_is_meant(tmp_path: Path) -> None:
    folder = copy(HUGGING_FACE, tmp_path)
    edit_config(folder, n_groups=...)
    assert "multiple of group_count" in str(refuse(folder))
    edit_config(folder, n_groups=2)
    assert "is the config's n_groups right?" in str(refuse(folder))


def test_a_tied_head_with_values_of_its_own_is_refused(tmp_path: Path) -> None:
    folder = copy(SHARDED, tmp_path)
    edit_config(folder, tie_word_embeddings=True)
    assert refuse(folder).got == "other values"


def test_an_untied_model_without_a_head_is_refused(tmp_path: Path) -> None:
    folder = copy(HUGGING_FACE, tmp_path)
    edit_config(folder, tie_word_embeddings=False)
    assert refuse(folder).field == "lm_head.weight"


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_weights_that_are_not_finite_are_refused(value: float, tmp_path: Path) -> None:
    folder = copy(HUGGING_FACE, tmp_path)
    set_value(folder / "model.safetensors", "backbone.layers.1.mixer.D", value)
    refusal = refuse(folder)
    assert refusal.field == "backbone.layers.1.mixer.D"
    assert "index 0" in refusal.got


def test_a_missing_config_is_named(tmp_path: Path) -> None:
    assert refuse(tmp_path).file == str(tmp_path / "config.json")


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    folder = copy(HUGGING_FACE, tmp_path)
    (folder / "model.safetensors").unlink()
    assert refuse(folder).field == "folder"


@pytest.mark.parametrize("text", ["", "[]", "{", '{"a": 1, "a": 2}', "\udcff"])
def test_a_config_that_is_no_object_is_refused(text: str, tmp_path: Path) -> None:
    folder = copy(HUGGING_FACE, tmp_path)
    (folder / "config.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert refuse(folder).expected == "a JSON object"


def test_deep_json_is_refused(tmp_path: Path) -> None:
    folder = copy(HUGGING_FACE, tmp_path)
    (folder / "config.json").write_text('{"a":' + "[" * 100_000)
    assert refuse(folder).expected == "a JSON object"


@pytest.mark.parametrize("length", [0, 1, 10**6, 2**63, 2**64 - 1])
def test_a_safetensors_header_of_an_impossible_length_is_refused(
    length: int, tmp_path: Path
) -> None:
    folder = copy(HUGGING_FACE, tmp_path)
    path = folder / "model.safetensors"
    header, data = read_safetensors(path)
    write_safetensors(path, header, data, length=length)
    assert refuse(folder).field == "header length"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("dtype", "F64"),
        ("dtype", ["F32"]),
        ("shape", [2**62, 2**62]),
        ("shape", [-24]),
        ("shape", [24.0]),
        ("shape", 24),
        ("data_offsets", [0, 2**60]),
        ("data_offsets", [96, 0]),
        ("data_offsets", [-96, 0]),
        ("data_offsets", [0]),
        ("data_offsets", None),
    ],
)
def test_a_safetensors_entry_that_lies_is_refused(key: str, value: object, tmp_path: Path) -> None:
    folder = copy(HUGGING_FACE, tmp_path)
    path = folder / "model.safetensors"
    header, data = read_safetensors(path)
    header["backbone.norm_f.weight"][key] = value
    write_safetensors(path, header, data)
    assert refuse(folder).field.startswith("backbone.norm_f.weight.")


def test_overlapping_tensors_are_refused(tmp_path: Path) -> None:
    folder = copy(HUGGING_FACE, tmp_path)
    path = folder / "model.safetensors"
    header, data = read_safetensors(path)
    other = header["backbone.layers.0.norm.weight"]["data_offsets"]
    header["backbone.norm_f.weight"]["data_offsets"] = other
    write_safetensors(path, header, data)
    assert "where the tensor before it ends" in str(refuse(folder))


def test_bytes_that_no_tensor_owns_are_refused(tmp_path: Path) -> None:
    folder = copy(HUGGING_FACE, tmp_path)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes() + b"hidden")
    assert "where the last tensor ends" in str(refuse(folder))


def test_a_foreign_tensor_is_refused(tmp_path: Path) -> None:
    folder = copy(HUGGING_FACE, tmp_path)
    path = folder / "model.safetensors"
    header, data = read_safetensors(path)
    header["backbone.layers.0.mixer.q_proj.weight"] = header.pop("backbone.norm_f.weight")
    write_safetensors(path, header, data)
    assert refuse(folder).field == "backbone.layers.0.mixer.q_proj.weight"


@pytest.mark.parametrize("part", ["../model.safetensors", "/etc/passwd", "a/b.safetensors", 3])
def test_a_part_outside_of_the_folder_is_refused(part: object, tmp_path: Path) -> None:
    folder = copy(SHARDED, tmp_path)
    (folder / "model.safetensors.index.json").write_text(
        '{"weight_map": {"lm_head.weight": %s}}' % (f'"{part}"' if isinstance(part, str) else part)
    )
    assert refuse(folder).field == "weight_map.lm_head.weight"


def test_a_missing_part_is_named(tmp_path: Path) -> None:
    folder = copy(SHARDED, tmp_path)
    (folder / "model-00002-of-00003.safetensors").unlink()
    assert refuse(folder).file.endswith("model-00002-of-00003.safetensors")


class Shell:
    """What a hostile checkpoint would like to run."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch HACKED",)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_code_in_a_pickle_is_named_and_never_runs(
    protocol: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = copy(STATE_SPACES, tmp_path)
    members = read_zip(folder / "pytorch_model.bin")
    name = next(one for one in members if one.endswith("/data.pkl"))
    members[name] = pickle.dumps({"a": Shell()}, protocol)
    write_zip(folder / "pytorch_model.bin", members)
    refusal = refuse(folder)
    assert refusal.field == "data.pkl"
    assert protocol < 2 or "posix.system" in refusal.got
    assert not (tmp_path / "HACKED").exists()


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\x80\x02",
        b"\x80\x02.",
        b"\x80\x02]q\x00.",
        b"\x80\x02}q\x00X\x01\x00\x00\x00aK\x01s.",
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n)R.",
        b"\x80\x02ccollections\nOrderedDict\n]R.",
        b"\x80\x02X\xff\xff\xff\xffa.",
        b"\x80\x02r\xff\xff\xff\xff.",
        b"\x80\x02K\x01r\xff\xff\xff\x7f.",
        b"\x80\x02" + b"(" * 1000 + b".",
        b"\x80\x02)" + b"2\x86" * 400 + b".",
        b"\x80\x02)Q.",
        b"\x80\x02(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000"
        b"X\x03\x00\x00\x00cpuJ\xff\xff\xff\xfftQ.",
    ],
)
def test_a_broken_pickle_is_refused(payload: bytes, tmp_path: Path) -> None:
    folder = copy(STATE_SPACES, tmp_path)
    members = read_zip(folder / "pytorch_model.bin")
    name = next(one for one in members if one.endswith("/data.pkl"))
    members[name] = payload
    write_zip(folder / "pytorch_model.bin", members)
    assert refuse(folder).field == "data.pkl"


def test_a_compressed_member_is_refused_before_it_grows(tmp_path: Path) -> None:
    folder = copy(STATE_SPACES, tmp_path)
    members = read_zip(folder / "pytorch_model.bin")
    name = next(one for one in members if one.endswith("/data.pkl"))
    members[name] = bytes(1 << 24)
    write_zip(folder / "pytorch_model.bin", members, zipfile.ZIP_DEFLATED)
    assert refuse(folder).expected == "an uncompressed member"


def test_an_encrypted_member_is_refused(tmp_path: Path) -> None:
    # Found by fuzzing: the zip reader asks for a password with a RuntimeError.
    folder = copy(STATE_SPACES, tmp_path)
    path = folder / "pytorch_model.bin"
    data = bytearray(path.read_bytes())
    central = data.rindex(b"PK\x01\x02", 0, data.rindex(b"/byteorder"))
    data[central + 8] |= 1
    local = data.rindex(b"PK\x03\x04", 0, data.index(b"/byteorder"))
    data[local + 6] |= 1
    path.write_bytes(bytes(data))
    assert refuse(folder).field == "file"


def test_an_altered_weight_does_not_pass_its_checksum(tmp_path: Path) -> None:
    folder = copy(STATE_SPACES, tmp_path)
    path = folder / "pytorch_model.bin"
    content = bytearray(path.read_bytes())
    members = read_zip(path)
    data = max(members.values(), key=len)
    content[content.index(data) + 40] ^= 1
    path.write_bytes(bytes(content))
    assert refuse(folder).expected.startswith("CRC-32")


def test_the_legacy_layout_is_refused_with_what_to_do(tmp_path: Path) -> None:
    folder = copy(STATE_SPACES, tmp_path)
    (folder / "pytorch_model.bin").write_bytes(LEGACY_MAGIC + b"rest")
    assert "save it again" in refuse(folder).got


def test_a_torchscript_program_is_refused(tmp_path: Path) -> None:
    folder = copy(STATE_SPACES, tmp_path)
    members = read_zip(folder / "pytorch_model.bin")
    root = next(one for one in members if one.endswith("/data.pkl")).removesuffix("data.pkl")
    write_zip(folder / "pytorch_model.bin", members | {f"{root}constants.pkl": b""})
    assert refuse(folder).got == "a TorchScript program"


def test_a_missing_storage_is_named(tmp_path: Path) -> None:
    folder = copy(STATE_SPACES, tmp_path)
    members = read_zip(folder / "pytorch_model.bin")
    root = next(one for one in members if one.endswith("/data.pkl")).removesuffix("data.pkl")
    del members[f"{root}data/0"]
    write_zip(folder / "pytorch_model.bin", members)
    assert refuse(folder).got == "no such member"


def test_a_short_storage_is_named(tmp_path: Path) -> None:
    folder = copy(STATE_SPACES, tmp_path)
    members = read_zip(folder / "pytorch_model.bin")
    root = next(one for one in members if one.endswith("/data.pkl")).removesuffix("data.pkl")
    members[f"{root}data/0"] = members[f"{root}data/0"][:-2]
    write_zip(folder / "pytorch_model.bin", members)
    assert "a storage of" in refuse(folder).expected


@pytest.mark.parametrize("cut", [0, 3, 100, 5_000, 20_000, 28_000])
def test_a_truncated_checkpoint_is_refused(cut: int, tmp_path: Path) -> None:
    for source, name in ((STATE_SPACES, "pytorch_model.bin"), (HUGGING_FACE, "model.safetensors")):
        folder = copy(source, tmp_path)
        path = folder / name
        path.write_bytes(path.read_bytes()[:cut])
        assert refuse(folder).file == str(path)


def test_a_name_that_moves_the_cursor_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    folder = copy(HUGGING_FACE, tmp_path)
    path = folder / "model.safetensors"
    header, data = read_safetensors(path)
    header["\x1b[2J\nall is well"] = header.pop("backbone.norm_f.weight")
    write_safetensors(path, header, data)
    refusal = refuse(folder)
    assert str(refusal).isprintable()
    assert "\\x1b[2J\\nall is well" in str(refusal)


@pytest.mark.parametrize("size", [0, 1, 4, 7])
def test_a_tensor_that_ends_within_a_number_is_refused(size: int, tmp_path: Path) -> None:
    # Found by fuzzing: a torch archive whose directory names a member beyond the end of the file.
    path = tmp_path / "data"
    path.write_bytes(bytes(size))
    tensor = StoredTensor("w", path, "F32", (2,), 0)
    with pytest.raises(CheckpointError) as caught:
        read(tensor)
    assert caught.value.got == f"the file ends {8 - size} bytes early"
