"""A `tokenizer.json`, read by the tokenizers library (the `tokenizers` extra).

Two families of vocabularies are told apart by their decoder: byte-level ones, where each letter of
a token stands for one byte (GPT-NeoX, which the published Mamba-2 models use), and those that spell
a space as U+2581 and single bytes as <0x0A>.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lex7.base.errors import ModelError
from lex7.base.limits import MODEL_VOCABULARY_MAX
from lex7.ssm.errors import CheckpointError, MissingExtraError, TokenizerError
from lex7.ssm.json_file import read_object
from lex7.ssm.tokenizer import check_token

if TYPE_CHECKING:
    import tokenizers

END_WORDS = ("<|endoftext|>", "</s>", "<|end_of_text|>", "<eos>", "<|im_end|>")
BYTE_TOKEN = re.compile(r"<0x([0-9A-Fa-f]{2})>", re.ASCII)


def read_about(path: Path) -> dict[str, Any]:
    """Return the content of a `tokenizer.json`.

    Raises:
        TokenizerError: it is no JSON object.
    """
    try:
        return read_object(path)
    except CheckpointError as refusal:
        raise TokenizerError(
            refusal.file, refusal.field, refusal.expected, refusal.got
        ) from refusal


def count_tokens(about: dict[str, Any], file: str) -> int:
    """Return how many ids a tokenizer has, without the library.

    Raises:
        TokenizerError: its vocabulary is not where it must be.
    """
    model = about.get("model")
    words = model.get("vocab") if isinstance(model, dict) else None
    added = about.get("added_tokens") or []
    if not isinstance(words, dict | list) or not isinstance(added, list):
        raise TokenizerError(file, "model.vocab", "an object or a list", type(words).__name__)
    ids = list(words.values()) if isinstance(words, dict) else list(range(len(words)))
    ids += [one.get("id") if isinstance(one, dict) else None for one in added]
    if not ids or not all(type(one) is int and 0 <= one < MODEL_VOCABULARY_MAX for one in ids):
        wanted = f"ids from 0 to {MODEL_VOCABULARY_MAX:,}"
        raise TokenizerError(file, "model.vocab", wanted, "another or none")
    return max(ids) + 1


class FileTokenizer:
    """A tokenizer from the content of a `tokenizer.json`."""

    def __init__(self, about: dict[str, Any], file: str) -> None:
        """Read what a file held.

        Raises:
            TokenizerError: it is damaged, or of a family that is not read here.
            MissingExtraError: the tokenizers library is not installed.
        """
        self._file = file
        with _library(file):
            self._inner = _read(about)
            self._bytes = _vocabulary(file, self._inner, about)
            added = self._inner.get_added_tokens_decoder()
        self.special_tokens = frozenset(token for token, one in added.items() if one.special)
        self.end_tokens = frozenset(
            token for token, one in added.items() if one.content in END_WORDS
        )

    @property
    def token_count(self) -> int:
        """How many tokens there are."""
        return len(self._bytes)

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text, without special ones before or after it.

        Raises:
            TokenizerError: the library fails over this vocabulary.
        """
        clean = text.encode("utf-8", "replace").decode()
        with _library(self._file):
            return list(self._inner.encode(clean, add_special_tokens=False).ids)

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of a token; none for a special one.

        Raises:
            ModelArgumentError: there is no such token.
        """
        check_token(token, len(self._bytes))
        return b"" if token in self.special_tokens else self._bytes[token]


@contextmanager
def _library(file: str) -> Iterator[None]:
    """Turn what the library raises into a refusal; a panic of it is no `Exception`."""
    try:
        yield
    except (ModelError, KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError):
        raise
    except BaseException as error:
        raise TokenizerError(file, "file", "a tokenizer", str(error)[:120]) from error


def _read(about: dict[str, Any]) -> tokenizers.Tokenizer:
    try:
        import tokenizers
    except ImportError as error:
        raise MissingExtraError("A tokenizer.json", "tokenizers", "tokenizers") from error
    return tokenizers.Tokenizer.from_str(json.dumps(about))


def _vocabulary(file: str, inner: tokenizers.Tokenizer, about: dict[str, Any]) -> list[bytes]:
    kinds = _kinds(about.get("decoder"))
    added = {token: one.content for token, one in inner.get_added_tokens_decoder().items()}
    words = {token: word for word, token in inner.get_vocab(with_added_tokens=True).items()}
    if not words:
        raise TokenizerError(file, "vocabulary", "some tokens", "none")
    if "ByteLevel" in kinds:
        spell = _byte_level
    elif kinds & {"ByteFallback", "Metaspace"}:
        spell = _byte_fallback
    else:
        wanted = "ByteLevel, ByteFallback or Metaspace"
        raise TokenizerError(file, "decoder", wanted, ", ".join(sorted(kinds)) or "none")
    out = [b""] * (max(words) + 1)
    for token, word in words.items():
        out[token] = added[token].encode() if token in added else spell(word)
    return out


def _kinds(decoder: object) -> set[str]:
    if not isinstance(decoder, dict):
        return set()
    inner = decoder.get("decoders")
    listed = inner if isinstance(inner, list) else []
    found = {str(decoder.get("type"))}
    return found.union(*(_kinds(one) for one in listed)) - {"Sequence"}


def _byte_letters() -> dict[str, int]:
    """The letters that stand for bytes in byte-level vocabularies (Radford et al. 2019)."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in plain]
    table = {chr(byte): byte for byte in plain}
    return table | {chr(256 + index): byte for index, byte in enumerate(others)}


_BYTE_OF_LETTER = _byte_letters()


def _byte_level(word: str) -> bytes:
    if all(letter in _BYTE_OF_LETTER for letter in word):
        return bytes(_BYTE_OF_LETTER[letter] for letter in word)
    return word.encode()


def _byte_fallback(word: str) -> bytes:
    match = BYTE_TOKEN.fullmatch(word)
    return bytes([int(match[1], 16)]) if match else word.replace("▁", " ").encode()
