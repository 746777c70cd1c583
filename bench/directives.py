"""Corrections with proof: 30 levers, 24 months, 46 directives, 1,104 rows, and 10 times the levers.

Clarabel solves the same rows without any proof; its time is the peer of ours with one.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import clarabel
import numpy as np
from report import Row, cost, finish
from report import seconds as seconds_on
from scipy import sparse

from lex7._core import joint_bounds, normal_cdf
from lex7.base.civil import Day
from lex7.correct import certificate as certificates
from lex7.correct import check_certificate, exact_native
from lex7.correct.exact import Infeasible
from lex7.correct.problem import Column, Problem, RealRows, Rule, build_problem
from lex7.correct.schedule import Event, Task, cheapest
from lex7.correct.search import Known, Search, Watch, find
from lex7.correct.soft import SoftRows, find_slacks
from lex7.directive.evidence import LeafEvidence
from lex7.directive.format import formatted
from lex7.directive.plan import Test
from lex7.directive.quantity import Linear, Scenarios

MONTHS = 24
DIRECTIVES = 46
TODAY = 20_779


def seconds(work: Callable[[], object], *, repeat: int) -> float:
    """The median processor time of one call, whatever else the machine does."""
    return seconds_on(work, repeat=repeat, clock=time.process_time)


def columns(levers: int, copies: int) -> tuple[Column, ...]:
    """Levers in cents; `copies` of each stand for one per month."""
    return tuple(
        Column(
            f"lever-{index}-{month}",
            "USD a month",
            Fraction(1, 100),
            -30_000,
            0,
            Fraction(1, 100 + 10 * (index % 7)),
        )
        for index in range(levers)
        for month in range(copies)
    )


def blocks(
    levers: int,
    copies: int,
    shortfall: float,
    *,
    months: int = MONTHS,
    rules: int = DIRECTIVES,
) -> tuple[RealRows, ...]:
    """Directives over cash: each month feels every lever moved in it or before."""
    rng = np.random.default_rng(7)
    count, ahead = months, np.arange(1, months + 1)
    found = []
    for directive in range(rules):
        share = rng.uniform(0, 1, levers) * (rng.uniform(0, 1, levers) < 0.4)
        if copies == 1:
            gradient = -np.outer(ahead, share)
        else:
            felt = (ahead[:, None] >= ahead[None, :]).astype(float)
            gradient = -np.kron(share, felt)
        slack = np.abs(rng.uniform(50, 1500) * (1 + 0.1 * ahead) + rng.normal(0, 50, count))
        if directive % 9 == 3:
            slack = slack - shortfall * (ahead > 12)
        rule = Rule(f"d{directive:03}", directive % 5, "USD", f"Rule {directive} holds.")
        days = tuple(Day(TODAY + 30 * int(month)) for month in ahead)
        found.append(RealRows(rule, days, slack, gradient))
    return tuple(found)


def decide(real: tuple[RealRows, ...], levers: tuple[Column, ...]) -> str:
    """From real rows to the text of a certificate."""
    problem = exact_native.leave_idle(build_problem(real, levers))
    found = exact_native.solve_on_grid(problem)
    assert not isinstance(found, Infeasible)
    part = certificates.smallest("levers", problem, found)
    return certificates.encode(certificates.Certificate("CORRECT", (part,)))


def refuse(real: tuple[RealRows, ...], levers: tuple[Column, ...]) -> str:
    """From real rows to the text of a conflict."""
    problem = build_problem(real, levers)
    found = exact_native.find_conflict(problem)
    assert found is not None
    part = certificates.conflict("levers", problem, found)
    return certificates.encode(certificates.Certificate("REJECT", (part,)))


def second_opinion(problem: Problem) -> None:
    """Solve the same integers with Clarabel."""
    coefficients, bounds, lo, hi, exponents, eases = problem.arrays
    relative = eases / eases.max()
    units = np.ldexp(relative, exponents)
    matrix = sparse.csc_matrix(
        np.vstack([coefficients * relative, np.diag(units), -np.diag(units)])
    )
    right = np.concatenate([bounds, hi, -lo]).astype(float)
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    cones = [clarabel.NonnegativeConeT(len(right))]
    identity = sparse.identity(len(eases), format="csc")
    clarabel.DefaultSolver(identity, np.zeros(len(eases)), matrix, right, cones, settings).solve()


def by_cvxpy(problem: Problem) -> Callable[[], object] | None:
    """Return the same through cvxpy and Clarabel as a person would write it; None without cvxpy."""
    if importlib.util.find_spec("cvxpy") is None:
        return None
    import cvxpy

    coefficients, bounds, lo, hi, exponents, eases = problem.arrays
    relative = eases / eases.max()
    units = np.ldexp(relative, exponents)

    def solve() -> object:
        z = cvxpy.Variable(len(eases))
        limits = [(coefficients * relative) @ z <= bounds, z <= hi / units, z >= lo / units]
        least = cvxpy.Problem(cvxpy.Minimize(0.5 * cvxpy.sum_squares(z)), limits)
        return least.solve(solver=cvxpy.CLARABEL)

    return solve


def measure(levers: int, copies: int, limit_ms: float, repeat: int) -> list[Row]:
    """One size: the decision against its limit and against Clarabel."""
    lever_columns = columns(levers, copies)
    real = blocks(levers, copies, 900.0)
    problem = build_problem(real, lever_columns)
    size = f"{len(lever_columns)} levers, {len(problem.bounds)} rows"
    ours = 1e3 * seconds(lambda: decide(real, lever_columns), repeat=repeat)
    peer = 1e3 * seconds(lambda: second_opinion(problem), repeat=max(3, repeat // 3))
    rows = [
        cost(f"decision with certificate, {size}", ours, "ms", "limit", limit_ms, 1.0),
        cost(f"the same, {size}", ours, "ms", "Clarabel without proof", peer, 1.0),
    ]
    if (through := by_cvxpy(problem)) is not None:
        theirs = 1e3 * seconds(through, repeat=max(3, repeat // 3))
        rows.append(cost(f"the same, {size}", ours, "ms", "cvxpy and Clarabel", theirs, 1.0))
    return rows


def checks() -> list[Row]:
    """What checking and refusing cost at the first size."""
    lever_columns = columns(30, 1)
    real = blocks(30, 1, 900.0)
    text = decide(real, lever_columns)
    assert not check_certificate.check(text)
    problem = exact_native.leave_idle(build_problem(real, lever_columns))
    found = exact_native.solve_on_grid(problem)
    assert not isinstance(found, Infeasible)
    native = 1e3 * seconds(lambda: exact_native.check_smallest(problem, found), repeat=15)
    pure = 1e3 * seconds(lambda: check_certificate.check(text), repeat=9)
    hopeless = blocks(30, 1, 200_000.0)
    assert not check_certificate.check(refuse(hopeless, lever_columns))
    refusal = 1e3 * seconds(lambda: refuse(hopeless, lever_columns), repeat=9)
    soft = tuple(
        SoftRows(replace(one, rule=replace(one.rule, priority=1 + index % 4)), Fraction(50))
        for index, one in enumerate(blocks(30, 1, 60_000.0)[:25])
    )
    hard = blocks(30, 1, 900.0)[25:]
    assert find_slacks(hard, soft, lever_columns) is not None
    softened = 1e3 * seconds(lambda: find_slacks(hard, soft, lever_columns), repeat=9)
    return [
        cost("slacks of 25 soft rules in 4 levels", softened, "ms", "limit", 20.0, 1.0),
        cost("exact check, compiled", native, "ms", "limit", 10.0, 1.0),
        cost("exact check of the file, pure Python", pure, "ms", "limit", 100.0, 1.0),
        cost("conflict set with certificate", refusal, "ms", "limit", 40.0, 1.0),
    ]


def evaluations() -> list[Row]:
    """A thousand rules over a year of days, from moments to a compared probability."""
    days = np.arange(1.0, 366.0)
    sd = np.sqrt(days)
    cov = np.minimum.outer(days, days)
    rng = np.random.default_rng(7)
    means = rng.uniform(0.5, 5.0, (1_000, 1)) * sd
    scores = [np.ascontiguousarray(one / sd) for one in means]

    def pointwise() -> float:
        return float(normal_cdf((means / sd).min(axis=1)).min())

    def joint() -> float:
        return min(joint_bounds(one, cov, 0.95)[0] for one in decided)

    # What the path of neighbours decides; the others cost what the best tree costs.
    decided = [one for one in scores if one.min() < 1.5 or one.min() > 3.2]
    decided = [decided[index % len(decided)] for index in range(1_000)]
    ours = 1e3 * seconds(pointwise, repeat=9)
    jointly = 1e3 * seconds(joint, repeat=3)
    return [
        cost("1,000 pointwise rules over 365 days, moments given", ours, "ms", "limit", 50.0, 1.0),
        cost(
            "1,000 joint rules on the neighbour path, moments given",
            jointly,
            "ms",
            "limit",
            1000.0,
            1.0,
        ),
    ]


def wishes() -> list[Row]:
    """Ten wishes over 24 months, rules as caps that fill up month by month."""
    amounts = tuple(300 + 170 * index for index in range(10))
    worths = [1 + index % 3 for index in range(10)]
    caps = [400 * month for month in range(1, 25)]
    events = tuple(
        Event(month, wish, worths[wish] * month, caps[month])
        for month in range(24)
        for wish in range(10)
    )
    task = Task(events, amounts, tuple(worth * 1_000 for worth in worths), (-1,) * 10)

    def accepts(chosen: tuple[int, ...]) -> bool:
        spent = 0
        for index in chosen:
            spent += amounts[events[index].wish]
            if spent > caps[events[index].day]:
                return False
        return True

    assert cheapest(task, accepts).is_cheapest
    ours = seconds(lambda: cheapest(task, accepts), repeat=5)
    return [cost("search over 10 wishes and 24 months", ours, "s", "limit", 2.0, 1.0)]


def sampled_wishes() -> list[Row]:
    """Ten wishes under a rule on 4,096 drawn courses, as the node that holds them searches."""
    days = tuple(30 * month for month in range(37))
    draw = np.random.default_rng(3)
    steps = draw.normal(300.0, 250.0, (4_096, len(days)))
    paths = 2_500.0 + np.cumsum(steps, axis=1)
    leaf = Test(Linear((), Fraction(0)), "USD", "wth", is_strict=False, direction=1)
    known = LeafEvidence(
        leaf,
        np.array(days),
        paths.mean(axis=0),
        paths.std(axis=0),
        np.zeros((len(days), len(days))),
        np.zeros((len(days), 0)),
        Scenarios(np.array(days), paths, np.zeros((1, len(days), 0))),
        {day: row for row, day in enumerate(days)},
    )
    amounts = tuple(100 * (600 + 170 * index) for index in range(10))
    worths = [1 + index % 3 for index in range(10)]
    events = tuple(
        Event(30 * month, wish, worths[wish] * month, sum(amounts))
        for month in range(25)
        for wish in range(10)
    )
    task = Task(events, amounts, tuple(worth * 500 for worth in worths), (-1,) * 10)
    watch = Watch((len(days),), (0,) * len(events), is_joint=True)
    lead = tuple(10 * (at // 10) for at in range(len(events)))
    search = Search(task, lead, 2, (watch,))
    ours = seconds(lambda: find(search, (Known(known, 0.95),)), repeat=3)
    return [cost("search over 10 wishes on 4,096 drawn courses", ours, "s", "limit", 2.0, 1.0)]


def formatting() -> list[Row]:
    """Format a file of 1,000 rules, each read twice to see that it says the same."""
    head = 'format = "lex7-directives/1"\ncurrency = "USD"\ntime_zone = "Europe/Berlin"\n'
    table = """
[[directive]]
id = "r{at}"
say = "I keep to it."
rule = "always[0mo,6mo]  cash>={at} USD"
confidence = 0.9
over = "pointwise"
severity = "hard"
priority = 1
"""
    text = head + "".join(table.format(at=at) for at in range(1_000))
    ours = seconds(lambda: formatted(text), repeat=3)
    return [cost("lex7 directives fmt, 1,000 rules", ours, "s", "limit", 5.0, 1.0)]


def main() -> None:
    """Print all rows."""
    rows = [*measure(30, 1, 10.0, 15), *checks(), *measure(30, 24, 300.0, 5)]
    rows += [*evaluations(), *wishes(), *sampled_wishes(), *formatting()]
    finish(rows)


if __name__ == "__main__":
    main()
