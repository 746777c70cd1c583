"""What becomes of the records of an Apple Health export, read from small exports by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from lex7.base import civil
from lex7.base.civil import Zone
from lex7.base.record import ObservationBlock
from lex7.base.streams import SleepStage
from lex7.ingest.apple_health import read_apple_health
from lex7.ingest.result import (
    FileEmptyError,
    FileUnreadableError,
    HostileInputError,
    ImportResult,
    WrongFormatError,
    is_notice,
)

Write = Callable[[str | bytes], Path]


def record(
    kind: str = "HeartRate",
    value: str = "61",
    unit: str = "count/min",
    start: str = "2024-03-01 08:00:00 +0100",
    end: str | None = None,
) -> str:
    return (
        f'<Record type="HKQuantityTypeIdentifier{kind}" sourceName="Watch" unit="{unit}" '
        f'startDate="{start}" endDate="{end or start}" value="{value}"/>'
    )


def sleep(start: str, end: str, value: str = "AsleepCore") -> str:
    return (
        '<Record type="HKCategoryTypeIdentifierSleepAnalysis" sourceName="Watch" '
        f'startDate="{start}" endDate="{end}" value="HKCategoryValueSleepAnalysis{value}"/>'
    )


def codes(result: ImportResult) -> list[str]:
    return [finding.code for finding in result.findings if not is_notice(finding)]


def blocks(result: ImportResult) -> list[ObservationBlock]:
    return [one for one in result.records if isinstance(one, ObservationBlock)]


def only(result: ImportResult) -> ObservationBlock:
    assert len(result.records) == 1
    return blocks(result)[0]


def ns(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 10**9


def test_a_record_becomes_a_row_in_utc(export: Write, berlin: Zone) -> None:
    result = read_apple_health(export(record()), berlin)
    block = only(result)
    assert block.stream == "heart.rate"
    assert block.day == civil.day_from_date(date(2024, 3, 1))
    assert block.sources == ("Watch",)
    assert block.start_ns.tolist() == block.end_ns.tolist() == [ns("2024-03-01T07:00:00")]
    assert block.value.tolist() == [6100]
    assert (result.seen_count, result.kept_count, result.findings) == (1, 1, ())


@pytest.mark.parametrize(
    ("kind", "value", "unit", "stream", "expected"),
    [
        ("BodyMass", "180", "lb", "weight", 81_647),
        ("BodyMass", "81646.6266", "g", "weight", 81_647),
        ("BodyMass", "12.5", "st", "weight", 79_379),  # 12.5 st = 175 lb = 79.37866 kg
        ("ActiveEnergyBurned", "4.184", "kJ", "energy.active", 1000),
        ("ActiveEnergyBurned", "0.12", "Cal", "energy.active", 120),
        ("HeartRate", "1.25", "count/s", "heart.rate", 7500),
        ("HeartRateVariabilitySDNN", "0.0425", "s", "heart.hrv_sdnn", 42_500),
        ("AppleExerciseTime", "0.5", "hr", "exercise", 3000),
        ("StepCount", "1.2e3", "count", "steps", 1200),
    ],
)
def test_units_are_converted(
    export: Write, berlin: Zone, kind: str, value: str, unit: str, stream: str, expected: int
) -> None:
    block = only(read_apple_health(export(record(kind, value, unit)), berlin))
    assert (block.stream, block.value.tolist()) == (stream, [expected])


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (record(value="NaN"), "apple.number"),
        (record(value="inf"), "apple.number"),
        (record(value=""), "apple.number"),
        (record(value="1" + "0" * 400), "apple.value"),
        (record(value="1e400"), "apple.value"),
        (record(value="-60"), "apple.value"),
        (record(value="261"), "apple.value"),
        (record(start="1601-01-01 00:00:00 +0000"), "apple.date_range"),
        (record(start="9999-12-31 00:00:00 +0000"), "apple.date_range"),
        (record(start="yesterday"), "apple.date"),
        (record(end="2024-03-01 07:59:59 +0100"), "apple.interval"),
        (record(end="2024-03-09 08:00:00 +0100"), "apple.interval"),
        (record(unit="furlong"), "apple.unit"),
        (sleep("2024-03-01 01:00:00 +0100", "2024-03-01 02:00:00 +0100", "Levitating"),
         "apple.category"),
        ('<Record type="HKQuantityTypeIdentifierHeartRate" value="60"/>', "apple.missing"),
        ('<Record value="60"/>', "apple.missing"),
        ('<Record type="HKQuantityTypeIdentifierHeartRate value="60"/>', "apple.tag"),
        ("< Record/>", "apple.tag"),
    ],
)  # fmt: skip
def test_a_bad_record_is_one_finding_and_hides_nothing(
    export: Write, berlin: Zone, bad: str, code: str
) -> None:
    good = [record(start="2024-03-01 08:00:00 +0100"), record(start="2024-03-01 09:00:00 +0100")]
    result = read_apple_health(export("\n".join((good[0], bad, good[1]))), berlin)
    assert codes(result) == [code]
    assert result.findings[0].where == "export.xml, line 4"
    assert only(result).value.tolist() == [6100, 6100]


def test_values_and_dates_do_not_stand_in_findings(export: Write, berlin: Zone) -> None:
    result = read_apple_health(
        export(record(value="260.5", start="2024-03-04 05:06:07 +0100")), berlin
    )
    written = repr(result.findings)
    assert "260.5" not in written
    assert "05:06" not in written


def test_unknown_types_are_counted_in_one_notice(export: Write, berlin: Zone) -> None:
    strange = [record("DietaryWater"), record("DietaryWater"), record("UVExposure")]
    others = "<Workout a='1'><WorkoutEvent/></Workout><ActivitySummary/><Me/><ExportDate/>"
    result = read_apple_health(export("".join(strange) + record() + others), berlin)
    assert [finding.code for finding in result.findings] == ["info.apple.passed_over"]
    assert "3 measurements of 2 kinds" in result.findings[0].sentence
    assert "2 workouts" in result.findings[0].sentence
    assert (result.seen_count, result.kept_count, result.passed_over_count) == (4, 1, 5)


def test_records_in_correlations_are_copies_and_passed_over(export: Write, berlin: Zone) -> None:
    inside = f"<Correlation x='1'><MetadataEntry/>{record()}</Correlation>{record()}"
    result = read_apple_health(export(inside), berlin)
    assert (result.seen_count, result.kept_count, result.duplicate_count) == (1, 1, 0)


def test_children_of_a_record_are_ignored(export: Write, berlin: Zone) -> None:
    inside = (
        record()[:-2]
        + '>\n <MetadataEntry key="k" value="&#11;\x0b>"/>\n</Record>'
        + record(start="2024-03-01 08:00:01 +0100")
    )
    result = read_apple_health(export(inside), berlin)
    assert codes(result) == []
    assert result.kept_count == 2


def test_exact_repetitions_are_dropped_and_counted(export: Write, berlin: Zone) -> None:
    other = record(value="62")
    result = read_apple_health(export(record() + other + record()), berlin)
    assert only(result).value.tolist() == [6100, 6200]
    assert (result.kept_count, result.duplicate_count) == (2, 1)
    assert [finding.code for finding in result.findings] == ["info.apple.repeated"]


def test_a_night_is_filed_under_the_day_of_waking(export: Write, berlin: Zone) -> None:
    inside = (
        sleep("2024-03-01 22:30:00 +0100", "2024-03-01 23:30:00 +0100")
        + sleep("2024-03-01 23:30:00 +0100", "2024-03-02 06:30:00 +0100", "AsleepDeep")
        + sleep("2024-03-02 23:00:00 +0100", "2024-03-03 06:30:00 +0100", "InBed")
    )
    result = read_apple_health(export(inside), berlin)
    days = [civil.iso(block.day) for block in blocks(result)]
    assert days == ["2024-03-02", "2024-03-03"]
    assert blocks(result)[0].value.tolist() == [SleepStage.CORE, SleepStage.DEEP]


def test_a_night_across_the_autumn_change_has_its_true_length(export: Write, berlin: Zone) -> None:
    inside = sleep("2026-10-24 23:00:00 +0200", "2026-10-25 07:00:00 +0100")
    block = only(read_apple_health(export(inside), berlin))
    assert int(block.end_ns[0] - block.start_ns[0]) == 9 * 3600 * 10**9


@pytest.mark.parametrize(
    ("name", "stage"),
    [("InBed", 0), ("Asleep", 1), ("AsleepUnspecified", 1), ("Awake", 2), ("AsleepCore", 3),
     ("AsleepDeep", 4), ("AsleepREM", 5)],
)  # fmt: skip
def test_sleep_categories_old_and_new_are_known(
    export: Write, berlin: Zone, name: str, stage: int
) -> None:
    inside = sleep("2024-03-01 01:00:00 +0100", "2024-03-01 02:00:00 +0100", name)
    assert only(read_apple_health(export(inside), berlin)).value.tolist() == [stage]


def test_days_are_the_owners_and_not_the_devices(export: Write) -> None:
    path = export(record(start="2024-03-01 23:30:00 -0800"))
    tokyo = civil.zone("Asia/Tokyo")
    assert civil.iso(only(read_apple_health(path, tokyo)).day) == "2024-03-02"
    los_angeles = civil.zone("America/Los_Angeles")
    assert civil.iso(only(read_apple_health(path, los_angeles)).day) == "2024-03-01"


def test_a_full_day_is_split_into_blocks_that_fit_an_entry(export: Write, berlin: Zone) -> None:
    rows = [
        record(start=f"2024-03-01 {n // 3600:02}:{n // 60 % 60:02}:{n % 60:02} +0100")
        for n in range(9_000)
    ]
    result = read_apple_health(export("".join(rows)), berlin)
    assert [len(block.value) for block in blocks(result)] == [4096, 4096, 808]
    starts = np.concatenate([block.start_ns for block in blocks(result)])
    assert bool((np.diff(starts) == 10**9).all())


def test_blocks_are_sorted_and_read_only(export: Write, berlin: Zone) -> None:
    later = record("StepCount", "9", "count", start="2024-03-02 08:00:00 +0100")
    result = read_apple_health(export(later + record() + record("StepCount", "8", "count")), berlin)
    keys = [(block.stream, block.day) for block in blocks(result)]
    assert keys == sorted(keys)
    with pytest.raises(ValueError, match="read-only"):
        blocks(result)[0].value[0] = 1


def test_a_truncated_export_keeps_what_came_before(
    export: Write, berlin: Zone, tmp_path: Path
) -> None:
    whole = export(record() + "\n" + record(start="2024-03-01 09:00:00 +0100")).read_bytes()
    path = tmp_path / "cut.xml"
    path.write_bytes(whole[: len(whole) - 60])
    result = read_apple_health(path, berlin)
    assert codes(result) == ["apple.truncated"]
    assert result.findings[0].where == "cut.xml, line 4"
    assert f"byte {len(whole) - 60:,}" in result.findings[0].sentence
    assert result.kept_count == 1


BROKEN_DTD = """<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 13 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation)*)>
<!ATTLIST HealthData
  locale CDATA #REQUIRED
