"""`python -m lex7.sim`: run seeds, or a kept plan, and say which law broke and how."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from lex7.sim.plan import Plan, draw_plan, read_plan, spell_plan
from lex7.sim.shrink import shrink
from lex7.sim.world import Outcome, run_plan

SEEDS_DEFAULT = "0:50"


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; 0 if every law held, 1 if one broke."""
    parser = argparse.ArgumentParser(prog="python -m lex7.sim", description=__doc__)
    parser.add_argument("--seed", type=int, help="one seed; its trace is shown")
    parser.add_argument("--seeds", default=SEEDS_DEFAULT, help="FROM:TO, the last one left out")
    parser.add_argument("--plan", type=Path, help="a plan that was kept")
    options = parser.parse_args(arguments)
    if options.plan is not None:
        return _run_one(read_plan(options.plan.read_text()))
    if options.seed is not None:
        return _run_one(draw_plan(options.seed))
    first, _, end = options.seeds.partition(":")
    return _run_many(range(int(first), int(end)))


def _run_one(plan: Plan) -> int:
    outcome = run_plan(plan)
    _say(f"seed {plan.seed}: {len(plan.steps)} steps, {outcome.entries} shared entries")
    _say(f"trace {outcome.trace}")
    return _report(plan, outcome)


def _run_many(seeds: range) -> int:
    beats: Counter[int] = Counter()
    for seed in seeds:
        plan = draw_plan(seed)
        outcome = run_plan(plan)
        if outcome.broken is not None:
            return _report(plan, outcome)
        beats[outcome.beats] += 1
    shown = ", ".join(f"{count} runs in {n} heartbeats" for n, count in sorted(beats.items()))
    _say(f"{len(seeds)} seeds, every law held; healed to one hash: {shown}")
    return 0


def _report(plan: Plan, outcome: Outcome) -> int:
    if outcome.broken is None:
        _say(f"every law held; one hash {outcome.beats} heartbeats after healing")
        return 0
    law = outcome.broken.law
    _say(f"seed {plan.seed}: broken: {law} ({outcome.broken.where}); the steps that matter:")

    def is_failing(part: Plan) -> bool:
        broken = run_plan(part).broken
        return broken is not None and broken.law == law

    sys.stdout.write(spell_plan(shrink(plan, is_failing)))
    return 1


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")


if __name__ == "__main__":
    sys.exit(main())
