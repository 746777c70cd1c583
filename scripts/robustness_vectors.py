"""Write vectors/robustness.json: random rules and signals with the robustness that rtamt finds.

rtamt (BSD-3-Clause) is a peer: an implementation of signal temporal logic that shares nothing with
LEX-7. It knows no window means, months or probabilities, so the rules here use what both define:
comparisons, sums, abs, min and max over a window, and, or, if, always and eventually. Needs
`requirements/bench.txt`; the tests read the frozen file.

    python scripts/robustness_vectors.py [COUNT] > vectors/robustness.json
"""

from __future__ import annotations

import json
import random
import sys
from typing import Any

import rtamt

PAST, AHEAD = 12, 48
SEED = 20_261_122


def expression(draw: random.Random) -> tuple[str, str]:
    """Return one expression as LEX-7 and as rtamt spell it."""
    kind = draw.choice(["plain", "plain", "twice", "shifted", "abs"])
    count = draw.randint(1, 8)
    if kind == "twice":
        return "2 * sleep", "2*x"
    if kind == "shifted":
        return f"sleep + sleep - {count} h", f"x+x-{count}"
    if kind == "abs":
        return f"abs(sleep - {count} h)", f"abs(x-{count})"
    return "sleep", "x"


def comparison(draw: random.Random) -> tuple[str, str]:
    """Return one comparison in both spellings."""
    half = draw.randint(0, 16) / 2
    sign = draw.choice(["<=", ">=", "<", ">"])
    if draw.random() < 0.2:
        days, is_least = draw.randint(1, 6), draw.random() < 0.5
        every = is_least == (sign in (">", ">="))
        back = "historically" if every else "once"
        ours = f"{'min' if is_least else 'max'}(sleep, {days}d) {sign} {half} h"
        return ours, f"({back}[0,{days - 1}](x{sign}{half}))"
    ours, theirs = expression(draw)
    return f"{ours} {sign} {half} h", f"({theirs}{sign}{half})"


def formula(draw: random.Random, depth: int) -> tuple[str, str]:
    """Return one formula in both spellings."""
    kind = draw.choice(["and", "or", "if", "always", "eventually"]) if depth else "compare"
    if kind == "compare":
        return comparison(draw)
    if kind == "if":
        (a, x), (b, y) = comparison(draw), formula(draw, depth - 1)
        return f"if {a} then ({b})", f"({x} implies {y})"
    if kind in ("and", "or"):
        (a, x), (b, y) = (formula(draw, draw.randint(0, depth - 1)) for _ in range(2))
        return f"(({a}) {kind} ({b}))", f"({x} {kind} {y})"
    start = draw.randint(0, 4)
    end = start + draw.randint(0, 8)
    ours, theirs = formula(draw, depth - 1)
    return f"{kind}[{start}d,{end}d] ({ours})", f"({kind}[{start},{end}]{theirs})"


def truth(spelled: str, values: list[float]) -> float:
    """Return the robustness that rtamt finds on the day of evaluation."""
    spec = rtamt.StlDiscreteTimeSpecification()
    spec.declare_var("x", "float")
    spec.spec = f"out = {spelled}"
    spec.declare_var("out", "float")
    spec.parse()
    found = spec.evaluate({"time": list(range(len(values))), "x": values})
    return float(found[PAST][1])


def main() -> None:
    """Write as many cases as the first argument says, 1,000 without one."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    draw = random.Random(SEED)
    cases: list[dict[str, Any]] = []
    while len(cases) < count:
        ours, theirs = formula(draw, draw.randint(0, 3))
        quarters = [draw.randint(0, 36) for _ in range(PAST + AHEAD)]
        found = truth(theirs, [count / 4 for count in quarters])
        cases.append({"rule": ours, "quarters": quarters, "expect": found})
    head = {"format": "lex7-robustness/1", "peer": "rtamt 0.4.10", "seed": SEED, "past": PAST}
    lines = (json.dumps(case, separators=(",", ":")) for case in cases)
    print(json.dumps(head)[:-1] + ', "cases": [\n' + ",\n".join(lines) + "\n]}")


main()
