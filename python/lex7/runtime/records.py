"""Between records and entries: what a node knows, and how new records become payloads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lex7.bark.entry import EntryKind
from lex7.base.civil import Day
from lex7.base.ids import ImportId
from lex7.base.limits import PAYLOAD_BYTES_MAX
from lex7.base.record import Balance, ObservationBlock, Transaction
from lex7.nodes.archive import Archive
from lex7.nodes.payload import (
    decode_observations,
    decode_transactions,
    encode_balance,
    encode_observations,
    encode_transactions,
)

Item = tuple[EntryKind, bytes]
Items = list[Item]

TRANSACTIONS_PER_ENTRY_MAX = 500
"""So that a day of transactions with the longest texts stays within one payload."""


def known_transactions(archive: Archive, account: str) -> tuple[Transaction, ...]:
    """Return every transaction of one account, oldest first."""
    return tuple(
        transaction
        for _, items in archive.days(f"tx.{account}")
        for item in items
        for transaction in decode_transactions(item.payload)
    )


def known_blocks(archive: Archive, stream: str, day: Day) -> tuple[ObservationBlock, ...]:
    """Return the blocks of one stream on one day."""
    shelf = archive.streams.get(stream, {}).get(day >> 5)
    items = shelf.days.get(day, ()) if shelf is not None else ()
    return tuple(decode_observations(item.payload) for item in items)


def observation_items(import_id: ImportId, blocks: list[ObservationBlock]) -> Iterator[Item]:
    """Spell blocks of observations, by day and stream, so that a log reads as time passed.

    Blocks are taken out of the list as they are spelled: a large export is never held twice.
    """
    blocks.sort(key=lambda block: (block.day, block.stream, int(block.start_ns[0])), reverse=True)
    while blocks:
        yield EntryKind.OBSERVATIONS, encode_observations(import_id, blocks.pop())


def transaction_items(import_id: ImportId, transactions: Iterable[Transaction]) -> Items:
    """Spell transactions, one entry for each day and account."""
    grouped: dict[tuple[Day, str], list[Transaction]] = {}
    for transaction in transactions:
        grouped.setdefault((transaction.day, transaction.account), []).append(transaction)
    return [
        (EntryKind.TRANSACTIONS, encode_transactions(import_id, tuple(part)))
        for key in sorted(grouped)
        for part in _parts(grouped[key])
    ]


def balance_items(import_id: ImportId, balances: Iterable[Balance]) -> Items:
    """Spell stated balances."""
    ordered = sorted(balances, key=lambda balance: (balance.day, balance.account))
    return [(EntryKind.BALANCES, encode_balance(import_id, balance)) for balance in ordered]


def _parts(items: list[Transaction]) -> Iterator[list[Transaction]]:
    for start in range(0, len(items), TRANSACTIONS_PER_ENTRY_MAX):
        yield items[start : start + TRANSACTIONS_PER_ENTRY_MAX]


assert TRANSACTIONS_PER_ENTRY_MAX * 2_000 <= PAYLOAD_BYTES_MAX, "an entry must fit one message"
