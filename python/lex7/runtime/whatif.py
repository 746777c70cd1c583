"""The work of `lex7 whatif`: changes supposed, rules judged, nothing written but the gates' log."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from lex7.base.civil import Day, iso
from lex7.correct.question import last_day
from lex7.correct.supposition import suppose
from lex7.correct.whatif import ROOM_MAX, Compared, Room, WhatIf, compare
from lex7.directive.assessment import Assessment
from lex7.runtime.compose import Lattice
from lex7.runtime.evaluate import listen, situation

FORMAT = "lex7-whatif/1"
PLACES = 6

Json = dict[str, Any]


def what_if(lattice: Lattice, changes: tuple[str, ...], as_of: Day) -> Json:
    """Suppose changes and return what they change, following docs/spec/whatif.schema.json.

    Raises:
        SuppositionError: a change cannot be read; nothing was asked.
        TransportError: a node does not answer, or an access rule denies what a rule needs.
    """
    taken = situation(lattice, as_of)
    last = last_day(taken.directives, as_of)
    supposed = suppose(taken, changes, last)
    # Figures are read to be shown; what is decided needs no more than margins.
    current, currency = lattice.versions.on(as_of), lattice.setting.currency
    heard = listen(lattice, as_of).situation(current, currency, Fraction(ROOM_MAX))
    then = suppose(heard, changes, last).situation
    found = compare((taken, supposed.situation), (heard, then))
    return {
        "format": FORMAT,
        "as_of": iso(as_of),
        "changes": list(changes),
        "rules": [_rule(one, one.directive.id in supposed.changed) for one in found.rules],
        "room": {"before": _room(found.before), "after": _room(found.after)},
        "cost": _cost(found),
        "prices": [{"directive": one.directive, "sentence": one.sentence} for one in found.prices],
    }


def _rule(one: Compared, is_changed: bool) -> Json:  # noqa: FBT001 - spelled as data
    return {
        "directive": one.directive.id,
        "severity": one.directive.rule.severity.value,
        "changed": is_changed,
        "before": _assessed(one.before),
        "after": _assessed(one.after),
        "correction": None if one.correction is None else one.correction.sentence,
    }


def _assessed(found: Assessment) -> Json:
    worst = found.worst
    return {
        "standing": found.standing.value,
        "p_low": None if found.p_low is None else round(found.p_low, PLACES),
        "confidence": float(found.rule.confidence),
        "unit": "" if worst is None else worst.unit,
        "margin": None if worst is None else round(worst.mean, PLACES),
        "error": None if worst is None else round(worst.error, PLACES),
        "reason": found.reason,
    }


def _room(room: Room | None) -> Json | None:
    if room is None:
        return None
    return {
        "amount": str(room.amount),
        "capped": room.is_capped,
        "binding": list(room.binding),
    }


def _cost(found: WhatIf) -> str | None:
    if found.cost_minor is None or found.after is None:
        return None
    amount = found.after.amount
    return str(type(amount)(found.cost_minor, amount.currency))
