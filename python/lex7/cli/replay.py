"""`lex7 replay`: fold the logs again from their first entry."""

from __future__ import annotations

import argparse

from lex7.cli.session import finding_json, open_home, print_findings, print_json


def run(options: argparse.Namespace) -> int:
    """Fold every log again; with --verify compare the state hash of every seal."""
    from lex7.lattice import digest
    from lex7.runtime.replay import replay_all

    with open_home(options) as lattice:
        replayed = replay_all(lattice, is_compared=options.verify)
        shared = digest(lattice.state()).hex()
    findings = [found for one in replayed for found in one.findings]
    if options.json:
        print_json(
            {
                "format": "lex7-replay/1",
                "nodes": [
                    {
                        "node": one.node,
                        "entries": one.entries,
                        "seals": one.seals,
                        "state_hash": one.state.hex(),
                        "seconds": round(one.seconds, 3),
                        "ok": not one.findings,
                    }
                    for one in replayed
                ],
                "lattice_hash": shared,
                "findings": [finding_json(found) for found in findings],
            }
        )
        return 1 if findings else 0
    for one in replayed:
        compared = f", {one.seals:,} state hashes compared" if options.verify else ""
        print(f"{one.node}: {one.entries:,} entries{compared}, state {one.state.hex()[:16]}")
    print(f"global state {shared[:16]}")
    print_findings(findings)
    if options.verify and not findings:
        print("Every state hash is the one that was sealed.")
    return 1 if findings else 0
