"""Versions of the directives: which one is in force on a day, and which are refused."""

from __future__ import annotations

from datetime import date

import pytest

from lex7.bark import canon
from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.bark.fields import read_fields
from lex7.bark.signature import SigningKey, key_from_seed
from lex7.base.civil import Day, day_from_date
from lex7.base.ids import EntryHash, KeyId, LatticeId
from lex7.directive.sign import digest
from lex7.lattice import LatticeState
from lex7.runtime.enforced import Versions, draft_findings, spell_directives, versions

OWNER = key_from_seed(b"\x01" * 32)
STRANGER = key_from_seed(b"\x02" * 32)
LATTICE = LatticeId(b"\x03" * 16)
BEFORE, AFTER = (day_from_date(date(2026, 12, 31)), day_from_date(date(2027, 1, 1)))


def text(version: int, *more: str) -> str:
    lines = ('format = "lex7-directives/1"', f"version = {version}", *more)
    return "\n".join((*lines, 'currency = "USD"', 'time_zone = "Europe/Berlin"', ""))


def payload(spelled: str, version: int, key: SigningKey = OWNER) -> bytes:
    return spell_directives(spelled, version, key, LATTICE, 1_800_000_000 * 10**9)


def logged(*payloads: bytes) -> Versions:
    entries = tuple(
        VerifiedEntry(
            KeyId(b"w" * 32), 1, at, at, EntryKind.DIRECTIVES, EntryHash(bytes([at]) * 32), body
        )
        for at, body in enumerate(payloads, start=1)
    )
    return versions(LatticeState(directives=entries), OWNER.public, LATTICE)


def on(found: Versions, day: Day) -> int:
    return found.on(day).version


def test_a_version_comes_into_force_on_its_effective_day() -> None:
    found = logged(payload(text(1), 1), payload(text(2, "effective = 2027-01-01"), 2))
    assert (on(found, BEFORE), on(found, AFTER), found.newest.version) == (1, 2, 2)
    assert found.refused == ()


def test_nothing_is_in_force_before_the_first_effective_day() -> None:
    found = logged(payload(text(1, "effective = 2027-01-01"), 1))
    assert (on(found, BEFORE), on(found, AFTER)) == (0, 1)
    assert found.on(BEFORE).directives == ()


def test_a_later_version_that_holds_at_once_replaces_one_still_to_come() -> None:
    found = logged(payload(text(2, "effective = 2027-01-01"), 2), payload(text(3), 3))
    assert (on(found, BEFORE), on(found, AFTER)) == (3, 3)


def altered(body: bytes) -> bytes:
    fields = read_fields(body, "directives", 4)
    other = fields.text(2).replace("USD", "EUR")
    return canon.encode({1: fields.integer(1), 2: other, 3: fields.data(3), 4: fields.integer(4)})


REFUSED = {
    "altered": (altered(payload(text(2), 2)), "bark.directives"),
    "another key": (payload(text(2), 2, STRANGER), "bark.signature"),
    "an old version again": (payload(text(1), 1), "directive.version"),
    "follows another file": (
        payload(text(2, f'supersedes = "{"0" * 64}"'), 2),
        "directive.supersedes",
    ),
}


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_a_version_that_does_not_stand_is_refused_and_the_last_good_one_stays(name: str) -> None:
    body, code = REFUSED[name]
    found = logged(payload(text(1), 1), body)
    assert on(found, AFTER) == 1
    (finding,) = found.refused
    assert finding.code.startswith(code[:5])
    assert "the last good version stands" in finding.sentence


def test_a_refused_version_does_not_keep_the_next_one_out() -> None:
    next_text = text(2, f'supersedes = "{digest(text(1))}"')
    found = logged(payload(text(1), 1), payload(text(9), 9, STRANGER), payload(next_text, 2))
    assert (on(found, AFTER), len(found.refused)) == (2, 1)


def test_another_layout_is_no_change_and_another_number_is_one() -> None:
    found = logged(payload(text(1), 1)).newest
    assert draft_findings(found, "# a remark\n" + text(1)) == ()
    assert [one.code for one in draft_findings(found, text(2))] == ["directive.unsigned_change"]
    assert [one.code for one in draft_findings(found, None)] == ["directive.missing_file"]
