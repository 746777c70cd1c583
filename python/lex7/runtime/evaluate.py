"""The work of `lex7 status`: every directive in force, judged on what the nodes say.

The council asks the nodes through the border and judges; it never sees a record. Status and
proposals are judged by the same functions on the same answers, so they cannot disagree about the
same state.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from lex7.base.civil import Day
from lex7.base.errors import Finding
from lex7.correct.answer import Situation
from lex7.correct.status import Correction, smallest_corrections
from lex7.directive.assessment import Assessment
from lex7.directive.document import Directive
from lex7.directive.margin import assess
from lex7.directive.plan import quantities
from lex7.directive.quantity import Forecast
from lex7.directive.settle import Settled
from lex7.directive.together import Together
from lex7.nodes.wealth.starter import STARTER_RULES
from lex7.runtime.enforced import Enforced, draft_findings
from lex7.runtime.hearing import Heard
from lex7.runtime.seat import Seat
from lex7.runtime.standing import count_rules

FOLLOWING = ("vit", "wth")
"""The kinds of nodes that forecast."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One directive with how it stands and what would mend it."""

    directive: Directive
    assessment: Assessment
    correction: Correction | None
    settled: Settled


@dataclass(frozen=True, slots=True)
class Status:
    """Every directive in force, in order of the file."""

    as_of: Day
    judged: tuple[Judged, ...]
    findings: tuple[Finding, ...]


def situation(lattice: Seat, as_of: Day) -> Situation:
    """Return what verdicts are taken on: rules, levers, and all nodes' forecasts as one."""
    together = Together({kind: lattice.forecast(kind, as_of) for kind in FOLLOWING})
    current = lattice.versions.on(as_of)
    return Situation(current.directives, current.levers, together, lattice.setting.currency)


def listen(lattice: Seat, as_of: Day) -> Heard:
    """Begin to hear every following node's margins.

    Raises:
        UnreachableError: the lattice has no node of a kind.
    """
    names = {kind: lattice.answering(kind) for kind in FOLLOWING}
    return Heard({kind: partial(lattice.border.ask, name) for kind, name in names.items()}, as_of)


def known_categories(current: Enforced, forecast: Forecast) -> tuple[str, ...]:
    """List the spending categories that data, built-in rules, directives or levers name."""
    spoken = {name for one in current.directives for name in quantities(one.rule.plan)}
    spoken |= {lever.moves for lever in current.levers} | set(forecast.quantities())
    found = {name.removeprefix("spend.") for name in spoken if name.startswith("spend.")}
    return tuple(sorted(found | {rule.category for rule in STARTER_RULES}))


def evaluate(lattice: Seat, as_of: Day) -> Status:
    """Judge every directive in force; figures are read to be shown, corrections need only margins.

    Raises:
        TransportError: a node does not answer, or an access rule denies what a rule needs.
        StateError: a node cannot answer.
    """
    taken = situation(lattice, as_of)
    judged = [(directive, assess(directive.rule, taken.forecast)) for directive in taken.directives]
    corrections = {}
    if any(assessment.is_failing for _, assessment in judged):
        current, currency = lattice.versions.on(as_of), lattice.setting.currency
        heard = listen(lattice, as_of).situation(current, currency, Fraction(0))
        corrections = {found.directive: found for found in smallest_corrections(heard)}
    counted = count_rules(lattice, {one.id: how for one, how in judged}, as_of)
    return Status(
        as_of,
        tuple(Judged(one, how, corrections.get(one.id), counted[one.id]) for one, how in judged),
        (*lattice.findings, *draft_findings(lattice.versions.newest, _draft(lattice))),
    )


def _draft(lattice: Seat) -> str | None:
    try:
        return lattice.paths.directives.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
