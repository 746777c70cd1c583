"""The smallest lever changes that make rules hold: rows, rounds of z, branches, rounding.

Rules that hold must go on holding, rules that fail must not get worse, and the targets must hold
afterwards. Joint rules start at the common z; at most eight rounds then give rows with room a
larger z. Of all points that the rules themselves accept, the cheapest stands; its certificate
proves that it is the smallest for the z of its rows. Steps that the rules do not ask for are then
taken back (`polish`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import product

import numpy as np

from lex7.base.civil import Day
from lex7.base.limits import BRANCHES_MAX, LEVERS_MAX, PROBLEM_CELLS_MAX
from lex7.correct import certificate as certificates
from lex7.correct import exact_native
from lex7.correct.case import Case, Shift, along, is_blocking, reaches
from lex7.correct.case import after as chance_after
from lex7.correct.certificate import Part
from lex7.correct.exact import Infeasible
from lex7.correct.levers import (
    LeverChange,
    LeverPart,
    changes_of,
    column_of,
    groups_of,
    ramp_rows,
)
from lex7.correct.polish import one_less, proof_at, refutation_at, taken_back
from lex7.correct.problem import Problem, RealRows, Rule, SearchLimitError, build_problem
from lex7.correct.soft import SoftRows, find_slacks, relaxed, rounding_allowance
from lex7.directive.rows import ROUNDS, RowBlock, reallocated, rows_of

Way = tuple[RowBlock, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LeverTask:
    """What levers are asked to do.

    Attributes:
        cases: every hard rule, and any other target.
        soft: soft rules that are no target; they give way where they must.
        parts: the levers, which are the columns after `first_column` of every case's evidence.
        first_column: where the levers start among the columns.
        base: (n_column,) what is moved already: the purchase, or nothing.
        targets: directives that fail now and must hold afterwards.
    """

    cases: tuple[Case, ...]
    soft: tuple[Case, ...]
    parts: tuple[LeverPart, ...]
    first_column: int
    base: Shift
    targets: frozenset[str]


@dataclass(frozen=True, slots=True)
class LeverAnswer:
    """The smallest changes found.

    Attributes:
        changes: the levers that move.
        cost: sum of (reluctance × change)², exact.
        parts: the proof.
        is_exhaustive: whether every way to satisfy the rules was tried.
        giving: soft rules that give way: directive, how far in its unit, the unit.
    """

    changes: tuple[LeverChange, ...]
    cost: Fraction
    parts: tuple[Part, ...]
    is_exhaustive: bool
    giving: tuple[tuple[str, Fraction, str], ...]


@dataclass(frozen=True, slots=True)
class LeverFailure:
    """Why no lever changes were found.

    Attributes:
        conflict: directives that no lever changes within bounds satisfy together; empty where the
            search gave up instead.
        part: the proof of the conflict, or None.
    """

    conflict: tuple[str, ...]
    part: Part | None

    @property
    def is_proven(self) -> bool:
        """Answer whether it is certain that there is none."""
        return self.part is not None


def find_lever_change(task: LeverTask, name: str) -> LeverAnswer | LeverFailure:
    """Find the smallest changes of levers that do what a task asks.

    Raises:
        ProblemError: the numbers are outside what can be solved exactly.
    """
    if _is_too_large(task):
        return LeverFailure((), None)
    combinations, is_exhaustive = _combinations(task)
    best: LeverAnswer | None = None
    failure: LeverFailure | None = None
    for blocks in combinations:
        try:
            found = _rounds(task, blocks, name, is_exhaustive=is_exhaustive)
        except SearchLimitError:
            found = LeverFailure((), None)
        if isinstance(found, LeverAnswer):
            if best is None or found.cost < best.cost:
                best = found
        elif failure is None or not found.is_proven:
            failure = found
    if best is not None:
        return best
    assert failure is not None, "there is at least one combination of ways"
    return failure if is_exhaustive or not failure.is_proven else replace(failure, part=None)


def _is_too_large(task: LeverTask) -> bool:
    """Answer whether a search would take minutes; a soft rule may need a column of its own."""
    columns = len(task.parts) + len(task.soft)
    cases = (case for case in (*task.cases, *task.soft) if case.evidence is not None)
    rows = sum(len(leaf.days) for case in cases if case.evidence for leaf in case.evidence.leaves)
    return columns > LEVERS_MAX or rows * columns > PROBLEM_CELLS_MAX


Chosen = tuple[tuple[Case, Way], ...]


def _combinations(task: LeverTask) -> tuple[list[Chosen], bool]:
    """List one way for each rule, all combinations up to the limit."""
    cases = [case for case in task.cases if case.evidence is not None]
    listed: list[tuple[Way, ...]] = []
    is_exhaustive = True
    count = 1
    for case in cases:
        assert case.evidence is not None
        found = rows_of(case.evidence)
        is_free = not case.is_standing or case.directive.id in task.targets
        listed.append(found.ways if is_free else found.ways[:1])
        is_exhaustive = is_exhaustive and found.is_exhaustive
        count *= len(listed[-1])
    if count > BRANCHES_MAX:
        listed = [ways[:1] for ways in listed]
        is_exhaustive = False
    return [tuple(zip(cases, ways, strict=True)) for ways in product(*listed)], is_exhaustive


def _rounds(
    task: LeverTask, chosen: Chosen, name: str, *, is_exhaustive: bool
) -> LeverAnswer | LeverFailure:
    best: _Candidate | None = None
    failure: LeverFailure | None = None
    is_joint = any(block.demand.is_joint for _, way in chosen for block in way)
    for _ in range(ROUNDS + 1 if is_joint else 1):
        posed = _pose(task, chosen)
        moving = exact_native.leave_idle(posed.problem, groups_of(task.parts))
        found = exact_native.solve_on_grid(moving)
        if isinstance(found, Infeasible) or found.steps is None:
            moving, found = posed.problem, exact_native.solve_on_grid(posed.problem)
        if isinstance(found, Infeasible):
            failure = failure or _conflict(posed.problem, name)
            break
        if found.steps is None:
            break
        shift = _shift(task, found.steps)
        cost = _cost(changes_of(task.parts, found.steps))
        if _is_accepted(task, shift) and (best is None or cost < best.cost):
            part = certificates.smallest(name, moving, found)
            best = _Candidate(found.steps, cost, part, posed)
        chosen = tuple(
            (case, tuple(reallocated(block, shift) for block in way)) for case, way in chosen
        )
    if best is not None:
        return _polished(task, best, name, is_exhaustive=is_exhaustive)
    return failure or LeverFailure((), None)


@dataclass(frozen=True, slots=True)
class _Posed:
    """The problem after soft rules have given way, and how far they did.

    Attributes:
        problem: all rows.
        kept: the rows that no hard rule judges: ramps, and soft rules as far as they give way.
        giving: directive, how far in its unit, the unit.
    """

    problem: Problem
    kept: Problem
    giving: tuple[tuple[str, Fraction, str], ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    steps: tuple[int, ...]
    cost: Fraction
    part: Part
    posed: _Posed


def _polished(task: LeverTask, best: _Candidate, name: str, *, is_exhaustive: bool) -> LeverAnswer:
    """Take back what the rules themselves do not ask for, and prove what is left."""
    kept = best.posed.kept

    def accepts(steps: tuple[int, ...]) -> bool:
        is_kept = certificates.first_broken_row(kept, steps) is None
        return is_kept and _is_accepted(task, _shift(task, steps))

    steps = taken_back(best.steps, accepts)
    parts: tuple[Part, ...] = (best.part,)
    if steps != best.steps:
        title = f"{name}, as the rules ask"
        parts += proof_at(_narrowed(task, steps), title)
        for index, less in one_less(steps):
            sooner = f"{title}, one step less of {task.parts[index].lever.id}"
            part = certificates.fails(sooner, kept, less)
            refused = refutation_at(_narrowed(task, less), sooner) if part is None else (part,)
            parts += refused
    changes = changes_of(task.parts, steps)
    return LeverAnswer(changes, _cost(changes), parts, is_exhaustive, best.posed.giving)


def _narrowed(task: LeverTask, steps: tuple[int, ...]) -> tuple[Case, ...]:
    """Narrow the rules to one point; a target must hold, whatever it did before."""
    shift = _shift(task, steps)
    cases = (case for case in task.cases if case.evidence is not None)
    return tuple(
        replace(along(case, shift), before=None)
        if case.directive.id in task.targets
        else along(case, shift)
        for case in cases
    )


def _pose(task: LeverTask, chosen: Chosen) -> _Posed:
    columns = tuple(column_of(part) for part in task.parts)
    kept = (block for case, way in chosen if (block := _rows(task, case, way)) is not None)
    ramps = ramp_rows(task.parts)
    hard = (*ramps, *kept)
    soft = tuple(one for case in task.soft if (one := _soft_rows(task, case)) is not None)
    slacks = find_slacks(hard, soft, columns) if soft else ()
    if slacks is None:
        return _Posed(build_problem(hard, columns), build_problem(ramps, columns), ())
    # A rule that gives way has no room left for rounding the levers; it gets that much more.
    slacks = tuple(
        slack + rounding_allowance(one, columns) if slack else slack
        for one, slack in zip(soft, slacks, strict=True)
    )
    rows = tuple(relaxed(one, slack) for one, slack in zip(soft, slacks, strict=True))
    giving = tuple(
        (one.rows.rule.directive, slack * one.unit, one.rows.rule.unit)
        for one, slack in zip(soft, slacks, strict=True)
        if slack
    )
    kept_rows = build_problem((*ramps, *rows), columns)
    return _Posed(build_problem((*hard, *rows), columns), kept_rows, giving)


def _soft_rows(task: LeverTask, case: Case) -> SoftRows | None:
    if case.evidence is None or case.directive.rule.weight is None:
        return None
    rows = _rows(task, case, rows_of(case.evidence).ways[0])
    return None if rows is None else SoftRows(rows, 1 / case.directive.rule.weight)


def _rows(task: LeverTask, case: Case, way: Way) -> RealRows | None:
    """Turn one rule's blocks into rows over the levers, without those that nothing can break."""
    directive = case.directive
    must_hold = not case.is_standing or directive.id in task.targets
    days: list[Day] = []
    slacks, gradients = [], []
    for block in way:
        room = block.room if must_hold else np.maximum(block.room, 0.0)
        cost = np.zeros(len(room))
        for column in np.flatnonzero(task.base):
            cost += block.loss[:, column] * task.base[column]
        # Where uncertainty alone breaks a band, no finite number says so: a row far out of reach.
        slack = np.maximum(room - cost, -1e12)
        gradient = -block.loss[:, task.first_column :]
        matters = gradient.any(axis=1) | (cost != 0) | (slack < 0)
        days += [Day(int(day)) for day in block.days[matters]]
        slacks.append(slack[matters])
        gradients.append(gradient[matters])
    if not days:
        return None
    unit = way[0].unit
    rule = Rule(directive.id, directive.rule.priority, unit, directive.say)
    return RealRows(rule, tuple(days), np.concatenate(slacks), np.concatenate(gradients))


def _shift(task: LeverTask, steps: tuple[int, ...]) -> Shift:
    shift = task.base.copy()
    for index, (part, n) in enumerate(zip(task.parts, steps, strict=True)):
        shift[task.first_column + index] = float(n * part.lever.step)
    return shift


def _is_accepted(task: LeverTask, shift: Shift) -> bool:
    """Let the rules themselves judge a point."""
    for case in task.cases:
        if case.evidence is None:
            continue
        narrow = along(case, shift)
        if case.directive.id in task.targets:
            if not reaches(case, chance_after(narrow, 1.0)):
                return False
        elif is_blocking(narrow, 1.0):
            return False
    return True


def _cost(changes: tuple[LeverChange, ...]) -> Fraction:
    cost = Fraction(0)
    for change in changes:
        cost += change.cost
    return cost


def _conflict(problem: Problem, name: str) -> LeverFailure:
    found = exact_native.find_conflict(problem)
    assert found is not None, "an infeasible problem has a conflict"
    names = tuple(problem.rules[index].directive for index in found.rules)
    return LeverFailure(names, certificates.conflict(name, problem, found))
