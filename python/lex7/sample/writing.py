"""Write the sample person's files into a folder, and the truth beside them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np

from lex7.base.civil import Day, date_of, day_from_date
from lex7.base.errors import Lex7Error
from lex7.base.money import is_currency
from lex7.sample import apple_export as apple
from lex7.sample.body import Body, live
from lex7.sample.calendar import (
    AWAY_ZONE_JOURNEY,
    HOME_ZONE_JOURNEY,
    Mask,
    Span,
    draw_episodes,
    make_span,
)
from lex7.sample.household import CARD, CHECKING, SAVINGS, Household, budget_scale, run_household
from lex7.sample.local_time import SECONDS_PER_DAY, instant_of, local_time
from lex7.sample.nights import draw_nights
from lex7.sample.pulse import Samples, draw_runs, heart_samples, hrv_samples, step_samples
from lex7.sample.statement import Line, Statement, european_csv, number_lines, ofx_sgml, qfx_xml
from lex7.sample.truth import Facts, truth_json
from lex7.sample.wishes import directives_toml, proposals_txt

AS_OF = date(2026, 11, 20)
"""The last day of a sample's files, unless told otherwise; no clock is read."""

MONTHS = 18
MONTHS_MIN, MONTHS_MAX = 2, 60
"""Fewer hold no monthly rhythm; more than five years of heart rate fill a hundred megabytes."""


