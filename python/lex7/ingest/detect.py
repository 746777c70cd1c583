"""What a file is, by its content, and reading it with the importer for it.

The name of a file decides nothing. A zip archive is looked into: a health export is streamed from
it, statements inside are read one by one in order of their names. Formats that LEX-7 does not read
yet are recognised and refused by name, so that nothing is taken for a table by mistake.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path, PurePosixPath

from lex7.base.civil import Zone
from lex7.base.errors import Finding, IngestError
from lex7.base.limits import STATEMENT_BYTES_MAX, ZIP_RATIO_MAX
from lex7.base.record import Account, Balance, Record, Transaction
from lex7.ingest.account import name_apart
from lex7.ingest.archive import DAMAGE, check_directory
from lex7.ingest.bank_csv import read_csv_bytes
from lex7.ingest.match import novel_balances, novel_transactions
from lex7.ingest.ofx import read_ofx_bytes
from lex7.ingest.result import (
    ArchiveError,
    FileTooLargeError,
    ImportResult,
    WrongFormatError,
    cap_findings,
)
from lex7.ingest.source import open_source

HEAD_BYTES = 65_536
"""Enough for a health export's document type (12 kB) and for a bank's preamble."""


class Format(StrEnum):
    """What a file can be."""

    APPLE_XML = "apple-xml"
    APPLE_ZIP = "apple-zip"
    OFX = "ofx"
    CSV = "csv"
    ZIP = "zip"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How the owner wants files read.

    Attributes:
        profile: the CSV profile's name, empty to find it by the column names.
        profiles_dir: the owner's own profiles, or None.
        zone: the owner's time zone, or None where no health file is read.
        currency: what amounts are in where a statement names no currency.
    """

    profile: str = ""
    profiles_dir: Path | None = None
    zone: Zone | None = None
    currency: str = ""


_OTHERS = (
    (re.compile(rb"\A%PDF-"), "a PDF document"),
    (re.compile(rb"\A\xd0\xcf\x11\xe0"), "an old Excel workbook"),
    (re.compile(rb"\A.{8}\.FIT", re.DOTALL), "a FIT activity"),
    (re.compile(rb"\A\x1f\x8b"), "a gzip archive"),
    (re.compile(rb"\ASQLite format 3\0"), "an SQLite database"),
    (re.compile(rb"^!(?:Type|Account|Option|Clear)\b", re.IGNORECASE | re.MULTILINE), "a QIF file"),
    (re.compile(rb"\A(?:\{1:|\s*:20:|\s*:940:)"), "an MT940 statement"),
    (re.compile(rb"\A\s*[\[{]"), "JSON"),
)
_MARKUP = (
    (re.compile(rb"<OFX[ \t\r\n>]", re.IGNORECASE), Format.OFX),
    (re.compile(rb"\A\s*OFXHEADER", re.IGNORECASE), Format.OFX),
    (re.compile(rb"<HealthData[ \t\r\n>]"), Format.APPLE_XML),
    (re.compile(rb"<!DOCTYPE\s+HealthData"), Format.APPLE_XML),
)
_DOCUMENTS_MAX = 16
"""XML members looked into for a health export; an export has two."""

_EXPORT_MEMBER = re.compile(r"(?:\A|/)(?!\._)[^/]*\.xml\Z", re.IGNORECASE)


def detect(path: Path) -> Format:
    """Return what a file is, by its first bytes.

    Raises:
        IngestError: it is not an ordinary file, is empty, or is none of the formats.
    """
    with open_source(path) as stream:
        head = stream.read(HEAD_BYTES)
        if head.startswith(b"PK"):
            return _detect_zip(path)
    return detect_bytes(head, path.name)


def detect_bytes(head: bytes, name: str) -> Format:
    """Return what the first bytes of a file are.

    Raises:
        WrongFormatError: none of the formats; the sentence says what it looks like.
    """
    text = _as_ascii(head)
    for shape, format_ in _MARKUP:
        if shape.search(text):
            return format_
    for shape, what in _OTHERS:
        if shape.search(text):
            raise WrongFormatError(name, "a health export, an OFX statement or a CSV table", what)
    if text.lstrip().startswith(b"<"):
        raise WrongFormatError(name, "a health export or an OFX statement", "another XML file")
    if not _is_text(text):
        raise WrongFormatError(
            name, "a health export, an OFX statement or a CSV table", "binary data"
        )
    return Format.CSV


def read_file(path: Path, options: ReadOptions) -> ImportResult:
    """Read one file with the importer for its content.

    Raises:
        IngestError: the file is refused as a whole.
    """
    found = detect(path)
    if found in (Format.APPLE_XML, Format.APPLE_ZIP):
        return _read_apple(path, options)
    if found is Format.ZIP:
        return _read_zip(path, options)
    with open_source(path) as stream:
        data = stream.read(STATEMENT_BYTES_MAX + 1)
    return _read_statement(data, path.name, found, options)


def _read_apple(path: Path, options: ReadOptions) -> ImportResult:
    if options.zone is None:
        raise WrongFormatError(path.name, "a bank's file", "a health export, which needs a zone")
    # Imported here: the health reader is not needed to look at a bank's file, and start-up counts.
    from lex7.ingest.apple_health import read_apple_health

    return read_apple_health(path, options.zone)


def _read_statement(data: bytes, name: str, found: Format, options: ReadOptions) -> ImportResult:
    if found is Format.OFX:
        return read_ofx_bytes(data, name, currency=options.currency)
    return read_csv_bytes(data, name, profile=options.profile, profiles_dir=options.profiles_dir)


