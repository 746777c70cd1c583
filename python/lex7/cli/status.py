"""`lex7 status`: one line per directive."""

from __future__ import annotations

import argparse
import sys

from lex7.cli.session import (
    day_of_options,
    open_home,
    page_of,
    print_findings,
    print_json,
)


def run(options: argparse.Namespace) -> int:
    """Judge every directive in force and print it."""
    from lex7.runtime.evaluate import evaluate
    from lex7.runtime.summary import status_json

    with open_home(options) as lattice:
        status = evaluate(lattice, day_of_options(options, lattice))
        shown = status_json(lattice, status)
    if options.json:
        print_json(shown)
    else:
        from lex7.cli.report import render_status

        print(render_status(shown, page_of(sys.stdout)))
        print_findings(status.findings)
    return 1 if status.findings else 0
