"""How a rule is counted from day to day: worse at once, better only by a clear margin.

    worse or equal      counts at once: p_low < c fails, p_high < c is violated
    better              counts when the bounds reach c + (1 - c)/4 instead of c
    no data, stale      is shown as such; the last comparison is kept for the day data come back

So a probability that wanders around the confidence c turns a rule back only after a climb of
(1 - c)/4: over any series there are at most 2 + 2·(sum of all climbs)/((1 - c)/4) turns for p_low
and p_high together. The rule depends on the log alone (the last standing written and today's
bounds), so a restart changes nothing and a replay gives the same.

What is settled is how a rule is counted over time. The verdict of a day is its own: a proposal is
judged by the bounds of that day, and status shows those bounds and that verdict beside the settled
one.
"""

from __future__ import annotations

from dataclasses import dataclass

from lex7.base.civil import Day
from lex7.directive.assessment import Standing
from lex7.directive.chance import Chance

RETURN_SHARE = 4
"""A rule returns when a quarter of the permitted failure is regained."""

_ORDER = (Standing.SATISFIED, Standing.UNDECIDED, Standing.VIOLATED)


@dataclass(frozen=True, slots=True)
class Settled:
    """How a rule is counted.

    Attributes:
        standing: as it is shown.
        compared: at the last comparison, what the next one starts from; None before the first.
        since: the day of the evaluation that brought this standing.
    """

    standing: Standing
    compared: Standing | None
    since: Day


def settle(
    before: Settled | None, standing: Standing, found: Chance | None, confidence: float, as_of: Day
) -> Settled:
    """Count a rule after one more evaluation.

    Args:
        before: how it was counted, None at first.
        standing: today's own verdict.
        found: today's bounds; None without a comparison.
        confidence: what the rule asks for.
        as_of: the day of the evaluation.
    """
    compared = None if before is None else before.compared
    shown = standing
    if found is not None:
        shown = compared = _compared(compared, standing, found, confidence)
    is_same = before is not None and before.standing is shown
    since = before.since if before is not None and is_same else as_of
    return Settled(shown, compared, since)


def standing_of(found: Chance, confidence: float) -> Standing:
    """Compare bounds with a confidence."""
    if found.low >= confidence:
        return Standing.SATISFIED
    return Standing.VIOLATED if found.high < confidence else Standing.UNDECIDED


def _compared(
    before: Standing | None, standing: Standing, found: Chance, confidence: float
) -> Standing:
    if before is None or _ORDER.index(standing) >= _ORDER.index(before):
        return standing
    clear = standing_of(found, confidence + (1.0 - confidence) / RETURN_SHARE)
    return min(before, clear, key=_ORDER.index)
