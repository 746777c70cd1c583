"""`lex7 log`: show or verify the logs."""

from __future__ import annotations

import argparse
from collections import deque
from typing import TYPE_CHECKING

from lex7.base.errors import HomeError
from lex7.cli.session import open_home, print_findings

if TYPE_CHECKING:
    from lex7.runtime.member import Member


class UnknownNodeError(HomeError):
    """A home has no such node."""

    code = "home.node"

    def __init__(self, name: str, known: tuple[str, ...]) -> None:
        self.name = name
        super().__init__(f"expected one of {', '.join(known)}, got {name!r}")


def run(options: argparse.Namespace) -> int:
    """Show entries, or check every byte."""
    if options.action == "verify":
        return _verify(options)
    with open_home(options) as lattice:
        known = tuple(lattice.members)
        if options.node is not None and options.node not in known:
            raise UnknownNodeError(options.node, known)
        for kind in known:
            if options.node in (None, kind):
                _show(lattice.members[kind], options.last)
    return 0


def _show(member: Member, last: int) -> None:
    print(f"log {member.name}, {member.log.head.sequence} entries")
    entries = deque((one for run in member.log.runs() for one in run.entries), maxlen=max(last, 0))
    for entry in entries:
        size = 0 if entry.payload is None else len(entry.payload)
        name = entry.kind.name.lower()
        print(f"  {entry.sequence:>7}  {name:<12}  {entry.hash.hex()[:16]}  {size:>8,} bytes")


def _verify(options: argparse.Namespace) -> int:
    from lex7.cli.config import config_of
    from lex7.runtime.compose import open_logs
    from lex7.runtime.replay import verify_held, verify_logs

    with open_logs(config_of(options)) as lattice:
        held = verify_held(lattice)
        findings = (*verify_logs(lattice), *(found for one in held for found in one.findings))
        print_findings(findings)
        for member in lattice.members.values():
            print(f"log {member.name}: {member.log.head.sequence:,} entries")
        for one in held:
            since = f" after {one.base:,}, from a snapshot" if one.base else ""
            print(f"  held by {one.holder}: {one.writer}, entries to {one.last:,}{since}")
    print(f"{len(findings)} damaged places." if findings else "Every entry and seal verifies.")
    return 1 if findings else 0