<!ELEMENT HeartRateVariabilityMetadataList (InstantaneousBeatsPerMinute*)>
  startDate CDATA #REQUIRED
>
]>
"""


def test_the_broken_document_type_definition_is_passed_over(tmp_path: Path, berlin: Zone) -> None:
    path = tmp_path / "export.xml"
    head = '\ufeff<?xml version="1.0" encoding="UTF-8"?>\r\n' + BROKEN_DTD.replace("\n", "\r\n")
    path.write_text(
        f"{head}<HealthData>\r\n{record()}\r\n</HealthData>", encoding="utf-8", newline=""
    )
    result = read_apple_health(path, berlin)
    assert (result.kept_count, result.findings) == (1, ())


@pytest.mark.parametrize(
    "declaration",
    ['<!ENTITY a "aaaa">', '<!ENTITY % b SYSTEM "file:///etc/passwd">', "<!ENTITY c '&a;&a;'>"],
)
def test_entity_declarations_are_refused(tmp_path: Path, berlin: Zone, declaration: str) -> None:
    path = tmp_path / "export.xml"
    path.write_text(f"<!DOCTYPE HealthData [\n{declaration}\n]>\n<HealthData>&a;</HealthData>")
    with pytest.raises(HostileInputError) as caught:
        read_apple_health(path, berlin)
    assert caught.value.where == "line 2"


def test_deep_nesting_is_refused(export: Write, berlin: Zone) -> None:
    assert codes(read_apple_health(export("<a>" * 63 + "</a>" * 63), berlin)) == []
    with pytest.raises(HostileInputError):
        read_apple_health(export("<a>" * 64), berlin)


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        (b"%PDF-1.7 ...", "a PDF document"),
        (b"\x1f\x8b\x08\x00....", "gzip data"),
        (b"date;amount\n", "something that is not XML text"),
        (b"  \n ", "no text"),
        (b"<?xml version='1.0'?><!-- x -->", "an XML document without any element"),
        (b"<ClinicalDocument/>", "an XML document of the kind \"ClinicalDocument\""),
        ("<HealthData/>".encode("utf-16"), "text in the encoding UTF-16 instead of UTF-8"),
        (b"<?xml version='1.0' encoding='latin-1'?><HealthData/>",
         "text in the encoding latin-1 instead of UTF-8"),
    ],
)  # fmt: skip
def test_what_is_no_export_is_refused(tmp_path: Path, berlin: Zone, raw: bytes, found: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(raw)
    with pytest.raises(WrongFormatError) as caught:
        read_apple_health(path, berlin)
    assert caught.value.found == found
    assert str(caught.value).count("\n") == 0


def test_folders_devices_and_empty_files_are_refused(tmp_path: Path, berlin: Zone) -> None:
    with pytest.raises(FileUnreadableError):
        read_apple_health(tmp_path, berlin)
    with pytest.raises(FileUnreadableError):
        read_apple_health(Path("/dev/zero"), berlin)
    (tmp_path / "empty.xml").touch()
    with pytest.raises(FileEmptyError):
        read_apple_health(tmp_path / "empty.xml", berlin)


def test_the_sample_of_the_corpus_reads_alike_as_text_and_as_archive(
    corpus: Path, berlin: Zone
) -> None:
    folder = corpus / "apple_health"
    text = read_apple_health(folder / "export.xml", berlin)
    archive = read_apple_health(folder / "export.zip", berlin)
    assert codes(text) == codes(archive) == []
    assert text.seen_count == archive.seen_count == 8
    assert [block.stream for block in blocks(text)] == [
        "energy.active", "energy.active", "exercise", "heart.rate", "sleep.stage",
    ]  # fmt: skip
    for ours, theirs in zip(blocks(text), blocks(archive), strict=True):
        assert ours.sources == theirs.sources
        assert ours.value.tolist() == theirs.value.tolist()
        assert ours.start_ns.tolist() == theirs.start_ns.tolist()
