"""Directives and certificates at the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
from story_person import AS_OF, ROOT, Person

SPEC = ROOT / "docs" / "spec"
NO_BACKUP = """
[[directive]]
id = "no-backup"
say = "No copy of my logs leaves this device."
deny = { action = "export", kind = "backup" }
"""

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


def test_a_home_says_what_a_change_would_cost(full_home: Person) -> None:
    asked = ("whatif", "runway.bound=7 mo", "--as-of", AS_OF)
    answer = json.loads(full_home.lex7(*asked, "--json"))
    jsonschema.validate(answer, json.loads((SPEC / "whatif.schema.json").read_text()))
    (runway,) = (row for row in answer["rules"] if row["directive"] == "runway")
    assert runway["changed"]
    assert runway["after"]["margin"] < runway["before"]["margin"]
    others = [row for row in answer["rules"] if row["directive"] != "runway"]
    assert all(row["before"] == row["after"] for row in others)
    assert "A purchase today keeps every hard rule" in full_home.lex7(*asked)


def test_a_lever_supposed_moves_what_it_moves(full_home: Person) -> None:
    lever = json.loads(full_home.lex7("directives", "list", "--json"))["levers"][0]
    shown = full_home.lex7("whatif", f"lever.{lever}=1000000 USD", "--as-of", AS_OF, code=2)
    assert f"lever {lever} moves from " in shown
    change = "spend.restaurants=-100 USD per month"
    rows = json.loads(full_home.lex7("whatif", change, "--as-of", AS_OF, "--json"))["rules"]
    moved = {row["directive"] for row in rows if row["before"] != row["after"]}
    assert "eating-out" in moved
    assert "sleep-week" not in moved


def test_access_rules_are_exported_as_cedar(full_home: Person) -> None:
    assert 'permit (principal, action == Action::"read"' in full_home.lex7(
        "directives", "export", "--cedar"
    )
    assert "entity Node" in full_home.lex7("directives", "export", "--cedar-schema")


def test_a_rule_may_keep_even_sealed_backups_at_home(empty_home: Person, tmp_path: Path) -> None:
    person = empty_home.copy(tmp_path / "person")
    person.lex7("backup", str(tmp_path / "one"))
    (first,) = versions(person)
    path = person.folder / "home" / "directives.toml"
    path.write_text(path.read_text() + NO_BACKUP)
    changed(person, first + 1)
    person.lex7("directives", "sign")
    shown = person.lex7("backup", str(tmp_path / "two"), code=2)
    assert "your rule 'no-backup' denies it" in shown
    assert not (tmp_path / "two").exists()
