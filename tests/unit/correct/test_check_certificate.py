"""The checker runs alone, and the schema describes what the engine writes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from lex7.base.money import Money
from lex7.correct import check_certificate
from lex7.correct.answer import Situation, Verdict
from lex7.correct.certificate import encode
from lex7.correct.proposal import parse_proposal
from lex7.correct.verdict import decide

ROOT = Path(__file__).resolve().parents[3]
CHECKER = Path(check_certificate.__file__)
Make = Callable[..., Situation]
Text = dict[str, str]


def verdict_on(where: Situation, words: str) -> Verdict:
    return decide(where, parse_proposal(words, currency="USD", as_of=where.forecast.as_of))


@pytest.fixture(name="texts")
def _texts(purse: Any, situation: Make, text: Text) -> list[str]:
    names = ("cushion jointly", "restaurants", "levers")
    where = situation(purse(), *(text[name] for name in names))
    ways = "category=home move=amount,date,levers"
    asked = [f"amount={amount} USD {ways}" for amount in ("500", "15600", "90000")]
    return [encode(verdict_on(where, words).certificate) for words in asked]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "-S", str(CHECKER), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_checker_runs_without_any_package(texts: list[str], tmp_path: Path) -> None:
    for index, text in enumerate(texts):
        path = tmp_path / f"{index}.json"
        path.write_text(text + "\n")
        found = run(str(path))
        assert (found.returncode, found.stdout) == (0, "proven\n")


def test_an_altered_file_is_not_proven(texts: list[str], tmp_path: Path) -> None:
    path = tmp_path / "altered.json"
    path.write_text(texts[1].replace('"CORRECT"', '"ACCEPT"', 1))
    found = run(str(path))
    assert (found.returncode, found.stdout) == (1, "not proven: the digest does not match\n")


@pytest.mark.parametrize("name", ["absent.json", "."])
def test_what_cannot_be_read_is_said_in_one_line(name: str, tmp_path: Path) -> None:
    found = run(str(tmp_path / name))
    assert found.returncode == 2
    assert found.stderr.count("\n") == 1
    assert "Traceback" not in found.stderr


def test_the_schema_describes_every_certificate(texts: list[str]) -> None:
    schema = json.loads((ROOT / "docs/spec/certificate.schema.json").read_text())
    for text in texts:
        jsonschema.Draft202012Validator(schema).validate(json.loads(text))


def test_every_claim_of_the_format_is_exercised(texts: list[str]) -> None:
    claims = {part["claim"] for text in texts for part in json.loads(text)["parts"]}
    assert {"decided", "smallest", "conflict"} <= claims


def test_the_checker_imports_nothing_of_ours() -> None:
    assert "lex7" not in CHECKER.read_text().split('"""', 2)[2].replace("lex7-certificate/1", "")


def test_money_in_a_sentence_is_the_money_of_the_proof(texts: list[str]) -> None:
    body = json.loads(texts[1])
    names = [part["name"] for part in body["parts"] if part["claim"] == "decided"]
    amounts = {name.rsplit(" at ", 1)[1] for name in names if name.startswith("amount")}
    minors = sorted(int(one.split()[0].replace(",", "").replace(".", "")) for one in amounts)
    assert minors[1] - minors[0] == 1
    assert str(Money(minors[0], "USD")) in amounts
