"""What a file is, by its content alone."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from lex7.base.civil import Zone
from lex7.base.errors import IngestError
from lex7.base.record import Transaction
from lex7.ingest.detect import Format, ReadOptions, detect, read_file
from lex7.ingest.result import ArchiveError, FileTooLargeError, WrongFormatError

OFX = (
    "<OFX><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>1234<ACCTTYPE>SAVINGS</BANKACCTFROM><STMTTRN>"
    "<TRNTYPE>POS<DTPOSTED>20260304<TRNAMT>-1.00<FITID>1<NAME>A</STMTTRN></STMTRS></OFX>"
)
CSV = "Date;Payee;Purpose;Amount;Currency;Balance\n04.03.2026;A;;-1,00;EUR;\n"


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"OFXHEADER:100\nDATA:OFXSGML\n\n<OFX></OFX>", Format.OFX),
        (b"\n\n  <ofx>", Format.OFX),
        ("\ufeff<OFX>".encode("utf-16-le"), Format.OFX),
        (
            b'<?xml version="1.0"?><!DOCTYPE HealthData [<!ELEMENT x>]><HealthData>',
            Format.APPLE_XML,
        ),
        (CSV.encode(), Format.CSV),
        (b"a,b\n1,2\n", Format.CSV),
    ],
)
def test_content_decides_and_the_name_does_not(
    tmp_path: Path, raw: bytes, expected: Format
) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(raw)
    assert detect(path) is expected


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"%PDF-1.7\n1,2\n", "a PDF document"),
        (b"!Type:Bank\nD01/01/26\n", "a QIF file"),
        (b":20:STARTUMS\n:25:1/2\n", "an MT940 statement"),
        (b"\x0e\x10\x00\x00\x00\x00\x00\x00.FIT\x00\x00", "a FIT activity"),
        (b'{"a": 1}', "JSON"),
        (b"<?xml version='1.0'?><Document/>", "another XML file"),
        (bytes(range(256)) * 20, "binary data"),
        (b"SQLite format 3\x00aaa", "an SQLite database"),
    ],
)
def test_other_formats_are_refused_by_name(tmp_path: Path, raw: bytes, found: str) -> None:
    path = tmp_path / "bank.csv"
    path.write_bytes(raw)
    with pytest.raises(WrongFormatError) as refused:
        detect(path)
    assert refused.value.found == found


def test_folders_pipes_devices_and_nothing_are_refused(tmp_path: Path) -> None:
    pipe, empty = tmp_path / "pipe", tmp_path / "empty"
    os.mkfifo(pipe)
    empty.touch()
    for path in (tmp_path, pipe, empty, Path("/dev/zero"), tmp_path / "none"):
        with pytest.raises(IngestError):
            read_file(path, ReadOptions())


def test_statements_inside_an_archive_are_read_in_order_of_names(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("../../b/bank.ofx", OFX)
        archive.writestr("a/savings.csv", CSV)
        archive.writestr("a/photo.jpg", b"\xff\xd8\xff\x00\x01\x02" * 50)
        archive.writestr("__MACOSX/a/._savings.csv", b"\0\1")
    result = read_file(path, ReadOptions())
    accounts = [record.account for record in result.records if isinstance(record, Transaction)]
    assert accounts == ["savings-1234", "generic-eu"]
    assert result.format == "csv:generic-eu+ofx"
    assert [finding.code for finding in result.findings] == ["ingest.format"]
    assert list(tmp_path.iterdir()) == [path]


def test_overlapping_statements_of_one_archive_count_once(tmp_path: Path) -> None:
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("1.ofx", OFX)
        archive.writestr("2.ofx", OFX)
    result = read_file(path, ReadOptions())
    assert (len(result.records), result.duplicate_count) == (1, 1)


def test_an_archive_that_expands_a_thousandfold_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bank.csv", b"0" * 8_000_000)
    with pytest.raises(FileTooLargeError):
        read_file(path, ReadOptions())


def test_an_archive_without_statements_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "none.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.pdf", b"%PDF-1.4")
    with pytest.raises(ArchiveError):
        read_file(path, ReadOptions())


def test_a_workbook_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "bank.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", b"<workbook/>")
    with pytest.raises(WrongFormatError) as refused:
        detect(path)
    assert refused.value.found == "an Excel workbook"


@pytest.mark.parametrize("keep", [10, 60, -20])
def test_a_cut_archive_is_refused(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "cut.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bank.ofx", OFX)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(IngestError):
        read_file(path, ReadOptions())


def test_a_health_export_goes_to_its_reader(tmp_path: Path, berlin: Zone) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b'<?xml version="1.0"?>\n<HealthData locale="en_US">\n</HealthData>\n')
    assert read_file(path, ReadOptions(zone=berlin)).format == "apple-health"
    archive_path = tmp_path / "x.ofx"
    with zipfile.ZipFile(archive_path, "w") as archive:
        archive.writestr("apple_health_export/Export.xml", path.read_bytes())
    assert detect(archive_path) is Format.APPLE_ZIP
    assert read_file(archive_path, ReadOptions(zone=berlin)).format == "apple-health"


def test_a_health_export_needs_a_zone(tmp_path: Path) -> None:
    path = tmp_path / "export.xml"
    path.write_bytes(b"<HealthData></HealthData>")
    with pytest.raises(WrongFormatError):
        read_file(path, ReadOptions())


def test_real_files_are_what_their_folders_say(corpus: Path) -> None:
    assert all(detect(path) is Format.OFX for path in corpus.glob("ofx/*"))
    assert all(detect(path) is Format.CSV for path in corpus.glob("broker_csv/*"))
    for path in corpus.glob("qif/test*"):
        with pytest.raises(WrongFormatError):
            detect(path)
    assert detect(corpus / "apple_health/export.xml") is Format.APPLE_XML
    assert detect(corpus / "apple_health/export.zip") is Format.APPLE_ZIP
