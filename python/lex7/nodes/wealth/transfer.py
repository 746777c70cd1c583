"""Movements between the owner's own accounts, card payments and refunds.

Two opposite amounts of one currency on two of the owner's accounts, at most `TRANSFER_DAYS` apart,
are one movement if nothing speaks against it: a half that a rule knows as shopping or salary needs
transfer words on the other half. Among all possible pairs as many as possible are taken, then the
nearest in time (`lex7.ingest.pairing`). Where only one account was imported, the words of the payee
decide alone. What moves between own accounts is neither spending nor income.

A card payment without any card account imported is spending of category `card`: it is then the only
trace of what the card bought.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import lru_cache

from lex7.base.limits import PAIRING_PRODUCT_MAX
from lex7.base.record import Transaction
from lex7.ingest.pairing import Edge, pair_up
from lex7.ingest.payee import fold_text
from lex7.nodes.wealth.category import words_of

TRANSFER_DAYS = 5
"""The two halves of a transfer are booked at most this far apart."""

UNMARKED_DAYS = 3
"""Without any word that speaks of a transfer, the halves must be this near."""

_WORDED, _PLAIN, _KNOWN = 2, 0, -2

_CARD_NAMES = frozenset(
    "card creditcard amex visa mastercard kreditkarte barclaycard discover".split()
)

_TRANSFER_WEAK = frozenset(
    "transfer xfer umbuchung ubertrag uebertrag transferred savings sparen".split()
)

_TRANSFER_WORDS = tuple(
    frozenset(words.split())
    for words in (
        "transfer savings", "transfer checking", "transfer own", "transfer internal",
        "transfer account", "transfer brokerage", "transfer sav", "transfer chk",
        "transfer share", "transfer money market", "xfer savings", "xfer checking", "own account",
        "umbuchung", "eigenubertrag", "ubertrag", "uebertrag", "sparkonto", "tagesgeld",
        "sparplan", "savings pot",
        "pot transfer", "to savings", "from savings", "savings deposit", "transferred from",
        "transferred to",
    )
)  # fmt: skip

_CARD_PAYMENT_WORDS = tuple(
    frozenset(words.split())
    for words in (
        "credit card payment", "creditcard payment", "card autopay", "crd autopay", "cc payment",
        "credit crd", "creditcard", "card epay", "crcardpmt", "cardmember serv", "epayment amex",
        "amex payment", "visa card payment", "visa kartenabrechnung", "american express payment",
        "mastercard payment", "visa bill payment", "kreditkartenabrechnung", "kreditkarte",
        "kreditkartenzahlung", "credit card bill", "card balance payment", "payment thank you",
        "card online payment", "credit card pmt", "ccpymt", "capital one mobile pmt",
        "capital one autopay",
    )
)  # fmt: skip

_PAID_TO_CARD = tuple(
    frozenset(words.split())
    for words in (
        "payment", "autopay", "pmt", "pymt", "thank you", "lastschrift", "einzug", "ausgleich",
        "kartenabrechnung", "abrechnung", "einzahlung",
    )
)  # fmt: skip

_TELLING_WORDS = frozenset[str]().union(*_TRANSFER_WORDS, *_CARD_PAYMENT_WORDS, *_PAID_TO_CARD)

_REFUND_WORDS = frozenset(
    "refund refunded return returned reversal reversed erstattung ruckerstattung retoure storno"
    " stornierung chargeback cashback rebate".split()
)


@dataclass(frozen=True, slots=True)
class Half:
    """What is known about one possible half of a transfer.

    Attributes:
        index: its place in the caller's list.
        transaction: the movement.
        evidence: for a transfer (positive), for something else (negative), or neither (0).
    """

    index: int
    transaction: Transaction
    evidence: int


@lru_cache(maxsize=1_024)
def is_card(account: str) -> bool:
    """Answer whether an account is a credit card, by its name (`card-1234`, `amex-gold`)."""
    return not _CARD_NAMES.isdisjoint(fold_text(account).split())


def has_transfer_words(transaction: Transaction) -> bool:
    """Answer whether payee and memo say by themselves that money stays with the owner."""
    words = words_of(transaction)
    return words == {"transfer"} or _holds_any(_TRANSFER_WORDS, words)


def has_card_payment_words(transaction: Transaction) -> bool:
    """Answer whether payee and memo speak of paying a card's bill."""
    words = words_of(transaction)
    if is_card(transaction.account):
        return transaction.amount_minor > 0 and _holds_any(_PAID_TO_CARD, words)
    return _holds_any(_CARD_PAYMENT_WORDS, words)


