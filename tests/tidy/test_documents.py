"""Every command and every setting is documented, and links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lex7.base.config import SETTINGS
from lex7.cli.parser import COMMANDS, build

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_stands_in_the_command_reference(name: str) -> None:
    assert f"## lex7 {name}\n" in (ROOT / "docs/howto/commands.md").read_text()


@pytest.mark.parametrize("name", [spec.name for spec in SETTINGS])
def test_every_setting_stands_in_the_command_reference(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs/howto/commands.md").read_text()


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_info:
        build().parse_args([name, "--help"])
    assert exit_info.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: lex7 {name}")


@pytest.mark.parametrize("path", DOCUMENTS, ids=str)
def test_relative_links_lead_to_files(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


def test_decisions_are_numbered_once() -> None:
    numbers = [path.name[:4] for path in (ROOT / "docs/adr").glob("*.md")]
    assert len(numbers) == len(set(numbers))
