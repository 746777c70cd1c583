"""Categories: which rule says what a transaction was for, and what role it plays.

Rules are tried in order and the first that fits decides; the owner's own stand before the starter
rules of `lex7.nodes.wealth.starter`. A rule looks at folded text (lower case, no accents) or at the
bank's codes, never at anything outside the transaction. A category is the last part of a quantity:
`restaurants` is summed as `spend.restaurants`.

Roles: SPEND and INCOME change what the owner has; TRANSFER and CARD_PAYMENT move money between the
owner's own accounts and are neither; REFUND is money that comes back and lowers the spending of its
category.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from lex7.base.errors import DirectiveError
from lex7.base.limits import TEXT_CHARACTERS_MAX
from lex7.base.record import Transaction
from lex7.ingest.payee import fold_text, payee_tokens

CATEGORY_OTHER = "other"
"""The category of spending and income that no rule names."""

CATEGORY_TRANSFER = "transfer"
"""The category of movements between the owner's own accounts."""

RULE_NONE = "none"
"""The rule id where no rule fitted."""

_CATEGORY = re.compile(r"[a-z][a-z0-9-]{0,39}\Z")
_CODES = re.compile(r"[0-9]{4}(?:-[0-9]{4})?\Z")
_CODE = re.compile(r"\b(?:MCC|SIC)[ :]*(\d{4})\b")


class Role(StrEnum):
    """What a transaction is in the owner's books."""

    SPEND = "spend"
    INCOME = "income"
    TRANSFER = "transfer"
    CARD_PAYMENT = "card_payment"
    REFUND = "refund"


class Looks(StrEnum):
    """What a rule looks at."""

    WORDS = "words"  # every word of the pattern is a word of the payee or memo
    TEXT = "text"  # the pattern stands somewhere in payee or memo
    GLOB = "glob"  # the whole payee, `*` for any run and `?` for any one sign
    KIND = "kind"  # the bank's type code
    MCC = "mcc"  # the merchant category code in the memo, `5411` or `5800-5899`


class Flow(StrEnum):
    """Which way money must move for a rule to fit."""

    ANY = "any"
    OUT = "out"
    IN = "in"


class CategoryRuleError(DirectiveError):
    """A category rule cannot mean anything."""

    code = "category.rule"

    def __init__(self, rule: str, reason: str) -> None:
        self.rule = rule
        self.reason = reason
        super().__init__(f"category rule {rule!r} is refused: {reason}")


@dataclass(frozen=True, slots=True)
class CategoryRule:
    """One line of the list: what must be seen, and which category follows.

    Attributes:
        id: unique in the list, shown with every decision: `own-3`, `starter-groceries`.
        category: lower-case letters, digits and hyphens.
        looks: what the pattern is compared with.
        patterns: any one of them suffices; folded like the text they meet.
        flow: which way the money must move.
        account: only this account; empty for every account.
    """

    id: str
    category: str
    looks: Looks
    patterns: tuple[str, ...]
    flow: Flow = Flow.ANY
    account: str = ""


@dataclass(frozen=True, slots=True)
class Classified:
    """A transaction with what it was for.

    Attributes:
        transaction: as the bank wrote it.
        role: what it is in the owner's books.
        category: where it is counted; `transfer` for the two roles that are not counted.
        rule: the id of the rule that decided; `none` where no rule fitted.
        partner: index of the other half of a transfer in the same answer, or None.
    """

    transaction: Transaction
    role: Role
    category: str
    rule: str
    partner: int | None = None


def check_rule(rule: CategoryRule) -> CategoryRule:
    """Return the rule if it can mean something.

    Raises:
        CategoryRuleError: the category is not a name, or a pattern is empty or too long.
    """
    if not _CATEGORY.match(rule.category):
        reason = "a category is a lower-case letter, then up to 39 letters, digits or hyphens"
        raise CategoryRuleError(rule.id, f"{reason}; got {rule.category[:40]!r}")
    if not rule.id or not rule.patterns:
        raise CategoryRuleError(rule.id, "it needs an id and at least one pattern")
    for pattern in rule.patterns:
        if not pattern.strip() or len(pattern) > TEXT_CHARACTERS_MAX:
            raise CategoryRuleError(rule.id, "a pattern is empty or too long")
        if rule.looks in (Looks.WORDS, Looks.TEXT) and not fold_text(pattern):
            raise CategoryRuleError(rule.id, f"the pattern {pattern!r} holds no letter or digit")
        if rule.looks is Looks.MCC and not _CODES.match(pattern):
            raise CategoryRuleError(rule.id, "a merchant code is `5411`, a range `5811-5814`")
    return rule


def categorise(transaction: Transaction, rules: Iterable[CategoryRule]) -> tuple[str, str]:
    """Return the category of a transaction and the id of the rule that said so.

    Without a rule that fits: `other` and `none`.
    """
    rule = find_rule(transaction, compile_rules(rules))
    return (rule.category, rule.id) if rule else (CATEGORY_OTHER, RULE_NONE)


