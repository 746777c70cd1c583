"""One correction for each directive that fails now, for the line that status shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lex7.correct.answer import Situation
from lex7.correct.case import Case, build_cases
from lex7.correct.certificate import Part
from lex7.correct.lever_change import (
    LeverAnswer,
    LeverFailure,
    LeverTask,
    find_lever_change,
)
from lex7.correct.levers import LeverChange, LeverPart, lever_parts, spell_changes
from lex7.correct.question import last_day


@dataclass(frozen=True, slots=True)
class Correction:
    """The smallest lever changes that make one failing directive hold.

    Attributes:
        directive: its id.
        changes: the levers that move; empty where none reaches it.
        sentence: the same in words, or why there is none.
        conflict: directives that stand in the way, where that is proven.
        parts: the proof; empty where nothing is proven.
    """

    directive: str
    changes: tuple[LeverChange, ...]
    sentence: str
    conflict: tuple[str, ...]
    parts: tuple[Part, ...]


def smallest_corrections(situation: Situation) -> tuple[Correction, ...]:
    """Return one correction for each failing directive, in order of (priority, id).

    Every hard rule that holds now goes on holding, and none that fails gets worse.

    Raises:
        StateError: a node cannot answer.
        DirectiveError: a node's answer cannot be used.
        ProblemError: the numbers are outside what can be solved exactly.
    """
    as_of = situation.forecast.as_of
    last = last_day(situation.directives, as_of)
    parts = lever_parts(situation.levers, as_of, last)
    moves = tuple(part.move for part in parts)
    cases = build_cases(situation.directives, situation.forecast, moves)
    failing = tuple(case for case in cases if case.is_standing)
    return tuple(_correction(parts, cases, case) for case in failing)


def _correction(parts: tuple[LeverPart, ...], cases: tuple[Case, ...], case: Case) -> Correction:
    name = case.directive.id
    if not parts:
        return Correction(name, (), "there are no levers", (), ())
    chosen = tuple(other for other in cases if other.is_hard or other is case)
    base = np.zeros(len(parts))
    soft = tuple(other for other in cases if not other.is_hard and other is not case)
    task = LeverTask(chosen, soft, parts, 0, base, frozenset({name}))
    found = find_lever_change(task, f"correction of {name}")
    if isinstance(found, LeverAnswer):
        listed = ", ".join(spell_changes(found.changes))
        return Correction(name, found.changes, listed, (), found.parts)
    others = tuple(other for other in found.conflict if other != name)
    sentence = "no lever reaches it"
    if others:
        sentence += f" while {', '.join(others)} must hold"
    if not found.is_proven:
        sentence = "no lever change was found"
    return Correction(name, (), sentence, found.conflict, _proof(found))


def _proof(found: LeverFailure) -> tuple[Part, ...]:
    return () if found.part is None else (found.part,)
