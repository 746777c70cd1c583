"""What reading one file gives, and the sentences with which a file is refused as a whole.

Every importer returns an `ImportResult`: the good records, and a finding for each part that was not
good. A file that cannot be read at all raises one of the errors below. This module knows no format.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lex7.base.errors import Finding, IngestError
from lex7.base.limits import FINDINGS_KEPT_MAX
from lex7.base.record import Account, Record

NOTICE_PREFIX = "info."
"""Codes of findings that inform and complain of nothing start with this."""


@dataclass(frozen=True, slots=True)
class ImportResult:
    """One file, read.

    Attributes:
        format: a stable name: `apple-health`, `ofx`, `csv:NAME`.
        records: what the file holds, in a canonical order of its format.
        findings: what was partly wrong, in the order of the file, at most `FINDINGS_KEPT_MAX` and
            one that counts the rest.
        seen_count: items found in the file (measurements, transactions, balances), good or not.
        kept_count: items that stand in `records`.
        duplicate_count: exact repetitions inside the file, dropped.
        passed_over_count: well-formed items of kinds that no node follows.
        accounts: the accounts its records are booked on, where it tells their numbers.
    """

    format: str
    records: tuple[Record, ...]
    findings: tuple[Finding, ...]
    seen_count: int
    kept_count: int
    duplicate_count: int = 0
    passed_over_count: int = 0
    accounts: tuple[Account, ...] = ()


class FileUnreadableError(IngestError):
    """The file cannot be opened, or is not an ordinary file."""

    code = "ingest.unreadable"

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"expected an ordinary, readable file, but {name} {reason}")


class FileEmptyError(IngestError):
    """The file has no bytes."""

    code = "ingest.empty"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"expected an export, but {name} is empty")


class FileTooLargeError(IngestError):
    """The file, or what it would expand to, is larger than any real export."""

    code = "ingest.too_large"

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"{name} is refused because {reason}")


class WrongFormatError(IngestError):
    """The bytes are not of the format that was expected."""

    code = "ingest.format"

    def __init__(self, name: str, expected: str, found: str) -> None:
        self.name = name
        self.expected = expected
        self.found = found
        super().__init__(f"expected {expected} in {name}, found {found}")


class ArchiveError(IngestError):
    """A zip archive is damaged, encrypted or lacks the member that was looked for."""

    code = "ingest.archive"

    def __init__(self, name: str, reason: str) -> None:
        self.name = name
        self.reason = reason
        super().__init__(f"the archive {name} cannot be read: {reason}")


class HostileInputError(IngestError):
    """The file holds a construct that no export needs and that attacks are made of."""

    code = "ingest.hostile"

    def __init__(self, name: str, where: str, reason: str) -> None:
        self.name = name
        self.where = where
        self.reason = reason
        super().__init__(f"{name} is refused at {where}: {reason}")


def is_notice(finding: Finding) -> bool:
    """Answer whether a finding only informs; such a file was read as well as it can be."""
    return finding.code.startswith(NOTICE_PREFIX)


def cap_findings(findings: Iterable[Finding], where: str) -> tuple[Finding, ...]:
    """Keep the first `FINDINGS_KEPT_MAX` findings and count the rest in one more."""
    kept: list[Finding] = []
    more_count = 0
    for finding in findings:
        if len(kept) < FINDINGS_KEPT_MAX:
            kept.append(finding)
        else:
            more_count += 1
    if more_count:
        sentence = f"{more_count} more findings of this file were counted and not kept"
        kept.append(Finding("ingest.more_findings", where, sentence))
    return tuple(kept)
