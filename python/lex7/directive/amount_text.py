"""An amount with its unit as people write it: `-300 USD`, `0.5 h`, `7 mo`."""

from __future__ import annotations

from fractions import Fraction

from lex7.base.units import Unit
from lex7.directive.affine import unit_of
from lex7.directive.lexer import TokenKind, exact, tokens
from lex7.directive.problem import RuleError


def read_amount(text: str, unit: Unit) -> Fraction:
    """Return an amount exactly, in `unit`.

    Raises:
        RuleError: not an amount, or in another dimension.
    """
    found = [token for token in tokens(text) if token.kind is not TokenKind.END]
    sign = -1 if found and found[0].text == "-" else 1
    if found and found[0].text in ("-", "+"):
        found = found[1:]
    if [token.kind for token in found] != [TokenKind.NUMBER, TokenKind.WORD]:
        sentence = f"write an amount such as '100 {unit.name}', got {text.strip()[:40]!r}"
        raise RuleError("directive.value", 0, sentence, text)
    given = unit_of(found[1].text, found[1].offset)
    if given.dimension != unit.dimension:
        sentence = f"expected an amount in {unit.name}, got one in {given.name}"
        raise RuleError("directive.unit", found[1].offset, sentence, text)
    return sign * exact(found[0]) * given.factor / unit.factor