def has_refund_words(transaction: Transaction) -> bool:
    """Answer whether money that comes in says that it comes back."""
    return transaction.amount_minor > 0 and not _REFUND_WORDS.isdisjoint(words_of(transaction))


def transfer_evidence(transaction: Transaction, *, is_known: bool, is_owners: bool) -> int:
    """Return what speaks for a transfer (2), for something else (−2), or neither (0).

    Args:
        transaction: one possible half.
        is_known: a category rule fits it.
        is_owners: that rule is the owner's own, which words cannot outweigh.
    """
    if is_known and is_owners:
        return _KNOWN
    if (
        transaction.kind == "xfer"
        or not _TRANSFER_WEAK.isdisjoint(words_of(transaction))
        or has_transfer_words(transaction)
        or has_card_payment_words(transaction)
    ):
        return _WORDED
    return _KNOWN if is_known else _PLAIN


def find_pairs(halves: tuple[Half, ...]) -> tuple[tuple[int, int], ...]:
    """Return the transfers among all movements as (outgoing index, incoming index)."""
    ordered = sorted(halves, key=_order)
    groups: dict[tuple[str, int], tuple[list[Half], list[Half]]] = {}
    for half in ordered:
        amount = half.transaction.amount_minor
        if amount:
            sides = groups.setdefault((half.transaction.currency, abs(amount)), ([], []))
            sides[amount > 0].append(half)
    pairs: list[tuple[int, int]] = []
    for outgoing, incoming in groups.values():
        pairs += _pair_group(outgoing, incoming)
    return tuple(sorted(pairs))


def _pair_group(outgoing: list[Half], incoming: list[Half]) -> list[tuple[int, int]]:
    days = [half.transaction.day for half in incoming]
    edges: list[Edge] = []
    for row, out in enumerate(outgoing):
        column = bisect_left(days, out.transaction.day - TRANSFER_DAYS)
        while column < len(incoming) and days[column] <= out.transaction.day + TRANSFER_DAYS:
            cost = _cost(out, incoming[column])
            if cost is not None:
                edges.append(Edge(cost, row, column))
            column += 1
            if len(edges) > PAIRING_PRODUCT_MAX:
                break
    return [(outgoing[edge.row].index, incoming[edge.column].index) for edge in pair_up(edges)]


def _cost(out: Half, into: Half) -> int | None:
    """Return what a pair costs, 10 a day and less with more evidence; None if it may not stand."""
    gap = abs(out.transaction.day - into.transaction.day)
    evidence = out.evidence + into.evidence
    if out.transaction.account == into.transaction.account or evidence < 0:
        return None
    is_worded = max(out.evidence, into.evidence) == _WORDED
    if not is_worded and gap > UNMARKED_DAYS:
        return None
    return 10 * gap + 2 * _WORDED - evidence


def _holds_any(wordings: tuple[frozenset[str], ...], words: frozenset[str]) -> bool:
    if _TELLING_WORDS.isdisjoint(words):
        return False  # most payees
    return any(wanted <= words for wanted in wordings)


def _order(half: Half) -> tuple[int, str, str, str, str, int]:
    what = half.transaction
    return (what.day, what.account, what.payee, what.memo, what.external_id, half.index)
