"""A test that another node holds: what it told of it, and how to ask for more.

A node tells of a test of its own only this, every number rounded once:

    days       on which the test has a value
    gradient   change of the margin for one unit of each move, to multiples of 2^-30
    bounds     of the probability that it holds on some days after some moves, outward to 2^-30
    rows       how much margin is left on each day after the back-off z·s, down to 2^-20 of its unit

It tells no value, no mean, no deviation and no path. A heard test stands wherever a test with
evidence stands: rules are judged, and rows are solved, by the same code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from fractions import Fraction
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from lex7.base.civil import Day
from lex7.base.shapes import DayGrid, RowGradient
from lex7.directive.branch import Demand
from lex7.directive.chance import Chance
from lex7.directive.grid import row_day
from lex7.directive.plan import Band, CompiledRule, Leaf
from lex7.directive.quantity import Move

Reals = NDArray[np.float64]


class Mode(StrEnum):
    """What is asked about a test on some days."""

    EVERY = "every"
    WEAKEST = "weakest"
    SOME = "some"
    WORSE = "worse"  # whether moving brings any day nearer to failing: bounds (0, 0) or (1, 1)
    EACH = "each"  # every day by itself


@dataclass(frozen=True, slots=True)
class Query:
    """One question about an opened test.

    Attributes:
        mode: what is asked.
        days: on which days; empty for all.
        asked: the confidence up to which a joint bound must be tight, or None.
        shift: exact units of each move that is made, as (move, units), without zeros.
    """

    mode: Mode
    days: tuple[Day, ...]
    asked: float | None
    shift: tuple[tuple[int, Fraction], ...]


@dataclass(frozen=True, slots=True)
class TestQuestion:
    """Which test is asked about.

    Attributes:
        leaf: the test or band; its quantities are those of a rule in force.
        days: the grid.
        moves: columns of the gradient, all of the node's own quantities.
        reach: the most units, up or down, that each move may be made.
        confidence: of the rule; scenarios are never surer of themselves than it asks.
    """

    leaf: Leaf
    days: tuple[Day, ...]
    moves: tuple[Move, ...]
    reach: tuple[Fraction, ...]
    confidence: Fraction

    # pytest would otherwise take the class for a collection of tests.
    __test__ = False


class Voice(Protocol):
    """How an opened test is asked."""

    def bounds(self, query: Query) -> tuple[Chance | None, ...]:
        """Answer one bound, or for EACH one for every day of the test."""
        ...

    def room(self, demand: Demand, shift: tuple[tuple[int, Fraction], ...] | None) -> Reals:
        """Return the margin left on each row of a demand.

        Args:
            demand: of the test.
            shift: where z is allocated anew; None for the common z before any move.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """What a node tells of a test at once."""

    days: DayGrid
    gradient: RowGradient
    is_sampled: bool
    voice: Voice


class Tells(Protocol):
    """A node as far as its tests are asked about."""

    def open(self, question: TestQuestion) -> Opened:
        """Tell of a test.

        Raises:
            StateError: the node cannot answer.
        """
        ...


