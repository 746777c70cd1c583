"""JSON objects of checkpoints: bounded, without a key given twice."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

from lex7.base.limits import CHECKPOINT_JSON_BYTES_MAX
from lex7.ssm.errors import CheckpointError


def read_object(path: Path) -> dict[str, Any]:
    """Read a file with one JSON object.

    Raises:
        CheckpointError: it is missing, too large, or not a JSON object.
    """
    try:
        with path.open("rb") as file:
            text = file.read(CHECKPOINT_JSON_BYTES_MAX + 1)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise CheckpointError(str(path), "file", "readable", reason) from error
    if len(text) > CHECKPOINT_JSON_BYTES_MAX:
        wanted = f"at most {CHECKPOINT_JSON_BYTES_MAX:,} bytes"
        raise CheckpointError(str(path), "file", wanted, "more")
    return parse_object(text, path, "file")


def parse_object(text: bytes, path: Path, field: str) -> dict[str, Any]:
    """Parse one JSON object.

    Raises:
        CheckpointError: it is not one, or it gives a key twice.
    """
    try:
        value = json.loads(text.decode(), object_pairs_hook=_unique)
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise CheckpointError(str(path), field, "a JSON object", str(error)[:120]) from error
    if not isinstance(value, dict):
        raise CheckpointError(str(path), field, "a JSON object", type(value).__name__)
    return cast("dict[str, Any]", value)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a key is given twice")
    return value
