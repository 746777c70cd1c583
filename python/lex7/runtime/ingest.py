"""The work of `lex7 ingest`: files in, new records into the logs, models fitted, a report out.

    read ─► match against what is known ─► keep the raw file ─► append ─► fit ─► append the models

Each file is acknowledged by itself. If the process dies in the middle of one, what was sealed
stays, and reading the same file again adds exactly the rest.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from lex7.bark.entry import EntryKind
from lex7.base.civil import Day
from lex7.base.errors import Finding, IngestError
from lex7.base.ids import ImportId
from lex7.base.record import Account, Balance, ObservationBlock, Transaction
from lex7.ingest.account import name_apart
from lex7.ingest.detect import ReadOptions, read_file
from lex7.ingest.match import novel_balances, novel_transactions
from lex7.ingest.novelty import novel_observations
from lex7.ingest.result import ImportResult
from lex7.nodes.fold import belief_digest
from lex7.nodes.payload import ImportNote, encode_import, encode_model, encode_retraction
from lex7.nodes.wealth.node import balances as known_balances
from lex7.runtime.clock import now_ns
from lex7.runtime.compose import Lattice
from lex7.runtime.records import (
    Item,
    balance_items,
    known_blocks,
    known_transactions,
    observation_items,
    transaction_items,
)
from lex7.storage.blob import BlobStore
from lex7.storage.entropy import SystemEntropy

HASH_CHUNK_BYTES = 1 << 20


class UnknownImportError(IngestError):
    """An import that is to be undone is not there."""

    code = "ingest.unknown_import"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"expected the id of an import in force, got {name!r}; `lex7 ingest --list` shows them"
        )


@dataclass(frozen=True, slots=True)
class Novelty:
    """What of one file is new, and for which node.

    Attributes:
        blocks: emptied as they are written, so that a large export is never held twice.
        transactions: in the order of the file.
        balances: in the order of the file.
        counts: new records by kind.
        findings: matches that were unsure.
    """

    blocks: list[ObservationBlock]
    transactions: tuple[Transaction, ...]
    balances: tuple[Balance, ...]
    counts: Mapping[str, int]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class FileReport:
    """What became of one file."""

    name: str
    import_id: ImportId
    format: str
    seen_count: int
    kept_count: int
    duplicate_count: int
    passed_over_count: int
    new: Mapping[str, int]
    first: Day | None
    last: Day | None
    findings: tuple[Finding, ...]

    @property
    def new_count(self) -> int:
        """New records of all kinds."""
        return self.new["observations"] + self.new["transactions"] + self.new["balances"]


def ingest_file(lattice: Lattice, path: Path, options: ReadOptions, *, is_dry: bool) -> FileReport:
    """Read one file and append what is new in it.

    Raises:
        IngestError: the file is refused as a whole; nothing was written.
        StorageError: the disk said no; what was acknowledged before stays.
    """
    result = name_apart(read_file(path, options), known_accounts(lattice), path.name)
    novelty = find_novelty(lattice, result)
    first, last = _span(result)
    result = replace(result, records=())
    digest = hash_file(path)
    import_id = ImportId(digest.hex()[:12])
    if not is_dry:
        _write(lattice, path, result, novelty, digest)
    return FileReport(
        name=path.name,
        import_id=import_id,
        format=result.format,
        seen_count=result.seen_count,
        kept_count=result.kept_count,
        duplicate_count=result.duplicate_count,
        passed_over_count=result.passed_over_count,
        new=novelty.counts,
        first=first,
        last=last,
        findings=(*result.findings, *novelty.findings),
    )


def undo_import(lattice: Lattice, import_id: ImportId) -> ImportNote:
    """Take one import back; the entries stay in the logs, the state is as if it never happened.

    Raises:
        UnknownImportError: it is not in force.
    """
    found: ImportNote | None = None
    for member in lattice.members.values():
        note = member.state.imports.get(import_id)
        if note is not None:
            found = note
            payload = encode_retraction(import_id)
            member.append([(EntryKind.RETRACTION, payload)], lattice.heads)
    if found is None:
        raise UnknownImportError(import_id)
    return found


def refit(lattice: Lattice, as_of: Day) -> tuple[str, ...]:
    """Fit every node's models up to a day and append them; return the nodes that have models."""
    fitted = []
    for member in lattice.members.values():
        parameters = member.kind.fit(member.state, as_of)
        if parameters is None:
            continue
        reached = belief_digest(member.kind, member.state, as_of, parameters)
        state = member.state
        if (state.model_day, state.model, state.belief_digest) != (as_of, parameters, reached):
            payload = encode_model(as_of, parameters, reached)
            member.append([(EntryKind.MODEL, payload)], lattice.heads)
        fitted.append(member.name)
    return tuple(fitted)


