"""Read a sample's files with the importers, fit the node kinds, and return what they forecast.

This is what a home does with the files, without logs, keys and rules between: the same importers,
the same daily series, the same models.
"""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

from lex7.base.civil import Day, Zone, day_from_date, zone
from lex7.base.record import Balance, ObservationBlock, Record, Transaction
from lex7.directive.quantity import Forecast
from lex7.ingest.apple_health import read_apple_health
from lex7.ingest.bank_csv import read_csv
from lex7.ingest.ofx import read_ofx
from lex7.nodes.vitality.daily import derive
from lex7.nodes.vitality.forecast import vitality_forecast
from lex7.nodes.vitality.model import fit as fit_vitality
from lex7.nodes.wealth.classify import classify
from lex7.nodes.wealth.forecast import WealthForecast
from lex7.nodes.wealth.ledger import build_ledger
from lex7.nodes.wealth.model import fit as fit_wealth
from lex7.nodes.wealth.starter import STARTER_RULES

HEALTH_FILE = Path("apple_health", "export.zip")
SAVINGS_PROFILE = "generic-eu"


def read_forecasts(directory: Path) -> tuple[Forecast, ...]:
    """Return the forecasts of the vitality and the wealth node from the last day of the files.

    Raises:
        IngestError: a file is not what it was when it was written.
    """
    head = json.loads((directory / "truth.json").read_bytes())
    as_of = day_from_date(date.fromisoformat(head["as_of"]))
    return (
        _vitality(directory / HEALTH_FILE, zone(head["zone"]), as_of),
        _wealth(directory, head["currency"], as_of),
    )


def _vitality(path: Path, where: Zone, as_of: Day) -> Forecast:
    blocks: dict[str, dict[Day, tuple[ObservationBlock, ...]]] = {}
    for record in read_apple_health(path, where).records:
        if isinstance(record, ObservationBlock):
            by_day = blocks.setdefault(record.stream, {})
            by_day[record.day] = (*by_day.get(record.day, ()), record)
    series = derive(blocks, where)
    return vitality_forecast(fit_vitality(series, as_of), series, as_of)


def _wealth(directory: Path, currency: str, as_of: Day) -> Forecast:
    records: list[Record] = []
    for name in ("checking.ofx", "card.qfx"):
        records += read_ofx(directory / name).records
    records += read_csv(directory / "savings.csv", profile=SAVINGS_PROFILE).records
    booked = tuple(record for record in records if isinstance(record, Transaction))
    stated = [record for record in records if isinstance(record, Balance)]
    ledger, _ = build_ledger(
        classify(booked, STARTER_RULES), stated, currency=currency, as_of=as_of
    )
    return WealthForecast(fit_wealth(ledger, as_of), ledger, as_of)
