"""All nodes' forecasts as one, where rules are heard test by test instead of seen.

A comparison speaks of one node's quantities (money and hours have no sum), so a rule over two
nodes is split at its `and`, `or` and `if`: each node bounds its own tests, rounded outward, and the
bounds are joined by Fréchet's inequality. Rows of such a rule share its permitted failure evenly.
What a rule over two nodes was told is kept apart, so that each of the nodes can check its own part
and put all parts together again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Protocol

import numpy as np

from lex7.base.civil import Day
from lex7.base.ids import QuantityName
from lex7.base.shapes import DayGrid
from lex7.directive.catalogue import node_of
from lex7.directive.document import Lever
from lex7.directive.heard import HeardLeaf, Tells, TestQuestion
from lex7.directive.plan import CompiledRule, Leaf, leaves
from lex7.directive.problem import MomentsError
from lex7.directive.quantity import Linear, Moments, Move, Per, QuantityInfo, Scenarios


class HasInfos(Protocol):
    """Somebody who knows how many data there are."""

    @property
    def as_of(self) -> Day:
        """The day of evaluation."""
        ...

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        """List what is known of quantities."""
        ...


class Council:
    """Several nodes, heard; what they know of their data is joined."""

    def __init__(
        self,
        infos: Mapping[str, HasInfos],
        own: Mapping[str, Tells],
        shared: Mapping[str, Tells],
        reach: Callable[[Move], Fraction],
    ) -> None:
        """Join nodes.

        Args:
            infos: who says how many data there are, by kind of node.
            own: whom to ask about rules of one node.
            shared: whom to ask about rules of several nodes.
            reach: the most units that a move may be made.
        """
        days = {one.as_of for one in infos.values()}
        if len(days) != 1:
            raise MomentsError("forecasts", "one day of evaluation", f"{len(days)}")
        self.as_of = days.pop()
        self._infos = dict(infos)
        self._own = dict(own)
        self._shared = dict(shared)
        self._reach = reach

    def quantities(self) -> dict[QuantityName, QuantityInfo]:
        """List the quantities of all nodes."""
        found: dict[QuantityName, QuantityInfo] = {}
        for kind in sorted(self._infos):
            found.update(self._infos[kind].quantities())
        return found

    def moments(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Moments:
        """Refuse: a council hears margins and sees nothing behind them.

        Raises:
            MomentsError: always.
        """
        raise MomentsError("margins", "a question about margins", "one about moments")

    def scenarios(self, linear: Linear, days: DayGrid, moves: tuple[Move, ...]) -> Scenarios | None:
        """Refuse, as for moments.

        Raises:
            MomentsError: always.
        """
        raise MomentsError("margins", "a question about margins", "one about scenarios")

    def hear(
        self, rule: CompiledRule, leaf: Leaf, days: tuple[Day, ...], moves: tuple[Move, ...]
    ) -> HeardLeaf:
        """Open a test at the node that holds it."""
        tells = (self._shared if is_shared(rule) else self._own).get(leaf.node)
        if tells is None:
            raise MomentsError("margins", f"an answer of node {leaf.node!r}", "none")
        own = [at for at, move in enumerate(moves) if node_of(move.quantity) == leaf.node]
        asked = tuple(moves[at] for at in own)
        reach = tuple(self._reach(move) for move in asked)
        opened = tells.open(TestQuestion(leaf, days, asked, reach, rule.confidence))
        if opened.gradient.shape != (len(opened.days), len(asked)):
            raise MomentsError("gradient", f"{len(asked)} moves", f"{opened.gradient.shape}")
        gradient = np.zeros((len(opened.days), len(moves)))
        gradient[:, own] = opened.gradient
        basis = np.zeros((len(moves), len(asked)))
        basis[own, np.arange(len(asked))] = 1.0
        return HeardLeaf(
            leaf,
            opened.days,
            gradient,
            opened.is_sampled,
            opened.voice,
            basis,
            np.zeros(len(asked)),
            {int(day): row for row, day in enumerate(opened.days)},
            np.zeros(len(opened.days)),
        )


def is_shared(rule: CompiledRule) -> bool:
    """Answer whether a rule speaks of several nodes' quantities."""
    return len({leaf.node for leaf in leaves(rule.plan)}) > 1


def reach_within(levers: tuple[Lever, ...], most: Fraction) -> Callable[[Move], Fraction]:
    """Return how far each move may go: a lever to its bounds, a purchase to the largest amount."""

    def reach(move: Move) -> Fraction:
        found = most if move.per is Per.ONCE else Fraction(0)
        for lever in levers:
            if lever.moves == move.quantity and lever.per is move.per:
                found = max(found, abs(lever.low), abs(lever.high))
        return found

    return reach
