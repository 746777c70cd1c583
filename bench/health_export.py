"""Writes an Apple Health export of any size: the shape of a real one, with invented numbers.

Every record differs from every other one. The same seed and size give the same bytes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 13 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout|ActivitySummary)*)>
<!ATTLIST HealthData
  locale CDATA #REQUIRED
>
<!ELEMENT Record ((MetadataEntry|HeartRateVariabilityMetadataList)*)>
]>
<HealthData locale="en_DE">
 <ExportDate value="2026-06-01 08:10:05 +0200"/>
 <Me HKCharacteristicTypeIdentifierDateOfBirth="1990-05-20"/>
"""
WATCH = (
    'sourceName="Anna’s Apple\u00a0Watch" sourceVersion="10.2" device="&lt;&lt;HKDevice: '
    "0x3012772a0&gt;, name:Apple Watch, manufacturer:Apple Inc., model:Watch, hardware:Watch6,7, "
    'software:10.2&gt;"'
)
PHONE = (
    'sourceName="Anna’s iPhone" sourceVersion="17.2.1" device="&lt;&lt;HKDevice: 0x301d0a210&gt;, '
    "name:iPhone, manufacturer:Apple Inc., model:iPhone, hardware:iPhone14,5, "
    'software:17.2.1&gt;"'
)
QUANTITY = ' <Record type="HKQuantityTypeIdentifier'
METADATA = '>\n  <MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="0"/>\n </Record>\n'
STAGES = ("AsleepCore", "AsleepDeep", "AsleepCore", "AsleepREM", "Awake")


def write_export(path: Path, size: int, seed: int) -> None:
    """Write an export of at least `size` bytes, whole days at a time."""
    draw = random.Random(seed)
    day = date(2012, 1, 1)
    with path.open("w", encoding="utf-8") as file:
        file.write(HEAD)
        while file.tell() < size:
            file.write("".join(_day(day.isoformat(), draw)))
            day += timedelta(days=1)
        file.write("</HealthData>\n")


def _day(day: str, draw: random.Random) -> Iterator[str]:
    yield from _night(day, draw)
    rate = f'{QUANTITY}HeartRate" {WATCH} unit="count/min" creationDate="{day} '
    for minute in range(0, 1_440, 3):
        clock = f"{minute // 60:02}:{minute % 60:02}:{draw.randrange(60):02} +0100"
        value = draw.randrange(48, 150)
        yield f'{rate}{clock}" startDate="{day} {clock}" endDate="{day} {clock}" value="{value}"'
        yield METADATA
    for kind, device, unit in (
        ("ActiveEnergyBurned", WATCH, "kcal"),
        ("StepCount", WATCH, "count"),
        ("StepCount", PHONE, "count"),
        ("DistanceWalkingRunning", PHONE, "km"),
    ):
        yield from _spans(f'{QUANTITY}{kind}" {device} unit="{unit}" ', day, unit, draw)
    for kind, unit, value in (
        ("RestingHeartRate", "count/min", f"{draw.randrange(52, 66)}"),
        ("HeartRateVariabilitySDNN", "ms", f"{draw.uniform(20, 90):.4f}"),
        ("BodyMass", "kg", f"{draw.uniform(70, 72):.1f}"),
    ):
        stamp = f"{day} 07:{draw.randrange(60):02}:00 +0100"
        yield f'{QUANTITY}{kind}" {WATCH} unit="{unit}" creationDate="{stamp}" '
        yield f'startDate="{stamp}" endDate="{stamp}" value="{value}"/>\n'


def _spans(head: str, day: str, unit: str, draw: random.Random) -> Iterator[str]:
    for minute in range(6 * 60, 23 * 60, 5):
        hour, rest = divmod(minute, 60)
        start = f"{day} {hour:02}:{rest:02}:{draw.randrange(60):02} +0100"
        end = f"{day} {hour:02}:{rest + 4:02}:{draw.randrange(60):02} +0100"
        value = str(draw.randrange(1, 600)) if unit == "count" else f"{draw.random() * 9:.5f}"
        yield f'{head}creationDate="{end}" startDate="{start}" endDate="{end}" value="{value}"/>\n'


def _night(day: str, draw: random.Random) -> Iterator[str]:
    head = f' <Record type="HKCategoryTypeIdentifierSleepAnalysis" {WATCH} '
    for minute in range(0, 420, 20):
        hour, rest = divmod(minute, 60)
        start = f"{day} {hour:02}:{rest:02}:{draw.randrange(60):02} +0100"
        end = f"{day} {hour:02}:{rest + 19:02}:{draw.randrange(60):02} +0100"
        yield f'{head}creationDate="{end}" startDate="{start}" endDate="{end}" '
        yield f'value="HKCategoryValueSleepAnalysis{STAGES[minute // 20 % 5]}"/>\n'
