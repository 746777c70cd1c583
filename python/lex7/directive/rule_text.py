"""One spelling for a rule: the same words and signs, with canonical spaces and numbers.

Nothing is reordered and no parenthesis is added or taken away, so what a rule means cannot change:
the tokens before and after are equal, but for leading and trailing zeros of numbers. Windows are
written together (`7d`, `[0mo,12mo]`), amounts apart (`7 h`).
"""

from __future__ import annotations

from lex7.directive.lexer import Token, TokenKind, tokens
from lex7.directive.parser import FUNCTIONS, RESERVED

_CALLS = (*FUNCTIONS, "abs")
_BREAKS = ("and", "or", "then")
_OPENING = ("(", "[", ",", "<=", ">=", "<", ">", "+", "-", "*", "/")


def respell(text: str) -> str:
    """Spell a rule or an amount canonically, on one line.

    Raises:
        RuleError: the text holds a character no rule uses.
    """
    return "".join(piece for _, piece in _pieces(text)).strip()


def respell_lines(text: str, columns: int) -> tuple[str, ...]:
    """Spell a rule in lines of at most about so many columns, broken before `and`, `or`, `then`.

    Raises:
        RuleError: the text holds a character no rule uses.
    """
    whole = respell(text)
    if len(whole) <= columns:
        return (whole,)
    lines = [""]
    for token, piece in _pieces(text):
        if token.text in _BREAKS and token.kind is TokenKind.WORD:
            lines.append("    ")
            piece = piece.lstrip()
        lines[-1] += piece
    return tuple(line.rstrip() for line in lines)


def plain_number(text: str) -> str:
    """Spell a decimal without leading or trailing zeros: `07.50` is `7.5`."""
    whole, point, part = text.partition(".")
    part = part.rstrip("0") if point else ""
    return f"{whole.lstrip('0') or '0'}{'.' if part else ''}{part}"


def _pieces(text: str) -> list[tuple[Token, str]]:
    """Return every token with what stands for it, its leading space included."""
    found: list[tuple[Token, str]] = []
    brackets: list[str] = []
    before: Token | None = None
    is_sign = False
    for token in tokens(text):
        if token.kind is TokenKind.END:
            break
        spelled = plain_number(token.text) if token.kind is TokenKind.NUMBER else token.text
        if before is not None and not is_sign and _has_space(before, token, brackets):
            spelled = f" {spelled}"
        found.append((token, spelled))
        is_sign = token.text in ("-", "+") and _opens(before)
        _follow(token, before, brackets)
        before = token
    return found


def _has_space(before: Token, token: Token, brackets: list[str]) -> bool:
    inner = brackets[-1] if brackets else ""
    if before.text in ("(", "[") or token.text in (")", "]", ",", "["):
        return False
    if token.text == "(":
        return before.text not in _CALLS
    if before.text == ",":
        return inner != "["
    if before.kind is TokenKind.NUMBER and token.kind is TokenKind.WORD:
        return inner not in ("[", "window")
    return True


def _follow(token: Token, before: Token | None, brackets: list[str]) -> None:
    if token.text == "[":
        brackets.append("[")
    elif token.text == "(":
        is_call = before is not None and before.text in _CALLS
        brackets.append("call" if is_call else "(")
    elif token.text in (")", "]") and brackets:
        brackets.pop()
    elif token.text == "," and brackets and brackets[-1] == "call":
        brackets[-1] = "window"


def _opens(before: Token | None) -> bool:
    """Answer whether a minus after this token is a sign and not a subtraction."""
    if before is None or before.text in _OPENING:
        return True
    return before.kind is TokenKind.WORD and before.text in RESERVED and before.text != "min"
