"""What stands in the payloads of a node's own entries.

Every payload is canonical CBOR with unsigned-integer keys. The layouts are on disk in every home
and never change; a new layout gets a new key. `docs/spec/payloads.md` lists them.

A column of integers is spelled `[base, width, bytes]`: the smallest value, the narrowest of 0, 1,
2, 4, 8 bytes that holds every difference to it, and those differences, little-endian. One column
has one spelling.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lex7.bark import canon
from lex7.bark.canon import Value
from lex7.bark.fields import Fields, PayloadError, read_fields
from lex7.base.civil import Day
from lex7.base.ids import ImportId
from lex7.base.limits import OBSERVATIONS_PER_ENTRY_MAX
from lex7.base.record import Account, Balance, ObservationBlock, Transaction

_WIDTHS = (0, 1, 2, 4, 8)
_UNSIGNED = {width: np.dtype(f"<u{width}") for width in _WIDTHS[1:]}


@dataclass(frozen=True, slots=True)
class ImportNote:
    """One imported file: what it was and what was new in it.

    Attributes:
        import_id: first 12 hexadecimal digits of the file's SHA-256.
        file_sha256: the whole hash; the raw file is kept under it.
        name: the file's base name.
        format: what it was read as, for example `ofx` or `csv:n26`.
        time_ns: when it was imported.
        counts: new and known records by kind.
        accounts: the accounts whose numbers the file told.
    """

    import_id: ImportId
    file_sha256: bytes
    name: str
    format: str
    time_ns: int
    counts: tuple[tuple[str, int], ...]
    accounts: tuple[Account, ...] = ()


def encode_import(note: ImportNote) -> bytes:
    """Spell an import note."""
    counts = tuple((name, count) for name, count in note.counts)
    fields: dict[int, canon.Value] = {
        1: note.import_id,
        2: note.file_sha256,
        3: note.name,
        4: note.format,
        5: note.time_ns,
        6: counts,
    }
    if note.accounts:
        fields[7] = tuple((a.name, a.plain, a.number, a.bank) for a in note.accounts)
    return canon.encode(fields)


def decode_import(payload: bytes) -> ImportNote:
    """Read an import note.

    Raises:
        PayloadError: another layout.
    """
    body = read_fields(payload, "import", 6, optional=1)
    counts = tuple((row.text(1), row.integer(2)) for row in body.rows(6, 2))
    accounts = tuple(
        Account(row.text(1), row.text(2), row.text(3), row.text(4))
        for row in (body.rows(7, 4) if len(body.values) == 7 else ())
    )
    return ImportNote(
        ImportId(body.text(1)),
        body.data(2),
        body.text(3),
        body.text(4),
        body.integer(5),
        counts,
        accounts,
    )


def encode_observations(import_id: ImportId, block: ObservationBlock) -> bytes:
    """Spell a block of observations."""
    return canon.encode(
        {
            1: import_id,
            2: block.stream,
            3: int(block.day),
            4: list(block.sources),
            5: _column(block.start_ns),
            6: _column(block.end_ns - block.start_ns),
            7: _column(block.value),
            8: _column(block.source.astype(np.int64)),
        }
    )


def decode_observations(payload: bytes) -> ObservationBlock:
    """Read a block of observations.

    Raises:
        PayloadError: another layout.
    """
    body = canon.decode(payload)
    match body:
        case {
            2: str(stream),
            3: int(day),
            4: tuple(sources),
            5: start,
            6: took,
            7: value,
            8: source,
        }:
            first = _values(start)
            columns = (first, first + _values(took), _values(value), _values(source))
        case _:
            raise PayloadError("observations", "a field is missing or has another type")
    if len({column.size for column in columns}) != 1:
        raise PayloadError("observations", "the columns have different lengths")
    return ObservationBlock(
        stream=stream,
        day=Day(day),
        sources=tuple(str(name) for name in sources),
        start_ns=columns[0],
        end_ns=columns[1],
        value=columns[2],
        source=columns[3].astype(np.uint16),
    )


def encode_transactions(import_id: ImportId, items: tuple[Transaction, ...]) -> bytes:
    """Spell the transactions of one account and one day."""
    first = items[0]
    rows = [[t.amount_minor, t.currency, t.payee, t.memo, t.external_id, t.kind] for t in items]
    return canon.encode({1: import_id, 2: f"tx.{first.account}", 3: int(first.day), 4: rows})


def decode_transactions(payload: bytes) -> tuple[Transaction, ...]:
    """Read the transactions of one account and one day.

    Raises:
        PayloadError: another layout.
    """
    body = read_fields(payload, "transactions", 4)
    account, day = body.text(2).removeprefix("tx."), Day(body.integer(3))
    return tuple(
        Transaction(account, day, row.integer(1), *(row.text(number) for number in range(2, 7)))
        for row in body.rows(4, 6)
    )


def encode_balance(import_id: ImportId, balance: Balance) -> bytes:
    """Spell one stated balance."""
    return canon.encode(
        {
            1: import_id,
            2: f"balance.{balance.account}",
            3: int(balance.day),
            4: [balance.amount_minor, balance.currency],
        }
    )


def decode_balance(payload: bytes) -> Balance:
    """Read one stated balance.

    Raises:
        PayloadError: another layout.
    """
    body = read_fields(payload, "balances", 4)
    stated = Fields("balances", body.items(4))
    account = body.text(2).removeprefix("balance.")
    return Balance(account, Day(body.integer(3)), stated.integer(1), stated.text(2))


def encode_retraction(import_id: ImportId) -> bytes:
    """Spell the retraction of an import."""
    return canon.encode({1: import_id})


def decode_retraction(payload: bytes) -> ImportId:
    """Read the retraction of an import.

    Raises:
        PayloadError: another layout.
    """
    return ImportId(read_fields(payload, "retraction", 1).text(1))


def encode_model(as_of: Day, parameters: bytes, belief_digest: bytes) -> bytes:
    """Spell fitted parameters, the day up to which they were fitted, and what they led to."""
    return canon.encode({1: int(as_of), 2: parameters, 3: belief_digest})


def decode_model(payload: bytes) -> tuple[Day, bytes, bytes]:
    """Read fitted parameters, the day up to which they were fitted, and what they led to.

    Raises:
        PayloadError: another layout.
    """
    body = read_fields(payload, "model", 3)
    return Day(body.integer(1)), body.data(2), body.data(3)


def address(payload: bytes) -> tuple[ImportId, str, Day]:
    """Read only where a record payload is filed: import, stream and day.

    Raises:
        PayloadError: another layout.
    """
    body = canon.decode(payload)
    # Asked of every entry of a log, so this is written for speed.
    if type(body) is dict:
        import_id, stream, day = body.get(1), body.get(2), body.get(3)
        if type(import_id) is str and type(stream) is str and type(day) is int:
            return ImportId(import_id), stream, Day(day)
    raise PayloadError("record", "import, stream or day is missing")


def _column(values: NDArray[np.int64]) -> tuple[int, int, bytes]:
    if values.size == 0:
        return (0, 0, b"")
    base = int(values.min())
    reach = int(values.max()) - base
    width = next(w for w in _WIDTHS if reach < 1 << (8 * w))
    if width == 0:
        return (base, 0, values.size.to_bytes(4, "little"))
    return (base, width, (values - base).astype(f"<u{width}").tobytes())


def _values(column: Value) -> NDArray[np.int64]:
    # Thousands of columns are read for every answer, so this is written for speed.
    match column:
        case (int(base), 0, bytes(data)) if (
            size := int.from_bytes(data, "little")
        ) <= OBSERVATIONS_PER_ENTRY_MAX:
            return np.full(size, base, dtype=np.int64)
        case (int(base), (1 | 2 | 4 | 8) as width, bytes(data)) if len(data) % width == 0:
            differences = np.frombuffer(data, dtype=_UNSIGNED[width])
            values: NDArray[np.int64] = differences.astype(np.int64)
            values += base
            return values
    raise PayloadError("observations", "a column is no list of [base, width, bytes]")
