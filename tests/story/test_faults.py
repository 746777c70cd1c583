"""Faults around a home: kills, second processes, full disks, flipped bytes."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path

import pytest
from story_person import AS_OF, Person

KILLS = 100


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_kill_at_any_moment_of_an_import_loses_nothing_acknowledged(
    empty_home: Person, full_home: Person, tmp_path: Path
) -> None:
    person = empty_home.copy(tmp_path / "person")
    draw = random.Random(7)
    acknowledged: dict[str, int] = {}
    for _ in range(KILLS):
        started = subprocess.Popen(
            person.command("ingest", *person.files, "--as-of", AS_OF),
            env=person.environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            started.wait(timeout=draw.uniform(0.2, 2.5))
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()
        answer = json.loads(person.lex7("replay", "--verify", "--json"))
        for row in answer["nodes"]:
            assert row["ok"]
            assert row["entries"] >= acknowledged.get(row["node"], 0)
            acknowledged[row["node"]] = row["entries"]
    person.lex7("ingest", *person.files, "--as-of", AS_OF)
    ours = json.loads(person.lex7("status", "--as-of", AS_OF, "--json"))["directives"]
    whole = json.loads(full_home.lex7("status", "--as-of", AS_OF, "--json"))["directives"]
    assert ours == whole


def test_a_second_process_is_told_who_holds_the_home(own_full_home: Person) -> None:
    import os

    from lex7.storage.lock import HomeLock

    with HomeLock(own_full_home.folder / "home"):
        shown = own_full_home.lex7("status", "--as-of", AS_OF, code=2)
    assert str(os.getpid()) in shown


@pytest.mark.parametrize("node", ["vit", "wth", "mon"])
def test_a_flipped_byte_anywhere_is_found_and_named(own_full_home: Person, node: str) -> None:
    path = own_full_home.folder / "home" / "nodes" / f"{node}.db"
    data = bytearray(path.read_bytes())
    draw = random.Random(node)
    place = draw.randrange(4096, len(data))
    data[place] ^= 1 << draw.randrange(8)
    path.write_bytes(bytes(data))
    # 1: the log opens and the damaged places are listed; 2: it cannot even be opened.
    shown = own_full_home.lex7("log", "verify", code=(1, 2))
    assert node in shown


@pytest.mark.parametrize("command", [("status",), ("log", "verify"), ("replay", "--verify")])
def test_a_log_that_is_gone_is_not_begun_anew(
    own_full_home: Person, command: tuple[str, ...]
) -> None:
    path = own_full_home.folder / "home" / "nodes" / "wth.db"
    path.unlink()
    shown = own_full_home.lex7(*command, code=2)
    assert shown.count("\n") == 1
    assert str(path) in shown
    assert not path.exists()


def test_a_wrong_passphrase_is_said_plainly(own_full_home: Person) -> None:
    (own_full_home.folder / "passphrase").write_text("wrong\n")
    shown = own_full_home.lex7("status", code=2)
    assert shown.count("\n") == 1
    assert "passphrase" in shown
