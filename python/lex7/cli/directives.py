"""`lex7 directives`: check, lay out, test, sign, list and explain the owner's rules."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from lex7.cli import directive_file
from lex7.cli.session import open_home, print_findings, print_json


def run(options: argparse.Namespace) -> int:
    """Do one of the actions."""
    actions: dict[str, Callable[[argparse.Namespace], int]] = {
        "check": directive_file.check,
        "fmt": directive_file.fmt,
        "test": directive_file.test,
        "explain": directive_file.explain,
        "schema": directive_file.schema,
        "export": directive_file.export,
        "sign": _sign,
        "list": _list,
    }
    return actions[options.action](options)


def _sign(options: argparse.Namespace) -> int:
    from lex7.runtime.sign import sign_draft

    with open_home(options) as lattice:
        signed, findings = sign_draft(lattice)
    print_findings(findings)
    if signed is None:
        print("Not signed: mend the lines above first.")
        return 2
    print(f"Signed version {signed.version}; {signed.sentence}.")
    return 0


def _list(options: argparse.Namespace) -> int:
    from lex7.runtime.history import history_json, history_lines, rules_lines

    with open_home(options) as lattice:
        if options.json:
            print_json(history_json(lattice))
        else:
            lines = history_lines(lattice) if options.history else rules_lines(lattice)
            print("\n".join(lines))
        findings = lattice.refused
    print_findings(findings)
    return 1 if findings else 0
