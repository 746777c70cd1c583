"""One directive as a verdict sees it: evidence over everything that may move, and how it stands.

Whether a rule holds is decided by `lex7.directive` alone, by the same bounds that status shows: a
rule holds where p_low reaches the confidence. A rule that already fails is standing; it blocks a
change only if the change worsens it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lex7.directive.assessment import Shortage, Standing
from lex7.directive.chance import Chance, is_failing
from lex7.directive.document import Directive
from lex7.directive.evidence import Evidence, LeafEvidence, gather, shifted
from lex7.directive.heard import HeardLeaf
from lex7.directive.margin import shortage
from lex7.directive.plan import Severity
from lex7.directive.probability import chance
from lex7.directive.quantity import Forecast, Move, Scenarios

Shift = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One directive with its evidence.

    Attributes:
        directive: what the owner wrote.
        evidence: what the forecast says, over all columns; None without a comparison.
        before: bounds of the probability with nothing moved; None without a comparison.
        short: why no comparison is made, or None.
    """

    directive: Directive
    evidence: Evidence | None
    before: Chance | None
    short: tuple[Standing, Shortage] | None

    @property
    def is_hard(self) -> bool:
        """Answer whether the rule may never give way."""
        return self.directive.rule.severity is Severity.HARD

    @property
    def needed(self) -> float:
        """The confidence asked for."""
        return float(self.directive.rule.confidence)

    @property
    def is_standing(self) -> bool:
        """Answer whether the rule fails before anything moves."""
        return self.before is not None and fails(self, self.before)


def build_cases(
    directives: tuple[Directive, ...], forecast: Forecast, moves: tuple[Move, ...]
) -> tuple[Case, ...]:
    """Gather every directive once, in order of (priority, id).

    Raises:
        StateError: a node cannot answer.
        MomentsError: a node's answer cannot be used.
    """
    ordered = sorted(directives, key=lambda one: (one.rule.priority, one.id))
    return tuple(_case(directive, forecast, moves) for directive in ordered)


def _case(directive: Directive, forecast: Forecast, moves: tuple[Move, ...]) -> Case:
    short = shortage(directive.rule, forecast)
    if short is not None:
        return Case(directive, None, None, short)
    evidence = gather(directive.rule, forecast, moves)
    before = chance(evidence)
    return Case(directive, evidence if before is not None else None, before, None)


def reaches(case: Case, found: Chance) -> bool:
    """Answer whether bounds reach the confidence that the rule asks for."""
    return found.low >= case.needed


def fails(case: Case, found: Chance) -> bool:
    """Answer whether a rule with these bounds counts as failing."""
    return is_failing(found, case.needed, is_hard=case.is_hard)


def along(case: Case, direction: Shift) -> Case:
    """Narrow a case to one column: one unit of it is the whole direction."""
    if case.evidence is None:
        return case
    moves = case.evidence.moves[:1]
    leaves = tuple(_along(leaf, direction) for leaf in case.evidence.leaves)
    return replace(case, evidence=replace(case.evidence, moves=moves, leaves=leaves))


def _along(leaf: LeafEvidence | HeardLeaf, direction: Shift) -> LeafEvidence | HeardLeaf:
    if isinstance(leaf, HeardLeaf):
        return leaf.along(direction)
    total = np.zeros(len(leaf.days))
    scenarios = leaf.scenarios
    drift = None if scenarios is None else np.zeros(scenarios.gradient.shape[:2])
    for column in np.flatnonzero(direction):
        total += leaf.gradient[:, column] * direction[column]
        if scenarios is not None and drift is not None:
            drift = drift + scenarios.gradient[:, :, column] * direction[column]
    if scenarios is not None and drift is not None:
        scenarios = Scenarios(scenarios.days, scenarios.paths, drift[:, :, None])
    return replace(leaf, gradient=total[:, None], scenarios=scenarios)


def is_touched(case: Case, direction: Shift) -> bool:
    """Answer whether moving along a direction changes anything the rule speaks of."""
    if case.evidence is None:
        return False
    columns = np.flatnonzero(direction)
    return any(bool(leaf.gradient[:, columns].any()) for leaf in case.evidence.leaves)


def after(case: Case, units: float) -> Chance:
    """Bound the probability after some units of a case's only column."""
    assert case.evidence is not None, "a case without evidence is not weighed"
    found = chance(shifted(case.evidence, np.array([units])))
    assert found is not None, "evidence that spoke before a move speaks after it"
    return found


def worsens(case: Case, units: float) -> bool:
    """Answer whether some units of a case's only column bring any day nearer to failing."""
    assert case.evidence is not None, "a case without evidence is not weighed"
    return any(leaf.worsens(units) for leaf in case.evidence.leaves)


def is_blocking(case: Case, units: float) -> bool:
    """Answer whether a case forbids some units of its only column."""
    if case.is_standing:
        return worsens(case, units)
    return not reaches(case, after(case, units))
