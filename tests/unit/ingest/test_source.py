"""Only ordinary files are opened, and the refusal says what came instead."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lex7.base.errors import Finding
from lex7.base.limits import FILE_BYTES_MAX, FINDINGS_KEPT_MAX
from lex7.ingest.result import (
    FileEmptyError,
    FileTooLargeError,
    FileUnreadableError,
    cap_findings,
)
from lex7.ingest.source import open_source


def test_an_ordinary_file_is_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x")
    with open_source(path) as stream:
        assert stream.read() == b"x"


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError, match="is a folder"):
        open_source(tmp_path)


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(FileUnreadableError, match="is a pipe"):
        open_source(tmp_path / "pipe")


def test_a_device_is_refused() -> None:
    with pytest.raises(FileUnreadableError, match="is a device"):
        open_source(Path("/dev/zero"))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError, match="does not exist"):
        open_source(tmp_path / "nothing")


def test_a_name_with_a_zero_byte_is_refused() -> None:
    with pytest.raises(FileUnreadableError):
        open_source(Path("a\0b"))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    with pytest.raises(FileEmptyError):
        open_source(tmp_path / "empty")


def test_a_file_past_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as stream:
        stream.truncate(FILE_BYTES_MAX + 1)
    with pytest.raises(FileTooLargeError):
        open_source(path)


def test_findings_past_the_limit_are_counted() -> None:
    many = [Finding("a.b", f"line {line}", "s") for line in range(FINDINGS_KEPT_MAX + 7)]
    capped = cap_findings(many, "file")
    assert len(capped) == FINDINGS_KEPT_MAX + 1
    assert capped[:-1] == tuple(many[:FINDINGS_KEPT_MAX])
    assert capped[-1].code == "ingest.more_findings"
    assert capped[-1].sentence.startswith("7 more")
