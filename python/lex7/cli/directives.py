"""`lex7 directives`: check, sign, list and explain the owner's rules."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from lex7.base.errors import DirectiveError, Finding
from lex7.cli.config import config_of
from lex7.cli.session import open_home, print_findings

if TYPE_CHECKING:
    from lex7.directive.document import DirectiveFile


class UnknownDirectiveError(DirectiveError):
    """No directive has this id."""

    code = "directive.unknown"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        super().__init__(f"expected the id of a directive, got {name!r}; known: {', '.join(known)}")


def run(options: argparse.Namespace) -> int:
    """Do one of the four."""
    if options.action == "check":
        return _check(options)
    if options.action == "explain":
        return _explain(options)
    with open_home(options) as lattice:
        from lex7.runtime.sign import history, sign_draft

        if options.action == "sign":
            version, findings = sign_draft(lattice)
            print_findings(findings)
            if version is None:
                print("Not signed: mend the lines above first.")
                return 2
            print(f"Signed version {version}; it is in force.")
            return 0
        for line in history(lattice):
            print(line)
    return 0


def _check(options: argparse.Namespace) -> int:
    file, findings = _read(_path(options))
    print_findings(findings)
    print(
        f"{len(file.directives)} directives, {len(file.access)} access rules, "
        f"{len(file.levers)} levers, {len(findings)} mistakes."
    )
    return 1 if findings else 0


def _explain(options: argparse.Namespace) -> int:
    from lex7.directive.describe import describe

    file, _ = _read(_path(options))
    for directive in file.directives:
        if directive.id == options.id:
            print(directive.say)
            print(f"    {directive.text}")
            print(describe(directive))
            return 0
    for rule in file.access:
        if rule.id == options.id:
            print(rule.say)
            return 0
    known = (*(one.id for one in file.directives), *(one.id for one in file.access))
    raise UnknownDirectiveError(options.id, known)


def _path(options: argparse.Namespace) -> Path:
    named = getattr(options, "file", None)
    return Path(named) if named else config_of(options).home / "directives.toml"


def _read(path: Path) -> tuple[DirectiveFile, tuple[Finding, ...]]:
    from lex7.directive.read import read

    return read(path.read_text(encoding="utf-8"), name=path.name)
