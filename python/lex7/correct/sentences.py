"""Sentences of a verdict, built from named numbers. They speak of the owner's own rules only."""

from __future__ import annotations

from fractions import Fraction
from math import ceil
from typing import TYPE_CHECKING

from lex7.base.civil import Day, iso
from lex7.base.money import Money
from lex7.correct.case import Case
from lex7.correct.levers import spell_changes, spell_fraction
from lex7.correct.proposal import Proposal
from lex7.directive.assessment import Standing
from lex7.directive.reason import percent

if TYPE_CHECKING:
    from lex7.correct.answer import Alternative, RuleChange
    from lex7.correct.lever_change import LeverAnswer
    from lex7.correct.levers import LeverChange
    from lex7.correct.plan import Planned

NAMED_MAX = 3


def reason(
    kind: str,
    proposal: Proposal,
    broken: tuple[RuleChange, ...],
    alternatives: tuple[Alternative, ...],
) -> str:
    """Say a verdict and what decided it, in one sentence."""
    asked = f"{proposal.amount} for {proposal.category} on {iso(proposal.day)}"
    if kind == "ACCEPT":
        return f"{asked} leaves every rule that holds now holding."
    named = "; ".join(_broken(change) for change in broken[:NAMED_MAX])
    more = len(broken) - NAMED_MAX
    if more > 0:
        named += f"; and {more} more"
    opening = f"{asked} does not fit: {named}" if named else f"{asked} does not fit by a rounding"
    if kind == "CORRECT":
        count = len(alternatives)
        ways = "One change makes" if count == 1 else f"Each of {count} changes makes"
        return f"{opening}. {ways} it fit."
    if kind == "UNDECIDED":
        return f"{opening}. Whether anything fits cannot be told from what is known now."
    if not proposal.move:
        return f"{opening}. The proposal says nothing that may move."
    return f"{opening}. Nothing that may move ({', '.join(proposal.move)}) makes it fit."


def amount_way(amount: Money, day: Day, binding: tuple[str, ...]) -> str:
    """Say the largest amount."""
    by = f" ({', '.join(binding)} allows no cent more)" if binding else ""
    return f"{amount} on {iso(day)}{by}"


def date_way(amount: Money, day: Day, earlier: Day) -> str:
    """Say the earliest date."""
    return f"the full {amount} on {iso(day)} (not yet on {iso(earlier)})"


def wish_way(one: Planned) -> str:
    """Say what becomes of one wish."""
    wish = one.wish
    if one.day is None:
        return f"{wish.name}: {wish.amount} for {wish.category} is left out"
    late = f", {delay(one.months)}" if one.months else ""
    return f"{wish.name}: {wish.amount} for {wish.category} on {iso(one.day)}{late}"


def plan_reason(
    planned: tuple[Planned, ...], failing: tuple[str, ...], *, is_cheapest: bool
) -> str:
    """Say what becomes of several wishes, in one sentence."""
    late = sum(1 for one in planned if one.day is not None and one.months)
    out = sum(1 for one in planned if one.day is None)
    if not late and not out:
        return "Every wish fits as asked: all rules that hold now go on holding."
    opening = "Together they do not fit as asked"
    if failing:
        opening += f" ({', '.join(failing)} would fail)"
    if out == len(planned):
        ending = "none of them fits in any month" if is_cheapest else "no plan was found"
        return f"{opening}; {ending}."
    counts = f"{late} later" if late else ""
    counts += (" and " if late and out else "") + (f"{out} left out" if out else "")
    least = "no plan buys more or waits less" if is_cheapest else "a better plan may exist"
    return f"{opening}; with {counts}, the rest fits, and {least}."


def further(cases: tuple[Case, ...], asked: tuple[Case, ...]) -> str:
    """Name the rules that look further ahead than they say, so that they see a later date."""
    written = {case.directive.id: case.directive.rule for case in asked}
    names = [one.directive.id for one in cases if one.directive.rule != written[one.directive.id]]
    return f"; {', '.join(names)} looks further ahead for it" if names else ""


def less(asked: Money, found: Money) -> str:
    """Say how much of an amount is given up."""
    share = 100 * (asked.minor - found.minor) / asked.minor
    return f"{Money(asked.minor - found.minor, asked.currency)} less ({share:.1f} %)"


def delay(months: int) -> str:
    """Say how much later."""
    return "one month later" if months == 1 else f"{months} months later"


def moved(changes: tuple[LeverChange, ...]) -> str:
    """Say how many levers move."""
    count = len(dict.fromkeys(change.lever.id for change in changes))
    return "one lever moves" if count == 1 else f"{count} levers move"


def lever_way(amount: Money, day: Day, found: LeverAnswer) -> str:
    """Say the lever changes."""
    listed = ", ".join(spell_changes(found.changes)) or "no lever moved"
    giving = "".join(
        f"; {name} gives way by {spell_fraction(ceil(size * 100) / Fraction(100))[1:]} {unit}"
        for name, size, unit in found.giving
    )
    kept = "" if found.is_exhaustive else "; other ways to satisfy a rule were not tried"
    return f"the full {amount} on {iso(day)} with {listed}{giving}{kept}"


def lacking(cases: tuple[Case, ...]) -> str:
    """Say which data a verdict would need."""
    said = []
    for case in cases[:NAMED_MAX]:
        assert case.short is not None, "a lacking case says what it lacks"
        standing, short = case.short
        if standing is Standing.STALE and short.last_day is not None:
            said.append(f"{case.directive.id}: {short.quantity} ends on {iso(short.last_day)}")
        else:
            what = f"{short.have} of {short.need} {short.sample}"
            said.append(f"{case.directive.id}: not enough {short.quantity} yet ({what})")
    return "No verdict without data: " + "; ".join(said) + "."


def _broken(change: RuleChange) -> str:
    needed = percent(change.needed)
    if change.before is not None and change.before < change.needed:
        return f"{change.directive} fails already and would get worse"
    assert change.after is not None, "a broken rule was weighed"
    found = percent(change.after, down=True)
    ending = ", where uncertainty decides and not the level" if change.is_uncertainty else ""
    return f"{change.directive} would hold with {found} where {needed} is asked{ending}"
