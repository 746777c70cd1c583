"""A cursor over the tokens of one rule, and the sentence when the wrong one stands there."""

from __future__ import annotations

from typing import NoReturn

from lex7.directive.lexer import Token, TokenKind
from lex7.directive.problem import RuleError

_FORM_MARKS = ("<=", ">=", "<", ">", "and", "or", "if", "always", "eventually", "within")


class Cursor:
    """A position in a tuple of tokens; it never moves past END."""

    def __init__(self, found: tuple[Token, ...]) -> None:
        self._tokens = found
        self._index = 0

    def peek(self) -> Token:
        """Return the token at the cursor."""
        return self._tokens[self._index]

    def next(self) -> Token:
        """Return the token at the cursor and move on."""
        token = self._tokens[self._index]
        if token.kind is not TokenKind.END:
            self._index += 1
        return token

    def at_sign(self, text: str) -> bool:
        """Answer whether that sign stands at the cursor."""
        token = self.peek()
        return token.kind is TokenKind.SIGN and token.text == text

    def at_word(self, text: str) -> bool:
        """Answer whether that word stands at the cursor."""
        token = self.peek()
        return token.kind is TokenKind.WORD and token.text == text

    def take(self, text: str, *, hint: str = "") -> Token:
        """Move past a sign that must stand here.

        Raises:
            RuleError: something else stands here.
        """
        if not self.at_sign(text):
            self.expected(repr(text), hint=hint)
        return self.next()

    def expected(self, what: str, *, hint: str = "") -> NoReturn:
        """Refuse the token at the cursor.

        Raises:
            RuleError: always.
        """
        token = self.peek()
        sentence = f"expected {what}, got {token.shown}"
        raise RuleError(
            "directive.syntax",
            token.offset,
            f"{sentence}; {hint}" if hint else sentence,
            token.text,
        )

    def has_comparison_inside(self) -> bool:
        """Answer whether the parenthesis at the cursor encloses a form, not a sum."""
        depth = 0
        for token in self._tokens[self._index :]:
            if token.text in ("(", "["):
                depth += 1
            elif token.text in (")", "]"):
                depth -= 1
                if depth == 0:
                    return False
            elif token.text in _FORM_MARKS:
                return True
        return False
