"""A verdict that an entry of the log cannot hold becomes one that says so."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lex7.bark.fields import read_fields
from lex7.base.ids import EntryHash, KeyId
from lex7.base.limits import PAYLOAD_BYTES_MAX
from lex7.correct import check_certificate
from lex7.correct.certificate import Certificate, StateStamp, encode
from lex7.runtime.propose import spell_decision

ASKED, KEYS = EntryHash(b"\x01" * 32), (KeyId(b"\x02" * 32),)


def answer(kind: str, filling: int) -> dict[str, Any]:
    proof = json.loads(encode(Certificate("ACCEPT", (), StateStamp(20_000))))
    one = {"kind": kind, "amount": "5.00 USD", "date": "2027-01-01", "sentence": "x" * filling}
    return {
        "verdict": "CORRECT",
        "reason": "It fits later.",
        "alternatives": [one],
        "binding": [],
        "rules": [],
        "certificate": proof,
    }


def test_a_verdict_that_fits_is_written_as_it_is() -> None:
    said = answer("date", 10)
    fields = read_fields(spell_decision(ASKED, KEYS, said, ()), "verdict", 4, optional=1)
    assert fields.text(3) == "CORRECT"
    assert json.loads(fields.data(4)) == said


@pytest.mark.parametrize("kind", ["date", "wish"])
def test_a_proof_beyond_an_entry_leaves_the_question_undecided(kind: str) -> None:
    payload = spell_decision(ASKED, KEYS, answer(kind, PAYLOAD_BYTES_MAX), ())
    fields = read_fields(payload, "verdict", 4, optional=1)
    said = json.loads(fields.data(4))
    assert fields.text(3) == said["verdict"] == said["certificate"]["kind"] == "UNDECIDED"
    assert "an entry of the log holds 1,048,576" in said["reason"]
    assert [one["date"] for one in said["alternatives"]] == ([None] if kind == "wish" else [])
    assert check_certificate.check(check_certificate.canonical(said["certificate"])) == []
    assert said["certificate"]["state"]["as_of_day"] == 20_000
