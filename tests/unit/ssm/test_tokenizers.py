"""Tokenizers: bytes, byte-level and byte-fallback vocabularies, and damaged files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lex7.ssm.errors import ModelArgumentError, ModelFileError, TokenizerError
from lex7.ssm.file_tokenizer import FileTokenizer, count_tokens, read_about
from lex7.ssm.notes import notes_for, read_tokenizer
from lex7.ssm.tokenizer import ByteTokenizer, decode

TEXT = "Größe: 5 €\n\tend"


def byte_level() -> dict[str, Any]:
    """A vocabulary of every byte, two merges and an end, as byte-level BPE files are."""
    library = pytest.importorskip("tokenizers", reason="the tokenizers extra is not installed")
    alphabet = sorted(library.pre_tokenizers.ByteLevel.alphabet())
    words = [*alphabet, "en", "end"]
    vocabulary = {word: index for index, word in enumerate(words)}
    merges = [("e", "n"), ("en", "d")]
    made = library.Tokenizer(library.models.BPE(vocab=vocabulary, merges=merges))
    made.pre_tokenizer = library.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = library.decoders.ByteLevel()
    made.add_special_tokens([library.AddedToken("<|endoftext|>", special=True)])
    return json.loads(made.to_str())


def byte_fallback() -> dict[str, Any]:
    """A vocabulary that spells a space as U+2581 and unknown letters as bytes."""
    library = pytest.importorskip("tokenizers", reason="the tokenizers extra is not installed")
    words = ["<unk>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", *"abcdefgh"]
    vocabulary = {word: index for index, word in enumerate(words)}
    model = library.models.BPE(vocab=vocabulary, merges=[], byte_fallback=True, unk_token="<unk>")
    made = library.Tokenizer(model)
    made.normalizer = library.normalizers.Replace(" ", "▁")
    made.decoder = library.decoders.Sequence(
        [library.decoders.Replace("▁", " "), library.decoders.ByteFallback()]
    )
    return json.loads(made.to_str())


def test_bytes_are_their_own_tokens() -> None:
    tokenizer = ByteTokenizer(257)
    assert decode(tokenizer, tokenizer.encode(TEXT)) == TEXT.encode()
    assert (tokenizer.token_bytes(256), tokenizer.end_tokens) == (b"", frozenset({256}))
    with pytest.raises(ModelArgumentError):
        tokenizer.token_bytes(257)


@pytest.mark.parametrize("make", [byte_level, byte_fallback])
def test_tokens_of_a_file_spell_the_text_they_came_from(make: Any) -> None:
    tokenizer = FileTokenizer(make(), "tokenizer.json")
    assert decode(tokenizer, tokenizer.encode(TEXT)) == TEXT.encode()
    assert tokenizer.encode("end") != list(b"end")


def test_a_letter_may_come_in_two_tokens() -> None:
    tokenizer = FileTokenizer(byte_level(), "tokenizer.json")
    parts = [tokenizer.token_bytes(token) for token in tokenizer.encode("ö")]
    assert parts == [b"\xc3", b"\xb6"]


def test_the_end_of_text_is_known_and_spells_nothing() -> None:
    about = byte_level()
    tokenizer = FileTokenizer(about, "tokenizer.json")
    assert tokenizer.end_tokens == frozenset({258})
    assert tokenizer.token_bytes(258) == b""
    assert tokenizer.token_count == count_tokens(about, "tokenizer.json") == 259


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"decoder": None}, "decoder"),
        ({"decoder": {"type": "Fuse"}}, "decoder"),
        ({"model": {"type": "Nothing"}}, "file"),
        ({"added_tokens": [{"id": -1}]}, "file"),
    ],
)
def test_a_damaged_tokenizer_is_refused(change: dict[str, Any], field: str) -> None:
    with pytest.raises(TokenizerError) as caught:
        FileTokenizer(byte_level() | change, "tokenizer.json")
    assert caught.value.field == field


@pytest.mark.parametrize("about", [{}, {"model": {"vocab": {"a": -1}}}, {"model": {"vocab": {}}}])
def test_a_vocabulary_without_ids_is_refused(about: dict[str, Any]) -> None:
    with pytest.raises(TokenizerError):
        count_tokens(about, "tokenizer.json")


def test_notes_carry_the_tokenizer(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text(json.dumps(byte_level()))
    tokenizer = read_tokenizer(notes_for(259, path), "model.lex7", 259)
    assert tokenizer is not None
    assert decode(tokenizer, tokenizer.encode(TEXT)) == TEXT.encode()
    assert read_tokenizer(notes_for(256, None), "model.lex7", 256) == ByteTokenizer(256)
    assert read_tokenizer(notes_for(50_277, None), "model.lex7", 50_277) is None
    assert notes_for(259, path) == notes_for(259, path)


@pytest.mark.parametrize("notes", [b"x", b"[]", b"{}", b'{"format":"lex7-notes/1","tokenizer":3}'])
def test_notes_that_are_not_ours_are_refused(notes: bytes) -> None:
    with pytest.raises(ModelFileError):
        read_tokenizer(notes, "model.lex7", 256)


def test_a_file_that_is_no_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.json"
    path.write_text("{")
    with pytest.raises(TokenizerError):
        read_about(path)