def find_novelty(lattice: Lattice, result: ImportResult) -> Novelty:
    """Return what of a file is not on record yet."""
    vit, wth = lattice.members["vit"].state.archive, lattice.members["wth"].state.archive
    blocks = [record for record in result.records if isinstance(record, ObservationBlock)]
    transactions = tuple(r for r in result.records if isinstance(r, Transaction))
    balances = tuple(r for r in result.records if isinstance(r, Balance))
    accounts = sorted({transaction.account for transaction in transactions})
    known = tuple(t for account in accounts for t in known_transactions(wth, account))
    kept, findings = novel_transactions(transactions, known)
    fresh = []
    count = 0
    for block in blocks:
        on_record = known_blocks(vit, block.stream, block.day)
        rest = novel_observations(block, on_record) if on_record else block
        if len(rest.value):
            fresh.append(rest)
            count += len(rest.value)
    stated = novel_balances(balances, known_balances(wth))
    counts = {"observations": count, "transactions": len(kept), "balances": len(stated)}
    return Novelty(fresh, kept, stated, counts, findings)


def known_accounts(lattice: Lattice) -> tuple[Account, ...]:
    """Return the accounts whose numbers the imports in force have told, in order of import."""
    notes = sorted(
        lattice.members["wth"].state.imports.values(),
        key=lambda note: (note.time_ns, note.import_id),
    )
    return tuple(dict.fromkeys(account for note in notes for account in note.accounts))


def hash_file(path: Path) -> bytes:
    """Return the SHA-256 of a file."""
    total = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(HASH_CHUNK_BYTES):
            total.update(chunk)
    return total.digest()


def _write(
    lattice: Lattice, path: Path, result: ImportResult, novelty: Novelty, digest: bytes
) -> None:
    import_id = ImportId(digest.hex()[:12])
    note = ImportNote(
        import_id,
        digest,
        path.name,
        result.format,
        now_ns(),
        tuple(novelty.counts.items()),
        result.accounts,
    )
    money = transaction_items(import_id, novelty.transactions)
    money += balance_items(import_id, novelty.balances)
    if not money and not novelty.blocks:
        return
    with path.open("rb") as stream:
        _blobs(lattice).put(stream)
    heading = (EntryKind.IMPORT, encode_import(note))
    parts: dict[str, Iterable[Item]] = {}
    if novelty.blocks:
        parts["vit"] = observation_items(import_id, novelty.blocks)
    if money:
        parts["wth"] = money
    for kind, items in parts.items():
        member = lattice.members[kind]
        is_known = import_id in member.state.imports
        member.append(items if is_known else chain((heading,), items), lattice.heads)


def _blobs(lattice: Lattice) -> BlobStore:
    return BlobStore(lattice.paths.raw, key=lattice.keys.database_key, entropy=SystemEntropy())


def _span(result: ImportResult) -> tuple[Day | None, Day | None]:
    days = [record.day for record in result.records]
    return (min(days), max(days)) if days else (None, None)
