"""`lex7 record`: how past forecasts held."""

from __future__ import annotations

import argparse
import sys

from lex7.cli.session import day_of_options, open_home, page_of, print_json


def run(options: argparse.Namespace) -> int:
    """Forecast again from earlier days and print how often that held."""
    from lex7.runtime.record import past_record, record_json

    with open_home(options) as lattice:
        as_of = day_of_options(options, lattice)
        shown = record_json(past_record(lattice, as_of), as_of)
    if options.json:
        print_json(shown)
        return 0
    from lex7.cli.report import render_models

    print(render_models(shown, page_of(sys.stdout)) or "no quantity has data yet")
    return 0
