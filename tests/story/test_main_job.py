"""The main job from a person's files to verdicts, as commands."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
from story_person import AS_OF, ROOT, Person

SCHEMAS = ROOT / "docs" / "spec"


def checked(text: str, schema: str) -> dict[str, object]:
    answer: dict[str, object] = json.loads(text)
    jsonschema.validate(answer, json.loads((SCHEMAS / schema).read_text()))
    return answer


def test_status_follows_its_schema_and_knows_every_directive(full_home: Person) -> None:
    answer = checked(full_home.lex7("status", "--as-of", AS_OF, "--json"), "status.schema.json")
    rows = answer["directives"]
    assert isinstance(rows, list)
    assert {row["id"] for row in rows} >= {"runway", "sleep-week", "eating-out"}


def test_past_forecasts_are_counted_as_the_schema_says(full_home: Person) -> None:
    answer = checked(full_home.lex7("record", "--as-of", AS_OF, "--json"), "record.schema.json")
    rows = answer["models"]
    assert isinstance(rows, list)
    held = {row["quantity"]: (row["inside"], row["forecasts"]) for row in rows}
    assert held.keys() >= {"sleep", "resting_heart", "weight", "steps", "cash", "spend"}
    assert all(0 <= inside <= count for inside, count in held.values())
    assert held["sleep"][1] > 100


def test_a_balance_stated_later_does_not_spoil_past_forecasts(full_home: Person) -> None:
    """The card states its balance once, on the last day; every origin lies before it."""
    answer = json.loads(full_home.lex7("record", "--as-of", AS_OF, "--json"))
    (cash,) = (row for row in answer["models"] if row["quantity"] == "cash")
    assert cash["forecasts"] > 100
    assert cash["inside"] >= 0.9 * cash["forecasts"]


def test_status_prints_a_line_for_every_directive(full_home: Person) -> None:
    shown = full_home.lex7("status", "--as-of", AS_OF)
    assert "runway" in shown
    assert "sleep-week" in shown


def test_asking_twice_gives_the_same_numbers(own_full_home: Person) -> None:
    first = json.loads(own_full_home.lex7("status", "--as-of", AS_OF, "--json"))
    second = json.loads(own_full_home.lex7("status", "--as-of", AS_OF, "--json"))
    assert first["directives"] == second["directives"]


def test_a_proposal_gets_a_verdict_in_force_with_a_certificate(own_full_home: Person) -> None:
    wish = "amount=900 USD category=home date=2026-12 move=amount,date,levers"
    answer = checked(
        own_full_home.lex7("propose", wish, "--as-of", AS_OF, "--json"), "propose.schema.json"
    )
    assert answer["verdict"] in {"ACCEPT", "CORRECT", "REJECT", "UNDECIDED"}
    assert answer["in_force"] is True
    explained = own_full_home.lex7("explain", str(answer["id"]), "--check")
    assert "each one proven" in explained


def test_the_certificate_stands_before_the_checker_that_knows_nothing_of_us(
    own_full_home: Person, tmp_path: Path
) -> None:
    wish = "amount=50000 USD category=home date=2026-12 move=amount"
    own_full_home.lex7("propose", wish, "--as-of", AS_OF)
    certificate = tmp_path / "certificate.json"
    own_full_home.lex7("explain", "--certificate", str(certificate))
    from lex7.correct import check_certificate

    assert check_certificate.check(certificate.read_text().strip()) == []


def test_reading_everything_again_changes_nothing(own_full_home: Person) -> None:
    before = json.loads(own_full_home.lex7("replay", "--json"))["nodes"]
    shown = own_full_home.lex7("ingest", *own_full_home.files, "--as-of", AS_OF)
    after = json.loads(own_full_home.lex7("replay", "--json"))["nodes"]
    assert shown.count("added nothing") == len(own_full_home.files)
    assert [row["state_hash"] for row in after] == [row["state_hash"] for row in before]


def test_undoing_an_import_and_reading_it_again_gives_the_same_answers(
    own_full_home: Person,
) -> None:
    before = json.loads(own_full_home.lex7("status", "--as-of", AS_OF, "--json"))["directives"]
    card = next(name for name in own_full_home.files if name.endswith("card.qfx"))
    listed = json.loads(own_full_home.lex7("ingest", "--list", "--json"))
    import_id = next(row["id"] for row in listed if row["file"] == "card.qfx")
    own_full_home.lex7("ingest", "--undo", import_id, "--as-of", AS_OF)
    without = json.loads(own_full_home.lex7("status", "--as-of", AS_OF, "--json"))["directives"]
    own_full_home.lex7("ingest", card, "--as-of", AS_OF)
    again = json.loads(own_full_home.lex7("status", "--as-of", AS_OF, "--json"))["directives"]
    assert without != before
    # How a rule is counted depends on what was seen in between; what it is does not.
    for row in (*again, *before):
        row.pop("settled")
    assert again == before


def test_every_sealed_state_is_reached_again(full_home: Person) -> None:
    shown = full_home.lex7("replay", "--verify")
    assert "Every state hash is the one that was sealed." in shown
    assert "Every entry and seal verifies." in full_home.lex7("log", "verify")


def test_raw_heart_data_stays_and_the_attempt_is_in_the_log(own_full_home: Person) -> None:
    before = own_full_home.lex7("log", "show", "vit", "--last", "1")
    shown = own_full_home.lex7("read", "heart.rate", "--node", "mon", code=2)
    assert "refused" in shown
    assert "raw-heart" in shown
    after = own_full_home.lex7("log", "show", "vit", "--last", "1")
    assert before != after
    assert " access " in after


def test_a_dry_run_writes_nothing(empty_home: Person) -> None:
    before = empty_home.lex7("log", "show")
    empty_home.lex7("ingest", *empty_home.files, "--dry-run", "--as-of", AS_OF)
    assert empty_home.lex7("log", "show") == before


def test_without_data_every_rule_says_so(empty_home: Person) -> None:
    answer = json.loads(empty_home.lex7("status", "--as-of", AS_OF, "--json"))
    assert {row["verdict"] for row in answer["directives"]} == {"NOT_ENOUGH_DATA"}


def test_an_edited_directives_file_is_named_and_the_signed_one_stands(
    own_full_home: Person,
) -> None:
    path = own_full_home.folder / "home" / "directives.toml"
    path.write_text(path.read_text().replace("6 mo", "1 mo"))
    answer = json.loads(own_full_home.lex7("status", "--as-of", AS_OF, "--json", code=1).strip())
    assert [found["code"] for found in answer["findings"]] == ["directive.unsigned_change"]
    assert "6 mo" in next(row["rule"] for row in answer["directives"] if row["id"] == "runway")


def test_backup_and_restore_give_the_same_state_in_a_new_incarnation(
    own_full_home: Person, tmp_path: Path
) -> None:
    backup = tmp_path / "home.backup"
    own_full_home.lex7("backup", str(backup))
    # The gates' answers about the backup are in the logs before they are copied.
    before = json.loads(own_full_home.lex7("replay", "--json"))["nodes"]
    own_full_home.lex7("--home", str(tmp_path / "restored"), "restore", str(backup))
    restored = json.loads(
        own_full_home.lex7("--home", str(tmp_path / "restored"), "replay", "--verify", "--json")
    )["nodes"]
    assert [row["state_hash"] for row in restored] == [row["state_hash"] for row in before]


def test_a_new_passphrase_opens_and_the_old_one_does_not(own_full_home: Person) -> None:
    new = own_full_home.folder / "new"
    new.write_text("another passphrase\n")
    own_full_home.lex7("passphrase", "--new-file", str(new))
    assert "passphrase" in own_full_home.lex7("replay", code=2)
    new.replace(own_full_home.folder / "passphrase")
    own_full_home.lex7("replay")


@pytest.mark.parametrize(
    "wish",
    [
        "amount=-5 USD category=home",
        "amount=5000 EUR category=home",
        "amount=5000 USD category=home date=2020-01",
        "colour=red",
        "amount=1e9 USD category=home",
    ],
)
def test_a_proposal_that_cannot_be_judged_is_refused_in_one_sentence(
    full_home: Person, wish: str
) -> None:
    shown = full_home.lex7("propose", wish, "--as-of", AS_OF, code=2)
    assert shown.startswith("lex7: ")
    assert shown.count("\n") == 1
