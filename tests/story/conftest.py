"""A home of a small sample person, made once and copied for each test that changes it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from story_person import AS_OF, Person

from lex7.sample.writing import write_sample


@pytest.fixture(scope="session")
def empty_home(tmp_path_factory: pytest.TempPathFactory) -> Person:
    """A home with signed directives and no data, files of six months beside it."""
    folder = tmp_path_factory.mktemp("person")
    person = Person(folder)
    (folder / "passphrase").write_text("correct horse battery staple\n")
    write_sample(folder / "files", 11, as_of=date.fromisoformat(AS_OF), months=6)
    directives = str(folder / "files" / "directives.toml")
    person.lex7("init", "--time-zone", "Europe/Berlin", "--directives", directives)
    person.lex7("directives", "sign")
    return person


@pytest.fixture(scope="session")
def full_home(empty_home: Person, tmp_path_factory: pytest.TempPathFactory) -> Person:
    """The same home with everything read."""
    person = empty_home.copy(tmp_path_factory.mktemp("full") / "person")
    person.lex7("ingest", *person.files, "--as-of", AS_OF)
    return person


@pytest.fixture
def own_full_home(full_home: Person, tmp_path: Path) -> Person:
    """A copy of the full home for one test to change."""
    return full_home.copy(tmp_path / "person")
