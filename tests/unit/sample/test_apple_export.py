"""The health export, read by expat and plain patterns, agrees with the truth."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from datetime import datetime
from typing import Any
from xml.parsers import expat

import pytest

ASLEEP = ("Core", "Deep", "REM")
SLEEP = re.compile(
    r'SleepAnalysis" sourceName="([^"]+)".*? startDate="([^"]+)" endDate="([^"]+)"'
    r' value="HKCategoryValueSleepAnalysis(\w+)"'
)


def moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z")


def count_elements(document: bytes) -> dict[str, int]:
    seen: dict[str, int] = defaultdict(int)
    parser = expat.ParserCreate()

    def start(name: str, _: dict[str, str]) -> None:
        seen[name] += 1

    parser.StartElementHandler = start
    parser.Parse(document, True)
    return seen


def test_a_strict_reader_stumbles_over_the_document_type(export: bytes) -> None:
    with pytest.raises(expat.ExpatError):
        count_elements(export)


def test_a_strict_reader_stumbles_over_vertical_tabs(export: bytes) -> None:
    without_type = export[export.index(b"<HealthData") :]
    with pytest.raises(expat.ExpatError):
        count_elements(without_type)


def test_with_its_known_faults_mended_the_export_is_well_formed(export: bytes) -> None:
    mended = export[export.index(b"<HealthData") :].replace(b"\x0b", b"")
    seen = count_elements(mended)
    assert seen["HealthData"] == 1
    assert seen["ActivitySummary"] == 549
    assert seen["Record"] > 80_000
    assert seen["Workout"] > 100


def test_hours_asleep_are_the_true_ones_on_every_night(
    export: bytes, truth: dict[str, Any]
) -> None:
    hours: dict[str, float] = defaultdict(float)
    night_end: dict[str, str] = {}
    for source, start, end, value in SLEEP.findall(export.decode()):
        if value.removeprefix("Asleep") in ASLEEP:
            assert "Watch" in source
            # A night is filed under its waking day; nobody here wakes before three or after 18:00.
            began = moment(start)
            shifted = began.timestamp() + 6 * 3600
            day = datetime.fromtimestamp(shifted, began.tzinfo).date().isoformat()
            hours[day] += (moment(end) - began).total_seconds() / 3600
            night_end[day] = end
    expected = {
        day: value
        for day, value in zip(
            truth["history"]["day"], truth["history"]["sleep_measured_h"], strict=True
        )
        if value is not None
    }
    assert hours.keys() == expected.keys()
    for day, value in expected.items():
        assert hours[day] == pytest.approx(value, abs=1e-4)


def test_stages_of_the_watch_do_not_overlap(export: bytes) -> None:
    stages = sorted(
        (moment(start), moment(end))
        for source, start, end, value in SLEEP.findall(export.decode())
        if value != "InBed"
    )
    assert all(after[0] >= before[1] for before, after in itertools.pairwise(stages))


def test_the_watch_counts_the_true_steps_and_the_phone_counts_them_again(
    export: bytes, truth: dict[str, Any]
) -> None:
    pattern = re.compile(
        r'StepCount" sourceName="([^"]+)".*? startDate="(\S+) [^"]*" .*? value="(\d+)"'
    )
    total: dict[tuple[bool, str], int] = defaultdict(int)
    for source, day, value in pattern.findall(export.decode()):
        total["Watch" in source, day] += int(value)
    by_watch = [total[True, day] for day in truth["history"]["day"]]
    by_phone = [total[False, day] for day in truth["history"]["day"]]
    worn = [bpm is not None for bpm in truth["history"]["resting_measured_bpm"]]
    for watch, phone, true, is_worn in zip(
        by_watch, by_phone, truth["history"]["steps"], worn, strict=True
    ):
        assert (watch if is_worn else phone) == true
    assert sum(by_phone) > 0.5 * sum(by_watch)


def test_nothing_is_later_than_the_export(export: bytes) -> None:
    text = export.decode()
    exported = re.search(r'ExportDate value="([^"]+)"', text)
    assert exported is not None
    # The newest wall time is the newest instant: no clock change is near the end.
    latest = max(re.findall(r'endDate="([^"]+)"', text))
    assert moment(latest) < moment(exported[1])
