"""Two homes on one machine: paired with a code, one state on both, an answer whoever dies."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from story_person import AS_OF, Person

from lex7.runtime.command import UP, ask

WISH = "amount=50 USD category=home date=2027-03 move=amount,date"


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.fixture
def running(own_full_home: Person) -> Iterator[Person]:
    own_full_home.lex7("up")
    yield own_full_home
    own_full_home.lex7("down", code=(0, 2))


def phone_of(person: Person, tmp_path: Path) -> Person:
    folder = tmp_path / "phone"
    folder.mkdir()
    (folder / "passphrase").write_text("another passphrase\n")
    return Person(folder)


def invite(person: Person, port: str) -> tuple[subprocess.Popen[str], str]:
    waiting = subprocess.Popen(
        person.command("pair", "invite", "--port", port),
        env={**person.environment(), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert waiting.stdout is not None
    for line in waiting.stdout:
        if found := re.search(r"pair join (\d{8})", line):
            return waiting, found.group(1)
    raise AssertionError("no code was shown")


@pytest.mark.slow
def test_two_homes_pair_and_show_one_state(running: Person, tmp_path: Path) -> None:
    phone, port = phone_of(running, tmp_path), free_port()
    waiting, code = invite(running, port)
    endpoint = f"tcp/127.0.0.1:{port}"
    wrong = f"{(int(code) + 1) % 10**8:08d}"
    join = ("pair", "join", "--device", "phone", "--endpoint", endpoint)
    assert "refused" in phone.lex7(*join, wrong, code=2)
    assert not (phone.folder / "home").exists()
    phone.lex7(*join, code)
    assert waiting.wait(60) == 0
    assert waiting.stdout is not None
    waiting.stdout.close()
    assert "nobody listens" in phone_of_other(tmp_path).lex7(*join, code, code=2)
    phone.lex7("up")
    try:
        hashes = [
            json.loads(home.lex7("sync", "--verify", "--json", code=(0, 1)))
            for home in (phone, running, phone)
        ]
        assert hashes[1]["lattice"] == hashes[2]["lattice"]
        assert all(row["live"] for row in hashes[2]["nodes"])
        assert len(hashes[2]["nodes"]) == 6
        answer = json.loads(phone.lex7("propose", WISH, "--as-of", AS_OF, "--json"))
        assert answer["in_force"]
        assert "owner's key" in phone.lex7("evict", "vit@laptop", code=2)
        running.lex7("evict", "mon@phone")
        named = json.loads(running.lex7("nodes", "--json"))
        assert "mon@phone" not in [row["node"] for row in named["nodes"]]
    finally:
        phone.lex7("down", code=(0, 2))
    assert "held by vit@phone: " in phone.lex7("log", "verify")


def phone_of_other(tmp_path: Path) -> Person:
    folder = tmp_path / "third"
    folder.mkdir()
    (folder / "passphrase").write_text("a third passphrase\n")
    return Person(folder)


@pytest.mark.slow
def test_the_answer_comes_when_the_council_dies(running: Person) -> None:
    who = ask(running.folder / "home", UP, {"do": "who"})
    os.kill(who["nodes"]["mon"], signal.SIGKILL)
    answer = json.loads(running.lex7("propose", WISH, "--as-of", AS_OF, "--json"))
    assert answer["in_force"]
    status = json.loads(running.lex7("status", "--as-of", AS_OF, "--json", code=(0, 1)))
    assert len(status["directives"]) > 3
    # A node that is no council hands the question on, and gives the council's answer.
    there = ask(running.folder / "home", "vit", {"do": "status", "as_of": AS_OF})
    assert there["directives"] == status["directives"]
    assert "Every state hash" in running.lex7("replay", "--verify")


@pytest.mark.slow
def test_a_verdict_waits_for_a_node_that_is_away(own_full_home: Person) -> None:
    own_full_home.lex7("up", "--node", "mon")
    try:
        answer = json.loads(own_full_home.lex7("propose", WISH, "--as-of", AS_OF, "--json"))
    finally:
        own_full_home.lex7("down", code=(0, 2))
    assert answer["verdict"] == "UNDECIDED"
    assert not answer["in_force"]
    assert "wth@laptop" in answer["reason"]


def test_commands_to_a_lattice_that_does_not_run_say_so(empty_home: Person) -> None:
    for command in (("nodes",), ("sync",), ("forks",), ("route", "council"), ("down",), ("top",)):
        assert "lex7 up" in empty_home.lex7(*command, code=2)
    assert "8 digits" in empty_home.lex7("pair", "join", "12", code=2)
    assert "1024" in empty_home.lex7("pair", "invite", "--port", "80", code=2)
