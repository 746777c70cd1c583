"""The laws of corrections at full size; `make proofs` runs it, the tests run a part of it.

    python scripts/proofs.py [--problems 10000] [--homes 1000]

Random problems (plain, degenerate, duplicated rows, infeasible, badly scaled): every certificate
passes the independent checker, the bytes do not depend on who proposed the active rows, Clarabel
agrees within its tolerance, one step less of any lever breaks a row. Random homes: one cent more,
one month earlier, one lever step less fails. The numbers stand in docs/research-log.md.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import time
from collections import Counter
from pathlib import Path
from types import ModuleType

import numpy as np

from lex7.correct import certificate as certificates
from lex7.correct import check_certificate, exact_native
from lex7.correct.exact import Infeasible
from lex7.correct.exact_native import Rounded
from lex7.correct.problem import Problem

ROOT = Path(__file__).resolve().parents[1]
LAWS = ROOT / "tests" / "law" / "correct"


def main() -> int:
    """Run the laws and print what they found; the exit code is 1 where one fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=10_000)
    parser.add_argument("--homes", type=int, default=1_000)
    options = parser.parse_args()
    start = time.process_time()
    draw, solver = load(LAWS / "conftest.py").random_problem, load(LAWS / "test_solver.py")
    found: Counter[str] = Counter()
    for seed in range(options.problems):
        for outcome in judge(draw(seed), solver):
            found[outcome] += 1
            if outcome.startswith("WRONG"):
                print(f"problem {seed}: {outcome}", flush=True)
    print_counts(f"{options.problems} problems", found, start)
    sys.path.append(str(ROOT / "tests" / "unit" / "correct"))
    homes = load(LAWS / "test_homes.py")
    answers: Counter[str] = Counter()
    for seed in range(options.homes):
        try:
            homes.test_no_cent_more_no_month_earlier_no_step_less(seed)
        except AssertionError as error:
            answers["WRONG"] += 1
            print(f"home {seed}: {error}", flush=True)
        for kind in homes.kinds_of(homes.drawn(seed)):
            answers[kind] += 1
    print_counts(f"{options.homes} homes", answers, start)
    return int(any(name.startswith("WRONG") for name in (*found, *answers)))


def judge(problem: Problem, solver: ModuleType) -> list[str]:
    """Name what one problem turned out to be, and every law it breaks."""
    own = exact_native.solve_on_grid(problem)
    if isinstance(own, Infeasible):
        conflict = exact_native.find_conflict(problem)
        assert conflict is not None
        text = spelled(certificates.conflict("conflict", problem, conflict))
        second = opinion(problem, solver)
        wrong = [] if second is None else ["WRONG: Clarabel solves what cannot be"]
        return ["infeasible", *unproven(text), *wrong]
    outcomes = ["optimal"]
    wanted = proven(problem, own)
    for name, active in proposals(problem, solver).items():
        again = exact_native.prove(problem, active)
        if isinstance(again, Infeasible):
            outcomes.append(f"WRONG: infeasible from {name}")
            continue
        other = Rounded(again.multipliers, again.denominator, own.steps)
        outcomes += [f"WRONG: other bytes from {name}"] if proven(problem, other) != wanted else []
    if own.steps is None:
        return [*outcomes, "the bounded search on the grid gave up"]
    outcomes += unproven(wanted)
    for index, n in enumerate(own.steps):
        less = list(own.steps)
        less[index] -= (n > 0) - (n < 0)
        if n and certificates.first_broken_row(problem, tuple(less)) is None:
            outcomes.append("WRONG: a step can be taken back")
    second = opinion(problem, solver)
    if second is None:
        return [*outcomes, "Clarabel gave no opinion"]
    eases = problem.eases / problem.eases.max()
    point = exact_native.solve(problem)
    assert not isinstance(point, Infeasible)
    z = np.array([float(value) for value in point.point]) / eases
    is_equal = abs(float(z @ z) - second) <= max(1e-4 * second, 1e-6)
    return [*outcomes, "Clarabel agrees" if is_equal else "WRONG: Clarabel disagrees"]


def proposals(problem: Problem, solver: ModuleType) -> dict[str, list[int]]:
    """Return the active constraints that different solvers propose."""
    duals = np.array(solver.solved_by_clarabel(problem).z)
    by_clarabel = np.flatnonzero(duals > 1e-7 * (1 + duals.max()))
    everything = len(problem.bounds) + 2 * len(problem.columns)
    return {
        "DAQP": solver.proposed_by_daqp(problem),
        "Clarabel": [int(index) for index in by_clarabel],
        "nobody": [],
        "every second constraint": list(range(0, everything, 2)),
    }


def opinion(problem: Problem, solver: ModuleType) -> float | None:
    """Return Clarabel's least cost, None where it does not decide."""
    second = solver.solved_by_clarabel(problem)
    matrix, right = solver.scaled(problem)
    residual = float((matrix @ np.array(second.x) - right).max())
    is_opinion = str(second.status) == "Solved" and residual < 1e-7
    return float(np.dot(second.x, second.x)) if is_opinion else None


def proven(problem: Problem, found: Rounded) -> str:
    """Spell the certificate of an optimum, or the optimum alone where there are no steps."""
    if found.steps is None:
        return repr((found.multipliers, found.denominator))
    return spelled(certificates.smallest("levers", problem, found))


def spelled(part: certificates.Part) -> str:
    """Spell a certificate of one part."""
    return certificates.encode(certificates.Certificate("CORRECT", (part,)))


def unproven(text: str) -> list[str]:
    """Name what the independent checker refuses."""
    faults = check_certificate.check(text)
    return ["certificate proven"] if not faults else [f"WRONG: {faults[0]}"]


def load(path: Path) -> ModuleType:
    """Load a test file as a module."""
    spec = importlib.util.spec_from_file_location(f"law_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def print_counts(title: str, found: Counter[str], start: float) -> None:
    """Print what was found, the most frequent first."""
    print(f"{title}, {time.process_time() - start:.0f} s of processor time")
    for name, count in found.most_common():
        print(f"  {count:7,}  {name}")


if __name__ == "__main__":
    sys.exit(main())
