"""What `lex7 directives` does with a file alone: check, fmt, test, explain, schema, export.

Nothing here opens a home or asks for a passphrase; the only file that is written is the one that
`fmt` lays out anew.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from lex7.base.errors import DirectiveError, Finding
from lex7.cli.config import config_of
from lex7.cli.session import finding_json, print_findings, print_json

if TYPE_CHECKING:
    from lex7.directive.document import DirectiveFile
    from lex7.directive.trial import Trial

STANDARD_INPUT = "-"


class UnknownDirectiveError(DirectiveError):
    """No directive has this id."""

    code = "directive.unknown"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        super().__init__(f"expected the id of a directive, got {name!r}; known: {', '.join(known)}")


class NotTextError(DirectiveError):
    """A file is not UTF-8."""

    code = "directive.utf8"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"{name}: expected UTF-8 text, got other bytes")


def check(options: argparse.Namespace) -> int:
    """Name every mistake."""
    file, findings = _read(options)
    if options.json:
        print_json(
            {
                "format": "lex7-directives-check/1",
                "directives": [one.id for one in file.directives],
                "access": [one.id for one in file.access],
                "levers": [one.id for one in file.levers],
                "findings": [finding_json(one) for one in findings],
            }
        )
        return 1 if findings else 0
    print_findings(findings)
    print(
        f"{len(file.directives)} directives, {len(file.access)} access rules, "
        f"{len(file.levers)} levers, {len(findings)} mistakes."
    )
    return 1 if findings else 0


def fmt(options: argparse.Namespace) -> int:
    """Lay a file out anew; with --check only say whether that would change it."""
    from lex7.directive.format import formatted
    from lex7.storage.files import replace_file

    text, name = _text(options)
    found = formatted(text, name)
    if options.file == STANDARD_INPUT:
        sys.stdout.write(found)
        return 0
    if found == text:
        print(f"{name} is formatted.")
        return 0
    if options.check:
        print(f"{name} would be formatted anew.")
        return 1
    replace_file(_path(options), found.encode())
    print(f"{name} was formatted.")
    return 0


def test(options: argparse.Namespace) -> int:
    """Try the examples beside the rules."""
    from lex7.directive.trial import try_examples

    file, findings = _read(options)
    trials = try_examples(file)
    failed = [trial for trial in trials if not trial.is_passed]
    if options.json:
        print_json(
            {
                "format": "lex7-directives-test/1",
                "examples": [_trial_json(trial) for trial in trials],
                "failed": len(failed),
                "findings": [finding_json(one) for one in findings],
            }
        )
        return 1 if failed or findings else 0
    print_findings(findings)
    for trial in trials:
        print(_trial_line(trial))
    bare = [one.id for one in file.directives if not one.examples]
    if bare:
        print(f"Without an example: {', '.join(bare)}.")
    mistakes = f", {len(findings)} mistakes" if findings else ""
    print(f"{len(trials)} examples, {len(failed)} failed{mistakes}.")
    return 1 if failed or findings else 0


def explain(options: argparse.Namespace) -> int:
    """Read one rule back in plain words."""
    from lex7.directive.describe import describe

    file, _ = _read(options)
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


def schema(options: argparse.Namespace) -> int:
    """Print the JSON Schema of the file."""
    from lex7.directive.schema import schema_text

    assert options is not None, "every command takes its options"
    sys.stdout.write(schema_text())
    return 0


def export(options: argparse.Namespace) -> int:
    """Print the access rules as Cedar policies, or the schema these need."""
    from lex7.directive.cedar import SCHEMA, policies

    if options.cedar_schema:
        sys.stdout.write(SCHEMA)
        return 0
    file, findings = _read(options)
    print_findings(findings)
    sys.stdout.write(policies(file.access))
    return 1 if findings else 0


def _trial_line(trial: Trial) -> str:
    place = f"line {trial.example.line}, {trial.id}"
    say = f": {trial.example.say}" if trial.example.say else ""
    if trial.is_passed:
        return f"ok      {place}{say}"
    got = trial.got or "no answer"
    return f"failed  {place}{say}\n        expected {trial.example.expect}, got {got}: " + (
        trial.sentence
    )


def _trial_json(trial: Trial) -> dict[str, object]:
    return {
        "directive": trial.id,
        "line": trial.example.line,
        "say": trial.example.say,
        "expect": trial.example.expect,
        "got": trial.got or None,
        "passed": trial.is_passed,
        "reason": trial.sentence,
    }


def _path(options: argparse.Namespace) -> Path:
    named = getattr(options, "file", None)
    return Path(named) if named else config_of(options).home / "directives.toml"


def _text(options: argparse.Namespace) -> tuple[str, str]:
    if getattr(options, "file", None) == STANDARD_INPUT:
        return sys.stdin.read(), "standard input"
    path = _path(options)
    try:
        return path.read_text(encoding="utf-8"), path.name
    except UnicodeDecodeError as error:
        raise NotTextError(path.name) from error


def _read(options: argparse.Namespace) -> tuple[DirectiveFile, tuple[Finding, ...]]:
    from lex7.directive.read import read

    text, name = _text(options)
    return read(text, name=name)
