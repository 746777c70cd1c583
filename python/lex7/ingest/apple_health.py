"""Apple Health: `export.xml`, or the `export.zip` that holds it, into blocks of observations.

The bytes are read by a streaming reader that keeps nothing but rows (docs/adr/0020); the archive is
never unpacked. A damaged record is left out with a finding and the next one is read. Every instant
is converted to UTC by the offset that stands beside it, before anything is subtracted.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import numpy as np

from lex7._core import AppleReader
from lex7.base.civil import Zone
from lex7.base.errors import Finding
from lex7.base.record import ObservationBlock
from lex7.base.streams import STREAMS, SleepStage, StreamSpec
from lex7.base.units import UNITS
from lex7.ingest.archive import DAMAGE, open_member, open_safely
from lex7.ingest.days import Rows, file_rows
from lex7.ingest.result import (
    ArchiveError,
    FileUnreadableError,
    ImportResult,
    WrongFormatError,
    cap_findings,
)
from lex7.ingest.source import open_source

FORMAT = "apple-health"
CHUNK_BYTES = 1 << 18
ROWS_PENDING_MAX = 1 << 16

_SNIFF_BYTES = 1 << 16
_SNIFFED_MEMBERS_MAX = 32
_ZIP_MARK = b"PK\x03\x04"
_EMPTY_ZIP_MARK = b"PK\x05\x06"

_Part = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, slots=True)
class _Kind:
    """One record type: its stream, what people call it, its units or its categories."""

    type: str
    stream: str
    words: str
    units: tuple[tuple[str, Fraction], ...] = ()
    codes: tuple[tuple[str, int], ...] = ()


_POUND = UNITS["lb"].factor
_MASS = (
    ("kg", Fraction(1)),
    ("g", UNITS["g"].factor),
    ("lb", _POUND),
    ("oz", _POUND / 16),
    ("st", _POUND * 14),
)
_RATE = (("count/min", Fraction(1)), ("count/s", Fraction(60)), ("bpm", Fraction(1)))
_ENERGY = (
    ("kcal", Fraction(1)),
    ("Cal", Fraction(1)),
    ("kJ", UNITS["kJ"].factor),
    ("cal", Fraction(1, 1000)),
    ("J", UNITS["kJ"].factor / 1000),
)
_SLEEP = tuple(
    (f"HKCategoryValueSleepAnalysis{name}", int(stage))
    for name, stage in (
        ("InBed", SleepStage.IN_BED),
        ("Asleep", SleepStage.ASLEEP),
        ("AsleepUnspecified", SleepStage.ASLEEP),
        ("Awake", SleepStage.AWAKE),
        ("AsleepCore", SleepStage.CORE),
        ("AsleepDeep", SleepStage.DEEP),
        ("AsleepREM", SleepStage.REM),
    )
)
_QUANTITY = "HKQuantityTypeIdentifier"
_KINDS = (
    _Kind(f"{_QUANTITY}HeartRate", "heart.rate", "heart rate", _RATE),
    _Kind(f"{_QUANTITY}RestingHeartRate", "heart.resting", "resting heart rate", _RATE),
    _Kind(
        f"{_QUANTITY}HeartRateVariabilitySDNN",
        "heart.hrv_sdnn",
        "heart rate variability",
        (("ms", Fraction(1)), ("s", Fraction(1000))),
    ),
    _Kind("HKCategoryTypeIdentifierSleepAnalysis", "sleep.stage", "sleep", codes=_SLEEP),
    _Kind(f"{_QUANTITY}BodyMass", "weight", "weight", _MASS),
    _Kind(f"{_QUANTITY}StepCount", "steps", "step", (("count", Fraction(1)),)),
    _Kind(f"{_QUANTITY}ActiveEnergyBurned", "energy.active", "active energy", _ENERGY),
    _Kind(
        f"{_QUANTITY}AppleExerciseTime",
        "exercise",
        "exercise",
        (("min", Fraction(1)), ("s", Fraction(1, 60)), ("hr", Fraction(60)), ("h", Fraction(60))),
    ),
)

RULE_COUNT = len(_KINDS)

_SENTENCES = {
    "apple.tag": "expected a whole tag, found a damaged one; it was left out",
    "apple.structure": "an element does not end where it should; reading went on behind it",
    "apple.missing": "a {words} record lacks its type, value or dates; it was left out",
    "apple.date": "expected dates like 2024-01-01 01:01:42 +0200 in a {words} record; "
    "it was left out",
    "apple.date_range": "expected dates from 1900 to 2199 in a {words} record; it was left out",
    "apple.interval": "a {words} record ends before it starts or lasts over 4 days; "
    "it was left out",
    "apple.unit": "a {words} record is in a unit that is not known for it; it was left out",
    "apple.category": "a {words} record is of a category that is not known; it was left out",
    "apple.number": "expected a decimal number in a {words} record; it was left out",
    "apple.value": "a {words} record is outside what is plausible ({low:g} to {high:g} {unit}); "
    "it was left out",
    "apple.source": "the name of a source holds characters that do not belong in a name or is too "
    "long; it was mended",
    "apple.sources": "there are more sources than can be told apart; the rest share one name",
}


def read_apple_health(path: Path, where: Zone) -> ImportResult:
    """Read an export; the blocks are sorted by stream and day.

    Args:
        path: `export.xml`, or a zip archive that holds it under any name.
        where: the owner's time zone, for the civil days the blocks are filed under.

    Raises:
        IngestError: the file is refused as a whole, with the reason.
    """
    parts: list[list[_Part]] = [[] for _ in _KINDS]
    reader = new_reader(path.name)
    damage = ""
    with open_export(path) as stream:
        try:
            while chunk := stream.read(CHUNK_BYTES):
                reader.feed(chunk)
                if reader.pending() >= ROWS_PENDING_MAX:
                    _take(reader, parts)
        except DAMAGE:
            damage = "the archive is damaged from here on; what came before was read"
        except OSError as exc:
            raise FileUnreadableError(path.name, "stopped giving its bytes") from exc
    _finish(reader, path.name, is_damaged=bool(damage))
    _take(reader, parts)
    blocks, repeated_count = _file(parts, reader.sources(), where)
    return _result(path.name, reader, blocks, repeated_count, damage)


@contextmanager
def open_export(path: Path) -> Iterator[BinaryIO]:
    """Open the XML text of an export, from the file itself or out of its archive.

    Raises:
        IngestError: it cannot be opened, or the archive is not fit to be read.
    """
    with open_source(path) as source:
        try:
            mark = source.read(len(_ZIP_MARK))
            source.seek(0)
        except OSError as exc:
            raise FileUnreadableError(path.name, "stopped giving its bytes") from exc
        if mark in (_ZIP_MARK, _EMPTY_ZIP_MARK):
            with open_member(source, path.name, _choose) as member:
                yield member
        else:
            yield source


def new_reader(name: str) -> AppleReader:
    """Make a reader for the record types that nodes follow."""
    return AppleReader(name, [_rule(kind) for kind in _KINDS])


def _rule(
    kind: _Kind,
) -> tuple[str, list[tuple[str, int, int]], list[tuple[str, int]], int, int]:
    spec = STREAMS[kind.stream]
    units = [
        (name, (factor * spec.scale).numerator, (factor * spec.scale).denominator)
        for name, factor in kind.units
    ]
    return (
        kind.type,
        units,
        list(kind.codes),
        _bound(spec.minimum, spec),
        _bound(spec.maximum, spec),
    )


def _bound(value: float, spec: StreamSpec) -> int:
    return int(Fraction(value) * spec.scale)


def _choose(archive: zipfile.ZipFile) -> zipfile.ZipInfo | None:
    """Pick the member whose text is an export; its name differs from language to language."""
    listed = [info for info in archive.infolist() if _may_be_export(info.filename)]
    listed.sort(key=lambda info: (_base(info.filename) != "export.xml", -info.file_size))
    for info in listed[:_SNIFFED_MEMBERS_MAX]:
        member = open_safely(archive, info)
        if member is None:
            return info  # opening it says why it cannot be read
        with member:
            if b"<HealthData" in member.read(_SNIFF_BYTES):
                return info
    return None


def _may_be_export(name: str) -> bool:
    return name.lower().endswith(".xml") and not name.startswith("__MACOSX/")


def _base(name: str) -> str:
    return name.replace("\\", "/").rpartition("/")[2].lower()


def _finish(reader: AppleReader, name: str, *, is_damaged: bool) -> None:
    try:
        reader.finish()
    except WrongFormatError as exc:
        if is_damaged:
            raise ArchiveError(name, "it is damaged") from exc
        raise


def _take(reader: AppleReader, parts: list[list[_Part]]) -> None:
    for index, taken in enumerate(parts):
        columns = reader.take(index)
        if columns[0].size:
            taken.append(columns)


def _file(
    parts: list[list[_Part]], source_names: list[str], where: Zone
) -> tuple[list[ObservationBlock], int]:
    blocks: list[ObservationBlock] = []
    repeated_count = 0
    for index in sorted(range(len(_KINDS)), key=lambda index: _KINDS[index].stream):
        taken, parts[index] = parts[index], []  # let go of the parts once they are joined
        if taken:
            # Nothing here holds on to the joined rows, so filing frees them once they are sorted.
            filed, repeated = file_rows(_KINDS[index].stream, _join(taken), source_names, where)
            blocks += filed
            repeated_count += repeated
    return blocks, repeated_count


def _join(taken: list[_Part]) -> Rows:
    columns = [list(column) for column in zip(*taken, strict=True)]
    taken.clear()
    joined = []
    for column in columns:
        joined.append(np.concatenate(column))
        column.clear()
    return Rows(*joined)


def _result(
    name: str,
    reader: AppleReader,
    blocks: list[ObservationBlock],
    repeated_count: int,
    damage: str,
) -> ImportResult:
    seen, kept, unknown, unknown_types, elements, nested, more_count = reader.counts()
    findings = [
        _finding(name, found, kept)
        for found in reader.findings()
        if not (damage and found[0] == "apple.truncated")
    ]
    if damage:
        findings.append(Finding("apple.archive", name, damage))
    if more_count:
        sentence = f"{more_count:,} more findings of this file were counted and not kept"
        findings.append(Finding("ingest.more_findings", name, sentence))
    if unknown or elements:
        sentence = (
            f"{unknown:,} measurements of {unknown_types} kinds that no node follows and "
            f"{elements:,} workouts, summaries and other elements were passed over"
        )
        findings.append(Finding("info.apple.passed_over", name, sentence))
    if repeated_count:
        sentence = f"{repeated_count:,} exact repetitions of measurements were left out"
        findings.append(Finding("info.apple.repeated", name, sentence))
    return ImportResult(
        format=FORMAT,
        records=tuple(blocks),
        findings=cap_findings(findings, name),
        seen_count=seen,
        kept_count=kept - repeated_count,
        duplicate_count=repeated_count,
        passed_over_count=unknown + elements + nested,
    )


def _finding(name: str, found: tuple[str, int, int, int, str], kept_count: int) -> Finding:
    code, line, byte, rule, text = found
    place = f"{name}, line {line}"
    if code == "apple.truncated":
        sentence = (
            f"the file ends too early, at byte {byte:,}; {kept_count:,} measurements were read"
        )
        return Finding(code, place, sentence)
    if rule < 0:
        return Finding(code, place, _SENTENCES[code].format(words="health"), text)
    kind = _KINDS[rule]
    spec = STREAMS[kind.stream]
    words = {"words": kind.words, "unit": spec.unit, "low": spec.minimum, "high": spec.maximum}
    return Finding(code, place, _SENTENCES[code].format(**words), text)
