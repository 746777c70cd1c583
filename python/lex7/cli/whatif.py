"""`lex7 whatif`: what a change of a rule, a lever or a quantity would change."""

from __future__ import annotations

import argparse
from typing import Any

from lex7.cli.present import number, probability, table
from lex7.cli.session import day_of_options, open_home, print_json

_UNCHANGED = 0.0005
"""A probability that moves less than what is shown has not moved."""


def run(options: argparse.Namespace) -> int:
    """Suppose changes and print what they change."""
    from lex7.runtime.whatif import what_if

    with open_home(options) as lattice:
        found = what_if(lattice, tuple(options.change), day_of_options(options, lattice))
    if options.json:
        print_json(found)
    else:
        _print(found)
    return 0


def _print(found: dict[str, Any]) -> None:
    print(f"If {' and '.join(found['changes'])}, as of {found['as_of']}:")
    print()
    shown = [row for row in found["rules"] if row["changed"] or _is_moved(row)]
    if shown:
        head = ("rule", "now", "then", "p now", "p then", "asks", "margin now", "margin then")
        print(table([head, *map(_row, shown)], right=frozenset(range(3, 8))))
    still = len(found["rules"]) - len(shown)
    if still:
        print(f"{still} rules stay as they are." if still > 1 else "1 rule stays as it is.")
    for row in shown:
        if row["after"]["standing"] != row["before"]["standing"]:
            print(f"{row['directive']}: {row['after']['reason']}.")
        if row["correction"] is not None:
            is_none = row["correction"].startswith(("no lever", "there are no"))
            words = "" if is_none else "the smallest correction would be "
            print(f"{row['directive']}: {words}{row['correction']}.")
    _print_room(found)


def _print_room(found: dict[str, Any]) -> None:
    before, after = found["room"]["before"], found["room"]["after"]
    if before is None or after is None:
        return
    print()
    print(f"A purchase today keeps every hard rule up to: {_room(before)} now, ", end="")
    print(f"{_room(after)} then.")
    cost = found["cost"]
    if cost is not None and cost.startswith("-"):
        print(f"The change is worth {cost[1:]}.")
    elif cost is not None and cost.strip("0.,").strip()[:1].isdigit():
        print(f"The change costs {cost}.")
    for price in found["prices"]:
        print(f"One step stricter: {price['sentence']}.")


def _room(room: dict[str, Any]) -> str:
    amount, more = room["amount"], "more than " if room["capped"] else ""
    if amount.startswith("-"):
        return f"nothing ({more}{amount[1:]} short: {', '.join(room['binding'])})"
    return f"{more}{amount}"


def _is_moved(row: dict[str, Any]) -> bool:
    before, after = row["before"], row["after"]
    if before["standing"] != after["standing"] or before["margin"] is None:
        return bool(before["standing"] != after["standing"])
    moved = abs(before["margin"] - after["margin"]) > 1e-6
    return bool(moved or abs(before["p_low"] - after["p_low"]) > _UNCHANGED)


def _row(row: dict[str, Any]) -> tuple[str, ...]:
    before, after = row["before"], row["after"]
    unit = after["unit"]
    return (
        row["directive"],
        before["standing"],
        after["standing"],
        probability(before["p_low"]),
        probability(after["p_low"]),
        probability(after["confidence"]),
        _margin(before),
        f"{_margin(after)} {unit}".rstrip(),
    )


def _margin(side: dict[str, Any]) -> str:
    return "–" if side["margin"] is None else number(side["margin"], side["unit"])
