"""Rule text into tokens: words, exact numbers and signs, each with its offset.

A name may hold dots, and after a dot also hyphens, so that `cash.checking-4711` is one name; a
minus between names therefore needs spaces. Numbers are decimals with a point; there is no
exponent, no thousands separator and no sign (a sign is an operator).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from lex7.base.limits import RULE_CHARACTERS_MAX
from lex7.directive.problem import RuleError


class TokenKind(StrEnum):
    """What a token is."""

    WORD = "word"
    NUMBER = "number"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """One token: its kind, its text and the characters before it."""

    kind: TokenKind
    text: str
    offset: int

    @property
    def shown(self) -> str:
        """Return how a message names the token."""
        return "the end of the rule" if self.kind is TokenKind.END else repr(self.text)


_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+))"
    r"|(?P<word>%|[^\W\d]\w*(?:\.\w+(?:-\w+)*)*)"
    r"|(?P<sign><=|>=|[<>+\-*/(),\[\]=≤≥!])"
)
_DIGITS_MAX = 18
_INSTEAD = {"≤": "<=", "≥": ">=", "=": "<= or >=", "!": "<= or >="}


def tokens(text: str) -> tuple[Token, ...]:
    """Split a rule into tokens, the last one being END.

    Raises:
        RuleError: the rule is too long or holds a character no rule uses.
    """
    if len(text) > RULE_CHARACTERS_MAX:
        sentence = f"a rule has at most {RULE_CHARACTERS_MAX} characters, this one {len(text)}"
        raise RuleError("directive.too_long", 0, sentence)
    found: list[Token] = []
    offset = 0
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None:
            sentence = f"no rule uses the character {text[offset]!r}"
            raise RuleError("directive.character", offset, sentence, text[offset])
        if match.lastgroup != "space":
            found.append(_token(match, offset))
        offset = match.end()
    found.append(Token(TokenKind.END, "", len(text)))
    return tuple(found)


def exact(token: Token) -> Fraction:
    """Return the exact value of a number token."""
    return Fraction(token.text if token.text[0] != "." else f"0{token.text}")


def _token(match: re.Match[str], offset: int) -> Token:
    text = match.group()
    kind = TokenKind(match.lastgroup or "sign")
    if kind is TokenKind.SIGN and text in _INSTEAD:
        sentence = f"write {_INSTEAD[text]} instead of {text!r}"
        raise RuleError("directive.comparison", offset, sentence, text)
    if kind is TokenKind.NUMBER and len(text) > _DIGITS_MAX:
        sentence = f"a number has at most {_DIGITS_MAX} digits"
        raise RuleError("directive.number", offset, sentence, text)
    return Token(kind, text, offset)
