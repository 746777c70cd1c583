"""`lex7 read`: what a node gives another, if the access rules allow it."""

from __future__ import annotations

import argparse

from lex7.bark.fields import Fields
from lex7.base.civil import Day, iso
from lex7.cli.log import UnknownNodeError
from lex7.cli.session import open_home


def run(options: argparse.Namespace) -> int:
    """Ask the node that owns a stream, as another node would."""
    from lex7.base.streams import STREAMS
    from lex7.runtime.service import READ

    spec = STREAMS.get(options.stream)
    owner = "wth" if spec is None else spec.node
    with open_home(options) as lattice:
        if options.node not in lattice.members:
            raise UnknownNodeError(options.node, tuple(lattice.members))
        border = lattice.borders[options.node]
        try:
            answer = border.ask(lattice.members[owner].name, READ, (options.stream, options.last))
        finally:
            lattice.write_decisions()
    for row in Fields(READ, (answer,)).rows(1, 2):
        print(f"{iso(Day(row.integer(1)))}  {len(row.items(2))} entries")
    return 0
