"""`lex7 status`: one line per directive."""

from __future__ import annotations

import argparse
import sys

from lex7.cli.config import config_of
from lex7.cli.session import Json, day_of_options, open_home, page_of, print_json, print_spelled


def run(options: argparse.Namespace) -> int:
    """Judge every directive in force; running nodes are asked, else the logs are opened."""
    from lex7.runtime.asking import ask_any, is_up

    config = config_of(options)
    if is_up(config):
        shown = ask_any(config, {"do": "status", "as_of": options.as_of})
    else:
        shown = _judge(options)
    if options.json:
        print_json(shown)
    else:
        from lex7.cli.report import render_status

        print(render_status(shown, page_of(sys.stdout)))
        print_spelled(shown["findings"])
    return 1 if shown["findings"] else 0


def _judge(options: argparse.Namespace) -> Json:
    from lex7.runtime.evaluate import evaluate
    from lex7.runtime.summary import status_json

    with open_home(options) as lattice:
        return status_json(lattice, evaluate(lattice, day_of_options(options, lattice)))
