"""How a verdict is spelled for the log and for programs (docs/spec/propose.schema.json)."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from lex7.base.civil import iso
from lex7.correct import sentences
from lex7.correct.answer import RuleChange, Verdict
from lex7.correct.levers import LeverChange, LeverPart, column_of, spell_amounts
from lex7.correct.plan import Plan

Json = dict[str, Any]


def spell_verdict(verdict: Verdict | Plan) -> Json:
    """Spell what a verdict or a plan says, without its certificate."""
    own = _plan(verdict) if isinstance(verdict, Plan) else _single(verdict)
    return {"verdict": verdict.kind.value, "reason": verdict.reason, **own}


def _single(verdict: Verdict) -> Json:
    return {
        "alternatives": [
            {
                "kind": one.way.value,
                "rank": rank,
                "sentence": one.sentence,
                "gives_up": one.gives_up,
                "amount": str(one.amount),
                "date": iso(one.day),
                "levers": spell_levers(one.changes),
                "steps": steps_of(one.changes),
            }
            for rank, one in enumerate(verdict.alternatives, 1)
        ],
        "binding": [
            {"directive": price.directive, "sentence": price.sentence} for price in verdict.prices
        ],
        "rules": [_rule(change) for change in (*verdict.broken, *verdict.soft, *verdict.standing)],
        "standing": [change.directive for change in verdict.standing],
    }


def _plan(plan: Plan) -> Json:
    return {
        "alternatives": [
            {
                "kind": "wish",
                "rank": rank,
                "sentence": sentences.wish_way(one),
                "gives_up": "" if one.day is not None else str(one.wish.amount),
                "amount": str(one.wish.amount),
                "date": None if one.day is None else iso(one.day),
                "levers": {},
                "steps": {},
            }
            for rank, one in enumerate(plan.planned, 1)
        ],
        "binding": [],
        "rules": [_rule(change) for change in plan.rules],
        "standing": list(plan.standing),
    }


def spell_levers(changes: tuple[LeverChange, ...]) -> dict[str, str]:
    """Spell how far each lever moves; one with a ramp says its months."""
    grouped = groupby(changes, key=lambda change: change.lever)
    found = {lever.id: tuple(own) for lever, own in grouped}
    return {
        name: spell_amounts(own)
        if own[0].lever.ramp is not None
        else f"{float(own[0].change):g} {own[0].lever.unit}"
        for name, own in found.items()
    }


def steps_of(changes: tuple[LeverChange, ...]) -> dict[str, int]:
    """Count the whole steps of every column that moves, by the column's name."""
    parts = (LeverPart(one.lever, one.first, one.last, one.share) for one in changes)
    return {column_of(part).lever: one.steps for part, one in zip(parts, changes, strict=True)}


def _rule(change: RuleChange) -> Json:
    return {
        "directive": change.directive,
        "before": change.before,
        "after": change.after,
        "needed": change.needed,
        "severity": "hard" if change.is_hard else "soft",
    }
