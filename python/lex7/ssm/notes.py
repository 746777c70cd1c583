"""The notes in a model file: how its tokens are read. They are part of the weights' hash.

One JSON object with sorted keys and no spaces, so that the same model converted twice has the same
hash: `{"format":"lex7-notes/1","tokenizer":"bytes"}`, or the content of a tokenizer.json in the
place of "bytes", or null.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lex7.ssm.errors import CheckpointError, ModelFileError
from lex7.ssm.file_tokenizer import FileTokenizer, read_about
from lex7.ssm.json_file import parse_object
from lex7.ssm.tokenizer import BYTE_COUNT, ByteTokenizer, Tokenizer

FORMAT = "lex7-notes/1"
TOKENIZER_FILE = "tokenizer.json"
BYTES = "bytes"
BYTE_MODEL_COUNT_MAX = 272
"""A vocabulary of 256 to 272 tokens is one of bytes and a few special ones."""


def notes_for(token_count: int, tokenizer: Path | None) -> bytes:
    """Return the notes of a model with so many tokens and perhaps a tokenizer.json.

    Raises:
        TokenizerError: the file is no tokenizer.
    """
    about: dict[str, Any] | str | None = None
    if tokenizer is not None:
        about = read_about(tokenizer)
    elif BYTE_COUNT <= token_count <= BYTE_MODEL_COUNT_MAX:
        about = BYTES
    notes = {"format": FORMAT, "tokenizer": about}
    return json.dumps(notes, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def read_tokenizer(notes: bytes, file: str, token_count: int) -> Tokenizer | None:
    """Return the tokenizer that notes hold; none where they hold none.

    Raises:
        ModelFileError: they are not what they must be.
        TokenizerError: the tokenizer in them is damaged.
        MissingExtraError: the tokenizers library is not installed.
    """
    if not notes:
        return None
    try:
        value = parse_object(notes, Path(file), "notes")
    except CheckpointError as refusal:
        raise ModelFileError(file, refusal.field, refusal.expected, refusal.got) from refusal
    if value.get("format") != FORMAT:
        got = repr(value.get("format"))[:40]
        raise ModelFileError(file, "notes.format", FORMAT, got)
    about = value.get("tokenizer")
    if about is None:
        return None
    if about == BYTES:
        return ByteTokenizer(token_count)
    if not isinstance(about, dict):
        wanted = 'an object, "bytes" or null'
        raise ModelFileError(file, "notes.tokenizer", wanted, type(about).__name__)
    return FileTokenizer(about, file)
