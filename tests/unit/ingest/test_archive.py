"""Archives that are damaged, hostile or in another language."""

from __future__ import annotations

import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from lex7.base.civil import Zone
from lex7.base.limits import ZIP_MEMBERS_MAX
from lex7.ingest.apple_health import read_apple_health
from lex7.ingest.result import ArchiveError, FileTooLargeError, is_notice

RECORD = (
    '<Record type="HKQuantityTypeIdentifierHeartRate" sourceName="W" unit="count/min" '
    'startDate="2024-03-01 08:{:02}:{:02} +0100" endDate="2024-03-01 08:{:02}:{:02} +0100" '
    'value="61"/>\n'
)


def xml(count: int) -> bytes:
    rows = "".join(RECORD.format(n // 60, n % 60, n // 60, n % 60) for n in range(count))
    return f"<?xml version='1.0'?><HealthData>{rows}</HealthData>".encode()


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in members.items():
            archive.writestr(name, raw)
    return path


@pytest.mark.parametrize(
    "name",
    ["export.xml", "apple_health_export/export.xml", "x/Exportación.xml", "書き出し/データ.XML",
     "../../etc/export.xml", "/abs/export.xml", "C:\\export.xml"],
)  # fmt: skip
def test_the_export_is_found_under_any_name_and_nothing_is_unpacked(
    tmp_path: Path, berlin: Zone, name: str
) -> None:
    others = {"apple_health_export/export_cda.xml": b"<ClinicalDocument/>",
              "__MACOSX/._export.xml": b"<HealthData", "readme.txt": b"hi"}  # fmt: skip
    path = packed(tmp_path / "export.zip", {**others, name: xml(10)})
    result = read_apple_health(path, berlin)
    assert (result.kept_count, result.findings) == (10, ())
    assert list(tmp_path.iterdir()) == [path]


def test_an_archive_without_an_export_is_refused(tmp_path: Path, berlin: Zone) -> None:
    path = packed(tmp_path / "a.zip", {"a.xml": b"<x/>", "b.txt": xml(1)})
    with pytest.raises(ArchiveError, match="holds no Apple Health export"):
        read_apple_health(path, berlin)
    with pytest.raises(ArchiveError, match="holds no Apple Health export"):
        read_apple_health(packed(tmp_path / "b.zip", {}), berlin)


def test_an_encrypted_archive_is_refused(tmp_path: Path, berlin: Zone) -> None:
    path = packed(tmp_path / "a.zip", {"export.xml": xml(3)})
    raw = bytearray(path.read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.find(mark) + offset] |= 1
    path.write_bytes(raw)
    with pytest.raises(ArchiveError, match="encrypted"):
        read_apple_health(path, berlin)


def test_a_truncated_archive_is_refused_at_every_length(tmp_path: Path, berlin: Zone) -> None:
    whole = packed(tmp_path / "a.zip", {"export.xml": xml(3)}).read_bytes()
    path = tmp_path / "cut.zip"
    for length in range(4, len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(ArchiveError):
            read_apple_health(path, berlin)


def test_damage_within_the_member_keeps_what_came_before(tmp_path: Path, berlin: Zone) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("export.xml", xml(3_000))
    raw = bytearray(path.read_bytes())
    raw[raw.find(b"source", raw.find(b"08:20:00")) + 12] ^= 1  # the check sum no longer agrees
    path.write_bytes(raw)
    result = read_apple_health(path, berlin)
    assert [one.code for one in result.findings if not is_notice(one)] == ["apple.archive"]
    assert result.kept_count > 1_000


def test_every_flipped_byte_is_survived(tmp_path: Path, berlin: Zone) -> None:
    whole = packed(tmp_path / "a.zip", {"export.xml": xml(2)}).read_bytes()
    path = tmp_path / "b.zip"
    for at in range(4, len(whole)):
        path.write_bytes(whole[:at] + bytes((whole[at] ^ 0xFF,)) + whole[at + 1 :])
        with suppress(ArchiveError, FileTooLargeError):
            assert read_apple_health(path, berlin).kept_count <= 2


def test_a_bomb_is_refused_before_it_expands(tmp_path: Path, berlin: Zone) -> None:
    body = b"<HealthData>" + b" " * (8 << 20) + b"</HealthData>"
    path = packed(tmp_path / "a.zip", {"export.xml": body})
    with pytest.raises(FileTooLargeError, match="200-fold"):
        read_apple_health(path, berlin)


def test_a_member_of_more_bytes_than_any_export_is_refused(tmp_path: Path, berlin: Zone) -> None:
    path = packed(tmp_path / "a.zip", {"export.xml": xml(3)})
    raw = bytearray(path.read_bytes())
    at = raw.find(b"PK\x01\x02")
    name, extra = struct.unpack_from("<HH", raw, at + 28)
    raw[at + 46 + name + extra : at + 46 + name + extra] = struct.pack("<HHQ", 1, 8, 1 << 40)
    struct.pack_into("<H", raw, at + 30, extra + 12)
    struct.pack_into("<I", raw, at + 24, 0xFFFFFFFF)
    end = raw.find(b"PK\x05\x06")
    struct.pack_into("<I", raw, end + 12, struct.unpack_from("<I", raw, end + 12)[0] + 12)
    path.write_bytes(raw)
    with pytest.raises(FileTooLargeError, match="GiB"):
        read_apple_health(path, berlin)


def test_a_directory_of_too_many_members_is_refused(tmp_path: Path, berlin: Zone) -> None:
    path = packed(tmp_path / "a.zip", {"export.xml": xml(3)})
    raw = bytearray(path.read_bytes())
    end = raw.find(b"PK\x05\x06")
    record64 = struct.pack(
        "<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, 1, ZIP_MEMBERS_MAX + 1, 100, 0
    )
    raw[end:end] = record64
    path.write_bytes(raw)
    with pytest.raises(FileTooLargeError, match="members"):
        read_apple_health(path, berlin)


def test_a_method_that_needs_much_memory_is_refused(tmp_path: Path, berlin: Zone) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("export.xml", xml(3))
    with pytest.raises(ArchiveError, match="method"):
        read_apple_health(path, berlin)
