"""The bytes that the owner signs: the canonical form of a directives file.

The signature covers what a file says, not how it is spelled: comments, order of keys and spaces
may change freely. The form is JSON with sorted keys, no spaces, UTF-8, exact decimals without
trailing zeros, and dates as YYYY-MM-DD; the order of directives is kept, because it decides ties.
These bytes may never change for a given file within format lex7-directives/1. Keys and signatures
themselves live elsewhere (`lex7.bark`).
"""

from __future__ import annotations

import hashlib
import json
from datetime import date
from decimal import Decimal

from lex7.base.errors import Finding
from lex7.directive.document import DirectiveFile
from lex7.directive.read import FILE_NAME, DirectivesFileError, parse_toml

DIGITS_MAX = 30


def canonical_form(text: str) -> bytes:
    """Return the bytes to sign for a directives file.

    Raises:
        DirectivesFileError: not TOML, or a value that has no exact form.
    """
    values, _ = parse_toml(text)
    return _spell(values).encode()


def digest(text: str) -> str:
    """Return the SHA-256 of the canonical form, hexadecimal: what `supersedes` names."""
    return hashlib.sha256(canonical_form(text)).hexdigest()


def succession(new: DirectiveFile, old: DirectiveFile | None, old_digest: str) -> list[Finding]:
    """Check that a file follows the one signed last.

    Args:
        new: the file to be signed.
        old: the file signed last, or None before the first.
        old_digest: the digest of that file, empty before the first.

    Returns:
        One finding per thing that does not follow; none means that it may be signed.
    """
    found: list[Finding] = []
    if old is None:
        if new.supersedes:
            sentence = "the first file supersedes nothing; leave supersedes out"
            found.append(Finding("directive.supersedes", FILE_NAME, sentence))
        return found
    if new.version <= old.version:
        sentence = (
            f"version {new.version} does not follow version {old.version}, which was signed "
            f"last; write version = {old.version + 1}"
        )
        found.append(Finding("directive.version", FILE_NAME, sentence))
    if new.supersedes and new.supersedes != old_digest:
        sentence = f"supersedes names another file than version {old.version}, signed last"
        found.append(Finding("directive.supersedes", FILE_NAME, sentence, new.supersedes))
    return found


def _spell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inner = (f"{_text(str(key))}:{_spell(value[key])}" for key in sorted(value))
        return "{" + ",".join(inner) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_spell(item) for item in value) + "]"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int):
        return _decimal(Decimal(value))
    if isinstance(value, Decimal):
        return _decimal(value)
    if isinstance(value, date) and not hasattr(value, "hour"):
        return _text(value.isoformat())
    sentence = f"times of day have no place in a directives file, got {str(value)[:40]!r}"
    raise DirectivesFileError("directive.value", FILE_NAME, sentence)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _decimal(value: Decimal) -> str:
    if not value.is_finite() or len(value.as_tuple().digits) > DIGITS_MAX:
        sentence = f"expected a finite number of at most {DIGITS_MAX} digits"
        raise DirectivesFileError("directive.value", FILE_NAME, sentence)
    if abs(value.adjusted()) > DIGITS_MAX:
        sentence = f"expected a number below 1e{DIGITS_MAX}, got {value:e}"
        raise DirectivesFileError("directive.value", FILE_NAME, sentence)
    plain = f"{value:f}"
    if "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return "0" if plain in ("-0", "") else plain