def _read_zip(path: Path, options: ReadOptions) -> ImportResult:
    """Read every statement of an archive; a member that is refused becomes a finding."""
    records: list[Record] = []
    findings: list[Finding] = []
    results: list[ImportResult] = []
    accounts: list[Account] = []
    for name, data in _members(path):
        try:
            found = detect_bytes(data[:HEAD_BYTES], name)
            if found not in (Format.OFX, Format.CSV):
                continue
            result = _read_statement(data, name, found, options)
        except IngestError as refused:
            findings.append(Finding(refused.code, f"{path.name}, {name}", f"{refused}"))
            continue
        result = name_apart(result, accounts, name)
        accounts.extend(account for account in result.accounts if account not in accounts)
        results.append(result)
        novel, unsure = _beside(result, records)
        records.extend(novel)
        findings.extend(unsure)
        findings.extend(
            replace(finding, where=f"{path.name}, {finding.where}") for finding in result.findings
        )
    if not results:
        raise ArchiveError(path.name, _why(findings))
    formats = "+".join(sorted({result.format for result in results}))
    return ImportResult(
        formats,
        tuple(records),
        cap_findings(findings, path.name),
        seen_count=sum(result.seen_count for result in results),
        kept_count=len(records),
        duplicate_count=sum(result.kept_count for result in results) - len(records),
        passed_over_count=sum(result.passed_over_count for result in results),
        accounts=tuple(accounts),
    )


def _beside(result: ImportResult, before: list[Record]) -> tuple[list[Record], tuple[Finding, ...]]:
    """Return what a statement adds to those read before it from the same archive."""
    known = tuple(record for record in before if isinstance(record, Transaction))
    stated = [record for record in before if isinstance(record, Balance)]
    new = tuple(record for record in result.records if isinstance(record, Transaction))
    kept, findings = novel_transactions(new, known)
    balances = [record for record in result.records if isinstance(record, Balance)]
    return [*kept, *novel_balances(balances, stated)], findings


def _why(findings: list[Finding]) -> str:
    if findings:
        return f"no member could be read; the first: {findings[0].sentence}"
    return "it holds no health export, OFX statement or CSV table"


def _detect_zip(path: Path) -> Format:
    looked_count = 0
    with _open_zip(path) as archive:
        for info in archive.infolist():
            if looked_count < _DOCUMENTS_MAX and _EXPORT_MEMBER.search(info.filename):
                looked_count += 1
                if b"HealthData" in _head(archive, info):
                    return Format.APPLE_ZIP
        if any(info.filename.startswith("xl/") for info in archive.infolist()):
            raise WrongFormatError(
                path.name, "an OFX statement or a CSV table", "an Excel workbook"
            )
    return Format.ZIP


def _head(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    """Return the first bytes of a member; none if it is damaged: its reader will say so."""
    try:
        with archive.open(info) as member:
            return member.read(HEAD_BYTES)
    except (*DAMAGE, OSError, NotImplementedError, RuntimeError):
        return b"HealthData" if info.filename.lower().endswith("/export.xml") else b""


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield the ordinary members in order of their names; paths are names only, never followed."""
    with _open_zip(path) as archive:
        room = STATEMENT_BYTES_MAX
        for info in sorted(archive.infolist(), key=lambda member: member.filename):
            name = PurePosixPath(info.filename).name
            if info.is_dir() or name.startswith(".") or info.filename.startswith("__MACOSX"):
                continue
            if info.flag_bits & 1:
                raise ArchiveError(path.name, "it is encrypted")
            data = _member(archive, info, path.name, room)
            room -= len(data)
            if data:
                yield name, data


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, room: int) -> bytes:
    try:
        with archive.open(info) as member:
            data = member.read(room + 1)
    except (*DAMAGE, OSError, NotImplementedError, RuntimeError) as exc:
        raise ArchiveError(name, f"{info.filename[:80]} is damaged") from exc
    if len(data) > room:
        raise FileTooLargeError(name, f"it expands to more than {STATEMENT_BYTES_MAX >> 20} MiB")
    if len(data) > max(info.compress_size, 1) * ZIP_RATIO_MAX:
        reason = f"{info.filename[:80]} expands more than {ZIP_RATIO_MAX}-fold"
        raise FileTooLargeError(name, reason)
    return data


@contextmanager
def _open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    with open_source(path) as stream:
        try:
            check_directory(stream, path.name)
            archive = zipfile.ZipFile(stream)
        except (*DAMAGE, OSError, ValueError, NotImplementedError, OverflowError) as exc:
            raise ArchiveError(path.name, "it is damaged or cut off") from exc
        with archive:
            yield archive


def _as_ascii(head: bytes) -> bytes:
    """Return the head so that markup can be looked for: UTF-16 brought to single bytes."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", errors="replace").encode("utf-8")
    if head.startswith(b"\xef\xbb\xbf"):
        return head[3:]
    if head[1:2] == b"\0" and b"<\0" in head:
        return head.decode("utf-16-le", errors="replace").encode("utf-8")
    return head


def _is_text(head: bytes) -> bool:
    """Answer whether bytes can be a table: few control signs, and a delimiter or a newline."""
    strange = sum(1 for byte in head[:4096] if byte < 32 and byte not in b"\t\r\n\x0b\x0c")
    return strange * 50 <= len(head[:4096]) and any(sign in head for sign in b",;\t|\n")
