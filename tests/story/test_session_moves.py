"""A session moves between two nodes of a running lattice and goes on bit for bit."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from story_person import Person
from test_lattice import free_port, invite, phone_of

TINY = Path(__file__).resolve().parents[2] / "vectors" / "ssm" / "tiny"
GO_ON = ("--prompt", " and the phone", "--max-tokens", "20", "--temperature", "0.9", "--seed", "3")


@pytest.mark.slow
def test_a_session_goes_on_at_another_node_of_a_running_lattice(
    empty_home: Person, tmp_path: Path
) -> None:
    laptop = empty_home.copy(tmp_path / "person")
    phone, port = phone_of(laptop, tmp_path), free_port()
    model = str(tmp_path / "tiny.lex7")
    laptop.lex7("model", "convert", str(TINY), model)
    laptop.lex7("up")
    try:
        waiting, code = invite(laptop, port)
        endpoint = f"tcp/127.0.0.1:{port}"
        phone.lex7("pair", "join", "--device", "phone", "--endpoint", endpoint, code)
        assert waiting.wait(60) == 0
        assert waiting.stdout is not None
        waiting.stdout.close()
        phone.lex7("up")
        prompt = ("--prompt", "The laptop has read this")
        laptop.lex7("session", "save", "talk", "--model", model, *prompt)
        file = str(tmp_path / "talk.snapshot")
        laptop.lex7("session", "load", "talk", "--export", file, "--compress")
        phone.lex7("session", "save", "talk", "--import", file)
        texts = [
            json.loads(home.lex7("session", "load", "talk", "--model", model, *GO_ON, "--json"))
            for home in (laptop, phone)
        ]
        assert texts[0] == texts[1]
        assert len(texts[0]["tokens"]) == 20
        # Both homes answer, whatever was kept and carried meanwhile.
        for home in (laptop, phone):
            named = json.loads(home.lex7("nodes", "--json"))
            assert {row["node"] for row in named["nodes"]} >= {"mon@laptop", "mon@phone"}
    finally:
        phone.lex7("down", code=(0, 2))
        laptop.lex7("down", code=(0, 2))


def test_a_rule_of_the_owner_keeps_sessions_at_home(empty_home: Person, tmp_path: Path) -> None:
    laptop = empty_home.copy(tmp_path / "person")
    model, file = str(tmp_path / "tiny.lex7"), tmp_path / "talk.snapshot"
    laptop.lex7("model", "convert", str(TINY), model)
    laptop.lex7("session", "save", "talk", "--model", model, "--prompt", "a word")
    rules = laptop.folder / "home" / "directives.toml"
    head, rest = rules.read_text().split("\n[[directive]]", 1)
    rules.write_text(
        f"{head}\nversion = 2\n\n[[directive]]{rest}"
        '\n[[directive]]\nid = "talk-stays"\nsay = "Sessions stay here."\n'
        'deny = { action = "export", kind = "session" }\n'
    )
    laptop.lex7("directives", "sign")
    refused = laptop.lex7("session", "load", "talk", "--export", str(file), code=2)
    assert "your rule 'talk-stays' denies it: Sessions stay here." in refused
    assert not file.exists()