class SampleError(Lex7Error):
    """A sample cannot be written."""

    code = "sample"

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What was written.

    Attributes:
        directory: the folder.
        files: path relative to the folder and size in bytes, in order of path.
        transactions: how many lines the bank files hold, overlap not counted.
        health_records: how many records the health export holds.
        first: the first day.
        as_of: the last day.
    """

    directory: Path
    files: tuple[tuple[str, int], ...]
    transactions: int
    health_records: int
    first: date
    as_of: date


def write_sample(
    directory: Path,
    seed: int,
    *,
    as_of: date = AS_OF,
    months: int = MONTHS,
    zone: str = "Europe/Berlin",
    currency: str = "USD",
) -> SampleSummary:
    """Write a synthetic person's files; the same arguments give the same files.

    Raises:
        SampleError: the folder is not empty, cannot be written, or an argument is out of bounds.
        UnknownZoneError: the zone is not in the pinned table.
    """
    if not MONTHS_MIN <= months <= MONTHS_MAX:
        raise SampleError(f"expected {MONTHS_MIN} to {MONTHS_MAX} months, got {months}")
    if not is_currency(currency):
        raise SampleError(f"expected a currency such as 'USD', got {currency!r}")
    span = make_span(seed, day_from_date(as_of), months)
    episodes = draw_episodes(span)
    body, household = live(span, episodes), run_household(span, episodes)
    away_zone = AWAY_ZONE_JOURNEY if zone == HOME_ZONE_JOURNEY else HOME_ZONE_JOURNEY
    document, records = _health(span, body, zone, away_zone)
    statements, pending = _statements(span, household, currency)
    lines = {name: statement.lines for name, statement in statements.items() if "-" not in name}
    facts = Facts(span, episodes, body, household, lines, pending, zone, away_zone, currency)
    files = {
        "apple_health/export.zip": apple.zipped(document, span),
        "card.qfx": qfx_xml(statements[CARD]),
        "checking.ofx": ofx_sgml(statements[CHECKING]),
        "savings.csv": european_csv(statements[SAVINGS]),
        "truth.json": truth_json(facts),
    }
    scale = budget_scale(seed)
    files["directives.toml"] = directives_toml(scale, zone, currency)
    files["proposals.txt"] = proposals_txt(scale, span.as_of, currency)
    older = next(name for name in statements if "-" in name)
    files[f"{older}.ofx"] = ofx_sgml(statements[older])
    _write(directory, files)
    return SampleSummary(
        directory=directory,
        files=tuple((name, len(files[name])) for name in sorted(files)),
        transactions=sum(len(rows) for rows in lines.values()),
        health_records=records,
        first=date_of(span.first),
        as_of=as_of,
    )


def _health(span: Span, body: Body, zone: str, away_zone: str) -> tuple[str, int]:
    home, away = (local_time(name, span.first, span.as_of) for name in (zone, away_zone))
    nights = draw_nights(span, body, home, away)
    runs = draw_runs(span, body, home, away)
    writer = apple.Writer(span, home, away)
    count = span.history_count
    midnight = instant_of(home, span.days[:count] * SECONDS_PER_DAY)
    morning = apple.point_samples(nights.wake + 1_140, body.weight_measured[:count])
    writer.quantity("BodyMass", "kg", writer.scale, morning)
    heart = heart_samples(span, body, nights, runs, home)
    writer.quantity("HeartRate", "count/min", writer.watch, heart)
    steps, carried = step_samples(span, body, nights, home)
    worn = ~np.isnan(body.resting_measured[:count])
    on_wrist = worn[np.searchsorted(midnight, steps.start, side="right") - 1]
    by_phone = carried | ~on_wrist
    share = np.where(on_wrist, np.ceil(steps.value * 0.93), steps.value)
    phone = Samples(steps.start + 3, steps.end + 11, share)
    writer.quantity("StepCount", "count", writer.phone, _only(phone, by_phone))
    writer.quantity("StepCount", "count", writer.watch, _only(steps, on_wrist))
    energy = Samples(steps.start, steps.end, np.round(steps.value * 0.043, 3))
    writer.quantity("ActiveEnergyBurned", "kcal", writer.watch, _only(energy, on_wrist))
    apple.write_sleep(writer, body, nights)
    resting = apple.point_samples(midnight + 180, body.resting_measured[:count])
    resting = Samples(resting.start, resting.start + 85_000, resting.value)
    writer.quantity("RestingHeartRate", "count/min", writer.watch, resting)
    writer.quantity("HeartRateVariabilitySDNN", "ms", writer.watch, hrv_samples(span, body, nights))
    apple.write_runs(writer, body, runs)
    document = writer.text(apple.summaries(span, body, worn))
    return document, document.count(" <Record ")


def _only(samples: Samples, kept: Mask) -> Samples:
    return Samples(samples.start[kept], samples.end[kept], samples.value[kept])


def _statements(
    span: Span, household: Household, currency: str
) -> tuple[dict[str, Statement], dict[str, str]]:
    """Cut the movements into statements; the older one of checking shows one payment pending."""
    result = {}
    for account in (CHECKING, CARD, SAVINGS):
        rows = [item for item in household.movements if item.account == account]
        past = number_lines(item for item in rows if item.day <= span.as_of)
        opening = household.opening_minor[account]
        result[account] = Statement(account, currency, span.first, span.as_of, past, opening)
    newest = result[CHECKING]
    cut = day_from_date(date(date_of(span.as_of).year - 1, 12, 31))
    if not span.first + 30 <= cut < span.as_of:
        cut = Day((span.first + span.as_of) // 2)
    older = [line for line in newest.lines if line.movement.day <= cut]
    at = next((at for at in reversed(range(len(older))) if older[at].movement.kind == "POS"), None)
    pending = {}
    if at is not None:
        booked = older[at]
        earlier = replace(booked.movement, day=Day(booked.movement.day - 1))
        older[at] = Line(earlier, "PENDING" + booked.external_id)
        pending[older[at].external_id] = booked.external_id
    statement = replace(newest, last=cut, lines=tuple(older))
    result[f"{CHECKING}-{date_of(cut).year}"] = statement
    return result, pending


def _write(directory: Path, files: dict[str, bytes]) -> None:
    try:
        if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
            raise SampleError(
                f"expected an empty or new folder, but {directory} already holds something"
            )
        for name, content in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    except OSError as exc:
        raise SampleError(f"cannot write into {directory}: {exc.strerror or exc}") from exc
