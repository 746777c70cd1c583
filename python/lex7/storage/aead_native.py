"""The compiled cipher that storage uses: ChaCha20-Poly1305, with the interpreter released."""

from __future__ import annotations

from lex7._core import aead_open, aead_seal

__all__ = ["aead_open", "aead_seal"]
