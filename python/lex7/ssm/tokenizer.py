"""Text to tokens and back: bytes themselves, or a `tokenizer.json` of the tokenizers library.

What generation needs of a token is its bytes, because one letter may come in two tokens and a stop
sequence may begin in the middle of one. So a tokenizer here gives bytes, never text, for a token.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lex7.ssm.errors import ModelArgumentError

BYTE_COUNT = 256


class Tokenizer(Protocol):
    """What turns text into tokens and tokens into bytes."""

    def __hash__(self) -> int:
        """Grammars keep what they prepare for a tokenizer."""
        ...

    @property
    def token_count(self) -> int:
        """How many tokens there are."""
        ...

    @property
    def end_tokens(self) -> frozenset[int]:
        """Tokens that end a text."""
        ...

    @property
    def special_tokens(self) -> frozenset[int]:
        """Tokens that stand for no text."""
        ...

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text."""
        ...

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of a token; none for a special one.

        Raises:
            ModelArgumentError: there is no such token.
        """
        ...


@dataclass(frozen=True, slots=True)
class ByteTokenizer:
    """A token is a byte of UTF-8; ids from 256 on stand for no text, the first of them ends one."""

    token_count: int = BYTE_COUNT

    @property
    def end_tokens(self) -> frozenset[int]:
        """Token 256, where the model has it."""
        return frozenset({BYTE_COUNT} if self.token_count > BYTE_COUNT else ())

    @property
    def special_tokens(self) -> frozenset[int]:
        """Every token that is no byte."""
        return frozenset(range(BYTE_COUNT, self.token_count))

    def encode(self, text: str) -> list[int]:
        """Return the bytes of a text; what UTF-8 cannot spell is kept as the byte it came from."""
        return list(text.encode("utf-8", "surrogateescape"))

    def token_bytes(self, token: int) -> bytes:
        """Return a byte."""
        check_token(token, self.token_count)
        return bytes([token]) if token < BYTE_COUNT else b""


def check_token(token: int, count: int) -> None:
    """Refuse a token that does not exist.

    Raises:
        ModelArgumentError: there is no such token.
    """
    if not 0 <= token < count:
        raise ModelArgumentError("token", f"from 0 to {count - 1}", str(token))


def decode(tokenizer: Tokenizer, tokens: Sequence[int]) -> bytes:
    """Return the bytes of tokens."""
    return b"".join(tokenizer.token_bytes(token) for token in tokens)
