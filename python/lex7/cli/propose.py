"""`lex7 propose`: a purchase against the rules."""

from __future__ import annotations

import argparse
import sys

from lex7.cli.session import day_of_options, open_home, page_of, print_json


def run(options: argparse.Namespace) -> int:
    """Judge a proposal and print the verdict."""
    from lex7.runtime.propose import propose

    with open_home(options) as lattice:
        only = f" only={','.join(options.only)}" if options.only else ""
        answer = propose(lattice, options.proposal + only, day_of_options(options, lattice))
    if options.json:
        print_json(answer)
    else:
        from lex7.cli.report import render_proposals

        print(render_proposals([answer], page_of(sys.stdout)))
        print(f"Verdict {answer['id']}; `lex7 explain {answer['id']}` shows the certificate.")
    return 0