@dataclass(frozen=True, slots=True, eq=False)
class HeardLeaf:
    """What was told of one test, narrowed and moved like evidence.

    Attributes:
        leaf: the test or band.
        days: (n_row,) days with a value, ascending.
        gradient: (n_row, n_move) rounded, of the moves as they stand here.
        is_sampled: whether the node has scenarios for it.
        voice: whom to ask.
        basis: (n_move, n_known) one unit of each move here, in moves as the node knows them.
        base: (n_known,) what is made already.
        row_of: which row answers for a day.
        offset: (n_row,) what moves that stay made add to the margin left.
    """

    leaf: Leaf
    days: DayGrid
    gradient: RowGradient
    is_sampled: bool
    voice: Voice
    basis: Reals
    base: Reals
    row_of: dict[int, int]
    offset: Reals
    _each: list[tuple[Chance | None, ...]] = field(default_factory=list)

    def rows(self, days: tuple[Day, ...]) -> NDArray[np.intp]:
        """Return the rows that answer for some days, ascending; days without a value drop out."""
        found = {self.row_of.get(row_day(self.leaf, day), -1) for day in days} - {-1}
        return np.array(sorted(found), dtype=np.intp)

    def along(self, direction: Reals) -> HeardLeaf:
        """Narrow to one move: one unit of it is the whole direction."""
        total, basis = np.zeros(len(self.days)), np.zeros(len(self.base))
        for column in np.flatnonzero(direction):
            total += self.gradient[:, column] * direction[column]
            basis += self.basis[column] * direction[column]
        return replace(self, gradient=total[:, None], basis=basis[None, :], _each=[])

    def shifted(self, shift: Reals) -> HeardLeaf:
        """Make moves."""
        base = self.base
        for move in np.flatnonzero(shift):
            base = base + self.basis[move] * shift[move]
        return replace(self, base=base, _each=[])

    def settled(self, shift: Reals, kept: int) -> HeardLeaf:
        """Make moves that stay made, and keep only the first columns.

        A gradient is rounded by at most half of 2^-30, which is taken off.
        """
        offset = self.offset
        for move in np.flatnonzero(shift):
            made = self.gradient[:, move] * shift[move]
            offset = offset + made - np.ldexp(abs(shift[move]), -31) * (made != 0.0)
        gradient, basis = self.gradient[:, :kept], self.basis[:kept]
        return replace(self.shifted(shift), gradient=gradient, basis=basis, offset=offset)

    def every(self, days: tuple[Day, ...], asked: float | None) -> Chance | None:
        """Bound the probability that it holds on all of these days."""
        rows = self.rows(days)
        if not len(rows):
            return None
        if len(rows) == 1 and len(self.days) > 1:
            return self._by_itself()[int(rows[0])]
        return self._one(Mode.EVERY, self._days(rows), asked)

    def weakest(self, days: tuple[Day, ...]) -> Chance | None:
        """Bound the probability of the least likely of these days."""
        rows = self.rows(days)
        return self._one(Mode.WEAKEST, self._days(rows), None) if len(rows) else None

    def some(self, days: tuple[Day, ...]) -> Chance | None:
        """Bound the probability that it holds on one of these days at least."""
        rows = self.rows(days)
        return self._one(Mode.SOME, self._days(rows), None) if len(rows) else None

    def worsens(self, units: float) -> bool:
        """Answer whether some units of the only move bring any day nearer to failing."""
        query = Query(Mode.WORSE, (), None, exact(self.basis[0] * units))
        (found,) = self.voice.bounds(query)
        return found is not None and found.high > 0.0

    def room(self, demand: Demand) -> tuple[Reals, Callable[[Reals], Reals]]:
        """Return the rows of a demand, and how to have their z allocated anew at a shift."""
        own = self.offset[self.rows(demand.days)]
        if isinstance(self.leaf, Band):
            # The upper edge loses what the expression gains.
            own = np.concatenate([-own, own])

        def again(shift: Reals) -> Reals:
            return self.voice.room(demand, exact(self.shifted(shift).base)) + own

        return self.voice.room(demand, None) + own, again

    def _days(self, rows: NDArray[np.intp]) -> tuple[Day, ...]:
        if len(rows) == len(self.days):
            return ()
        return tuple(Day(int(day)) for day in self.days[rows])

    def _one(self, mode: Mode, days: tuple[Day, ...], asked: float | None) -> Chance | None:
        (found,) = self.voice.bounds(Query(mode, days, asked, exact(self.base)))
        return found

    def _by_itself(self) -> tuple[Chance | None, ...]:
        if not self._each:
            self._each.append(self.voice.bounds(Query(Mode.EACH, (), None, exact(self.base))))
        return self._each[0]


@runtime_checkable
class Hears(Protocol):
    """A forecast that is heard test by test instead of seen."""

    def hear(
        self, rule: CompiledRule, leaf: Leaf, days: tuple[Day, ...], moves: tuple[Move, ...]
    ) -> HeardLeaf:
        """Open a test at the node that holds it.

        Raises:
            StateError: the node cannot answer.
        """
        ...


def exact(shift: Reals) -> tuple[tuple[int, Fraction], ...]:
    """Spell a shift as exact rationals, without zeros."""
    return tuple((int(move), Fraction(float(shift[move]))) for move in np.flatnonzero(shift))
