"""`lex7 explain`: why a verdict says what it says, and its certificate."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from lex7.cli.present import probability
from lex7.cli.session import open_home, print_findings, print_json


def run(options: argparse.Namespace) -> int:
    """Show a verdict; with --check verify its certificate."""
    from lex7.correct.certificate import verify
    from lex7.runtime.propose import find_verdict

    with open_home(options) as lattice:
        answer = find_verdict(lattice, options.id)
    certificate = canonical(answer["certificate"])
    if options.certificate:
        Path(options.certificate).write_text(certificate + "\n", encoding="utf-8")
    if options.json:
        print_json(answer)
    else:
        _print(answer)
    if not options.check:
        return 0
    findings = verify(certificate)
    print_findings(findings)
    parts = len(answer["certificate"]["parts"])
    print(f"Certificate: {parts} parts, " + ("NOT proven." if findings else "each one proven."))
    return 1 if findings else 0


def canonical(value: Any) -> str:  # noqa: ANN401 - JSON is untyped
    """Spell JSON canonically, as certificates are spelled."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _print(answer: dict[str, Any]) -> None:
    print(f"{answer['verdict']}  {answer['proposal']}")
    force = "in force" if answer["in_force"] else "not in force: a node has not countersigned"
    print(f"verdict {answer['id']}, as of {answer['as_of']}, {force}")
    print()
    print(answer["reason"])
    for one in answer["alternatives"]:
        print(f"  {one['kind']}: {one['sentence']}")
    if answer["rules"]:
        print()
        print("Rules, with the lower bound of the probability that they hold:")
    for rule in answer["rules"]:
        before, after = probability(rule["before"]), probability(rule["after"])
        needed = probability(rule["needed"])
        print(f"  {rule['directive']}: before {before}, after {after}, asked for {needed}")
    for one in answer["binding"]:
        print(f"  price: {one['sentence']}")
    if answer["standing"]:
        print(f"Failing already, and not worsened: {', '.join(answer['standing'])}")
