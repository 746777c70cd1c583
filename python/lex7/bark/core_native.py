"""The compiled functions that BARK uses; `canon_reference` is the readable twin of the codec."""

from __future__ import annotations

from lex7._core import (
    aead_open,
    aead_seal,
    canon_decode,
    canon_encode,
    entry_genesis,
    key_is_signed,
    key_is_usable,
    key_public,
    key_sign,
    message_open,
    message_sign,
    run_chain,
    run_check,
    run_seal,
    sha256_many,
)

__all__ = [
    "aead_open",
    "aead_seal",
    "canon_decode",
    "canon_encode",
    "entry_genesis",
    "key_is_signed",
    "key_is_usable",
    "key_public",
    "key_sign",
    "message_open",
    "message_sign",
    "run_chain",
    "run_check",
    "run_seal",
    "sha256_many",
]
