"""What a file holds once it has been read: blocks of observations, transactions and balances.

Importers produce these, entries carry them, node folds consume them. Numbers are scaled integers;
the
scale of each stream stands in `lex7.base.streams`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day


@dataclass(frozen=True, slots=True)
class ObservationBlock:
    """The observations of one stream on one civil day, as columns.

    Rows are sorted by (start, end, source, value).

    Attributes:
        stream: a name from `lex7.base.streams`.
        day: the owner's civil day under which the block is filed (for sleep: the day of waking).
        sources: names of the devices or programs, in order of first use.
        start_ns: (n,) int64 instants, nanoseconds UTC.
        end_ns: (n,) int64 instants, equal to start_ns for a point observation.
        value: (n,) int64, scaled by the stream's scale; for categorical streams a code.
        source: (n,) uint16, index into sources.
    """

    stream: str
    day: Day
    sources: tuple[str, ...]
    start_ns: NDArray[np.int64]
    end_ns: NDArray[np.int64]
    value: NDArray[np.int64]
    source: NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Transaction:
    """One booked movement on one account, as the bank wrote it.

    Attributes:
        account: a stable name of the account, for example `checking-4711`.
        day: the booking day as the bank states it (banks book in days, not instants).
        amount_minor: minor units; money leaving the account is negative.
        currency: ISO 4217.
        payee: who, as written, trimmed; may be empty.
        memo: the rest of what the bank wrote; may be empty.
        external_id: the bank's id (FITID) or empty; not unique, not trusted alone.
        kind: the bank's type code in lower case (`debit`, `xfer`, ...) or empty.
    """

    account: str
    day: Day
    amount_minor: int
    currency: str
    payee: str
    memo: str = ""
    external_id: str = ""
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """The ledger balance of one account at the end of one day, as the bank states it."""

    account: str
    day: Day
    amount_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Account:
    """One account of a statement, and what is known of its number.

    Attributes:
        name: what its records are booked on.
        plain: kind and last four signs, the name it gets unless another account has it.
        number: letters and digits of its number; of a masked one what is shown.
        bank: letters and digits of the bank's number; empty where the file tells none.
    """

    name: str
    plain: str
    number: str
    bank: str = ""


Record = ObservationBlock | Transaction | Balance
