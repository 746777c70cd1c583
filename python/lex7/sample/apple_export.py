"""The health export of the sample person: `export.xml` in its zip, as phones write it.

Records stand grouped by type and in order of time within a type. All wall times are those of the
home zone, as the phone wrote them on the day of the export. Vertical tabs stand in some attribute
values, a known fault of real exports; the watch and the phone both count the same steps.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable

import numpy as np

from lex7.base.civil import date_of
from lex7.sample.body import Body
from lex7.sample.calendar import Mask, Span
from lex7.sample.doctype import export_head
from lex7.sample.draw import Draws, uniform
from lex7.sample.local_time import LocalTime, Seconds, stamps
from lex7.sample.nights import Nights, stages_of
from lex7.sample.pulse import Runs, Samples

WATCH = "Robin’s Apple\u00a0Watch"
PHONE = "Robin’s iPhone"
SCALE = "Body+"
_WATCH_DEVICE = (
    "&lt;&lt;HKDevice: 0x{:09x}&gt;, name:Apple Watch, manufacturer:Apple Inc., "
    "model:Watch, hardware:Watch6,7, software:{}&gt;"
)
_PHONE_DEVICE = (
    "&lt;&lt;HKDevice: 0x{:09x}&gt;, name:iPhone, manufacturer:Apple Inc., "
    "model:iPhone, hardware:iPhone15,2, software:{}&gt;"
)
_WATCH_VERSION, _PHONE_VERSION = "26.1", "26.1.1"
_QUANTITY, _CATEGORY = "HKQuantityTypeIdentifier", "HKCategoryTypeIdentifier"
_EXPORT_WALL_SECONDS = 23 * 3_600 + 57 * 60 + 12


class Writer:
    """Collects the blocks of an export; the one mutable thing here, used up by `text`."""

    def __init__(self, span: Span, home: LocalTime, away: LocalTime) -> None:
        self.span = span
        self.home = home
        self.away = away
        self.blocks: list[str] = []
        self.watch = _source(WATCH, _WATCH_VERSION, _WATCH_DEVICE, 0x2F14C8A50)
        self.phone = _source(PHONE, _PHONE_VERSION, _PHONE_DEVICE, 0x2F1E03B90)
        self.phone_clock = f'sourceName="{PHONE}" sourceVersion="{_PHONE_VERSION}"'
        self.scale = f'sourceName="{SCALE}" sourceVersion="6030301"'

    def quantity(self, kind: str, unit: str, source: str, samples: Samples) -> None:
        """Add one series of measurements from one source."""
        head = f' <Record type="{_QUANTITY}{kind}" {source} unit="{unit}" creationDate="'
        created = stamps(self.home, samples.end + 7)
        start, end = stamps(self.home, samples.start), stamps(self.home, samples.end)
        values = [f"{value:.10g}" for value in samples.value.tolist()]
        rows = zip(created, start, end, values, strict=True)
        self.blocks.extend(
            f'{head}{made}" startDate="{begin}" endDate="{finish}" value="{value}"/>\n'
            for made, begin, finish, value in rows
        )

    def text(self, summaries: Iterable[str]) -> str:
        """Return the whole document."""
        exported = np.array([self.span.as_of * 86_400 + _EXPORT_WALL_SECONDS])
        moment = stamps(self.home, exported - self.home.offsets[-1])[0]
        me = (
            ' <Me HKCharacteristicTypeIdentifierDateOfBirth="1988-04-17" '
            'HKCharacteristicTypeIdentifierBiologicalSex="HKBiologicalSexNotSet" '
            'HKCharacteristicTypeIdentifierBloodType="HKBloodTypeNotSet" '
            'HKCharacteristicTypeIdentifierFitzpatrickSkinType="HKFitzpatrickSkinTypeNotSet" '
            'HKCharacteristicTypeIdentifierCardioFitnessMedicationsUse="None"/>\n'
        )
        head = f'{export_head()}<HealthData locale="en_DE">\n <ExportDate value="{moment}"/>\n'
        return "".join([head, me, *self.blocks, *summaries, "</HealthData>\n"])


def write_sleep(writer: Writer, body: Body, nights: Nights) -> None:
    """Add time in bed from the phone and the stages from the watch."""
    count = writer.span.history_count
    chance = uniform(writer.span.seed, "stages", count * 16).reshape(count, 16)
    early = 300 + 30 * np.floor(40 * chance[:, 0]).astype(np.int64)
    late = 60 + 30 * np.floor(20 * chance[:, 1]).astype(np.int64)
    for index in range(count):
        zone = writer.away.name if body.is_away[index] else writer.home.name
        bed = (int(nights.onset[index] - early[index]), int(nights.wake[index] + late[index]))
        _stage_rows(writer, writer.phone_clock, zone, [("InBed", *bed)])
        if body.sleep_measured[index]:
            stages = stages_of(nights, index, chance[index])
            rows = [
                (item.name if item.name == "Awake" else "Asleep" + item.name, item.start, item.end)
                for item in stages
            ]
            _stage_rows(writer, writer.watch, zone, rows)


def write_runs(writer: Writer, body: Body, runs: Runs) -> None:
    """Add each run as a workout with its statistics; some carry a vertical tab, as real ones do."""
    start, end = stamps(writer.home, runs.start), stamps(writer.home, runs.end)
    for index, day in enumerate(runs.day_index.tolist()):
        minutes = (runs.end[index] - runs.start[index]) / 60
        zone = writer.away.name if body.is_away[day] else writer.home.name
        span = f'startDate="{start[index]}" endDate="{end[index]}"'
        tab = "\x0b" if index % 9 == 4 else ""
        writer.blocks.append(
            f' <Workout workoutActivityType="HKWorkoutActivityTypeRunning" '
            f'duration="{minutes:.6f}" durationUnit="min" {writer.watch} '
            f'creationDate="{end[index]}" {span}>\n'
            f'  <MetadataEntry key="HKIndoorWorkout" value="0"/>\n'
            f'  <MetadataEntry key="HKTimeZone" value="{zone}"/>\n'
            f'  <MetadataEntry key="HKWorkoutBrandName" value="{tab}Outdoor Run"/>\n'
            f'  <WorkoutStatistics type="{_QUANTITY}ActiveEnergyBurned" {span} '
            f'sum="{minutes * 11.3:.3f}" unit="kcal"/>\n'
            f'  <WorkoutStatistics type="{_QUANTITY}DistanceWalkingRunning" {span} '
            f'sum="{minutes / 5.6:.5f}" unit="km"/>\n'
            f'  <WorkoutStatistics type="{_QUANTITY}HeartRate" {span} '
            f'average="{body.resting_true[day] + 88:.3f}" unit="count/min"/>\n'
            " </Workout>\n"
        )


def summaries(span: Span, body: Body, is_worn: Mask) -> list[str]:
    """Return one activity summary a day, zero where the watch was not worn."""
    rows = []
    for index in range(span.history_count):
        worn = bool(is_worn[index])
        energy = body.steps[index] * 0.043 if worn else 0.0
        exercise = int(18 + 38 * body.has_run[index]) if worn else 0
        rows.append(
            f' <ActivitySummary dateComponents="{date_of(span.days[index])}" '
            f'activeEnergyBurned="{energy:.3f}" activeEnergyBurnedGoal="480" '
            f'activeEnergyBurnedUnit="kcal" appleMoveTime="0" appleMoveTimeGoal="0" '
            f'appleExerciseTime="{exercise}" appleExerciseTimeGoal="30" '
            f'appleStandHours="{12 if worn else 0}" appleStandHoursGoal="12"/>\n'
        )
    return rows


def zipped(document: str, span: Span) -> bytes:
    """Return the zip as a phone shares it: one folder with `export.xml`."""
    stamp = (*date_of(span.as_of).timetuple()[:3], 23, 57, 12)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as archive:
        for name, content in (
            ("apple_health_export/", b""),
            ("apple_health_export/export.xml", document.encode()),
        ):
            entry = zipfile.ZipInfo(name, stamp)
            entry.compress_type = zipfile.ZIP_DEFLATED if content else zipfile.ZIP_STORED
            entry.create_system = 3
            entry.external_attr = (0o100644 if content else 0o40755) << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def point_samples(seconds: Seconds, values: Draws) -> Samples:
    """Return measurements that start and end at one instant; NaN is left out."""
    kept = ~np.isnan(values)
    return Samples(seconds[kept], seconds[kept], values[kept])


def _stage_rows(writer: Writer, source: str, zone: str, rows: list[tuple[str, int, int]]) -> None:
    created = stamps(writer.home, np.array([rows[-1][2] + 95]))[0]
    start = stamps(writer.home, np.array([row[1] for row in rows]))
    end = stamps(writer.home, np.array([row[2] for row in rows]))
    for (name, _, _), begin, finish in zip(rows, start, end, strict=True):
        writer.blocks.append(
            f' <Record type="{_CATEGORY}SleepAnalysis" {source} creationDate="{created}" '
            f'startDate="{begin}" endDate="{finish}" value="{_CATEGORY_VALUE}{name}">\n'
            f'  <MetadataEntry key="HKTimeZone" value="{zone}"/>\n </Record>\n'
        )


_CATEGORY_VALUE = "HKCategoryValueSleepAnalysis"


def _source(name: str, version: str, device: str, address: int) -> str:
    return (
        f'sourceName="{name}" sourceVersion="{version}" device="{device.format(address, version)}"'
    )
