"""`lex7 up`, `down`, `nodes`, `top`, `route`, `sync`, `forks`, `evict`: the running lattice."""

from __future__ import annotations

import argparse
import time
from typing import Any

from lex7 import __version__
from lex7.cli.config import config_of
from lex7.cli.session import open_home, print_json

SHORT = 16


def run_up(options: argparse.Namespace) -> int:
    """Start the nodes and say who runs."""
    from lex7.runtime.home import NODE_KINDS
    from lex7.runtime.up import bring_up

    started = time.perf_counter()
    kinds = NODE_KINDS if options.node == "all" else (options.node,)
    running = bring_up(config_of(options), kinds)
    named = ", ".join(f"{kind} (process {pid})" for kind, pid in running["nodes"].items())
    print(f"Running: {named}; ready in {time.perf_counter() - started:.1f} s.")
    return 0


def run_down(options: argparse.Namespace) -> int:
    """Stop the nodes."""
    from lex7.runtime.asking import bring_down

    bring_down(config_of(options))
    print("Stopped.")
    return 0


def run_nodes(options: argparse.Namespace) -> int:
    """Show who is a member and who is there."""
    shown = _ask(options, {"do": "nodes"})
    if options.json:
        print_json(shown)
    else:
        print("\n".join(_table(shown)))
    return 1 if shown["findings"] else 0


def run_top(options: argparse.Namespace) -> int:
    """Show the nodes again every second until interrupted."""
    while True:
        lines = _table(_ask(options, {"do": "nodes"}))
        if options.once:
            print("\n".join(lines))
            return 0
        print("\x1b[2J\x1b[H" + "\n".join(lines), flush=True)
        time.sleep(1.0)


def run_route(options: argparse.Namespace) -> int:
    """Show who can be asked, the first one in front."""
    shown = _ask(options, {"do": "route", "capability": options.capability})
    if options.json:
        print_json(shown)
    else:
        print("\n".join(shown["nodes"]) or f"No live node offers '{options.capability}'.")
    return 0 if shown["nodes"] else 1


def run_sync(options: argparse.Namespace) -> int:
    """Pull what is missing; with --verify compare every member's hash."""
    shown = _ask(options, {"do": "sync"})
    for _ in range(20):
        if not options.verify or _differing(shown) == []:
            break
        # Others show a new hash with their next heartbeat, a second later at most.
        time.sleep(0.25)
        shown = _ask(options, {"do": "sync"})
    differing = _differing(shown)
    if options.json:
        print_json(shown)
    else:
        print(f"global state hash {shown['lattice']}")
        for row in shown["nodes"]:
            state = "away" if not row["live"] else row["lattice"][:SHORT]
            print(f"  {row['node']:<16} {row['entries']:>8,} entries  {state}")
        if options.verify:
            there = sum(row["live"] for row in shown["nodes"])
            same = f"All {there} nodes that are there have the same state."
            print(same if not differing else f"Different: {', '.join(differing)}.")
    return 1 if options.verify and differing else 0


def run_forks(options: argparse.Namespace) -> int:
    """Show logs that were written twice, or give one copy a new life."""
    if options.heal is not None:
        return _heal(options)
    shown = _ask_each(options, {"do": "forks"})
    if options.json:
        print_json(shown)
    else:
        print("\n".join(_forks(shown)) or "No log was written twice.")
    is_open = any(not fork["healed"] for fork in shown["forks"])
    return 1 if is_open or shown["findings"] else 0


def _forks(shown: dict[str, Any]) -> list[str]:
    lines = []
    for fork in shown["forks"]:
        said = f"{fork['node']}: two copies wrote different entries after {fork['common']}; "
        if fork["healed"]:
            lines.append(said + "the owner chose one and it goes on.")
        else:
            life = fork["incarnation"]
            lines.append(f"{said}incarnation {life} counts up to entry {fork['frozen']}.")
    return lines + [f"{one['where']}: {one['sentence']}" for one in shown["findings"]]


def _heal(options: argparse.Namespace) -> int:
    from lex7.runtime.asking import is_up
    from lex7.runtime.members import heal_node

    ends = {}
    if is_up(config_of(options)):
        ends = _ask(options, {"do": "forks"})["ends"]
    found = ends.get(options.heal)
    with open_home(options) as lattice:
        claimed = None if found is None else (int(found[0]), int(found[1]), str(found[2]))
        life = heal_node(lattice, options.heal, claimed)
    print(f"{options.heal} goes on as incarnation {life}; what another copy of it wrote ends here.")
    return 0


def run_keys(options: argparse.Namespace) -> int:
    """Begin new epochs: what travels from now on is sealed under keys nobody has asked for yet."""
    from lex7.runtime.asking import ask_each

    begun = ask_each(config_of(options), {"do": "rotate"})
    if options.json:
        print_json({"format": "lex7-epochs/1", "epochs": list(begun)})
    else:
        print("\n".join(f"{row['node']} begins epoch {row['epoch']}." for row in begun))
    return 0


def run_evict(options: argparse.Namespace) -> int:
    """Sign a membership without a node."""
    from lex7.runtime.members import evict_node

    with open_home(options) as lattice:
        last = evict_node(lattice, options.node)
    print(f"{options.node} is no member any more; its entries count up to {last}.")
    return 0


def _ask(options: argparse.Namespace, question: dict[str, Any]) -> dict[str, Any]:
    from lex7.runtime.asking import ask_any

    return ask_any(config_of(options), question)


def _ask_each(options: argparse.Namespace, question: dict[str, Any]) -> dict[str, Any]:
    """Ask every node of the home; what each says of itself is put together."""
    from lex7.runtime.asking import ask_each

    first, *others = ask_each(config_of(options), question)
    for other in others:
        first["findings"] += other["findings"]
    return first


def _differing(shown: dict[str, Any]) -> list[str]:
    return [
        row["node"] for row in shown["nodes"] if row["live"] and row["lattice"] != shown["lattice"]
    ]


def _table(shown: dict[str, Any]) -> list[str]:
    lines = [
        f"global state hash {shown['lattice'][:SHORT]}, council {shown['council']}",
        "",
        "   node             entries  seen      state             can",
    ]
    for row in shown["nodes"]:
        mark = "✓" if row["live"] else "·"
        seen = "never" if row["seen_seconds"] is None else f"{row['seen_seconds']:.1f} s ago"
        seen = "here" if row["node"] == shown["asked"] else seen
        clock = f"  clock {row['clock_seconds']:+.0f} s" if row["clock_off"] else ""
        able = " ".join(row["capabilities"])
        if row["version"] not in {"", __version__}:
            able += f"  release {row['version']}"
        if row["heard_by"]:
            able += f"  not heard here, but by {', '.join(row['heard_by'])}"
        lines.append(
            f" {mark} {row['node']:<16}{row['entries']:>8,}  {seen:<10}"
            f"{row['lattice'][:SHORT]:<18}{able}{clock}"
        )
    lines += [f"{one['where']}: {one['sentence']} ({one['code']})" for one in shown["findings"]]
    return lines
