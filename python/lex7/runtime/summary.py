"""Status as plain values, the ones that `status --json` prints and every face shows.

The schema stands in docs/spec/status.schema.json. Faces round and align; they compute nothing.
"""

from __future__ import annotations

from typing import Any

from lex7.base.civil import iso
from lex7.base.errors import Finding
from lex7.directive.assessment import Sampling
from lex7.lattice import digest as lattice_digest
from lex7.runtime.evaluate import Judged, Status
from lex7.runtime.seat import Seat

FORMAT = "lex7-status/1"
PLACES = 6
"""Numbers for people and programs; what decides stays unrounded and within."""

Json = dict[str, Any]


def status_json(lattice: Seat, status: Status) -> Json:
    """Spell a status."""
    state = lattice.state_hashes()
    state["lattice"] = lattice_digest(lattice.state()).hex()
    return {
        "format": FORMAT,
        "as_of": iso(status.as_of),
        "directives": [_directive(one) for one in status.judged],
        "state": state,
        "findings": [finding_json(found) for found in status.findings],
    }


def finding_json(finding: Finding) -> dict[str, str]:
    """Spell a finding."""
    return {"code": finding.code, "where": finding.where, "sentence": finding.sentence}


def _directive(judged: Judged) -> Json:
    how, rule = judged.assessment, judged.directive.rule
    reading, worst = how.reading, how.worst
    return {
        "id": judged.directive.id,
        "say": judged.directive.say,
        "rule": judged.directive.text,
        "unit": reading.unit if reading is not None else "",
        "value": None if reading is None else _rounded(reading.value),
        "sd": None if reading is None else _rounded(reading.sd),
        "band": None if reading is None else [_rounded(reading.low), _rounded(reading.high)],
        "margin": None if worst is None else _rounded(worst.mean),
        "error": None if worst is None else _rounded(worst.error),
        "probability": None if how.p_low is None else _rounded(max(how.p_low, 0.0)),
        "probability_high": None if how.p_high is None else _rounded(min(how.p_high, 1.0)),
        "uncertainty": None if worst is None else _rounded(worst.z * worst.sd),
        "confidence": float(rule.confidence),
        "over": rule.over.value,
        "severity": rule.severity.value,
        "verdict": how.standing.value,
        "reason": how.reason,
        "settled": {
            "verdict": judged.settled.standing.value,
            "since": iso(judged.settled.since),
        },
        "days_to_breach": how.breach.days,
        "breach": {"earliest": how.breach.earliest, "latest": how.breach.latest},
        "sampling": None if how.sampling is None else _sampling(how.sampling),
        "valid_days": None if how.shortage is None else how.shortage.have,
        "required_days": None if how.shortage is None else how.shortage.need,
        "correction": None if judged.correction is None else judged.correction.sentence,
    }


def _sampling(found: Sampling) -> Json:
    return {"paths": found.paths, "standard_error": _rounded(found.standard_error)}


def _rounded(value: float) -> float:
    return round(value, PLACES)
