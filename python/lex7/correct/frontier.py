"""The cheapest schedule of wishes where rules see only what has been spent by each day.

Schedules are built event by event and kept as labels: what is bought, what it costs, and what each
rule still needs to know of the past. Of labels alike in what is bought and known the cheapest is
enough. A label is given up where the least cost ahead (`schedule.least_ahead`) takes it to the cost
of the best schedule known. Passes find ever better schedules; where one did not have to leave
labels out for want of room, or a cost meets the bound, the schedule is the cheapest.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from lex7.correct.schedule import Costs, Schedule, Task, least_ahead

PASSES = ((32, 0.5), (32, 0.0), (32, 0.125), (32, 2.0), (192, 0.5))
"""Labels kept after each event, and what a rule at the end of its room counts when some must go, in
average costs of a dropped wish. Different weights find different schedules; the last pass is wide.
"""

Known = tuple[object, ...]
"""What a rule needs to know of the past."""


class Judge(Protocol):
    """A rule on what has been spent by each of its days."""

    def start(self) -> Known:
        """Return what is known before anything is bought."""
        ...

    def settle(self, known: Known, day: int, spent: int) -> Known | None:
        """Take in the rows before a day, with what was spent by then; None where they fail."""
        ...

    def buy(self, known: Known, event: int, spent: int) -> Known | None:
        """Take in a purchase, after which so much is spent; None where the rule refuses."""
        ...

    def strain(self, known: Known) -> float:
        """Return the share of its room that a rule has used up, from 0 to 1; a guide, no proof."""
        ...


@dataclass(frozen=True, slots=True)
class _Label:
    least: int
    bought: int
    chosen: tuple[int, ...]
    cost: int
    known: tuple[Known, ...]


@dataclass(slots=True)
class _Pass:
    """One pass over all events.

    Attributes:
        task: what is scheduled.
        judges: the rules.
        ahead: least costs from every event on, by set.
        below: schedules that cost this much or more are of no use.
        width: labels kept.
        weight: what a rule at the end of its room counts when labels are left out.
        is_whole: whether none was left out for want of room.
    """

    task: Task
    judges: tuple[Judge, ...]
    ahead: list[Costs]
    below: float
    width: int
    weight: float
    is_whole: bool = True
    totals: list[int] = field(default_factory=list)

    def best(self) -> _Label | None:
        """Return the cheapest whole schedule below the limit."""
        amounts = self.task.amounts
        self.totals = [
            sum(amount for wish, amount in enumerate(amounts) if bought >> wish & 1)
            for bought in range(1 << len(amounts))
        ]
        start = tuple(judge.start() for judge in self.judges)
        labels = [_Label(int(self.ahead[0][0]), 0, (), 0, start)]
        day = None
        for at, event in enumerate(self.task.events):
            if event.day != day:
                day = event.day
                labels = [one for label in labels if (one := self._settled(label, day))]
            found = [one for label in labels if (one := self._left(label, at))]
            found += [one for label in labels if (one := self._with(label, at))]
            labels = self._kept(found)
        return min(labels, key=_order, default=None)

    def _settled(self, label: _Label, day: int) -> _Label | None:
        spent, known = self.totals[label.bought], []
        for judge, own in zip(self.judges, label.known, strict=True):
            after = judge.settle(own, day, spent)
            if after is None:
                return None
            known.append(after)
        return _Label(label.least, label.bought, label.chosen, label.cost, tuple(known))

    def _left(self, label: _Label, at: int) -> _Label | None:
        """Return a label that does not buy at an event."""
        least = label.cost + self.ahead[at + 1][label.bought]
        if least >= self.below:
            return None
        return _Label(int(least), label.bought, label.chosen, label.cost, label.known)

    def _with(self, label: _Label, at: int) -> _Label | None:
        """Return a label that buys at an event, None where it may not."""
        event = self.task.events[at]
        bought, first = label.bought | 1 << event.wish, self.task.after[event.wish]
        if bought == label.bought or self.totals[bought] > event.cap:
            return None
        cost = label.cost + event.cost
        least = cost + self.ahead[at + 1][bought]
        if least >= self.below or (first >= 0 and not bought >> first & 1):
            return None
        known = []
        for judge, own in zip(self.judges, label.known, strict=True):
            after = judge.buy(own, at, self.totals[bought])
            if after is None:
                return None
            known.append(after)
        return _Label(int(least), bought, (*label.chosen, at), cost, tuple(known))

    def _kept(self, found: list[_Label]) -> list[_Label]:
        """Leave out labels that equal a cheaper one, and those for which there is no room."""
        cheapest: dict[tuple[int, tuple[Known, ...]], _Label] = {}
        for label in found:
            key = (label.bought, label.known)
            other = cheapest.get(key)
            if other is None or (label.cost, label.chosen) < (other.cost, other.chosen):
                cheapest[key] = label
        labels = list(cheapest.values())
        if len(labels) <= self.width:
            return labels
        self.is_whole = False
        return sorted(labels, key=self._promise)[: self.width]

    def _promise(self, label: _Label) -> tuple[float, int, int, tuple[int, ...]]:
        guide = float(label.least)
        for judge, own in zip(self.judges, label.known, strict=True):
            guide += self.weight * judge.strain(own)
        return (guide, label.cost, label.bought, label.chosen)


def cheapest_on_totals(task: Task, judges: tuple[Judge, ...]) -> Schedule:
    """Find the cheapest schedule; with no claim to be it where labels had to be left out."""
    ahead = least_ahead(task)
    bound = int(ahead[0][0])
    best: _Label | None = None
    is_cheapest = False
    average = sum(task.dropped) / len(task.dropped)
    for width, weight in PASSES:
        below = float("inf") if best is None else float(best.least)
        one = _Pass(task, judges, ahead, below, width, weight * average)
        best = one.best() or best
        is_cheapest = one.is_whole or (best is not None and best.least == bound)
        if is_cheapest:
            break
    if best is None:
        return Schedule((), sum(task.dropped), bound, is_cheapest=False)
    return Schedule(best.chosen, best.least, bound, is_cheapest=is_cheapest)


def _order(label: _Label) -> tuple[int, int, int, tuple[int, ...]]:
    return (label.least, label.cost, label.bought, label.chosen)


@dataclass(frozen=True, slots=True)
class Windows:
    """Which rows of a rule count.

    Attributes:
        days: (n_row,) ascending.
        ends: for each number of months that the rule looks further, how many rows count.
        further: for each event the months that the rule looks further for it.
    """

    days: tuple[int, ...]
    ends: tuple[int, ...]
    further: tuple[int, ...]

    def before(self, day: int) -> int:
        """Return how many rows lie before a day."""
        return bisect_left(self.days, day)


class RowJudge:
    """A rule whose every row allows so much by its day, by itself."""

    def __init__(self, windows: Windows, event_days: tuple[int, ...], room: list[float]) -> None:
        """Take the room of every row, in the units of what is spent."""
        self._windows = windows
        self._from = tuple(windows.before(day) for day in event_days)
        self._room = room
        self._lowest: dict[tuple[int, int], float] = {}

    def start(self) -> Known:
        """Nothing is spent; no row has passed."""
        return (0, True, 0)

    def settle(self, known: Known, day: int, spent: int) -> Known | None:
        """Note whether every row so far allowed what was spent, inside the window or not."""
        further, is_open, passed = known
        assert isinstance(passed, int), "the number of rows"
        now = self._windows.before(day)
        is_open = bool(is_open) and spent <= self._least(passed, now)
        return (further, is_open, now)

    def buy(self, known: Known, event: int, spent: int) -> Known | None:
        """Ask the rows from the purchase on, and those passed where the window grows."""
        further, is_open, passed = known
        assert isinstance(further, int), "a number of months"
        now = max(further, self._windows.further[event])
        if (now > further and not is_open) or spent > self._least(
            self._from[event], self._windows.ends[now]
        ):
            return None
        return (now, is_open, passed)

    def strain(self, known: Known) -> float:
        """Its rows do not add up."""
        return 0.0

    def _least(self, start: int, end: int) -> float:
        key = (start, end)
        if key not in self._lowest:
            self._lowest[key] = min(self._room[start:end], default=inf)
        return self._lowest[key]


class PathJudge:
    """A rule that must hold on so many sampled paths, on every row at once."""

    def __init__(
        self,
        windows: Windows,
        event_days: tuple[int, ...],
        room: NDArray[np.float64],
        needed: int,
    ) -> None:
        """Take the room of every (row, path) and how many paths must hold."""
        self._windows = windows
        self._from = tuple(windows.before(day) for day in event_days)
        self._room = np.ascontiguousarray(room)
        self._needed = needed
        self._lowest: dict[tuple[int, int], NDArray[np.float64]] = {}
        self._bits: dict[tuple[int, int, int], int] = {}

    def start(self) -> Known:
        """Every path holds."""
        everything = (1 << self._room.shape[1]) - 1
        return (0, everything, everything, 0)

    def settle(self, known: Known, day: int, spent: int) -> Known | None:
        """Take out the paths that fail on the rows before a day."""
        further, inside, passed, rows = known
        assert isinstance(further, int), "a number of months"
        assert isinstance(inside, int), "paths"
        assert isinstance(passed, int), "paths"
        assert isinstance(rows, int), "a number of rows"
        now = self._windows.before(day)
        if now == rows:
            return known
        end = self._windows.ends[further]
        inside &= self._paths(rows, min(now, end), spent) if rows < end else inside
        passed &= self._paths(rows, now, spent)
        return (further, inside, passed, now) if inside.bit_count() >= self._needed else None

    def buy(self, known: Known, event: int, spent: int) -> Known | None:
        """Count the paths that hold on all rows to the end of the window."""
        further, inside, passed, rows = known
        assert isinstance(further, int), "a number of months"
        assert isinstance(passed, int), "paths"
        assert isinstance(inside, int), "paths"
        now = max(further, self._windows.further[event])
        own = passed if now > further else inside
        left = own & self._paths(self._from[event], self._windows.ends[now], spent)
        return (now, own, passed, rows) if left.bit_count() >= self._needed else None

    def strain(self, known: Known) -> float:
        """Return the share of the paths that may fail and have failed."""
        count: int = self._room.shape[1]
        assert isinstance(known[1], int), "paths"
        return (count - known[1].bit_count()) / max(1, count - self._needed)

    def _paths(self, start: int, end: int, spent: int) -> int:
        """Return the paths that hold on some rows, as bits."""
        count: int = self._room.shape[1]
        if start >= end:
            return (1 << count) - 1
        key = (start, end, spent)
        if key not in self._bits:
            lowest = self._lowest.get((start, end))
            if lowest is None:
                lowest = np.asarray(self._room[start:end].min(axis=0), dtype=np.float64)
                self._lowest[start, end] = lowest
            bits = np.packbits(lowest >= spent)
            self._bits[key] = int.from_bytes(bits.tobytes(), "big") >> (-count % 8)
        return self._bits[key]
