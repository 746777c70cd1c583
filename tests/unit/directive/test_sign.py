"""The signed bytes depend on what a file says and on nothing else."""

from __future__ import annotations

import hashlib

import pytest

from lex7.directive import DirectivesFileError, read
from lex7.directive.sign import canonical_form, digest, succession

SPELLINGS = [
    ("confidence = 0.80", "confidence = 0.8"),
    ("confidence = 0.80", "confidence = 8e-1"),
    ("priority = 4", "priority = 0x4"),
    ('over = "pointwise"\nseverity = "soft"', 'severity = "soft"\nover = "pointwise"'),
    ('"pointwise"', "'pointwise'"),
    ("[[directive]]", "# a comment\n[[ directive ]]"),
]


@pytest.mark.parametrize(("old", "new"), SPELLINGS)
def test_another_spelling_has_the_same_bytes(head: str, sleep: str, old: str, new: str) -> None:
    assert old in sleep
    assert canonical_form(head + sleep.replace(old, new)) == canonical_form(head + sleep)


@pytest.mark.parametrize(
    ("old", "new"), [("7 h", "6 h"), ("0.80", "0.81"), ("I sleep", "You sleep"), ('"soft"', "true")]
)
def test_another_meaning_has_other_bytes(head: str, sleep: str, old: str, new: str) -> None:
    assert digest(head + sleep.replace(old, new)) != digest(head + sleep)


def test_the_form_is_plain_sorted_json(head: str) -> None:
    text = head + 'version = 2\neffective = 2026-12-01\n\n[[lever]]\nid = "é"\nstep = 1.50\n'
    expected = (
        '{"currency":"USD","effective":"2026-12-01","format":"lex7-directives/1",'
        '"lever":[{"id":"é","step":1.5}],"time_zone":"Europe/Berlin","version":2}'
    )
    assert canonical_form(text) == expected.encode()
    assert digest(text) == hashlib.sha256(expected.encode()).hexdigest()


@pytest.mark.parametrize("value", ["nan", "1e400", "12:00:00", "2026-01-01T00:00:00Z"])
def test_a_value_without_exact_form_is_refused(head: str, value: str) -> None:
    with pytest.raises(DirectivesFileError):
        canonical_form(head + f"version = {value}\n")


def test_a_new_file_counts_up_and_names_what_it_replaces(head: str) -> None:
    old_text, next_text = head + "version = 1\n", head + "version = 2\n"
    old, _ = read(old_text)
    following, _ = read(next_text + f'supersedes = "{digest(old_text)}"\n')
    astray, _ = read(next_text + 'supersedes = "00"\n')
    assert succession(following, old, digest(old_text)) == []
    assert [one.code for one in succession(old, old, digest(old_text))] == ["directive.version"]
    assert [one.code for one in succession(astray, old, "11")] == ["directive.supersedes"]
    assert [one.code for one in succession(astray, None, "")] == ["directive.supersedes"]
