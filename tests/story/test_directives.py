"""Directives and certificates at the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

from story_person import AS_OF, Person

EXAMPLE = """
[[directive.example]]
say = "{say}"
given = {{ sleep = "{hours} h" }}
expect = "SATISFIED"
"""


def changed(person: Person, version: int, **more: str) -> None:
    path = person.folder / "home" / "directives.toml"
    text = re.sub(r"(?m)^(version|effective) = .*\n", "", path.read_text())
    top = "".join(f"{key} = {value}\n" for key, value in more.items())
    path.write_text(f"version = {version}\n{top}{text}")


def versions(person: Person) -> dict[int, str]:
    listed = json.loads(person.lex7("directives", "list", "--json"))
    return {row["version"]: row["standing"] for row in listed["versions"]}


def test_a_signed_version_waits_for_its_day(empty_home: Person, tmp_path: Path) -> None:
    person = empty_home.copy(tmp_path / "person")
    (first,) = versions(person)
    changed(person, first + 1, effective="2999-01-01")
    shown = person.lex7("directives", "sign")
    assert f"it comes into force on 2999-01-01; version {first} stands until then" in shown
    assert versions(person) == {first: "in force", first + 1: "to come"}
    changed(person, first + 2)
    person.lex7("directives", "sign")
    assert versions(person) == {
        first: "superseded",
        first + 1: "superseded before it began",
        first + 2: "in force",
    }
    history = person.lex7("directives", "list", "--history")
    assert [line.split(",")[0] for line in history.splitlines()] == [
        f"version {first + step}" for step in range(3)
    ]


def test_a_rule_is_not_signed_against_its_own_example(empty_home: Person, tmp_path: Path) -> None:
    person = empty_home.copy(tmp_path / "person")
    (first,) = versions(person)
    path = person.folder / "home" / "directives.toml"
    rule = '\n[[directive]]\nid = "x"\nsay = "x"\nrule = "always[0d,7d] sleep >= 7 h"\n'
    rule += 'confidence = 0.8\nover = "pointwise"\nseverity = "hard"\npriority = 9\n'
    good = path.read_text() + rule + EXAMPLE.format(say="enough", hours=8)
    path.write_text(good + EXAMPLE.format(say="short", hours=6))
    changed(person, first + 1)
    shown = person.lex7("directives", "test", code=1)
    assert "expected SATISFIED, got VIOLATED: the rule fails by 1 h" in shown
    assert "2 examples, 1 failed." in shown
    shown = person.lex7("directives", "sign", code=2)
    assert "the example expects SATISFIED, got VIOLATED" in shown
    path.write_text(good)
    changed(person, first + 1)
    person.lex7("directives", "test")
    person.lex7("directives", "sign")


def test_a_certificate_is_checked_without_a_home(own_full_home: Person, tmp_path: Path) -> None:
    wish = "amount=50000 USD category=home date=2026-12 move=amount"
    own_full_home.lex7("propose", wish, "--as-of", AS_OF)
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    own_full_home.lex7("explain", "--certificate", str(good))
    bad.write_text(good.read_text().replace('"bound":[', '"bound":[1,', 1))
    nobody = Person(tmp_path)
    assert "each one proven" in nobody.lex7("certificate", "check", str(good))
    shown = json.loads(nobody.lex7("certificate", "check", "--json", str(good)))
    assert (shown["proven"], shown["faults"]) == (True, [])
    assert "NOT proven" in nobody.lex7("certificate", "check", str(bad), code=1)
