"""The cheapest schedule of wishes: an exact search with a bound that anybody can compute again.

An event is one wish on one day. Events are looked at in the order of their days; at each the wish
is bought or left for later; a wish that no event buys is dropped. A schedule costs the months that
wishes wait, times their worth, and for a dropped wish more than all waiting together.

The bound: at most `cap` may have been spent by the day of an event. By dynamic programming over
the sets of wishes bought so far this gives the least cost from every event on, at once. The search
then follows the least bound and asks for every purchase it makes whether the rules accept all
bought so far; since one purchase more never helps a rule, what is refused is never built upon. The
first whole schedule it reaches is the cheapest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

NODES_MAX = 400_000
"""Partial schedules that a search takes up; 10 wishes over 24 months usually take some hundreds."""

ASKED_MAX = 1_000
"""Times that rules of any form are asked; a few seconds where another node answers."""

ASKED_BESIDE_MAX = 250
"""Times that they are asked where a good schedule is known already."""

Costs = NDArray[np.float64]
Accepts = Callable[[tuple[int, ...]], bool]


@dataclass(frozen=True, slots=True)
class Event:
    """One wish on one day.

    Attributes:
        day: the day, as a number.
        wish: which wish.
        cost: of buying it then.
        cap: the most that may have been spent by that day, in minor units.
    """

    day: int
    wish: int
    cost: int
    cap: int


@dataclass(frozen=True, slots=True)
class Task:
    """What is scheduled.

    Attributes:
        events: in order of (day, wish).
        amounts: of each wish, in minor units.
        dropped: the cost of not buying each wish.
        after: for each wish an equal one that is bought first, or -1.
    """

    events: tuple[Event, ...]
    amounts: tuple[int, ...]
    dropped: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule that the rules accept.

    Attributes:
        chosen: indices of events, ascending.
        cost: what it costs.
        bound: what no schedule within the caps costs less than.
        is_cheapest: whether the search ended with a proof.
    """

    chosen: tuple[int, ...]
    cost: int
    bound: int
    is_cheapest: bool


def cheapest(task: Task, accepts: Accepts) -> Schedule:
    """Find the cheapest schedule that the rules accept."""
    ahead = least_ahead(task)
    found = first_whole(task, accepts, ahead, ASKED_MAX)
    return _greedy(task, accepts, int(ahead[0][0])) if found is None else found


def first_whole(
    task: Task, accepts: Accepts, ahead: list[Costs], asked_max: int
) -> Schedule | None:
    """Return the first whole schedule that a search by least bound reaches; None if it gives up."""
    bound = int(ahead[0][0])
    asked: dict[tuple[int, ...], bool] = {(): True}
    queue: list[tuple[int, int, int, tuple[int, ...], int, int]] = [(bound, 0, 0, (), 0, 0)]
    for _ in range(NODES_MAX):
        if not queue or len(asked) > asked_max:
            break
        least, _, at, chosen, bought, spent = heappop(queue)
        if at == len(task.events):
            return Schedule(chosen, least, bound, is_cheapest=True)
        event = task.events[at]
        later = spent + int(ahead[at + 1][bought])
        heappush(queue, (later, -at, at + 1, chosen, bought, spent))
        with_it = bought | 1 << event.wish
        if not may_buy(task, event, bought) or not np.isfinite(ahead[at + 1][with_it]):
            continue
        more = (*chosen, at)
        if more not in asked:
            asked[more] = accepts(more)
        if asked[more]:
            now = spent + event.cost
            then = now + int(ahead[at + 1][with_it])
            heappush(queue, (then, -at - 1, at + 1, more, with_it, now))
    return None


def least_ahead(task: Task) -> list[Costs]:
    """Return for each event, and for the end, the least cost from there on by bought set."""
    sets = np.arange(1 << len(task.amounts))
    missing = np.zeros(len(sets))
    totals = np.zeros(len(sets), dtype=np.int64)
    for wish, (amount, cost) in enumerate(zip(task.amounts, task.dropped, strict=True)):
        is_in = (sets >> wish & 1).astype(bool)
        missing += np.where(is_in, 0, cost)
        totals += np.where(is_in, amount, 0)
    ahead = [missing]
    for event in reversed(task.events):
        best = ahead[-1].copy()
        others = sets[(sets >> event.wish & 1) == 0]
        with_it = others | 1 << event.wish
        is_open = totals[with_it] <= event.cap
        if (first := task.after[event.wish]) >= 0:
            is_open &= (others >> first & 1) == 1
        bought = event.cost + ahead[-1][with_it]
        best[others] = np.where(is_open, np.minimum(best[others], bought), best[others])
        ahead.append(best)
    ahead.reverse()
    return ahead


def may_buy(task: Task, event: Event, bought: int) -> bool:
    """Answer whether an event may buy its wish after a set of others, by the cap and the order."""
    first = task.after[event.wish]
    if bought >> event.wish & 1 or (first >= 0 and not bought >> first & 1):
        return False
    total = task.amounts[event.wish]
    for wish, amount in enumerate(task.amounts):
        total += amount if bought >> wish & 1 else 0
    return total <= event.cap


def cost_of(task: Task, chosen: tuple[int, ...]) -> int:
    """Return what a schedule costs."""
    events = [task.events[at] for at in chosen]
    return sum(task.dropped) + sum(event.cost - task.dropped[event.wish] for event in events)


def keeps_caps(task: Task, chosen: tuple[int, ...]) -> bool:
    """Answer whether every event of a schedule may buy its wish after those before it."""
    bought = 0
    for at in chosen:
        if not may_buy(task, task.events[at], bought):
            return False
        bought |= 1 << task.events[at].wish
    return True


def improved(task: Task, chosen: tuple[int, ...], accepts: Accepts) -> tuple[int, ...]:
    """Buy left-out wishes, then have each wait less, what is worth most first, one at a time."""
    order = sorted(range(len(task.amounts)), key=lambda wish: (-task.dropped[wish], wish))
    for wish in order:
        own = [at for at in chosen if task.events[at].wish == wish]
        others = [at for at in chosen if task.events[at].wish != wish]
        limit = task.events[own[0]].cost if own else task.dropped[wish]
        for at, event in enumerate(task.events):
            if event.wish != wish or event.cost >= limit:
                continue
            more = tuple(sorted((*others, at)))
            if keeps_caps(task, more) and accepts(more):
                chosen = more
                break
    return chosen


def _greedy(task: Task, accepts: Accepts, bound: int) -> Schedule:
    """Buy what is worth most first, as early as the rules accept; no claim to be cheapest."""
    chosen: tuple[int, ...] = ()
    order = sorted(range(len(task.amounts)), key=lambda wish: (-task.dropped[wish], wish))
    cost = 0
    for wish in order:
        for index, event in enumerate(task.events):
            more = tuple(sorted((*chosen, index)))
            if event.wish == wish and accepts(more):
                chosen, cost = more, cost + event.cost
                break
        else:
            cost += task.dropped[wish]
    return Schedule(chosen, cost, bound, is_cheapest=False)
