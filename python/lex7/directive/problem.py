"""What is wrong with a rule: a code, a place in its text, and one sentence."""

from __future__ import annotations

from lex7.base.errors import DirectiveError


class RuleError(DirectiveError):
    """A rule cannot be read or means nothing.

    Attributes:
        code: stable and public, for example `directive.unit`.
        offset: characters before the offending text, from the start of the rule.
        sentence: what was expected, what came, and what would be right.
        text: the offending text.
    """

    def __init__(self, code: str, offset: int, sentence: str, text: str = "") -> None:
        self.code = code
        self.offset = offset
        self.sentence = sentence
        self.text = text[:80]
        super().__init__(sentence)


def place_of(text: str, offset: int) -> tuple[int, int]:
    """Return line and column, both from 1, of an offset in a text."""
    before = text[:offset]
    line = before.count("\n") + 1
    return line, offset - (before.rfind("\n") + 1) + 1


class MomentsError(DirectiveError):
    """What a node answered cannot be judged.

    Attributes:
        argument: which of the moments.
        expected: what it must be.
        got: what came.
    """

    code = "directive.moments"

    def __init__(self, argument: str, expected: str, got: str) -> None:
        self.argument = argument
        self.expected = expected
        self.got = got
        super().__init__(f"expected {argument} to have {expected}, got {got}")
