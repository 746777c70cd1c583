"""`lex7 categorise`: payee to category rules, and what was filed where."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from lex7.cli.session import open_home, print_json

if TYPE_CHECKING:
    from lex7.runtime.compose import Lattice


def run(options: argparse.Namespace) -> int:
    """List, add or test rules, or show what is filed where."""
    from lex7.runtime import categorise

    with open_home(options) as lattice:
        if options.action == "add":
            rule = categorise.add_rule(lattice, options.pattern, options.category)
            print(f"Rule {rule.id}: payees like {options.pattern!r} are {rule.category}.")
            return 0
        if options.action == "test":
            category, rule_id = categorise.test_payee(lattice, options.payee)
            print(f"{options.payee!r} is filed under {category} (rule {rule_id}).")
            return 0
        if options.action == "list":
            for one in categorise.list_rules(lattice):
                print(f"{one.id:<24} {one.category:<16} {one.looks}: {', '.join(one.patterns)}")
            return 0
        return _overview(lattice, is_json=options.json)


def _overview(lattice: Lattice, *, is_json: bool) -> int:
    from lex7.runtime.categorise import overview

    rows = overview(lattice)
    if is_json:
        print_json([row.as_json() for row in rows])
        return 0
    for row in rows:
        print(f"{row.role:<13} {row.category:<16} {row.count:>6,}  {row.amount}")
    if not rows:
        print("No transactions yet; `lex7 ingest FILE...` reads a statement.")
    return 0
