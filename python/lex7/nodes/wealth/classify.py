"""Every transaction in its role: spending, income, transfer, card payment or refund.

`classify` is a pure function of the transactions and the rules; the order in which transactions are
given decides nothing but the order of the answer. The steps, first that decides wins:

1. movements inside an investment account (buying and selling is not spending);
2. a rule of the owner with category `transfer`;
3. the two halves of a transfer or card payment (`lex7.nodes.wealth.transfer`);
4. a single half, by its payee's words, unless a category rule says otherwise;
5. the category rules; what comes in and no income rule knows may be a refund.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace

from lex7.base.record import Transaction
from lex7.ingest.payee import payee_key
from lex7.nodes.wealth.category import (
    CATEGORY_OTHER,
    CATEGORY_TRANSFER,
    RULE_NONE,
    CategoryRule,
    Classified,
    Role,
    RuleIndex,
    compile_rules,
    find_rule,
)
from lex7.nodes.wealth.starter import STARTER_RULES
from lex7.nodes.wealth.transfer import (
    Half,
    find_pairs,
    has_card_payment_words,
    has_refund_words,
    has_transfer_words,
    is_card,
    transfer_evidence,
)

REFUND_DAYS = 120
"""Money from a payee that was paid at most this long ago, and at least as much, comes back."""

CATEGORY_CARD = "card"
"""Payments to a card whose own statement was never imported."""

STARTER_IDS = frozenset(rule.id for rule in STARTER_RULES)

_INVESTED = ("buy", "sell", "retofcap", "reinvest")
_INVESTMENT_COST = ("invexpense", "margininterest")


@dataclass(frozen=True, slots=True)
class _Known:
    """What the rules say of one transaction: as it is, and as if it were paid out."""

    rule: CategoryRule | None
    paid: CategoryRule | None


def classify(
    transactions: tuple[Transaction, ...], rules: Iterable[CategoryRule]
) -> tuple[Classified, ...]:
    """Give every transaction its role and category, in the order given."""
    compiled = compile_rules(rules)
    known = _known(transactions, compiled)
    fixed: dict[int, Classified] = {}
    for index, transaction in enumerate(transactions):
        decided = _investment(transaction) or _by_owner(transaction, known[index])
        if decided is not None:
            fixed[index] = decided
    fixed |= _pairs(transactions, known, fixed)
    has_card = any(is_card(transaction.account) for transaction in transactions)
    spent = _spending_by_payee(transactions, fixed)
    answer = []
    for index, transaction in enumerate(transactions):
        single = fixed.get(index) or _single(transaction, known[index], has_card=has_card)
        answer.append(single or _counted(transaction, known[index], spent))
    return tuple(answer)


def _known(transactions: tuple[Transaction, ...], compiled: RuleIndex) -> list[_Known]:
    """Look each distinct wording up once: people pay the same payees again and again."""
    cache: dict[tuple[str, str, str, str, int], _Known] = {}
    answer = []
    for what in transactions:
        sign = (what.amount_minor > 0) - (what.amount_minor < 0)
        key = (what.account, what.payee, what.memo, what.kind, sign)
        known = cache.get(key)
        if known is None:
            rule = find_rule(what, compiled)
            paid = find_rule(replace(what, amount_minor=-1), compiled) if sign > 0 else rule
            known = cache[key] = _Known(rule, paid)
        answer.append(known)
    return answer


def _investment(transaction: Transaction) -> Classified | None:
    kind = transaction.kind
    if kind.startswith(_INVESTED):
        return _moved(transaction, Role.TRANSFER, "investment")
    if kind in _INVESTMENT_COST:
        return Classified(transaction, Role.SPEND, "fees", "investment")
    return None


def _by_owner(transaction: Transaction, known: _Known) -> Classified | None:
    if known.rule is not None and known.rule.category == CATEGORY_TRANSFER:
        return _moved(transaction, Role.TRANSFER, known.rule.id)
    return None


def _pairs(
    transactions: tuple[Transaction, ...], known: list[_Known], fixed: dict[int, Classified]
) -> dict[int, Classified]:
    halves = []
    for index, transaction in enumerate(transactions):
        if index not in fixed:
            rule = known[index].rule
            is_owners = rule is not None and rule.id not in STARTER_IDS
            evidence = transfer_evidence(
                transaction, is_known=rule is not None, is_owners=is_owners
            )
            halves.append(Half(index, transaction, evidence))
    found: dict[int, Classified] = {}
    for out, into in find_pairs(tuple(halves)):
        to_card = is_card(transactions[into].account) and not is_card(transactions[out].account)
        role = Role.CARD_PAYMENT if to_card else Role.TRANSFER
        rule_id = f"{role.value.replace('_', '-')}.pair"
        found[out] = replace(_moved(transactions[out], role, rule_id), partner=into)
        found[into] = replace(_moved(transactions[into], role, rule_id), partner=out)
    return found


def _single(transaction: Transaction, known: _Known, *, has_card: bool) -> Classified | None:
    if known.rule is not None and known.rule.id not in STARTER_IDS:
        return None
    if has_card_payment_words(transaction) and not has_refund_words(transaction):
        if has_card:
            return _moved(transaction, Role.CARD_PAYMENT, "card-payment.words")
        if transaction.amount_minor < 0:
            return Classified(transaction, Role.SPEND, CATEGORY_CARD, "card-payment.unseen")
    if known.rule is None and has_transfer_words(transaction):
        return _moved(transaction, Role.TRANSFER, "transfer.words")
    return None


def _counted(
    transaction: Transaction, known: _Known, spent: dict[tuple[str, str], list[tuple[int, int]]]
) -> Classified:
    rule = known.rule
    if transaction.amount_minor <= 0:
        if rule is None:
            return Classified(transaction, Role.SPEND, CATEGORY_OTHER, RULE_NONE)
        return Classified(transaction, Role.SPEND, rule.category, rule.id)
    if rule is not None and (known.paid is None or known.paid.id != rule.id):
        return Classified(transaction, Role.INCOME, rule.category, rule.id)
    if (
        is_card(transaction.account)
        or has_refund_words(transaction)
        or _was_paid(transaction, spent)
    ):
        paid = known.paid
        if paid is None:
            return Classified(transaction, Role.REFUND, CATEGORY_OTHER, RULE_NONE)
        return Classified(transaction, Role.REFUND, paid.category, paid.id)
    if rule is not None:
        return Classified(transaction, Role.INCOME, rule.category, rule.id)
    return Classified(transaction, Role.INCOME, CATEGORY_OTHER, RULE_NONE)


def _spending_by_payee(
    transactions: tuple[Transaction, ...], fixed: dict[int, Classified]
) -> dict[tuple[str, str], list[tuple[int, int]]]:
    """Return (day, amount) of what was paid to each payee, by account, in order of days."""
    spent: dict[tuple[str, str], list[tuple[int, int]]] = {}
    for index, what in enumerate(transactions):
        if what.amount_minor < 0 and what.payee and index not in fixed:
            key = (what.account, payee_key(what.payee))
            spent.setdefault(key, []).append((what.day, -what.amount_minor))
    for payments in spent.values():
        payments.sort()
    return spent


def _was_paid(
    transaction: Transaction, spent: dict[tuple[str, str], list[tuple[int, int]]]
) -> bool:
    payments = spent.get((transaction.account, payee_key(transaction.payee)), [])
    first = bisect_left(payments, (transaction.day - REFUND_DAYS, 0))
    last = bisect_right(payments, (transaction.day, 1 << 62))
    return any(amount >= transaction.amount_minor for _, amount in payments[first:last])


def _moved(transaction: Transaction, role: Role, rule: str) -> Classified:
    return Classified(transaction, role, CATEGORY_TRANSFER, rule)