@dataclass(frozen=True, slots=True)
class FoldedRule:
    """A rule with its patterns folded once.

    Attributes:
        rule: as it was written.
        words: for WORDS: the words of each pattern.
        texts: for the other looks: the patterns, folded the way their text is.
    """

    rule: CategoryRule
    words: tuple[frozenset[str], ...]
    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """A list of rules, ready for many transactions.

    Attributes:
        rules: in order.
        always: places of the rules that must be tried on every transaction.
        coded: places of the rules for transactions with a merchant code.
        by_word: first word of a pattern → places of the WORDS rules that have it; a text without
            that word cannot fit them.
    """

    rules: tuple[FoldedRule, ...]
    always: tuple[int, ...]
    coded: tuple[int, ...]
    by_word: Mapping[str, tuple[int, ...]]


def compile_rules(rules: Iterable[CategoryRule]) -> RuleIndex:
    """Fold the patterns of a list of rules once, for use on many transactions."""
    compiled = tuple(_compile(rule) for rule in rules)
    kinds = [one.rule.looks for one in compiled]
    always = tuple(n for n, looks in enumerate(kinds) if looks not in (Looks.WORDS, Looks.MCC))
    coded = tuple(n for n, looks in enumerate(kinds) if looks is Looks.MCC)
    by_word: dict[str, tuple[int, ...]] = {}
    for place, one in enumerate(compiled):
        if one.rule.looks is Looks.WORDS:
            firsts = {fold_text(pattern).split()[0] for pattern in one.rule.patterns}
            for first in sorted(firsts):
                by_word[first] = (*by_word.get(first, ()), place)
    return RuleIndex(compiled, always, coded, by_word)


def find_rule(transaction: Transaction, index: RuleIndex) -> CategoryRule | None:
    """Return the first rule that fits a transaction, or None."""
    words = words_of(transaction)
    places = set(index.always)
    if merchant_code(transaction) is not None:
        places.update(index.coded)
    for word in words:
        places.update(index.by_word.get(word, ()))
    for place in sorted(places):
        compiled = index.rules[place]
        rule = compiled.rule
        if rule.flow is Flow.OUT and transaction.amount_minor >= 0:
            continue
        if rule.flow is Flow.IN and transaction.amount_minor <= 0:
            continue
        if rule.account and rule.account != transaction.account:
            continue
        if _sees(compiled, transaction, words):
            return rule
    return None


def words_of(transaction: Transaction) -> frozenset[str]:
    """Return the folded words of payee and memo."""
    return _split(transaction.payee) | _split(transaction.memo)


@lru_cache(maxsize=65_536)
def _split(text: str) -> frozenset[str]:
    return frozenset(fold_text(text).split())


def merchant_code(transaction: Transaction) -> int | None:
    """Return the merchant category code that the bank wrote into the memo, or None."""
    found = _CODE.search(transaction.memo)
    return int(found[1]) if found else None


def _compile(rule: CategoryRule) -> FoldedRule:
    check_rule(rule)
    if rule.looks is Looks.WORDS:
        return FoldedRule(rule, tuple(_split(pattern) for pattern in rule.patterns), ())
    fold = fold_text if rule.looks is Looks.TEXT else str.lower
    return FoldedRule(rule, (), tuple(fold(pattern) for pattern in rule.patterns))


def _sees(compiled: FoldedRule, transaction: Transaction, words: frozenset[str]) -> bool:
    looks = compiled.rule.looks
    if looks is Looks.WORDS:
        return any(wanted <= words for wanted in compiled.words)
    if looks is Looks.TEXT:
        text = f"{fold_text(transaction.payee)} {fold_text(transaction.memo)}"
        return any(pattern in text for pattern in compiled.texts)
    if looks is Looks.KIND:
        return transaction.kind in compiled.texts
    if looks is Looks.GLOB:
        payee = transaction.payee.lower()
        return any(has_glob(pattern, payee) for pattern in compiled.texts)
    code = merchant_code(transaction)
    return code is not None and any(_covers(pattern, code) for pattern in compiled.texts)


def _covers(pattern: str, code: int) -> bool:
    first, _, last = pattern.partition("-")
    return int(first) <= code <= int(last or first)


def has_glob(pattern: str, text: str) -> bool:
    """Answer whether the whole text has the shape of a glob.

    Two pointers and one place to come back to, so that no pattern is slow on any text: at most
    len(pattern) × len(text) steps.
    """
    at, star, resume = 0, -1, 0
    index = 0
    while index < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, resume = at, index
            at += 1
        elif at < len(pattern) and pattern[at] in ("?", text[index]):
            at += 1
            index += 1
        elif star >= 0:
            at, resume = star + 1, resume + 1
            index = resume
        else:
            return False
    return not pattern[at:].strip("*")


def suggest_rule(transaction: Transaction, category: str, *, number: int) -> CategoryRule:
    """Return the rule that the owner most likely means for a transaction: its payee's words."""
    words = payee_tokens(transaction.payee or transaction.memo)[:3]
    return check_rule(CategoryRule(f"own-{number}", category, Looks.WORDS, (" ".join(words),)))
