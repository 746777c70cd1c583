"""Tokens into syntax: the grammar of `lex7.directive.syntax`, by recursive descent.

`and` binds tighter than `or`. `always`, `eventually` and `if … then` reach as far right as they
can; where that could surprise (`always[…] a or always[…] b`) parentheses are demanded rather than
guessed. Recursion is bounded by RULE_DEPTH_MAX.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from lex7.base.limits import RULE_DEPTH_MAX
from lex7.directive.catalogue import nearest
from lex7.directive.cursor import Cursor
from lex7.directive.lexer import Token, TokenKind, exact, tokens
from lex7.directive.problem import RuleError
from lex7.directive.syntax import (
    Comparison,
    Either,
    Every,
    Expr,
    Form,
    Gathered,
    Magnitude,
    Name,
    Number,
    Product,
    Response,
    Temporal,
    Total,
)
from lex7.directive.window import read_offset, read_window, roughly_days

FUNCTIONS = ("mean", "sum", "min", "max", "baseline")
TEMPORAL = ("always", "eventually", "within")
RESERVED = (*FUNCTIONS, *TEMPORAL, "abs", "and", "or", "if", "then", "month", "not")
_COMPARISONS = ("<=", ">=", "<", ">")
_HINTS = {
    **dict.fromkeys(_COMPARISONS, "compare only once and join comparisons by `and`"),
    ",": "numbers have no thousands separator",
    ")": "there is one parenthesis too many",
}


def parse(text: str) -> Form:
    """Read a rule.

    Raises:
        RuleError: the text is not a rule; the error says where and what would be right.
    """
    reader = _Parser(Cursor(tokens(text)))
    form = reader.form()
    reader.expect_end()
    return form


class _Parser:
    """One method per line of the grammar."""

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._depth = 0
        self._in_tail = False

    def form(self) -> Form:
        with self._deeper():
            return self._joined("or", self._every, Either)

    def expect_end(self) -> None:
        token = self._cursor.peek()
        if token.kind is not TokenKind.END:
            hint = _HINTS.get(token.text, "")
            self._cursor.expected("the rule to end", hint=hint)

    def _every(self) -> Form:
        return self._joined("and", self._unary, Every)

    def _joined(
        self,
        word: str,
        part: Callable[[], Form],
        make: Callable[[tuple[Form, ...], int], Form],
    ) -> Form:
        at = self._cursor.peek().offset
        parts = [part()]
        while self._cursor.at_word(word):
            self._cursor.next()
            ahead = self._cursor.peek()
            if self._in_tail and ahead.text in TEMPORAL:
                sentence = (
                    f"it is not clear how far the first window reaches; put each "
                    f"`{ahead.text}[…] …` in its own parentheses"
                )
                raise RuleError("directive.ambiguous", ahead.offset, sentence, ahead.text)
            parts.append(part())
        return parts[0] if len(parts) == 1 else make(tuple(parts), at)

    def _unary(self) -> Form:
        cursor = self._cursor
        if cursor.peek().text in TEMPORAL:
            return self._temporal()
        if cursor.at_word("if"):
            return self._response()
        if cursor.at_word("not"):
            sentence = "there is no `not`; turn the comparison around instead"
            raise RuleError("directive.syntax", cursor.peek().offset, sentence, "not")
        if cursor.at_sign("(") and cursor.has_comparison_inside():
            cursor.next()
            with self._tail(inside=False):
                inner = self.form()
            cursor.take(")")
            return inner
        return self._comparison()

    def _temporal(self) -> Form:
        cursor = self._cursor
        word = cursor.next()
        cursor.take("[", hint=f"write the window after it, for example {word.text}[0d,28d]")
        start = read_offset(cursor)
        cursor.take(",")
        end_at = cursor.peek().offset
        end = read_offset(cursor)
        cursor.take("]")
        if roughly_days(end) < roughly_days(start):
            sentence = "the window ends before it starts; write the earlier bound first"
            raise RuleError("directive.window", end_at, sentence)
        with self._tail(inside=True):
            body = self.form()
        return Temporal(word.text == "always", start, end, body, word.offset)

    def _response(self) -> Form:
        word = self._cursor.next()
        condition = self._comparison()
        if not self._cursor.at_word("then"):
            self._cursor.expected("`then`", hint="the form is: if sleep < 5 h then …")
        self._cursor.next()
        with self._tail(inside=False):
            body = self.form()
        return Response(condition, body, word.offset)

    def _comparison(self) -> Comparison:
        left = self._expr()
        sign = self._cursor.peek()
        if sign.text not in _COMPARISONS:
            self._refuse_misspelt(left, sign)
            self._cursor.expected("a comparison (<=, >=, < or >)")
        self._cursor.next()
        right = self._expr()
        return Comparison(left, sign.text, right, sign.offset)

    def _expr(self) -> Expr:
        with self._deeper():
            at = self._cursor.peek().offset
            terms = [(1, self._term())]
            while self._cursor.at_sign("+") or self._cursor.at_sign("-"):
                signed = 1 if self._cursor.next().text == "+" else -1
                terms.append((signed, self._term()))
            return terms[0][1] if len(terms) == 1 else Total(tuple(terms), at)

    def _term(self) -> Expr:
        cursor = self._cursor
        token = cursor.peek()
        if cursor.at_sign("-"):
            cursor.next()
            with self._deeper():
                return Total(((-1, self._term()),), token.offset)
        if token.kind is TokenKind.NUMBER:
            term: Expr = self._number()
        elif cursor.at_sign("("):
            cursor.next()
            term = self._expr()
            cursor.take(")")
        elif token.kind is TokenKind.WORD:
            term = self._named()
        else:
            cursor.expected("a quantity or a number with its unit")
        self._refuse_operator()
        return term

    def _number(self) -> Expr:
        cursor = self._cursor
        token = cursor.next()
        ahead = cursor.peek()
        unit = None
        # `min` is both a function and the minute; no function can follow a number.
        if ahead.kind is TokenKind.WORD and (ahead.text == "min" or ahead.text not in RESERVED):
            unit = cursor.next().text
        number = Number(exact(token), unit, token.offset, ahead.offset)
        if not cursor.at_sign("*"):
            return number
        cursor.next()
        with self._deeper():
            return Product(number, self._term(), token.offset)

    def _named(self) -> Expr:
        cursor = self._cursor
        word = cursor.next()
        if word.text == "abs":
            cursor.take("(")
            body = self._expr()
            cursor.take(")")
            return Magnitude(body, word.offset)
        if word.text in FUNCTIONS:
            return self._gathered(word)
        if word.text in RESERVED:
            sentence = f"{word.text!r} cannot stand here; expected a quantity or a number"
            raise RuleError("directive.syntax", word.offset, sentence, word.text)
        return Name(word.text, word.offset)

    def _gathered(self, word: Token) -> Expr:
        cursor = self._cursor
        cursor.take("(", hint=f"the form is {word.text}(sleep, 7d)")
        body = self._expr()
        cursor.take(",", hint=f"{word.text} needs a window: {word.text}(…, 7d)")
        window = read_window(cursor)
        cursor.take(")")
        return Gathered(word.text, body, window, word.offset)

    def _refuse_operator(self) -> None:
        token = self._cursor.peek()
        if token.text == "/":
            sentence = "rules do not divide; multiply by a number or move the divisor across"
            raise RuleError("directive.division", token.offset, sentence, "/")
        if token.text == "*":
            sentence = "only a plain number may multiply, and it stands first: 0.5 * sleep"
            raise RuleError("directive.product", token.offset, sentence, "*")

    def _refuse_misspelt(self, left: Expr, sign: Token) -> None:
        """Offer the word that a name before a bracket was meant to be."""
        known = {"(": (*FUNCTIONS, "abs"), "[": TEMPORAL}.get(sign.text, ())
        if isinstance(left, Name) and known:
            sentence = f"unknown word {left.name!r}; {nearest(left.name, known)}"
            raise RuleError("directive.syntax", left.at, sentence, left.name)

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        self._depth += 1
        if self._depth > RULE_DEPTH_MAX:
            sentence = f"a rule nests at most {RULE_DEPTH_MAX} deep; split it into several rules"
            raise RuleError("directive.too_deep", self._cursor.peek().offset, sentence)
        yield
        self._depth -= 1

    @contextmanager
    def _tail(self, *, inside: bool) -> Iterator[None]:
        before = self._in_tail
        self._in_tail = inside
        yield
        self._in_tail = before
