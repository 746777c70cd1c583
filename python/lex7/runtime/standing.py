"""How the rules are counted over time, kept in the log of whoever judges.

A STANDING entry is written when a rule turns, and only then: {1: day, 2: directives in force,
3: ((directive, standing, compared, since), …)}. Status counts on from the newest entry that is not
later than its own day and speaks of the same directives; looking back writes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from lex7.bark import canon
from lex7.bark.entry import EntryKind, VerifiedEntry
from lex7.bark.fields import Fields, PayloadError, read_fields
from lex7.base.civil import Day
from lex7.base.errors import BarkError
from lex7.directive.assessment import Assessment, Standing
from lex7.directive.chance import Chance
from lex7.directive.settle import Settled, settle
from lex7.runtime.seat import Seat

Counted = dict[str, Settled]


def count_rules(seat: Seat, found: Mapping[str, Assessment], as_of: Day) -> Counted:
    """Count every rule after today's judgement, and write what turned."""
    digest = seat.versions.on(as_of).digest
    before, newest = _last(seat.state().standings, digest, as_of)
    after = {name: _settled(before.get(name), how, as_of) for name, how in found.items()}
    if after != before and (newest is None or newest <= as_of):
        rows = tuple(
            (
                name,
                one.standing.value,
                "" if one.compared is None else one.compared.value,
                int(one.since),
            )
            for name, one in sorted(after.items())
        )
        body = canon.encode({1: int(as_of), 2: digest, 3: rows})
        seat.writer.append([(EntryKind.STANDING, body)], seat.heads)
    return after


def _settled(before: Settled | None, how: Assessment, as_of: Day) -> Settled:
    bounds = None
    if how.p_low is not None and how.p_high is not None:
        bounds = Chance(how.p_low, how.p_high)
    return settle(before, how.standing, bounds, float(how.rule.confidence), as_of)


def _last(
    entries: tuple[VerifiedEntry, ...], digest: bytes, as_of: Day
) -> tuple[Counted, Day | None]:
    """Return the counts to go on from, and the day of the newest entry there is."""
    counted: Counted = {}
    newest: Day | None = None
    for entry in entries:
        try:
            day, rules, found = _read(entry.payload or b"")
        except BarkError:
            # Of another layout: it says nothing.
            continue
        newest = day if newest is None else max(newest, day)
        if day <= as_of and rules == digest:
            counted = found
    return counted, newest


def _read(payload: bytes) -> tuple[Day, bytes, Counted]:
    fields = read_fields(payload, "standing", 3)
    found = {
        row.text(1): Settled(
            _standing(row, 2), _standing(row, 3) if row.text(3) else None, Day(row.integer(4))
        )
        for row in fields.rows(3, 4)
    }
    return Day(fields.integer(1)), fields.data(2), found


def _standing(row: Fields, number: int) -> Standing:
    if row.text(number) not in set(Standing):
        raise PayloadError("standing", f"{row.text(number)!r} is no standing")
    return Standing(row.text(number))
