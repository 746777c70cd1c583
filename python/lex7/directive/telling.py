"""What a node tells of its own tests: rounded once, and never in favour of whoever asks.

    bounds   of a probability: the lower one down, the upper one up, to multiples of 2^-30
    gradient to the nearest multiple of 2^-30, away from zero where it would vanish
    rows     μ - z·s, less the worst that rounding the gradient can do within the reach of every
             move, down to a multiple of 2^-20 of the unit; so whatever satisfies the rounded rows
             satisfies the true ones

Tests that are no rows (joint rules, choices, scenarios) are told as bounds at the points asked
for; rows then only propose points, and the bounds at a point decide about it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from lex7.base.errors import StateError
from lex7.directive.branch import Demand
from lex7.directive.chance import Chance, outward
from lex7.directive.document import Directive
from lex7.directive.evidence import LeafEvidence, leaf_evidence, moved
from lex7.directive.heard import Mode, Opened, Query, Reals, TestQuestion
from lex7.directive.leaf_chance import OwnJudge
from lex7.directive.plan import Leaf, leaves
from lex7.directive.quantity import Atom, Forecast
from lex7.directive.rows import block_of, reallocated

GRADIENT_BITS = 30
MARGIN_BITS = 20
MARGIN_MAX = 2.0**40
"""A million million units: beyond it a margin says only that it is far."""


class ForeignTestError(StateError):
    """A test was asked about that no rule in force makes."""

    code = "state.foreign_test"

    def __init__(self, quantities: tuple[str, ...]) -> None:
        self.quantities = quantities
        super().__init__(
            f"expected a test of {', '.join(quantities)} that a rule in force makes, "
            "got another: a node tells nothing but the margins of your rules"
        )


@dataclass(slots=True, eq=False)
class Teller:
    """Tells of the tests of one node."""

    forecast: Forecast

    def open(self, question: TestQuestion) -> Opened:
        """Tell of a test.

        Raises:
            StateError: the node cannot answer.
            MomentsError: its answer cannot be used.
        """
        known = leaf_evidence(question.leaf, question.days, self.forecast, question.moves)
        gradient = _rounded(known.gradient)
        worst = np.zeros(len(known.days))
        for column, reach in enumerate(question.reach):
            worst += np.abs(known.gradient[:, column] - gradient[:, column]) * float(reach)
        voice = Told(known, float(question.confidence), worst)
        return Opened(known.days, gradient, known.is_sampled, voice)


@dataclass(slots=True, eq=False)
class Told:
    """One opened test of a node, asked in place."""

    known: LeafEvidence
    confidence: float
    worst: Reals
    _moved: dict[tuple[tuple[int, Fraction], ...], OwnJudge] = field(default_factory=dict)

    def bounds(self, query: Query) -> tuple[Chance | None, ...]:
        """Answer one bound, or for EACH one for every day of the test."""
        if query.mode is Mode.WORSE:
            worse = self._worsens(query.shift)
            return (Chance(float(worse), float(worse)),)
        judge = self._judge(query.shift)
        if query.mode is Mode.EACH:
            low, high = judge.alone()
            return tuple(outward(float(a), float(b)) for a, b in zip(low, high, strict=True))
        rows = query.days or tuple(self.known.row_days)
        match query.mode:
            case Mode.EVERY:
                return (judge.every(rows, query.asked),)
            case Mode.WEAKEST:
                return (judge.weakest(rows),)
            case _:
                return (judge.some(rows),)

    def room(self, demand: Demand, shift: tuple[tuple[int, Fraction], ...] | None) -> Reals:
        """Return the margin left on each row of a demand, rounded down."""
        block = block_of(demand, self.known)
        if shift is not None:
            block = reallocated(block, self._vector(shift))
        chosen = self.known.rows(demand.days)
        worst = self.worst[chosen]
        if len(block.days) > len(chosen):
            worst = np.concatenate([worst, worst])
        left = np.nextafter(block.room - worst, -np.inf) if worst.any() else block.room
        return _down(left)

    def _judge(self, shift: tuple[tuple[int, Fraction], ...]) -> OwnJudge:
        # A rule that is weighed at one point asks several times about it.
        if shift not in self._moved:
            if len(self._moved) >= 2:
                self._moved.pop(next(iter(self._moved)))
            known = moved(self.known, self._vector(shift)) if shift else self.known
            self._moved[shift] = OwnJudge(known, self.confidence)
        return self._moved[shift]

    def _worsens(self, shift: tuple[tuple[int, Fraction], ...]) -> bool:
        total = np.zeros(len(self.known.days))
        for column, units in shift:
            total += self.known.gradient[:, column] * float(units)
        return self.known.worsened(total)

    def _vector(self, shift: tuple[tuple[int, Fraction], ...]) -> Reals:
        vector = np.zeros(self.known.gradient.shape[1])
        for column, units in shift:
            vector[column] = float(units)
        return vector


def check_test(leaf: Leaf, directives: tuple[Directive, ...]) -> None:
    """Refuse a test of other quantities, or other windows, than the rules in force speak of.

    Raises:
        ForeignTestError: no rule makes such a test.
    """
    wanted = _atoms(leaf)
    if not any(_atoms(known) == wanted for one in directives for known in leaves(one.rule.plan)):
        raise ForeignTestError(tuple(sorted({atom.quantity for atom in wanted})))


def _atoms(leaf: Leaf) -> frozenset[Atom]:
    return frozenset(atom for _, atom in leaf.linear.terms)


def _rounded(gradient: NDArray[np.float64]) -> NDArray[np.float64]:
    scaled = np.rint(np.ldexp(gradient, GRADIENT_BITS))
    scaled = np.where((scaled == 0.0) & (gradient != 0.0), np.sign(gradient), scaled)
    return np.ldexp(scaled, -GRADIENT_BITS)


def _down(margin: Reals) -> Reals:
    far = np.clip(margin, -MARGIN_MAX, MARGIN_MAX)
    left = np.ldexp(np.floor(np.ldexp(far, MARGIN_BITS)), -MARGIN_BITS)
    return np.where(np.isneginf(margin), -np.inf, left)
