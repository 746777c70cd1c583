"""Writing a sample is repeatable, and refuses what it cannot do with one sentence."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from lex7.base.civil import UnknownZoneError
from lex7.sample import SampleError, write_sample


def contents(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_gives_the_same_bytes(sample: Path, tmp_path: Path) -> None:
    write_sample(tmp_path / "again", 7)
    assert contents(tmp_path / "again") == contents(sample)


def test_another_seed_gives_another_person(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_sample(tmp_path / str(seed), seed, months=2)
    one, two = contents(tmp_path / "1"), contents(tmp_path / "2")
    assert one.keys() == two.keys()
    assert all(one[name] != two[name] for name in one)


def test_the_summary_lists_every_file(tmp_path: Path) -> None:
    summary = write_sample(tmp_path / "new", 3, months=3, as_of=date(2025, 8, 1))
    sizes = {name: len(content) for name, content in contents(tmp_path / "new").items()}
    assert dict(summary.files) == sizes
    assert (summary.first, summary.as_of) == (date(2025, 5, 2), date(2025, 8, 1))


def test_another_zone_and_currency_reach_the_files(tmp_path: Path) -> None:
    write_sample(tmp_path, 3, months=2, zone="America/New_York", currency="EUR")
    assert b"<CURDEF>EUR" in (tmp_path / "checking.ofx").read_bytes()
    assert b'"zone":"America/New_York"' in (tmp_path / "truth.json").read_bytes()


def test_a_folder_that_holds_something_is_refused(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    with pytest.raises(SampleError, match="already holds"):
        write_sample(tmp_path, 7, months=2)
    assert contents(tmp_path) == {"mine.txt": b"keep"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SampleError):
        write_sample(tmp_path / "file", 7, months=2)


@pytest.mark.parametrize("months", [1, 61])
def test_months_out_of_bounds_are_refused(tmp_path: Path, months: int) -> None:
    with pytest.raises(SampleError, match="months"):
        write_sample(tmp_path, 7, months=months)


def test_an_unknown_zone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownZoneError):
        write_sample(tmp_path, 7, months=2, zone="Berlin")


def test_a_word_that_is_no_currency_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SampleError, match="currency"):
        write_sample(tmp_path, 7, months=2, currency="dollars")
